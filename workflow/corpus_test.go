package workflow_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/workflow"
)

var update = flag.Bool("update", false, "rewrite the golden files, docs/workflow.md and docs/workflow.schema.json")

// corpus returns the workflows of one directory of testdata.
func corpus(t testing.TB, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", kind, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/%s: %v", kind, err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(read(t, file)), string(got)); diff != "" {
		t.Errorf("%s differs; if that is meant, run the test with -update (-want +got):\n%s", file, diff)
	}
}

func load(t testing.TB, text string) *workflow.Plan {
	t.Helper()
	p, err := workflow.Load("w.json", []byte(text))
	if err != nil {
		t.Fatalf("Load(%s): %v", text, err)
	}
	return p
}

func TestBadFilesAreExplained(t *testing.T) {
	t.Parallel()
	for _, file := range corpus(t, "bad") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			_, err := workflow.Parse(filepath.Base(file), read(t, file))
			list, ok := errors.AsType[diagnostic.List](err)
			if !ok {
				t.Fatalf("Parse() = %v, want a diagnostic.List", err)
			}
			var b bytes.Buffer
			if err := diagnostic.Write(&b, list, diagnostic.Style{}); err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".json")+".golden", b.Bytes())
		})
	}
}

func TestGoodFilesAreCanonical(t *testing.T) {
	t.Parallel()
	for _, file := range corpus(t, "good") {
		p := load(t, string(read(t, file)))
		golden(t, strings.TrimSuffix(file, ".json")+".golden", append(p.Canonical(), '\n'))
	}
}

func TestEveryProblemHasACode(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, file := range corpus(t, "bad") {
		_, err := workflow.Parse(file, read(t, file))
		list, _ := errors.AsType[diagnostic.List](err)
		for _, p := range list {
			seen[p.Code] = true
			if p.Line == 0 || p.Source == "" {
				t.Errorf("%v has no place in the text", p)
			}
		}
	}
	for _, c := range diagnostic.Codes() {
		if strings.HasPrefix(c.Code, "B12") && !seen[c.Code] {
			t.Errorf("no file in testdata/bad shows %s, %s", c.Code, c.Title)
		}
	}
	for code := range seen {
		if _, ok := diagnostic.Explain(code); !ok {
			t.Errorf("the catalogue does not explain %s", code)
		}
	}
}

func TestManualIsFresh(t *testing.T) {
	t.Parallel()
	golden(t, filepath.Join("..", "docs", "workflow.md"), workflow.Manual())
}

func TestSchemaIsFresh(t *testing.T) {
	t.Parallel()
	golden(t, filepath.Join("..", "docs", "workflow.schema.json"), workflow.Schema())
}
