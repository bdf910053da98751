package adfs_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/adfs"
)

const (
	demoProvider = "arn:aws:iam::123456789012:saml-provider/Federation-Demo"
	demoRole     = "arn:aws:iam::123456789012:role/"
)

// demo is the account of the published set-up: two roles named like the two
// groups.
var demo = adfs.Account{
	Roles:     []string{"AWS-PROD-ADMIN", "AWS-PROD-DEV"},
	Providers: []string{demoProvider},
}

func jean(groups ...string) adfs.User {
	return adfs.User{
		Account:    `CORP\jean`,
		Groups:     groups,
		Attributes: map[string][]string{"mail": {"jean@corp.example"}},
	}
}

func read(t *testing.T, file string) *adfs.Rules {
	t.Helper()
	src, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(src))
}

func parse(t *testing.T, src string) *adfs.Rules {
	t.Helper()
	rules, err := adfs.Parse(src)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return rules
}

func report(t *testing.T, rules *adfs.Rules, u adfs.User, a adfs.Account) *adfs.Report {
	t.Helper()
	rep, err := rules.Report(u, a)
	if err != nil {
		t.Fatalf("Report: %v", err)
	}
	return rep
}

func codes(rep *adfs.Report) []adfs.FindingCode {
	var out []adfs.FindingCode
	for _, f := range rep.Findings {
		if !slices.Contains(out, f.Code) {
			out = append(out, f.Code)
		}
	}
	slices.Sort(out)
	return out
}

// TestPublishedRules holds what the published rule makes of groups: the prefix
// is consumed, the replacement minds the case, and a second prefix is replaced
// too.
func TestPublishedRules(t *testing.T) {
	t.Parallel()
	rules := read(t, "restored.rules")
	tests := []struct {
		group  string
		values []string
		role   string // empty where the value is no pair
		codes  []adfs.FindingCode
	}{
		{
			group:  "AWS-PROD-ADMIN",
			values: []string{demoProvider + "," + demoRole + "PROD-ADMIN"},
			role:   demoRole + "PROD-ADMIN",
			codes:  []adfs.FindingCode{adfs.OpenNames, adfs.PrefixConsumed, adfs.Unanchored},
		},
		{
			group:  "aws-prod-dev",
			values: []string{"aws-prod-dev"},
			codes:  []adfs.FindingCode{adfs.CaseMismatch, adfs.NotAPair, adfs.OpenNames, adfs.Unanchored},
		},
		{
			group: "PROD-TEST",
			codes: []adfs.FindingCode{adfs.NoRole},
		},
		{
			group:  "AWS-AWS-PROD-DEV",
			values: []string{demoProvider + "," + demoRole + demoProvider + "," + demoRole + "PROD-DEV"},
			codes:  []adfs.FindingCode{adfs.NotAPair, adfs.OpenNames, adfs.ReplacedTwice, adfs.Unanchored},
		},
		{
			// The article's first way out: the group's name has the account too. The
			// prefix is in it twice.
			group:  "AWS-845125856994-AWS-PROD-TEST",
			values: []string{demoProvider + "," + demoRole + "845125856994-" + demoProvider + "," + demoRole + "PROD-TEST"},
			codes:  []adfs.FindingCode{adfs.NotAPair, adfs.OpenNames, adfs.ReplacedTwice, adfs.Unanchored},
		},
		{
			group:  "AWS-OTHER",
			values: []string{demoProvider + "," + demoRole + "OTHER"},
			role:   demoRole + "OTHER",
			codes:  []adfs.FindingCode{adfs.NoSuchRole, adfs.OpenNames, adfs.Unanchored},
		},
	}
	for _, tc := range tests {
		t.Run(tc.group, func(t *testing.T) {
			t.Parallel()
			rep := report(t, rules, jean(tc.group), demo)
			if len(rep.Groups) != 1 || rep.Groups[0].Group != tc.group {
				t.Fatalf("Report(%q).Groups = %+v, want the group", tc.group, rep.Groups)
			}
			var values []string
			role := ""
			for _, v := range rep.Groups[0].Values {
				values = append(values, v.Value)
				role = v.RoleARN
				if v.Works() {
					t.Errorf("value %q of %q works, want it not to", v.Value, tc.group)
				}
			}
			if diff := cmp.Diff(tc.values, values); diff != "" {
				t.Errorf("values of %q (-want +got):\n%s", tc.group, diff)
			}
			if role != tc.role {
				t.Errorf("role of %q = %q, want %q", tc.group, role, tc.role)
			}
			if diff := cmp.Diff(tc.codes, codes(rep)); diff != "" {
				t.Errorf("findings of %q (-want +got):\n%s", tc.group, diff)
			}
		})
	}
}

// TestPublishedSchemes: the text that was published has the scheme of every name
// rewritten, so nothing matches the account's claim.
func TestPublishedSchemes(t *testing.T) {
	t.Parallel()
	rep := report(t, read(t, "published.rules"), jean("AWS-PROD-ADMIN"), demo)
	if len(rep.Groups[0].Values) != 0 {
		t.Errorf("values = %+v, want none", rep.Groups[0].Values)
	}
	want := []adfs.FindingCode{adfs.NoRole, adfs.NoSessionName, adfs.WrongScheme}
	if diff := cmp.Diff(want, codes(rep)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	for _, f := range rep.Findings {
		if f.Code == adfs.WrongScheme && (f.At.Line != 1 || f.At.Column != 12) {
			t.Errorf("wrong-scheme at %d:%d, want 1:12", f.At.Line, f.At.Column)
		}
	}
}

// TestPublishedFix is the article's second way out: the replacement ends in the
// prefix.
func TestPublishedFix(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/restored.rules")
	if err != nil {
		t.Fatal(err)
	}
	fixed := strings.Replace(string(src), `:role/"`, `:role/AWS-"`, 1)
	rep := report(t, parse(t, fixed), jean("AWS-PROD-ADMIN", "AWS-PROD-DEV"), demo)
	for _, g := range rep.Groups {
		if len(g.Values) != 1 || !g.Values[0].Works() || g.Values[0].Role != adfs.Exists {
			t.Errorf("%s becomes %+v, want a role that exists", g.Group, g.Values)
		}
	}
	want := []adfs.FindingCode{adfs.OpenNames, adfs.Unanchored}
	if diff := cmp.Diff(want, codes(rep)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestSaferRules(t *testing.T) {
	t.Parallel()
	src, err := adfs.SaferRules(adfs.Transform{Provider: "Federation-Demo", Accounts: []string{"123456789012"}})
	if err != nil {
		t.Fatal(err)
	}
	rules := parse(t, src)
	account := adfs.Account{Roles: []string{demoRole + "PROD-ADMIN", demoRole + "Dev"}, Providers: []string{demoProvider}}
	tests := map[string]string{
		"AWS-123456789012-PROD-ADMIN":                 demoProvider + "," + demoRole + "PROD-ADMIN",
		"aws-123456789012-PROD-ADMIN":                 demoProvider + "," + demoRole + "PROD-ADMIN",
		"AWS-123456789012-AWS-PROD-ADMIN":             demoProvider + "," + demoRole + "AWS-PROD-ADMIN",
		"AWS-210987654321-PROD-ADMIN":                 "", // another account
		"XAWS-123456789012-PROD-ADMIN":                "",
		"AWS-123456789012-":                           "",
		"AWS-123456789012-a,b":                        "", // a comma would make two of one
		"AWS-123456789012-a:role/b":                   "",
		"AWS-PROD-ADMIN":                              "",
		"AWS-١٢٣٤٥٦٧٨٩٠١٢-PROD-ADMIN":                 "", // digits of another script
		"AWS-123456789012-" + strings.Repeat("x", 65): "",
	}
	for group, want := range tests {
		rep := report(t, rules, jean(group), account)
		got := ""
		if v := rep.Groups[0].Values; len(v) > 0 {
			got = v[0].Value
		}
		if got != want {
			t.Errorf("group %q becomes %q, want %q", group, got, want)
		}
		for _, f := range rep.Findings {
			switch f.Code {
			case adfs.OpenNames, adfs.NoRole, adfs.NoSuchRole:
			default:
				t.Errorf("group %q: finding %s: %s", group, f.Code, f.Message)
			}
		}
	}
}

func TestSaferRulesRefuse(t *testing.T) {
	t.Parallel()
	for name, tr := range map[string]adfs.Transform{
		"no provider":       {},
		"provider's quotes": {Provider: `P", "x`},
		"prefix's operator": {Provider: "P", Prefix: "A.*"},
		"account's length":  {Provider: "P", Accounts: []string{"123"}},
		"partition":         {Provider: "P", Partition: "aws$1"},
		"many accounts":     {Provider: "P", Accounts: make([]string, 51)},
	} {
		if got, err := adfs.SaferRules(tr); err == nil {
			t.Errorf("%s: SaferRules(%+v) = %q, want an error", name, tr, got)
		}
	}
}

func TestReportOfSessionName(t *testing.T) {
	t.Parallel()
	rules := read(t, "restored.rules")
	tests := []struct {
		name string
		mail []string
		want []adfs.FindingCode
	}{
		{"no mail", nil, []adfs.FindingCode{adfs.NoRole, adfs.NoSessionName}},
		{"mail with a space", []string{"jean paul@corp.example"}, []adfs.FindingCode{adfs.BadSessionName, adfs.NoRole}},
		{"long mail", []string{strings.Repeat("x", 65)}, []adfs.FindingCode{adfs.BadSessionName, adfs.NoRole}},
		{"two mails", []string{"a@b.example", "c@d.example"}, []adfs.FindingCode{adfs.BadSessionName, adfs.NoRole}},
		{"one mail", []string{"a@b.example"}, []adfs.FindingCode{adfs.NoRole}},
	}
	for _, tc := range tests {
		u := adfs.User{Account: `CORP\jean`, Attributes: map[string][]string{"Mail": tc.mail}}
		rep := report(t, rules, u, adfs.Account{})
		if diff := cmp.Diff(tc.want, codes(rep)); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", tc.name, diff)
		}
		if diff := cmp.Diff(tc.mail, rep.SessionNames); diff != "" {
			t.Errorf("%s: session names (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestExistence: a role and a provider are looked for by their exact names, and
// what nobody knows is not held against a value.
func TestExistence(t *testing.T) {
	t.Parallel()
	rules := read(t, "restored.rules")
	tests := []struct {
		name           string
		account        adfs.Account
		role, provider adfs.Existence
		nearest        string
		works          bool
	}{
		{"nothing known", adfs.Account{}, adfs.Unknown, adfs.Unknown, "", true},
		{"by name", adfs.Account{Roles: []string{"PROD-ADMIN"}}, adfs.Exists, adfs.Unknown, "", true},
		{"by ARN", adfs.Account{Roles: []string{demoRole + "PROD-ADMIN"}}, adfs.Exists, adfs.Unknown, "", true},
		{"of another account", adfs.Account{Roles: []string{"arn:aws:iam::210987654321:role/PROD-ADMIN"}}, adfs.Missing, adfs.Unknown, "PROD-ADMIN", false},
		{"in another case", adfs.Account{Roles: []string{"Prod-Admin"}}, adfs.Missing, adfs.Unknown, "Prod-Admin", false},
		{"no roles", adfs.Account{Roles: []string{}}, adfs.Missing, adfs.Unknown, "", false},
		{"provider in another case", adfs.Account{Providers: []string{strings.ToLower(demoProvider)}}, adfs.Unknown, adfs.Missing, "", false},
	}
	for _, tc := range tests {
		rep := report(t, rules, jean("AWS-PROD-ADMIN"), tc.account)
		v := rep.Groups[0].Values[0]
		if v.Role != tc.role || v.Provider != tc.provider || v.Nearest != tc.nearest || v.Works() != tc.works {
			t.Errorf("%s: role %v, provider %v, nearest %q, works %v; want %v, %v, %q, %v",
				tc.name, v.Role, v.Provider, v.Nearest, v.Works(), tc.role, tc.provider, tc.nearest, tc.works)
		}
	}
}
