package adfs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/iam/adfs"
)

// values runs rules and returns "type=value" of what goes out.
func values(t *testing.T, src string, u adfs.User) []string {
	t.Helper()
	run, err := parse(t, src).Run(u)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	var out []string
	for _, c := range run.Issued {
		out = append(out, c.Type+"="+c.Value)
	}
	return out
}

func claims(pairs ...string) adfs.User {
	u := adfs.User{Account: `CORP\jean`}
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		u.Claims = append(u.Claims, adfs.Claim{Type: name, Value: value, Issuer: "I"})
	}
	return u
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, src string
		user      adfs.User
		want      []string
	}{
		{"no condition runs once", `=> issue(Type = "t", Value = "v");`, claims(), []string{"t=v"}},
		{"runs for each claim", `c:[Type == "a"] => issue(claim = c);`, claims("a=1", "b=2", "a=3"), []string{"a=1", "a=3"}},
		{"comparison minds the case", `c:[Type == "A"] => issue(claim = c);`, claims("a=1"), nil},
		{"all comparisons must hold", `c:[Type == "a", Value != "1"] => issue(claim = c);`, claims("a=1", "a=2"), []string{"a=2"}},
		{"expression", `c:[Value =~ "^x"] => issue(claim = c);`, claims("a=xy", "a=yx"), []string{"a=xy"}},
		{"negated expression", `c:[Type == "a", Value !~ "^x"] => issue(claim = c);`, claims("a=xy", "a=yx"), []string{"a=yx"}},
		{"add is for the rules behind", `=> add(Type = "t", Value = "v"); c:[Type == "t"] => issue(Type = "u", Value = c.Value);`, claims(), []string{"u=v"}},
		{"issue is too", `=> issue(Type = "t", Value = "v"); c:[Type == "t"] => issue(Type = "u", Value = c.Value);`, claims(), []string{"t=v", "u=v"}},
		{"not for those before", `c:[Type == "t"] => issue(claim = c); => add(Type = "t", Value = "v");`, claims(), nil},
		{"not for itself", `c:[Type == "t"] => add(Type = "t", Value = c.Value + "+"); c:[Type == "t"] => issue(claim = c);`, claims("t=1"), []string{"t=1", "t=1+"}},
		{"two conditions are every pair", `a:[Type == "a"] && b:[Type == "b"] => issue(Type = "p", Value = a.Value + b.Value);`, claims("a=1", "a=2", "b=3", "b=4"), []string{"p=13", "p=14", "p=23", "p=24"}},
		{"one condition compares with another", `a:[Type == "a"] && b:[Type == "b", Value == a.Value] => issue(claim = b);`, claims("a=1", "b=1", "b=2"), []string{"b=1"}},
		{"exists", `EXISTS([Type == "a"]) => issue(Type = "t", Value = "v");`, claims("a=1", "a=2"), []string{"t=v"}},
		{"exists not", `EXISTS([Type == "b"]) => issue(Type = "t", Value = "v");`, claims("a=1"), nil},
		{"not exists", `NOT EXISTS([Type == "b"]) => issue(Type = "t", Value = "v");`, claims("a=1"), []string{"t=v"}},
		{"not exists not", `NOT EXISTS([Type == "a"]) => issue(Type = "t", Value = "v");`, claims("a=1"), nil},
		{"properties", `c:[Type == "a"] => add(Type = "b", Value = c.Value, Properties["k"] = "x"); c:[Properties["k"] == "x"] => issue(claim = c);`, claims("a=1"), []string{"b=1"}},
		{"absent property is empty", `c:[Type == "a", Properties["k"] == ""] => issue(claim = c);`, claims("a=1"), []string{"a=1"}},
		{"issuer of the directory", `c:[Issuer == "AD AUTHORITY"] => issue(Type = "n", Value = c.Value);`, claims("a=1"), []string{`n=CORP\jean`}},
	}
	for op, want := range map[string]string{"== 2": "yes", "!= 2": "", ">= 2": "yes", "<= 1": "", "> 1": "yes", "< 2": ""} {
		var out []string
		if want != "" {
			out = []string{"t=v"}
		}
		tests = append(tests, struct {
			name, src string
			user      adfs.User
			want      []string
		}{"count " + op, `COUNT([Type == "a"]) ` + op + ` => issue(Type = "t", Value = "v");`, claims("a=1", "a=2"), out})
	}
	for _, tc := range tests {
		if diff := cmp.Diff(tc.want, values(t, tc.src, tc.user)); diff != "" {
			t.Errorf("%s: issued (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestDirectoryQueries(t *testing.T) {
	t.Parallel()
	u := jean("A", "B")
	u.Attributes["department"] = []string{"sales", "legal"}
	query := func(types, query string) string {
		return `c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"] => issue(store = "Active Directory", types = (` + types + `), query = "` + query + `", param = c.Value);`
	}
	tests := []struct {
		name, src string
		want      []string
		note      string
	}{
		{"groups", query(`"g"`, ";tokenGroups;{0}"), []string{"g=A", "g=B"}, ""},
		{"groups in any case", query(`"g"`, ";TOKENGROUPS;{0}"), []string{"g=A", "g=B"}, ""},
		{"groups with their domain", query(`"g"`, ";tokenGroups(domainQualifiedName);{0}"), []string{`g=CORP\A`, `g=CORP\B`}, ""},
		{"several attributes", query(`"g", "m", "s"`, ";tokenGroups, mail ,sAMAccountName;{0}"), []string{"g=A", "g=B", "m=jean@corp.example", "s=jean"}, ""},
		{"several values", query(`"d"`, ";department;{0}"), []string{"d=sales", "d=legal"}, ""},
		{"attribute the user lacks", query(`"d"`, ";title;{0}"), nil, ""},
		{"written account", query(`"g"`, `;tokenGroups;corp\JEAN`), []string{"g=A", "g=B"}, ""},
		{"another account", query(`"g"`, `;tokenGroups;CORP\anna`), nil, `asks for the account "CORP\\anna", which is not the user's`},
		{"SIDs", query(`"g"`, ";tokenGroups(SID);{0}"), nil, "tokenGroups(SID) cannot be had here"},
		{"LDAP filter", query(`"g"`, "mail={0};tokenGroups;{0}"), nil, `the LDAP filter "mail={0}" cannot be run here`},
		{"another store", strings.Replace(query(`"g"`, "SELECT 1"), "Active Directory", "SQL", 1), nil, `the store "SQL" cannot be asked here`},
	}
	for _, tc := range tests {
		run, err := parse(t, tc.src).Run(u)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		var got []string
		for _, c := range run.Issued {
			got = append(got, c.Type+"="+c.Value)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: issued (-want +got):\n%s", tc.name, diff)
		}
		if notes := strings.Join(run.Steps[0].Notes, "; "); !strings.Contains(notes, tc.note) || tc.note == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", tc.name, notes, tc.note)
		}
	}
}

// TestRunTellsWhereClaimsCameFrom: a claim knows the groups it was made from,
// however many rules lie between.
func TestRunTellsWhereClaimsCameFrom(t *testing.T) {
	t.Parallel()
	src := `
@RuleName = "groups"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"]
 => add(store = "Active Directory", types = ("g"), query = ";tokenGroups;{0}", param = c.Value);
c:[Type == "g"] => add(Type = "h", Value = RegExReplace(c.Value, "^", "x-"));
a:[Type == "h", Value == "x-A"] && b:[Type == "h", Value == "x-B"] => issue(Type = "both", Value = a.Value + b.Value);
c:[Type == "h"] => issue(Type = "one", Value = c.Value);
=> issue(Type = "none", Value = "v");
EXISTS([Type == "missing"]) => issue(Type = "never", Value = "v");`
	run, err := parse(t, src).Run(jean("A", "B"))
	if err != nil {
		t.Fatal(err)
	}
	local := adfs.Claim{ValueType: "http://www.w3.org/2001/XMLSchema#string", Issuer: "LOCAL AUTHORITY", OriginalIssuer: "LOCAL AUTHORITY"}
	claim := func(name, value string, groups ...string) adfs.Claim {
		c := local
		c.Type, c.Value, c.Groups = name, value, groups
		return c
	}
	want := []adfs.Claim{
		claim("both", "x-Ax-B", "A", "B"),
		claim("one", "x-A", "A"),
		claim("one", "x-B", "B"),
		claim("none", "v"),
	}
	if diff := cmp.Diff(want, run.Issued, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("issued (-want +got):\n%s", diff)
	}
	var times []int
	for _, s := range run.Steps {
		times = append(times, s.Times)
	}
	if diff := cmp.Diff([]int{1, 2, 1, 2, 1, 0}, times); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
	if s := run.Steps[0]; s.Name != "groups" || s.At.Line != 2 || len(s.Added) != 2 {
		t.Errorf("first step = %+v, want the rule \"groups\" of line 2 with two claims added", s)
	}
	if s := run.Steps[5]; len(s.Notes) != 1 {
		t.Errorf("notes of a rule that did not run = %q, want one", s.Notes)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	all := `c:[] => issue(claim = c);`
	many := make([]string, 2001)
	for i := range many {
		many[i] = fmt.Sprint("G", i)
	}
	tests := []struct {
		name, src string
		user      adfs.User
		want      string
	}{
		{"no account", all, adfs.User{}, "user has no account"},
		{"too many groups", all, jean(many...), "user is in 2001 groups: at most 2000"},
		{"line break in a group", all, jean("a\nb"), "control characters"},
		{"group that is no UTF-8", all, jean("a\xff"), "not UTF-8"},
		{"long value", all, jean(strings.Repeat("x", 4097)), "value of 4097 bytes"},
		{"claims that double", strings.Repeat(`c:[] => add(claim = c);`, 30), jean("a"), "more than 10000 claims"},
		{"values that grow", `c:[Type == "a"] => issue(Type = "a", Value = RegExReplace(c.Value, "x", "$_$_$_"));`, claims("a=" + strings.Repeat("x", 100)), "rule 1 at 1:1: makes a value of more than 4096 bytes"},
		{
			"every pair of pairs",
			`a:[] && b:[] && c:[] && d:[Type == "none"] => issue(claim = a);`,
			claims(strings.Split(strings.Repeat("a=1 ", 99), " ")...), "more work than is sensible",
		},
	}
	for _, tc := range tests {
		_, err := parse(t, tc.src).Run(tc.user)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Run: %v, want %q", tc.name, err, tc.want)
		}
	}
}
