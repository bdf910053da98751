package manifest_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/manifest.md")

// corpus returns the manifests of one directory of testdata.
func corpus(t testing.TB, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", kind, "*.yaml"))
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

func TestGoodFilesResolve(t *testing.T) {
	t.Parallel()
	for _, file := range corpus(t, "good") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			m, problems := manifest.Parse(file, read(t, file))
			if len(problems) > 0 {
				t.Fatalf("Parse() reports\n%v", problems)
			}
			resolved := m.Resolved()
			for _, w := range m.Warnings() {
				resolved = append(resolved, fmt.Sprintf("# warning %d:%d %s %s\n", w.Line, w.Column, w.Code, w.Message)...)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", resolved)
		})
	}
}

func TestResolvedParsesToItself(t *testing.T) {
	t.Parallel()
	for _, file := range corpus(t, "good") {
		m, problems := manifest.Parse(file, read(t, file))
		if len(problems) > 0 {
			t.Fatalf("Parse(%s) reports\n%v", file, problems)
		}
		once := m.Resolved()
		again, problems := manifest.Parse(file, once)
		if len(problems) > 0 {
			t.Errorf("%s: resolved, it has problems:\n%v", file, problems)
			continue
		}
		if diff := cmp.Diff(string(once), string(again.Resolved())); diff != "" {
			t.Errorf("%s: resolved twice it differs (-once +twice):\n%s", file, diff)
		}
	}
}

// wants returns the "# want" lines a bad file starts with, and the rest.
func wants(data []byte) (lines []string, rest []byte) {
	for {
		line, after, ok := bytes.Cut(data, []byte("\n"))
		if !ok || !bytes.HasPrefix(line, []byte("# want ")) {
			return lines, data
		}
		lines, data = append(lines, string(line)), after
	}
}

func wanted(problems diagnostic.List) []string {
	var lines []string
	for _, p := range problems {
		line := fmt.Sprintf("# want %d:%d %s %s", p.Line, p.Column, p.Code, p.Message)
		if p.Help != "" {
			line += " (" + p.Help + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestBadFilesReportEveryProblem(t *testing.T) {
	t.Parallel()
	for _, file := range corpus(t, "bad") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data := read(t, file)
			want, rest := wants(data)
			if *update {
				_, problems := manifest.Parse(file, rest)
				data = append([]byte(strings.Repeat("# want \n", len(problems))), rest...)
			}
			m, problems := manifest.Parse(file, data)
			if m != nil || len(problems) == 0 {
				t.Fatalf("Parse() accepts it")
			}
			for _, p := range problems {
				if strings.Contains(p.Source, "hunter2") {
					t.Errorf("line %d comes with the secret on it: %q", p.Line, p.Source)
				}
			}
			got := wanted(problems)
			if *update {
				text := strings.Join(got, "\n") + "\n" + string(rest)
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}
