package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/fairness.md and its plots")

// TestFairnessReference keeps the page and its plots what the policies do.
func TestFairnessReference(t *testing.T) {
	t.Parallel()
	docs := filepath.Join("..", "..", "docs")
	if *update {
		if err := run(docs); err != nil {
			t.Fatal(err)
		}
	}
	files, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(docs, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the policies do (%v); run make generate", name, err)
		}
		if strings.HasSuffix(name, ".svg") {
			wellFormed(t, name, want)
		}
	}
}

func wellFormed(t *testing.T, name string, text []byte) {
	t.Helper()
	for dec := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// TestShareError: at the size the engine is built for, shares are true within
// two in a hundred.
func TestShareError(t *testing.T) {
	t.Parallel()
	sc, err := simulateScale()
	if err != nil {
		t.Fatal(err)
	}
	if sc.busy < 900 || sc.worst > 0.02 {
		t.Errorf("shares of %d busy tenants are within %.2f %%, want 2 %% for 900 or more", sc.busy, sc.worst*100)
	}
}
