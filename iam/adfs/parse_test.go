package adfs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/adfs"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]int{
		``:                                   0,
		"\uFEFF":                             0,
		" \r\n":                              0,
		`=> issue(Type = "t", Value = "v");`: 1,
		"\uFEFF" + `=> ISSUE(type = "t", VALUE = "v");`:                                    1,
		`c:[] => issue(claim = c);`:                                                        1,
		`[Type == "t"] => add(Type = "t", Value = "v");`:                                   1,
		`@RuleTemplate = "X" @RuleName = "Y" c:[Type == "t"] => issue(claim = c);`:         1,
		`a:[Type == "t"] && b:[Type == "u", Value == a.Value] => issue(claim = b);`:        1,
		`EXISTS([Type == "t"]) && NOT EXISTS([Type == "u"]) => issue(Type="t",Value="v");`: 1,
		`count([type == "t"]) >= 2 => issue(Type = "t", Value = "many");`:                  1,
		`c:[Properties["http://p"] !~ "^x"] => issue(Type = "t", Value = c.Value, Properties["http://p"] = "y", Issuer = c.Issuer, OriginalIssuer = c.OriginalIssuer, ValueType = c.ValueType);`: 1,
		`c:[] => issue(Type = "t", Value = "a" + c.Value + RegExReplace(c.Value, "x", "y") + "b");`:                                                                                              1,
		`c:[] => issue(Type = "t", Value = RegExReplace(RegExReplace(c.Value, "x", "y"), "y", "$0"));`:                                                                                           1,
		`c:[] => add(store = "Other", types = ("t"), query = "SELECT {0}, {1}", param = c.Value, param = c.Type); => issue(Type = "t", Value = "v");`:                                            2,
	}
	for src, want := range tests {
		rules, err := adfs.Parse(src)
		if err != nil {
			t.Errorf("Parse(%q): %v", src, err)
			continue
		}
		if rules.Len() != want {
			t.Errorf("Parse(%q) has %d rules, want %d", src, rules.Len(), want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		src, want string
	}{
		{`c:[] => issue(claim = c)`, `1:25: the end of the rules behind the rule: want ";"`},
		{"c:[]\n  => send(claim = c);", `2:6: "send" behind =>: want issue or add`},
		{`c:[] issue(claim = c);`, `1:6: "issue" behind the conditions: want "=>"`},
		{`c[] => issue(claim = c);`, `1:2: "[" behind the name of a claim: want ":"`},
		{`c:[Kind == "t"] => issue(claim = c);`, `1:4: "Kind": want a property of a claim`},
		{`c:[Type = "t"] => issue(claim = c);`, `1:9: "=" behind a property: want ==`},
		{`c:[Type == t] => issue(claim = c);`, `1:12: "t": want a claim that a condition has named`},
		{`c:[Type == "t"] && c:[] => issue(claim = c);`, `1:20: a condition before already has the name "c"`},
		{`c:[Type == "t"] => issue(claim = d);`, `1:34: "d": want a claim`},
		{`EXISTS(c:[]) => issue(claim = c);`, `1:8: "c" in a condition: want "["`},
		{`NOT [] => issue(Type = "t", Value = "v");`, `1:5: "[" behind NOT: want EXISTS`},
		{`COUNT([]) => issue(Type = "t", Value = "v");`, `1:11: "=>" behind COUNT: want a comparison`},
		{`COUNT([]) >= "2" => issue(Type = "t", Value = "v");`, `1:14: text "2": want a number`},
		{`COUNT([]) >= 99999999999999999999 => issue(Type = "t", Value = "v");`, `want a number`},
		{`=> issue(Type = "t");`, `1:4: a new claim needs Type and Value`},
		{`=> issue(Type = "t", Type = "u", Value = "v");`, `1:22: Type is given twice`},
		{`c:[] => issue(claim = c, Value = "v");`, `1:9: claim = c stands alone`},
		{`c:[] => issue(claim = c, claim = c);`, `claim is given twice`},
		{`c:[] => add(store = "Active Directory", types = ("t"), query = ";mail;{0}");`, `1:9: query has {0} and 0 parameters`},
		{`c:[] => add(store = "Active Directory", types = ("t"), query = ";mail;{123}", param = c.Value);`, `query has {123} and 1 parameters`},
		{`c:[] => add(store = "Active Directory", types = ("t"), query = "mail", param = c.Value);`, `has 1 parts`},
		{`c:[] => add(store = "Active Directory", types = ("t", "u"), query = ";mail;{0}", param = c.Value);`, `asks for 1 attributes and has 2 claim types`},
		{`c:[] => add(types = ("t"), query = ";mail;{0}", param = c.Value);`, `a query needs store, types and query`},
		{`c:[] => add(store = "s", types = ("t"), query = "q", Value = "v");`, `a query makes the claims`},
		{`@Rule = "x" => issue(Type = "t", Value = "v");`, `1:2: "Rule" behind @: want RuleName or RuleTemplate`},
		{`=> issue(Type = “t”, Value = "v");`, `1:17: '“' does not begin anything in a claim rule (a word processor made it of a straight quote: write ")`},
		{`# comment`, `1:1: '#' does not begin anything in a claim rule (the language has no comments: name the rule with @RuleName)`},
		{`=> issue(Type = "t, Value = 1);`, `1:17: text without a closing quote`},
		{`c:[Value =~ "("] => issue(claim = c);`, `1:14: regular expression: missing closing )`},
		{`c:[Value =~ "^a(?=b)"] => issue(claim = c);`, `1:16: regular expression: lookahead (this tester runs rules with an engine that has none`},
		{"c:[Value =~ \"a\n\\Q\"] => issue(claim = c);", `2:1: regular expression: \Q is no escape`},
		{`c:[] => issue(Type = "t", Value = RegExReplace(c.Value, c.Type, ""));`, `1:57: "c" as the pattern of RegExReplace: want a text in quotes`},
		{`c:[] => issue(Type = "t", Value = RegExReplace(c.Value, "x"));`, `want ","`},
		{`c:[Value =~ "` + strings.Repeat("x", 1001) + `"] => issue(claim = c);`, `regular expression of 1001 bytes: at most 1000`},
		{strings.Repeat(" ", 256<<10+1), `1:1: 262145 bytes of rules: at most 262144`},
		{strings.Repeat(`=>issue(Type="t",Value="v");`, 501), `more than 500 rules`},
		{strings.Repeat(`[]&&`, 9) + `[]=>issue(Type="t",Value="v");`, `more than 8 conditions`},
		{`c:[]=>issue(Type="t",Value=` + strings.Repeat("RegExReplace(", 20), `calls nested more than 16 deep`},
		{`c:[` + strings.Repeat(`Type=="t",`, 101) + `]`, `more than 100 comparisons`},
	}
	for _, tc := range tests {
		_, err := adfs.Parse(tc.src)
		if err == nil {
			t.Errorf("Parse(%.80q): no error, want %q", tc.src, tc.want)
			continue
		}
		if !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Parse(%.80q): %v, want %q", tc.src, err, tc.want)
		}
		var e *adfs.Error
		if !errors.As(err, &e) || e.Position.Line < 1 || e.Position.Column < 1 || e.Position.Offset > len(tc.src) {
			t.Errorf("Parse(%.80q): error %#v has no place in the text", tc.src, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`c:[Type == "t", Value =~ "(?i)^AWS-"] => issue(Type = "u", Value = RegExReplace(c.Value, "^AWS-(\d{12})-(.+)$", "$1$2"));`)
	f.Add(`@RuleName = "n" EXISTS([]) && NOT EXISTS([]) && COUNT([Issuer != "x"]) > 1 => add(Type = "t", Value = "v");`)
	f.Add(`c:[] => add(store = "Active Directory", types = ("t"), query = ";tokenGroups;{0}", param = c.Value);`)
	f.Add(`c:[Value =~ "(?<n>[\w-[a]])\u0041(?'m'x)(?#y)[[:a]]"] => issue(claim = c);`)
	f.Fuzz(func(t *testing.T, src string) {
		rules, err := adfs.Parse(src)
		if err != nil {
			var e *adfs.Error
			if !errors.As(err, &e) {
				t.Fatalf("Parse(%q): %v is no *Error", src, err)
			}
			if e.Position.Line < 1 || e.Position.Column < 1 || e.Position.Offset < 0 || e.Position.Offset > len(src) {
				t.Fatalf("Parse(%q): %v is at no place of the text", src, err)
			}
			return
		}
		rep, err := rules.Report(jean("AWS-A", "aws-b", "AWS-123456789012-C"), demo)
		if err != nil {
			return
		}
		if len(rep.Groups) != 3 || len(rep.Run.Steps) != rules.Len() {
			t.Fatalf("Report of %q has %d groups and %d steps for %d rules", src, len(rep.Groups), len(rep.Run.Steps), rules.Len())
		}
	})
}
