package environ_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/environ"
	"github.com/google/go-cmp/cmp"
)

// corpus returns the files of a pattern: what to parse, and what is wanted of
// it after the line "### want".
func corpus(t testing.TB, pattern string) map[string][2][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	cases := map[string][2][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, want, ok := bytes.Cut(data, []byte("### want\n"))
		if !ok {
			t.Fatalf("%s: no line ### want", path)
		}
		cases[filepath.Base(path)] = [2][]byte{text, want}
	}
	return cases
}

func TestGoodFiles(t *testing.T) {
	t.Parallel()
	for name, c := range corpus(t, "*.good.env") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries, problems := environ.ParseDotenv(name, c[0])
			if err := problems.Err(); err != nil {
				t.Fatalf("problems: %v", err)
			}
			var got strings.Builder
			for _, e := range entries {
				fmt.Fprintf(&got, "%s=%q\n", e.Name, e.Value.Reveal())
			}
			if diff := cmp.Diff(string(c[1]), got.String()); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	for name, c := range corpus(t, "*.bad.env") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := environ.ParseDotenv(name, c[0])
			var got strings.Builder
			for _, p := range problems {
				fmt.Fprintf(&got, "%d:%d: %s: %s\n", p.Line, p.Column, p.Code, p.Message)
				if p.Help == "" || p.File != name {
					t.Errorf("problem without help or file: %+v", p)
				}
				if text := fmt.Sprintf("%+v", *p); strings.Contains(text, "canary") || p.Source != "" {
					t.Errorf("problem shows the value: %s", text)
				}
			}
			if diff := cmp.Diff(string(c[1]), got.String()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEntriesAreInTheOrderOfTheFileWithTheirPlaces(t *testing.T) {
	t.Parallel()
	entries, _ := environ.ParseDotenv("f", []byte("B='x\ny'\n  export A=1\n"))
	if len(entries) != 2 {
		t.Fatalf("%d entries, want 2", len(entries))
	}
	if b, a := entries[0], entries[1]; b.Name != "B" || b.Line != 1 || b.Column != 1 || a.Name != "A" || a.Line != 3 || a.Column != 10 {
		t.Errorf("entries = %+v, want B at 1:1 and A at 3:10", entries)
	}
}

func TestValueTooLongForAProgramIsRefused(t *testing.T) {
	t.Parallel()
	room := environ.MaxEntrySize - len("A=")
	if _, problems := environ.ParseDotenv("f", []byte("A="+strings.Repeat("x", room))); len(problems) != 0 {
		t.Errorf("a value that fits: %v", problems)
	}
	entries, problems := environ.ParseDotenv("f", []byte("A="+strings.Repeat("x", room+1)))
	if len(entries) != 0 || len(problems) != 1 || problems[0].Code != "B1117" {
		t.Errorf("a value that does not fit: %d entries, %v", len(entries), problems)
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":          "",
		"plain":     "plain",
		"a b":       "'a b'",
		"$x `y` \\": "'$x `y` \\'",
		"a#b":       "'a#b'",
		"it's $5":   `"it's \$5"`,
		"'\r\n\t":   `"'\r\n\t"`,
		"'`\"\\":    "\"'\\`\\\"\\\\\"",
	} {
		if got, err := environ.Quote(value); got != want || err != nil {
			t.Errorf("Quote(%q) = %s, %v; want %s", value, got, err, want)
		}
	}
	for _, value := range []string{"a\x00b", "\xff"} {
		if got, err := environ.Quote(value); err == nil {
			t.Errorf("Quote(%q) = %s, want an error", value, got)
		}
	}
}

func FuzzParseDotenv(f *testing.F) {
	for _, pattern := range []string{"*.good.env", "*.bad.env"} {
		for _, c := range corpus(f, pattern) {
			f.Add(c[0])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, problems := environ.ParseDotenv("f", data)
		var again strings.Builder
		for _, e := range entries {
			if !environ.ValidName(e.Name) {
				t.Errorf("name %q", e.Name)
			}
			quoted, err := environ.Quote(e.Value.Reveal())
			if err != nil {
				t.Fatalf("Quote(%q): %v", e.Value.Reveal(), err)
			}
			fmt.Fprintf(&again, "%s=%s\n", e.Name, quoted)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Code == "" || p.Message == "" {
				t.Errorf("problem %+v", p)
			}
		}
		back, problems := environ.ParseDotenv("f", []byte(again.String()))
		if len(problems) != 0 || len(back) != len(entries) {
			t.Fatalf("%q reads back as %d entries of %d: %v", again.String(), len(back), len(entries), problems)
		}
		for i, e := range back {
			if e.Name != entries[i].Name || !e.Value.Equal(entries[i].Value) {
				t.Errorf("%s=%q reads back as %s=%q", entries[i].Name, entries[i].Value.Reveal(), e.Name, e.Value.Reveal())
			}
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, value := range []string{"", "a'b\"c $X \n\n*", "\r\n", "`", "#", "\\", "\ufeff"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		quoted, err := environ.Quote(value)
		if err != nil || len(value) > environ.MaxEntrySize-2 {
			return
		}
		entries, problems := environ.ParseDotenv("f", []byte("A="+quoted+"\nB=1"))
		if len(problems) != 0 || len(entries) != 2 || entries[0].Value.Reveal() != value {
			t.Errorf("Quote(%q) = %s reads back as %d entries, %v", value, quoted, len(entries), problems)
		}
	})
}
