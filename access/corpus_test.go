package access_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/session"
)

// TestDecisionCorpus runs testdata/decide: callers, rules and requests with
// the decision each must get. Every request is explained as well.
func TestDecisionCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/decide/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			section := map[string][]string{}
			for _, f := range archive.Files {
				section[f.Name] = strings.Split(string(f.Data), "\n")
			}
			runCorpus(t, section)
		})
	}
}

func runCorpus(t *testing.T, section map[string][]string) {
	callers := corpusCallers(t, section["callers"])
	var rules []access.Rule
	for _, line := range section["rules"] {
		if strings.HasPrefix(line, "/") {
			rules = append(rules, corpusRule(t, line))
		}
	}
	p, err := access.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, line := range section["requests"] {
		asked, want, ok := strings.Cut(line, " -> ")
		if !ok {
			continue
		}
		ran++
		req := corpusRequest(t, asked, callers)
		got := p.Decide(&req)
		if diff := cmp.Diff(strings.TrimSpace(want), corpusDecision(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", strings.Join(strings.Fields(asked), " "), diff)
		}
		if got.Allowed != (got.Outcome == access.Allow) {
			t.Errorf("%s: Allowed = %v with outcome %v", asked, got.Allowed, got.Outcome)
		}
		checkTrace(t, p, &req)
	}
	if ran < 20 {
		t.Errorf("ran %d requests: the corpus was not read", ran)
	}
}

// checkTrace holds Explain against Decide, and its steps, which go through the
// rules one by one, against the trie.
func checkTrace(t *testing.T, p *access.Policy, req *access.Request) {
	t.Helper()
	got, want := p.Explain(req), p.Decide(req)
	if diff := cmp.Diff(want, got.Decision); diff != "" {
		t.Fatalf("Explain(%q) disagrees with Decide (-decide +explain):\n%s", req.Path, diff)
	}
	for i, r := range got.Rules {
		decided := i == want.Rule
		if r.Matched != decided || (r.Failed == "") != decided || (r.Requirement != nil) != decided {
			t.Fatalf("Explain(%q), decided by rule %d: step %d is %+v", req.Path, want.Rule, i, r)
		}
	}
	if last := len(got.Rules) - 1; want.Rule >= 0 && last != want.Rule {
		t.Fatalf("Explain(%q), decided by rule %d, ends at rule %d", req.Path, want.Rule, last)
	}
}

func corpusDecision(d access.Decision) string {
	s := fmt.Sprintf("%s %s", d.Outcome, d.Reason)
	if d.Rule >= 0 {
		s += fmt.Sprintf(" %d", d.Rule+1)
	}
	if d.Tenant != "" {
		s += " tenant=" + d.Tenant
	}
	return s
}

// corpusCallers reads "anna: acme=manager,teller+premium zeta=teller".
func corpusCallers(t testing.TB, lines []string) map[string]*session.Session {
	callers := map[string]*session.Session{"anonymous": nil}
	for _, line := range lines {
		name, rest, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		s := &session.Session{User: session.User{
			ID: name, Email: name + "@example.com", Name: strings.ToUpper(name[:1]) + name[1:],
		}}
		for _, word := range strings.Fields(rest) {
			tenant, words, ok := strings.Cut(word, "=")
			if !ok {
				t.Fatalf("caller %q: no = in %q", name, word)
			}
			roles, plans, _ := strings.Cut(words, "+")
			m := session.Membership{Tenant: tenant, Roles: strings.Split(roles, ",")}
			if plans != "" {
				m.Plans = strings.Split(plans, ",")
			}
			s.Memberships = append(s.Memberships, m)
		}
		callers[name] = s
	}
	return callers
}

// corpusRule reads "/path  GET,POST @host,host  requirement", methods and hosts
// being optional. A path with a blank in it is followed by two.
func corpusRule(t testing.TB, line string) access.Rule {
	path, rest, ok := strings.Cut(line, "  ")
	if !ok {
		t.Fatalf("rule %q: two blanks must follow the path", line)
	}
	r := access.Rule{Path: path}
	rest = strings.TrimSpace(rest)
	for {
		word, after, _ := strings.Cut(rest, " ")
		switch {
		case strings.HasPrefix(word, "@"):
			r.Hosts = strings.Split(word[1:], ",")
		case strings.ToUpper(word) == word && word[0] >= 'A':
			r.Methods = strings.Split(word, ",")
		default:
			r.Allow = parseRequirement(t, rest)
			return r
		}
		rest = strings.TrimSpace(after)
	}
}

// parseRequirement reads "role a|b of t", "all(x; not(y))", "when EXPR"…
func parseRequirement(t testing.TB, s string) access.Requirement {
	t.Helper()
	s = strings.TrimSpace(s)
	word, rest, _ := strings.Cut(s, " ")
	switch word {
	case "anyone":
		return access.Requirement{Kind: access.Anyone}
	case "signed-in":
		return access.Requirement{Kind: access.SignedIn}
	case "when":
		return access.Requirement{Kind: access.When, Expr: rest}
	case "role", "plan":
		names, of, ok := strings.Cut(rest, " of ")
		if !ok {
			t.Fatalf("requirement %q has no tenant", s)
		}
		if word == "plan" {
			return access.Requirement{Kind: access.Plan, Plans: strings.Split(names, "|"), Of: of}
		}
		return access.Requirement{Kind: access.Role, Roles: strings.Split(names, "|"), Of: of}
	}
	name, inner, ok := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	kind := map[string]access.Kind{"all": access.All, "any": access.Any, "not": access.Not}[name]
	if !ok || kind == 0 {
		t.Fatalf("unknown requirement %q", s)
	}
	r := access.Requirement{Kind: kind}
	for _, part := range splitParts(inner) {
		r.Sub = append(r.Sub, parseRequirement(t, part))
	}
	return r
}

// splitParts splits at semicolons outside brackets.
func splitParts(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range s {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ';':
			if depth == 0 {
				parts, start = append(parts, s[start:i]), i+1
			}
		}
	}
	return append(parts, s[start:])
}

func corpusRequest(t *testing.T, asked string, callers map[string]*session.Session) access.Request {
	t.Helper()
	method, rest, _ := strings.Cut(asked, " ")
	at := strings.LastIndex(rest, " as ")
	if at < 0 {
		t.Fatalf("request %q has no caller", asked)
	}
	caller, known := callers[strings.TrimSpace(rest[at+4:])]
	if !known {
		t.Fatalf("request %q: unknown caller", asked)
	}
	req := access.Request{
		Method: method, Path: strings.TrimSpace(rest[:at]), Session: caller,
		Client: netip.MustParseAddr("192.0.2.7"), Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
	if after, ok := strings.CutPrefix(req.Path, "http://"); ok {
		slash := strings.IndexByte(after, '/')
		req.Host, req.Path = after[:slash], after[slash:]
	}
	if strings.HasPrefix(req.Path, `"`) {
		path, err := strconv.Unquote(req.Path)
		if err != nil {
			t.Fatal(err)
		}
		req.Path = path
	}
	return req
}
