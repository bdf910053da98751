package access_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/access"
)

var anyone = access.Requirement{Kind: access.Anyone}

func role(of string, roles ...string) access.Requirement {
	return access.Requirement{Kind: access.Role, Roles: roles, Of: of}
}

func when(expr string) access.Requirement {
	return access.Requirement{Kind: access.When, Expr: expr}
}

func nested(depth int) access.Requirement {
	r := anyone
	for range depth - 1 {
		r = access.Requirement{Kind: access.Not, Sub: []access.Requirement{r}}
	}
	return r
}

// problems compiles and returns "field: message" of each problem.
func problems(t *testing.T, rules ...access.Rule) []string {
	t.Helper()
	p, err := access.Compile(rules)
	if err == nil {
		return nil
	}
	if p != nil {
		t.Error("Compile returned a policy with an error")
	}
	errs, ok := errors.AsType[access.Errors](err)
	if !ok {
		t.Fatalf("Compile error is a %T, want Errors", err)
	}
	var out []string
	for _, e := range errs {
		s := e.Field
		if e.Line > 0 {
			s += fmt.Sprintf("@%d:%d", e.Line, e.Column)
		}
		out = append(out, s+": "+e.Message)
	}
	return out
}

func TestCompileRefusesPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":                                   "path is empty",
		"a/b":                                "path does not start with a slash",
		"**":                                 "path does not start with a slash",
		"//":                                 "path has an empty segment",
		"/a//b":                              "path has an empty segment",
		"/a/./b":                             `path has a "." segment`,
		"/a/..":                              `path has a ".." segment`,
		"/a/**/b":                            `"**" is not the last segment`,
		"/a/*":                               "'*' cannot stand in a path segment",
		"/a/b*":                              "'*' cannot stand in a path segment",
		"/a/***":                             "'*' cannot stand in a path segment",
		"/a{b}":                              "'{' cannot stand in a path segment",
		"/{}":                                `"" is not a parameter name`,
		"/{a b}":                             `"a b" is not a parameter name`,
		"/{1a}":                              `"1a" is not a parameter name`,
		"/{_a}":                              `"_a" is not a parameter name`,
		"/{é}":                               `"é" is not a parameter name`,
		"/{{a}}":                             `"{a}" is not a parameter name`,
		"/{a":                                "'{' cannot stand in a path segment",
		"/{a}/b/{a}":                         `parameter "a" is in the path twice`,
		"/a?b=c":                             "'?' cannot stand in a path segment",
		"/a#b":                               "'#' cannot stand in a path segment",
		"/a;b":                               "';' cannot stand in a path segment",
		`/a\b`:                               `'\\' cannot stand in a path segment`,
		"/a\x00b":                            `'\x00' cannot stand in a path segment`,
		"/a\x7f":                             `'\x7f' cannot stand in a path segment`,
		"/a\xff":                             "path is not UTF-8",
		strings.Repeat("/a", 65):             "path has more than 64 segments",
		"/" + strings.Repeat("a", 4e3+96):    "path is longer than 4096 bytes",
		"/{" + strings.Repeat("a", 65) + "}": `"` + strings.Repeat("a", 65) + `" is not a parameter name`,
	} {
		got := problems(t, access.Rule{Path: path, Allow: anyone})
		if diff := cmp.Diff([]string{"path: " + want}, got); diff != "" {
			t.Errorf("Compile(%.40q) (-want +got):\n%s", path, diff)
		}
	}
}

func TestCompileAcceptsPaths(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/", "/**", "/a", "/a/", "/a/**", "/{a}", "/{a}/{b_2}/**", "/.well-known/x", "/a.b_c~d", "/100%", "/...",
		"/é/日本", "/a b", "/@:!$&'()+,=", strings.Repeat("/a", 64), "/" + strings.Repeat("a", 4095),
	} {
		if got := problems(t, access.Rule{Path: path, Allow: anyone}); got != nil {
			t.Errorf("Compile(%.40q) = %q, want no problem", path, got)
		}
	}
}

func TestCompileRefusesRequirements(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		allow access.Requirement
		want  []string
	}{
		{"nothing", access.Requirement{}, []string{"allow: says nobody: no requirement is given"}},
		{"no roles", role("tenant"), []string{"allow.role: list is empty"}},
		{"empty role", role("tenant", "a", ""), []string{`allow.role[1]: "" is not a name`}},
		{"no tenant", role("", "a"), []string{"allow.of: tenant is missing"}},
		{"no plans, no tenant", access.Requirement{Kind: access.Plan}, []string{"allow.plan: list is empty", "allow.of: tenant is missing"}},
		{"unknown parameter", role("{org}", "a"), []string{`allow.of: the path has no parameter "org"`}},
		{"bad tenant", role("no tenant", "a"), []string{`allow.of: "no tenant" is neither a parameter of the path nor a tenant id`}},
		{"tenant like a path", role("../acme", "a"), []string{`allow.of: "../acme" is neither a parameter of the path nor a tenant id`}},
		{"empty list", access.Requirement{Kind: access.All}, []string{"allow.all: list is empty"}},
		{"empty not", access.Requirement{Kind: access.Not}, []string{"allow.not: needs exactly one requirement, has 0"}},
		{"not of two", access.Requirement{Kind: access.Not, Sub: []access.Requirement{anyone, anyone}}, []string{"allow.not: needs exactly one requirement, has 2"}},
		{
			"deep inside",
			access.Requirement{Kind: access.Any, Sub: []access.Requirement{anyone, {Kind: access.Not, Sub: []access.Requirement{role("tenant")}}}},
			[]string{"allow.any[1].not.role: list is empty"},
		},
		{"foreign fields", access.Requirement{Kind: access.Anyone, Roles: []string{"manager"}, Of: "acme"}, []string{
			"allow.role: does not belong to a requirement of the kind anyone", "allow.of: does not belong to a requirement of the kind anyone",
		}},
		{"too deep", nested(17), []string{"allow" + strings.Repeat(".not", 16) + ": requirements nest deeper than 16 levels"}},
		{"empty expression", when(" "), []string{"allow.when: expression is empty"}},
		{"long expression", when("true" + strings.Repeat(" ", 4096)), []string{"allow.when: expression is longer than 4096 bytes"}},
		{"no bool", when("user.email"), []string{"allow.when: expression yields string, not a bool"}},
		{"dynamic", when("dyn(true)"), []string{"allow.when: expression yields dyn, not a bool"}},
		{"huge pattern", when("user.id.matches('[a-z]{700}[a-z]{700}')"), []string{"allow.when@1:17: regex program size 1402 exceeds limit of 1000"}},
		{"unknown field", when("true &&\n user.mail == ''"), []string{"allow.when@2:6: undefined field 'mail'"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, access.Rule{Path: "/a/{tenant}", Allow: tc.allow})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	if got := problems(t, access.Rule{Path: "/", Allow: nested(16)}); got != nil {
		t.Errorf("16 levels: %q, want no problem", got)
	}
}

func TestCompileRefusesARequirementWithinItself(t *testing.T) {
	t.Parallel()
	itself := make([]access.Requirement, 1)
	itself[0] = access.Requirement{Kind: access.Not, Sub: itself}
	got := problems(t, access.Rule{Path: "/", Allow: itself[0]})
	if len(got) != 1 || !strings.Contains(got[0], "nest deeper than 16 levels") {
		t.Errorf("Compile() = %q, want it too deep", got)
	}
}

func TestExpressionsSeeOneFormOfAnAddress(t *testing.T) {
	t.Parallel()
	p, err := access.Compile([]access.Rule{{Path: "/", Allow: when(`!request.address.startsWith("192.0.2.") && request.address != "fe80::1"`)}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"192.0.2.7": false, "::ffff:192.0.2.7": false, "fe80::1": false, "fe80::1%eth0": false, "198.51.100.7": true,
	} {
		d := p.Decide(&access.Request{Method: "GET", Path: "/", Client: netip.MustParseAddr(address)})
		if d.Allowed != want {
			t.Errorf("Decide(from %s) = %+v, want allowed %t", address, d, want)
		}
	}
}

func TestCompileRefusesExpressionsThatDoNotCompile(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"1 +":              "allow.when@1:4",
		"rolse == []":      "allow.when@1:1",
		"true && nobody()": "allow.when@1:15",
		"user.id == 7":     "allow.when@1:9",
		"'a' in tenant":    "allow.when@1:5",
		strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200): "allow.when",
	} {
		got := problems(t, access.Rule{Path: "/", Allow: when(expr)})
		if len(got) == 0 || !strings.HasPrefix(got[0], want) {
			t.Errorf("Compile(when %.40q) = %q, want a problem at %s", expr, got, want)
		}
	}
}

func TestCompileReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := access.Compile([]access.Rule{
		{ID: "one", Path: "/ok", Allow: anyone},
		{ID: "one", Path: "/a/**/b", Methods: []string{"get", "GET", "CONNECT"}, Hosts: []string{"a.test:80", "*.b.test", ""}, Allow: role("{x}")},
		{Path: "/", Allow: when("1")},
	})
	want := `rule 2: id: rule 1 has the id "one" too (give each rule its own id)
rule 2: path: "**" is not the last segment (use {name} for one segment)
rule 2: methods[0]: unknown method "get" (write GET: methods are upper case)
rule 2: methods[2]: unknown method "CONNECT" (a method is one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK, REPORT, SEARCH)
rule 2: hosts[0]: "a.test:80" is not a host (a host is "example.com", or ".example.com" for it and everything below, without a port)
rule 2: hosts[1]: "*.b.test" is not a host (a host is "example.com", or ".example.com" for it and everything below, without a port)
rule 2: hosts[2]: "" is not a host (a host is "example.com", or ".example.com" for it and everything below, without a port)
rule 2: allow.role: list is empty (name at least one)
rule 3: allow.when: expression yields int, not a bool (compare it with something)`
	if err == nil {
		t.Fatal("Compile accepted it")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if bad, ok := errors.AsType[*access.Error](err); !ok || bad.Rule != 1 {
		t.Errorf("errors.AsType[*Error] = %v, want the first problem, of rule 1", bad)
	}
}

func TestCompileRefusesIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a\nb", "a\x00", strings.Repeat("a", 65)} {
		want := []string{fmt.Sprintf("id: %q is not an id", id)}
		if diff := cmp.Diff(want, problems(t, access.Rule{ID: id, Path: "/", Allow: anyone})); diff != "" {
			t.Errorf("Compile(id %q) (-want +got):\n%s", id, diff)
		}
	}
	// The ids that are given by number count too.
	got := problems(t, access.Rule{ID: "rule-2", Path: "/", Allow: anyone}, access.Rule{Path: "/a", Allow: anyone})
	if want := []string{`id: rule 1 has the id "rule-2" too`}; !cmp.Equal(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
}

func TestCompileLimitsRules(t *testing.T) {
	t.Parallel()
	rules := make([]access.Rule, access.MaxRules+1)
	for i := range rules {
		rules[i] = access.Rule{Path: fmt.Sprintf("/r/%d", i), Allow: anyone}
	}
	if got, want := problems(t, rules...), []string{": 10001 rules; a policy has at most 10000"}; !cmp.Equal(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
	p, err := access.Compile(rules[:access.MaxRules])
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Decide(&access.Request{Method: "GET", Path: "/r/9999"}); got.Rule != 9999 || got.RuleID != "rule-10000" {
		t.Errorf("Decide(/r/9999) = %+v", got)
	}
}

func TestPolicyDoesNotShareItsRules(t *testing.T) {
	t.Parallel()
	rules := []access.Rule{{Path: "/{tenant}", Methods: []string{"GET"}, Allow: access.Requirement{Kind: access.All, Sub: []access.Requirement{role("tenant", "manager")}}}}
	p, err := access.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	want := p.Rules()
	rules[0].Methods[0], rules[0].Allow.Sub[0].Roles[0] = "POST", "everybody"
	p.Rules()[0].Allow.Sub[0].Roles[0] = "everybody"
	if diff := cmp.Diff(want, p.Rules()); diff != "" {
		t.Errorf("rules changed from outside (-want +got):\n%s", diff)
	}
	if want[0].ID != "rule-1" || want[0].Allow.String() != "all(role manager of tenant)" {
		t.Errorf("Rules()[0] = %+v", want[0])
	}
	caller := corpusCallers(t, []string{"eve: acme=everybody"})["eve"]
	if d := p.Decide(&access.Request{Method: "GET", Path: "/acme", Session: caller}); d.Allowed {
		t.Error("a change of the caller's slice changed the policy")
	}
}

func TestNoPolicyRefuses(t *testing.T) {
	t.Parallel()
	empty, err := access.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*access.Policy{nil, empty} {
		req := access.Request{Method: "GET", Path: "/"}
		want := access.Decision{Outcome: access.Forbidden, Reason: access.ReasonNoRule, Rule: -1}
		if diff := cmp.Diff(want, p.Decide(&req)); diff != "" {
			t.Errorf("Decide (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, p.Explain(&req).Decision); diff != "" {
			t.Errorf("Explain (-want +got):\n%s", diff)
		}
	}
}

// FuzzCompilePath checks that a pattern that compiles matches the path it
// spells, and that nothing makes Compile or Decide fall over.
func FuzzCompilePath(f *testing.F) {
	for _, path := range []string{"/", "/**", "/a/{b}/c/**", "/a//b", "/{a}/{a}", "/../x", "/é/", "/%2f", "/{", "a", "/a/***"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		rules := []access.Rule{{Path: path, Allow: anyone}}
		p, err := access.Compile(rules)
		if err != nil {
			return
		}
		segments, ok := refSegments(path)
		if !ok {
			t.Fatalf("Compile(%q) accepted a path that is not canonical", path)
		}
		for i, s := range segments {
			if strings.HasPrefix(s, "{") || s == "**" {
				segments[i] = "value"
			}
		}
		req := access.Request{Method: "GET", Path: "/" + strings.Join(segments, "/")}
		checkAgainstReference(t, p, rules, &req)
		if !p.Decide(&req).Allowed {
			t.Errorf("pattern %q does not match %q", path, req.Path)
		}
	})
}
