package grammar_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/gateway/grammar"
)

func TestIsToken_TakesNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"X-Real-IP": true, "!#$%&'*+-.^_`|~09azAZ": true,
		"": false, "a b": false, "a:": false, "a\x00": false, "a(": false, "\xe9": false, "[": false, "{": false, "@": false,
	} {
		if got := grammar.IsToken(s); got != want {
			t.Errorf("IsToken(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestIsValue_RefusesControlBytes(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"": true, "a\tb c": true, "\xe9\xff": true, "a\rb": false, "a\nb": false, "\x00": false, "\x7f": false, "\x1f": false,
	} {
		if got := grammar.IsValue(s); got != want {
			t.Errorf("IsValue(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestLength_TakesDigitsOnly(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int64{
		"0": 0, "007": 7, "999999999999999999": 999999999999999999,
		"": -1, "-1": -1, "+1": -1, "1 ": -1, "0x1": -1, "1_0": -1, "1,1": -1, "1000000000000000000": -1,
	} {
		n, ok := grammar.Length(s)
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("Length(%q) = %d, want %d", s, n, want)
		}
	}
}

func TestHasToken_LooksAtWholeItems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lines []string
		want  bool
	}{
		{[]string{"close"}, true},
		{[]string{"keep-alive,\tCLOSE "}, true},
		{[]string{"a", "b, close"}, true},
		{nil, false},
		{[]string{"", ",,"}, false},
		{[]string{"closed, not close"}, false},
		{[]string{"close;q=1"}, false},
	} {
		if got := grammar.HasToken(tt.lines, "close"); got != tt.want {
			t.Errorf("HasToken(%q) = %v, want %v", tt.lines, got, tt.want)
		}
	}
}

func TestAddVary_AddsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ before, after []string }{
		{nil, []string{"Accept"}},
		{[]string{"Origin"}, []string{"Origin", "Accept"}},
		{[]string{"Origin, accept"}, []string{"Origin, accept"}},
		{[]string{"*"}, []string{"*"}},
	} {
		h := http.Header{"Vary": tt.before}
		grammar.AddVary(h, "Accept")
		if diff := cmp.Diff(tt.after, h["Vary"]); diff != "" {
			t.Errorf("to %q (-want +got):\n%s", tt.before, diff)
		}
	}
	shared := append(make([]string, 0, 2), "Origin")
	grammar.AddVary(http.Header{"Vary": shared}, "Accept")
	if got := shared[:2]; got[1] != "" {
		t.Errorf("it wrote %q into values that others may share", got[1])
	}
}

func TestMediaRange_ReadsWeights(t *testing.T) {
	t.Parallel()
	for element, want := range map[string]int{
		"text/html": 1000, " Text/HTML ": 1000, "text/html;level=1": 1000, "text/html; level=1; Q=0.5": 500,
		"text/html;q=0": 0, "text/html;q=1.000": 1000, "text/html;q=0.001": 1, "text/html;q=.5": 0, "text/html;q=1.001": 0,
		"text/html;q=2": 0, "text/html;q=-1": 0, "text/html;q=1e-1": 0, "text/html;q=NaN": 0, "text/html;q=": 0, "text/html;q=0.1234": 0,
	} {
		kind, weight := grammar.MediaRange(element)
		if kind != "text/html" || weight != want {
			t.Errorf("MediaRange(%q) = %q, %d; want text/html, %d", element, kind, weight, want)
		}
	}
}
