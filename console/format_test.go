package console_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/berth-project/berth/console"
)

func TestPlainTakesTerminalsSequencesOut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\x1b[31;1mred\x1b[0m b":                 "ared b",
		"\x1b]0;title\x07text":                    "text",
		"\x1b]8;;http://evil\x1b\\link\x1b]8;;\a": "link",
		"\x1b":             "\ufffd",
		"a\x00b\rc":        "a\ufffdb\ufffdc",
		"abc\u202egnp.exe": "abc\ufffdgnp.exe",
		"line\nline\ttab":  "line\nline\ttab",
		"Grüße, 世界":        "Grüße, 世界",
	} {
		if got := console.Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLinesBreakAfterTheSlashesOfPaths(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "",
		"/":                            "/",
		"/**":                          "/**",
		"/app/{tenant}/**":             "/app/|{tenant}/|**",
		"/app/":                        "/app/",
		"//a":                          "//|a",
		"private files of /srv/a":      "private files of /srv/|a",
		"redirect to https://a.test/b": "redirect to https:/|/|a.test/|b",
		"process web":                  "process web",
	} {
		got := console.Segments(in)
		if s := strings.Join(got, "|"); s != want || strings.Join(got, "") != in {
			t.Errorf("Segments(%q) = %q, want %q", in, s, want)
		}
	}
}

func TestTimesToComeAreNotJustNow(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "just now", -999 * time.Millisecond: "just now", 40 * time.Second: "40s ago", 47 * time.Hour: "47h ago", 72 * time.Hour: "3d ago",
		-6 * time.Hour: "in 6h", -90 * time.Second: "in 1m",
	} {
		if got := console.Ago(d); got != want {
			t.Errorf("Ago(%v) = %q, want %q", d, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("a\x1b[31mb")
	f.Add("\x1b]\x1b[\x1b")
	f.Add(hostile)
	f.Fuzz(func(t *testing.T, s string) {
		got := console.Plain(s)
		for _, r := range got {
			if unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("Plain(%q) = %q keeps %U", s, got, r)
			}
		}
		if again := console.Plain(got); again != got {
			t.Errorf("Plain(%q) = %q, and that is %q", s, got, again)
		}
		if !strings.ContainsFunc(s, unicode.IsControl) && strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("Plain(%q) = %q", s, got)
		}
	})
}
