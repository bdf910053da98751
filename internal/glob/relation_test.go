package glob_test

import (
	"testing"

	"github.com/berth-project/berth/internal/glob"
)

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, other string
		want           bool
	}{
		{"*", "", true},
		{"*", "a*?", true},
		{"s3:Get*", "s3:GetObject", true},
		{"s3:Get*", "s3:GetObject*", true},
		{"s3:GetObject", "s3:Get*", false},
		{"a*c", "ab*c", true},
		{"a*c", "a*", false},
		{"a?c", "a?c", true},
		{"a?c", "abc", true},
		{"a?c", "a*c", false},
		{"abc", "a?c", false},
		{"a??", "aé", false},
		{"a?", "aé", true},
		{"*a*", "*b*", false},
		{"*b", "a*", false},
		{"*a", "*aa", true},
		{"", "", true},
		{"", "*", false},
	} {
		if got := glob.Covers(c.pattern, c.other); got != c.want {
			t.Errorf("Covers(%q, %q) = %v, want %v", c.pattern, c.other, got, c.want)
		}
	}
	if !glob.CoversFold("S3:GET*", "s3:getobject") || glob.Covers("S3:GET*", "s3:getobject") {
		t.Error("CoversFold minds case, or Covers does not")
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"*", "", true},
		{"a*", "*b", true},
		{"a*", "b*", false},
		{"a*c", "ab", false},
		{"a?c", "a*", true},
		{"a?c", "ac", false},
		{"*x", "y*", true},
		{"bucket", "*/*", false},
		{"bucket/*", "*/*", true},
		{"a?", "aé", true},
		{"é?", "??", true},
		{"??", "é", false},
	} {
		if got := glob.Overlap(c.a, c.b); got != c.want {
			t.Errorf("Overlap(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
		if got := glob.Overlap(c.b, c.a); got != c.want {
			t.Errorf("Overlap(%q, %q) = %v, want %v", c.b, c.a, got, c.want)
		}
	}
	if !glob.OverlapFold("GET*", "get") || glob.Overlap("GET*", "get") {
		t.Error("OverlapFold minds case, or Overlap does not")
	}
}

// FuzzRelations checks both relations against texts.
func FuzzRelations(f *testing.F) {
	f.Add("a*b", "ab?", "abb")
	f.Add("?", "*", "é")
	f.Fuzz(func(t *testing.T, a, b, s string) {
		if len(a) > 64 || len(b) > 64 || len(s) > 64 || !isValid(a+b, s) {
			return
		}
		if glob.Match(b, s) && !glob.Match(a, s) && glob.Covers(a, b) {
			t.Errorf("Covers(%q, %q), and only the second matches %q", a, b, s)
		}
		if glob.Match(a, s) && glob.Match(b, s) && !glob.Overlap(a, b) {
			t.Errorf("not Overlap(%q, %q), and both match %q", a, b, s)
		}
		if glob.Covers(a, b) && !glob.Overlap(a, b) {
			t.Errorf("Covers(%q, %q) without Overlap", a, b)
		}
	})
}
