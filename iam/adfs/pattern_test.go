package adfs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/adfs"
)

// replace runs RegExReplace on a value by way of a rule.
func replace(t *testing.T, value, pattern, with string) string {
	t.Helper()
	src := fmt.Sprintf(`c:[Type == "in"] => issue(Type = "out", Value = RegExReplace(c.Value, "%s", "%s"));`, pattern, with)
	rules, err := adfs.Parse(src)
	if err != nil {
		return "error: " + err.Error()
	}
	run, err := rules.Run(adfs.User{Account: `D\u`, Claims: []adfs.Claim{{Type: "in", Value: value}}})
	if err != nil {
		return "error: " + err.Error()
	}
	if len(run.Issued) != 1 {
		t.Fatalf("%d claims issued, want 1", len(run.Issued))
	}
	return run.Issued[0].Value
}

// TestRegExReplace holds what .NET's Regex.Replace gives.
func TestRegExReplace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value, pattern, with, want string
	}{
		{"AWS-A", "AWS-", "role/", "role/A"},
		{"aws-A", "AWS-", "role/", "aws-A"},
		{"aws-A", "(?i)AWS-", "role/", "role/A"},
		{"a-a-a", "a", "b", "b-b-b"},
		// Groups by number: the digits are taken as far as they go.
		{"abc", "(a)(b)(c)", "$3$2$1", "cba"},
		{"abc", "(a)", "$10", "$10bc"},
		{"abc", "(a)", "${1}0", "a0bc"},
		{"abc", "(a)", "$1x", "axbc"},
		{"abc", "(a)", "$2", "$2bc"},
		{"abc", "(a)", "$01", "abc"},
		{"abc", "(a)", "$0$0", "aabc"},
		{"abc", "(a)(x)?", "[$2]", "[]bc"},
		{"abc", "(a)", "$99999999999999", "$99999999999999bc"},
		// By name; .NET counts those without a name first.
		{"abc", "(?<first>a)(b)", "$1${first}$2", "baac"},
		{"abc", "(?'first'a)(b)", "${first}", "ac"},
		{"abc", "(a)", "${nope}", "${nope}bc"},
		{"abc", "(a)", "${1", "${1bc"},
		// The other parts of a match.
		{"abc", "b", "$$", "a$c"},
		{"abc", "b", "<$&>", "a<b>c"},
		{"abc", "b", "<$`>", "a<a>c"},
		{"abc", "b", "<$'>", "a<c>c"},
		{"abc", "b", "<$_>", "a<abc>c"},
		{"abc", "(a)(b)", "$+", "bc"},
		{"abc", "b", "$", "a$c"},
		{"abc", "b", "$x", "a$xc"},
		{"abc", "b", "\\1", "a\\1c"},
		// Anchors and empty matches.
		{"abc", "^", "x", "xabc"},
		{"abc", "$", "x", "abcx"},
		{"abc", "\\Z", "x", "abcx"},
		{"abc", "x*", "-", "-a-b-c-"},
		// Alternatives in order, not the longest.
		{"abc", "a|ab", "x", "xbc"},
		// Classes are of all of Unicode.
		{"٣é_ -", "\\d", "x", "xé_ -"},
		{"٣é_ -", "\\w", "x", "xxx -"},
		{"٣é_ -", "[\\d\\s]", "x", "xé_x-"},
		{"٣é_\u00a0-", "\\s", "x", "٣é_x-"},
		{"٣é_ -", "\\W", "x", "٣é_xx"},
		{"٣é_ -", "\\D", "x", "٣xxxx"},
		{"٣é_ -", "\\S", "x", "xxx x"},
		// Brackets.
		{"a[:b", "[[:a]", "x", "xxxb"},
		{"a]b", "[]b]", "x", "axx"},
		{"a]b", "[^]b]", "x", "x]b"},
		{"a-z", "[a\\-z]", "x", "xxx"},
		{"aé", "[\\é]", "x", "ax"},
		// Escapes.
		{"aAé.", "\\u0041", "x", "axé."},
		{"aAé.", "\\x41", "x", "axé."},
		{"aAé.", "\\é\\.", "x", "aAx"},
		{"a_b", "\\_", "x", "axb"},
		{"ab", "a(?#note)b", "x", "x"},
		{"aB", "a(?i:b)", "x", "x"},
		{"aB", "(?i)a(?-i)b", "x", "aB"},
		{"λ", "\\p{IsGreek}", "x", "error"},
	}
	for _, tc := range tests {
		got := replace(t, tc.value, tc.pattern, tc.with)
		if tc.want == "error" && strings.HasPrefix(got, "error") {
			continue
		}
		if got != tc.want {
			t.Errorf("RegExReplace(%q, %q, %q) = %q, want %q", tc.value, tc.pattern, tc.with, got, tc.want)
		}
	}
}

// TestPatternsThatAreRefused: what Go's engine does not have, or .NET's, is told
// and not run otherwise.
func TestPatternsThatAreRefused(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`(?=a)`:         "lookahead",
		`(?!a)`:         "lookahead",
		`(?<=a)`:        "lookbehind",
		`(?<!a)`:        "lookbehind",
		`(?>a)`:         "atomic",
		`(?(1)a|b)`:     "conditional",
		`(a)\1`:         "back reference",
		`(?<n>a)\k<n>`:  "back reference",
		`\Ga`:           "anchor",
		`\cA`:           "back reference or an anchor",
		`(?n)a`:         "flag n",
		`(?x)a`:         "flag x",
		`(?U)a`:         "U is no flag",
		`(?P<n>a)`:      "is no group",
		`(?<1>a)`:       "letter first",
		`(?<a-b>c)`:     "balancing",
		`(?<a b>c)`:     "no end",
		`(?<a`:          "letter first",
		`(?#a`:          "comment without end",
		`(?`:            "is no group",
		`[a-z-[aeiou]]`: "subtraction",
		`[\W]`:          "within brackets",
		`[a`:            "without ]",
		`a\`:            "backslash at the end",
		`\y`:            "is no escape",
		`\Qa\E`:         "is no escape",
		`\pL`:           "without {",
		`\u12`:          "four hexadecimal",
		`\x{41}`:        "two hexadecimal",
		`a{1001}`:       "repeat count",
		`a**`:           "repetition",
		"a\xff":         "UTF-8",
	} {
		got := replace(t, "v", pattern, "")
		if !strings.HasPrefix(got, "error: 1:") || !strings.Contains(got, want) {
			t.Errorf("pattern %q: %q, want an error about %q", pattern, got, want)
		}
	}
}
