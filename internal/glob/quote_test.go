package glob_test

import (
	"testing"

	"github.com/berth-project/berth/internal/glob"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"home/" + glob.Quote("*") + "/*", "home/*/x", true},
		{"home/" + glob.Quote("*") + "/*", "home/bob/x", false},
		{glob.Quote("a?"), "a?", true},
		{glob.Quote("a?"), "ab", false},
		{glob.Quote("plain"), "plain", true},
		{"?", "\xff", true},
		{glob.Quote("*"), "\xff", false},
	} {
		if got := glob.Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
	if glob.Overlap(glob.Quote("*"), "a") || !glob.Overlap(glob.Quote("*"), "?") {
		t.Error("Overlap takes a quoted star for a wildcard")
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("a*b?", "a*b?")
	f.Add("*", "x")
	f.Fuzz(func(t *testing.T, s, other string) {
		if got, want := glob.Match(glob.Quote(s), other), s == other; got != want && isValid(s, other) {
			t.Errorf("Match(Quote(%q), %q) = %v, want %v", s, other, got, want)
		}
	})
}
