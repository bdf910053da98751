package glob_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/glob"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "a/b:c", true},
		{"a*", "a", true},
		{"a*c", "abbc", true},
		{"a*c", "abbd", false},
		{"a*b*c", "axxbyybzzc", true},
		{"?", "", false},
		{"?", "é", true},
		{"??", "é", false},
		{"log-?", "log-1", true},
		{"log-?", "log-10", false},
		{"*ab", "aab", true},
		{"**", "x", true},
		{"A", "a", false},
	} {
		if got := glob.Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
	if !glob.MatchFold("S3:get*", "s3:GetObject") {
		t.Error("MatchFold minds case")
	}
}

// FuzzMatch compares with the definition, written as a recursion.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "aXbYc")
	f.Add("*?*", "")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 12 || len(s) > 16 {
			return
		}
		if got, want := glob.Match(pattern, s), reference([]rune(strings.ToValidUTF8(pattern, "x")), []rune(strings.ToValidUTF8(s, "x"))); got != want && isValid(pattern, s) {
			t.Errorf("Match(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}

func isValid(pattern, s string) bool {
	return strings.ToValidUTF8(pattern, "") == pattern && strings.ToValidUTF8(s, "") == s
}

func reference(pattern, s []rune) bool {
	if len(pattern) == 0 {
		return len(s) == 0
	}
	if pattern[0] == '*' {
		return reference(pattern[1:], s) || len(s) > 0 && reference(pattern, s[1:])
	}
	return len(s) > 0 && (pattern[0] == '?' || pattern[0] == s[0]) && reference(pattern[1:], s[1:])
}
