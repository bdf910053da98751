package access_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/session"
)

func TestExplainSaysWhy(t *testing.T) {
	t.Parallel()
	p := compileLines(t,
		"/  anyone",
		"/app/{tenant}/**  GET role owner of tenant",
		"/app/{tenant}/**  @other.test anyone",
		`/app/{tenant}/{page}  any(role manager of tenant; not(plan free of tenant); when request.method == "PUT"; signed-in)`,
		"/**  anyone",
	)
	callers := corpusCallers(t, []string{"anna: acme=contributor,teller+free"})
	got := p.Explain(&access.Request{Method: "POST", Host: "a.test", Path: "/app/acme/edit", Session: callers["anna"]})
	want := access.Trace{
		Decision: access.Decision{Allowed: true, Outcome: access.Allow, Reason: access.ReasonSignedIn, Rule: 3, RuleID: "rule-4", Tenant: "acme"},
		Rules: []access.RuleTrace{
			{Rule: 0, ID: "rule-1", Path: "/", Failed: "path"},
			{Rule: 1, ID: "rule-2", Path: "/app/{tenant}/**", Failed: "method"},
			{Rule: 2, ID: "rule-3", Path: "/app/{tenant}/**", Failed: "host"},
			{
				Rule: 3, ID: "rule-4", Path: "/app/{tenant}/{page}", Matched: true,
				Params: []access.Param{{Name: "tenant", Value: "acme"}, {Name: "page", Value: "edit"}},
				Requirement: &access.RequirementTrace{
					Kind: access.Any, Result: "yes", Text: "needs one of these",
					Sub: []access.RequirementTrace{
						{Kind: access.Role, Result: "no", Text: "needs role manager of acme; caller has contributor, teller"},
						{Kind: access.Not, Result: "no", Text: "needs the opposite of this", Sub: []access.RequirementTrace{
							{Kind: access.Plan, Result: "yes", Text: "needs plan free of acme; acme has free"},
						}},
						{Kind: access.When, Result: "no", Text: `needs request.method == "PUT"; it is false`},
						{Kind: access.SignedIn, Result: "yes", Text: "needs a signed-in user; caller is user anna"},
					},
				},
			},
		},
	}
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".err" }, cmp.Ignore())); diff != "" {
		t.Errorf("Explain (-want +got):\n%s", diff)
	}
}

func TestExplainSaysWhatTheCallerHas(t *testing.T) {
	t.Parallel()
	p := compileLines(t, "/role/{tenant}  role manager|owner of tenant", "/plan/{tenant}  plan gold of tenant")
	callers := corpusCallers(t, []string{"anna: acme=teller", "ben: "})
	callers["carl"] = &session.Session{User: session.User{ID: "carl"}, Memberships: []session.Membership{{Tenant: "acme"}}}
	for _, tc := range []struct{ caller, path, want string }{
		{"anonymous", "/role/acme", "unknown: needs role manager or owner of acme; caller is anonymous"},
		{"anna", "/role/acme", "no: needs role manager or owner of acme; caller has teller"},
		{"ben", "/role/acme", "no: needs role manager or owner of acme; caller does not belong to acme"},
		{"carl", "/role/acme", "no: needs role manager or owner of acme; caller has no role there"},
		{"anna", "/plan/acme", "no: needs plan gold of acme; acme has no plan"},
		{"ben", "/plan/acme", "no: needs plan gold of acme; caller does not belong to acme"},
	} {
		trace := p.Explain(&access.Request{Method: "GET", Path: tc.path, Session: callers[tc.caller]})
		last := trace.Rules[len(trace.Rules)-1].Requirement
		if got := last.Result + ": " + last.Text; got != tc.want {
			t.Errorf("Explain(%s as %s) = %q, want %q", tc.path, tc.caller, got, tc.want)
		}
	}
}

func TestExplainWhenNoRuleIsAsked(t *testing.T) {
	t.Parallel()
	p := compileLines(t, "/a  anyone", "/b  POST anyone")
	got := p.Explain(&access.Request{Method: "GET", Path: "/b"})
	want := []access.RuleTrace{{Rule: 0, ID: "rule-1", Path: "/a", Failed: "path"}, {Rule: 1, ID: "rule-2", Path: "/b", Failed: "method"}}
	if diff := cmp.Diff(want, got.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	got = p.Explain(&access.Request{Method: "GET", Path: "/a/../b"})
	if got.Note == "" || len(got.Rules) != 0 || got.Decision.Reason != access.ReasonNoRule {
		t.Errorf("Explain(/a/../b) = %+v, want a note and no rules", got)
	}
}

func TestTraceAsJSON(t *testing.T) {
	t.Parallel()
	p := compileLines(t, "/{tenant}  all(signed-in; role manager of tenant)")
	got, err := json.Marshal(p.Explain(&access.Request{Method: "GET", Path: "/acme"}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"decision":{"allowed":false,"outcome":"sign_in_required","reason":"sign_in_required","rule":0,"rule_id":"rule-1","tenant":"acme"},` +
		`"rules":[{"rule":0,"id":"rule-1","path":"/{tenant}","matched":true,"params":[{"name":"tenant","value":"acme"}],` +
		`"requirement":{"kind":"all","result":"no","text":"needs all of these","sub":[` +
		`{"kind":"signed-in","result":"no","text":"needs a signed-in user; caller is anonymous"},` +
		`{"kind":"role","result":"skipped","text":"needs role manager of acme"}]}}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func compileLines(tb testing.TB, lines ...string) *access.Policy {
	tb.Helper()
	rules := make([]access.Rule, 0, len(lines))
	for _, line := range lines {
		rules = append(rules, corpusRule(tb, line))
	}
	p, err := access.Compile(rules)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func ExamplePolicy_Decide() {
	policy, err := access.Compile([]access.Rule{
		{Path: "/", Allow: access.Requirement{Kind: access.Anyone}},
		{Path: "/app/{tenant}/**", Allow: access.Requirement{Kind: access.Role, Roles: []string{"manager"}, Of: "tenant"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	anna := &session.Session{
		User:        session.User{ID: "anna"},
		Memberships: []session.Membership{{Tenant: "acme", Roles: []string{"manager"}}},
	}
	for _, path := range []string{"/", "/app/acme/edit", "/app/zeta/edit", "/admin"} {
		d := policy.Decide(&access.Request{Method: "GET", Path: path, Session: anna})
		fmt.Println(path, d.Outcome, d.Reason)
	}
	// Output:
	// / allow anyone
	// /app/acme/edit allow role
	// /app/zeta/edit forbidden role_required
	// /admin forbidden no_rule
}

func ExamplePolicy_Explain() {
	policy, err := access.Compile([]access.Rule{{
		Path:  "/app/{tenant}/**",
		Allow: access.Requirement{Kind: access.Role, Roles: []string{"manager"}, Of: "tenant"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	trace := policy.Explain(&access.Request{Method: "GET", Path: "/app/acme/edit"})
	for _, rule := range trace.Rules {
		fmt.Println(rule.Path, rule.Params, rule.Requirement.Text)
	}
	fmt.Println(strings.ToUpper(trace.Decision.Outcome.String()))
	// Output:
	// /app/{tenant}/** [{tenant acme}] needs role manager of acme; caller is anonymous
	// SIGN_IN_REQUIRED
}
