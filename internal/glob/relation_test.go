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
		{"*?", "?*", true},
		{"?*", "*a", true},
		{"??*", "*a", false},
		{"x?*b", "x*bb", true},
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

// words calls yield with every word of the alphabet up to a length.
func words(alphabet string, most int, yield func(string)) {
	var grow func(string)
	grow = func(w string) {
		yield(w)
		if len(w) == most {
			return
		}
		for _, c := range alphabet {
			grow(w + string(c))
		}
	}
	grow("")
}

// The alphabet of the texts has one character more than that of the patterns,
// which stands for all those that no pattern names.
func TestRelationsAgreeWithEveryShortText(t *testing.T) {
	t.Parallel()
	var texts, patterns []string
	words("abx", 6, func(w string) { texts = append(texts, w) })
	words("ab*?", 4, func(w string) { patterns = append(patterns, w) })
	sets := map[string][]bool{}
	for _, p := range patterns {
		for _, s := range texts {
			sets[p] = append(sets[p], glob.Match(p, s))
		}
	}
	for _, a := range patterns {
		for _, b := range patterns {
			overlap, covers := false, true
			for i := range texts {
				overlap = overlap || sets[a][i] && sets[b][i]
				covers = covers && (sets[a][i] || !sets[b][i])
			}
			if got := glob.Overlap(a, b); got != overlap {
				t.Errorf("Overlap(%q, %q) = %v, want %v", a, b, got, overlap)
			}
			if got := glob.Covers(a, b); got != covers {
				t.Errorf("Covers(%q, %q) = %v, want %v", a, b, got, covers)
			}
		}
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
