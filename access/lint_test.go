package access_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/access"
)

// findings compiles rules written as in the corpus and returns "rule code" of
// each finding.
func findings(t *testing.T, lines ...string) []string {
	t.Helper()
	var rules []access.Rule
	for _, line := range lines {
		rules = append(rules, corpusRule(t, line))
	}
	p, err := access.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range p.Lint() {
		if f.Message == "" || f.Help == "" {
			t.Errorf("finding without words: %+v", f)
		}
		out = append(out, fmt.Sprintf("%d %s", f.Rule+1, f.Code))
	}
	return out
}

func TestLint(t *testing.T) {
	t.Parallel()
	const rest = "/**  signed-in"
	for _, tc := range []struct {
		name  string
		rules []string
		want  []string
	}{
		{"nothing to say", []string{"/  anyone", "/app/{tenant}/**  role manager of tenant", rest}, nil},
		{"no rules", nil, []string{"0 no_catch_all"}},
		{"catch-all for one method", []string{"/**  GET signed-in"}, []string{"0 no_catch_all"}},
		{"catch-all for one host", []string{"/**  @a.test signed-in"}, []string{"0 no_catch_all"}},

		{"same path twice", []string{"/a  signed-in", "/a/  signed-in", rest}, []string{"2 unreachable"}},
		{"below a tree", []string{"/a/**  signed-in", "/a  signed-in", "/a/b/**  signed-in", rest}, []string{"2 unreachable", "3 unreachable"}},
		{"behind a parameter", []string{"/{x}/b  signed-in", "/a/b  signed-in", rest}, []string{"2 unreachable"}},
		{"after the catch-all", []string{rest, "/a  signed-in"}, []string{"2 unreachable"}},
		{"methods narrower", []string{"/a  GET,POST signed-in", "/a  HEAD signed-in", rest}, []string{"2 unreachable"}},
		{"methods wider", []string{"/a  GET signed-in", "/a  signed-in", rest}, nil},
		{"hosts narrower", []string{"/a  @.x.test signed-in", "/a  @y.x.test signed-in", rest}, []string{"2 unreachable"}},
		{"hosts wider", []string{"/a  @x.test signed-in", "/a  @.x.test signed-in", rest}, nil},
		{"one host of two", []string{"/a  @x.test signed-in", "/a  @x.test,y.test signed-in", rest}, nil},
		{"every host", []string{"/a  @x.test signed-in", "/a  signed-in", rest}, nil},
		{"literal before parameter", []string{"/a/b  signed-in", "/{x}/b  signed-in", rest}, nil},
		{"exact before tree", []string{"/a  signed-in", "/a/**  signed-in", rest}, nil},

		{"public first", []string{"/a/**  GET anyone", "/a/b  signed-in", rest}, []string{"1 public_before_private"}},
		{"public first, in disguise", []string{"/a/**  GET any(signed-in; all(anyone))", "/a/b  signed-in", rest}, []string{"1 public_before_private"}},
		{"public first takes all", []string{"/a/**  anyone", "/a/b  signed-in", rest}, []string{"1 public_before_private", "2 unreachable"}},
		{"public first, other method", []string{"/a/**  GET anyone", "/a/b  POST signed-in", rest}, nil},
		{"public first, other host", []string{"/a/**  @x.test anyone", "/a/b  @y.test signed-in", rest}, nil},
		{"public within private", []string{"/a/b  anyone", "/a/**  signed-in", rest}, nil},
		{"two public ones", []string{"/a/**  GET anyone", "/a/b  anyone", rest}, nil},

		{"tenant is not in the path", []string{"/a/**  role manager of tenant", rest}, []string{"1 literal_tenant"}},
		{"parameter of another rule", []string{"/a/{org}  role manager of org", "/b/**  any(role manager of org)", rest}, []string{"2 literal_tenant"}},
		{"a tenant by its id", []string{"/a/**  role manager of acme", rest}, nil},

		{"tenant ignored", []string{"/a/{tenant}/**  signed-in", rest}, []string{"1 tenant_ignored"}},
		{"tenant ignored for another", []string{"/a/{tenant}/**  role manager of acme", rest}, []string{"1 tenant_ignored"}},
		{"tenant under another name", []string{"/a/{org}  role manager of org", "/b/{org}  signed-in", rest}, []string{"2 tenant_ignored"}},
		{"tenant in an expression", []string{`/a/{tenant}/**  when "manager" in roles`, rest}, nil},
		{"tenant of a public path", []string{"/a/{tenant}/**  anyone", rest}, nil},
		{"parameter that is no tenant", []string{"/a/{year}/**  signed-in", rest}, nil},

		{"encoded path", []string{"/a%20b  signed-in", rest}, []string{"1 encoded_path"}},
		{"percent sign", []string{"/100%/x  signed-in", rest}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, findings(t, tc.rules...)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLintFindsRulesThatNeverDecide(t *testing.T) {
	t.Parallel()
	p, err := access.Compile([]access.Rule{
		{Path: "/a/**", Allow: access.Requirement{Kind: access.SignedIn}},
		{Path: "/a/{tenant}/b", Allow: role("tenant", "manager", "owner")},
		{Path: "/**", Methods: []string{"GET"}, Allow: anyone},
		{Path: "/admin", Allow: role("acme", "manager", "owner")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []access.Finding{
		{Rule: 1, Code: "unreachable", Message: "never decides: rule 1 (/a/**) comes first and is for every request this one is for", Help: "move it before rule 1 (/a/**), or delete it"},
		{Rule: 2, Code: "public_before_private", Message: "lets everybody in where rule 4 (/admin), which comes later, needs role manager or owner of acme", Help: "move rule 4 (/admin) before it"},
		{Rule: -1, Code: "no_catch_all", Message: "no rule is for every request; requests that none is for are refused", Help: `a last rule for "/**" would say so in the file`},
	}
	if diff := cmp.Diff(want, p.Lint()); diff != "" {
		t.Errorf("Lint() (-want +got):\n%s", diff)
	}
}
