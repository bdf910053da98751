package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
)

// backend is a file.
type backend struct{ path string }

func (b backend) Open(t *testing.T, hook func(store.Stage) error) store.Store {
	t.Helper()
	s, err := sqlite.Config{Path: b.path, Hook: hook}.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		return backend{filepath.Join(t.TempDir(), "work.db")}
	})
}

func TestASecondProcessIsToldWhoHasTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), path)
	if want := fmt.Sprintf("process %d on ", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a second Open: %v, want an error with %q", err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open after Close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
