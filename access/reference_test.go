package access_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/session"
)

// The reference: matching and answering as the package comment tells it, with
// no thought for speed.

// refFind returns the first rule for a request, -1 when there is none.
func refFind(rules []access.Rule, req *access.Request) int {
	segments, ok := refSegments(req.Path)
	if !ok {
		return -1
	}
	for i, r := range rules {
		if refPath(r.Path, segments) && refMethod(r.Methods, req.Method) && refHost(r.Hosts, req.Host) {
			return i
		}
	}
	return -1
}

func refSegments(path string) ([]string, bool) {
	if !strings.HasPrefix(path, "/") {
		return nil, false
	}
	if path == "/" {
		return nil, true
	}
	segments := strings.Split(strings.TrimSuffix(path[1:], "/"), "/")
	for _, s := range segments {
		if s == "" || s == "." || s == ".." {
			return nil, false
		}
	}
	return segments, len(segments) <= 256
}

func refPath(pattern string, segments []string) bool {
	want, _ := refSegments(pattern)
	for i, w := range want {
		if w == "**" {
			return true
		}
		if i >= len(segments) || !strings.HasPrefix(w, "{") && w != segments[i] {
			return false
		}
	}
	return len(want) == len(segments)
}

func refMethod(methods []string, method string) bool {
	return len(methods) == 0 || slices.Contains(methods, method) ||
		method == "HEAD" && slices.Contains(methods, "GET")
}

func refHost(hosts []string, host string) bool {
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	return len(hosts) == 0 || slices.ContainsFunc(hosts, func(h string) bool {
		return host == strings.TrimPrefix(h, ".") || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h)
	})
}

// refAnswer returns 1 for yes, 0 for no, and ½, here as -1, for unknown.
func refAnswer(r access.Requirement, s *session.Session, tenant string) int {
	subs := make([]int, len(r.Sub))
	for i, sub := range r.Sub {
		subs[i] = refAnswer(sub, s, tenant)
	}
	truth := map[bool]int{true: 1, false: 0}
	switch r.Kind {
	case access.Anyone:
		return 1
	case access.SignedIn:
		return truth[!s.Anonymous()]
	case access.Role, access.Plan:
		if s.Anonymous() {
			return -1
		}
		return truth[r.Kind == access.Role && s.HasRole(tenant, r.Roles...) || r.Kind == access.Plan && s.HasPlan(tenant, r.Plans...)]
	case access.All:
		return settle(subs, 0, 1)
	case access.Any:
		return settle(subs, 1, 0)
	}
	return map[int]int{1: 0, 0: 1, -1: -1}[subs[0]]
}

func settle(subs []int, decisive, otherwise int) int {
	switch {
	case slices.Contains(subs, decisive):
		return decisive
	case slices.Contains(subs, -1):
		return -1
	}
	return otherwise
}

// Small alphabets make collisions, which is where matching goes wrong.
var (
	literals = []string{"a", "b", "c", "A", "a.b", "é", "%41"}
	verbs    = []string{"GET", "HEAD", "POST", "OPTIONS", "BREW"}
	names    = []string{"x.test", "y.x.test", ".x.test", "z.test"}
)

func pick(r *rand.Rand, words []string) string { return words[r.IntN(len(words))] }

func randomRules(r *rand.Rand, n int) []access.Rule {
	rules := make([]access.Rule, n)
	for i := range rules {
		rules[i] = access.Rule{Path: randomPattern(r), Allow: randomRequirement(r, 3)}
		if r.IntN(3) == 0 {
			rules[i].Methods = []string{pick(r, verbs[:4])}
		}
		if r.IntN(4) == 0 {
			rules[i].Hosts = []string{pick(r, names)}
		}
	}
	return rules
}

func randomPattern(r *rand.Rand) string {
	var b strings.Builder
	for i := range r.IntN(5) {
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, "/{p%d}", i)
			continue
		}
		b.WriteString("/" + pick(r, literals))
	}
	switch r.IntN(4) {
	case 0:
		b.WriteString("/**")
	case 1:
		b.WriteString("/")
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func randomRequirement(r *rand.Rand, depth int) access.Requirement {
	kinds := []access.Kind{access.Anyone, access.SignedIn, access.Role, access.Plan, access.All, access.Any, access.Not}
	if depth == 0 {
		kinds = kinds[:4]
	}
	req := access.Requirement{Kind: kinds[r.IntN(len(kinds))]}
	switch req.Kind {
	case access.Role:
		req.Roles, req.Of = []string{pick(r, []string{"manager", "teller"})}, "acme"
	case access.Plan:
		req.Plans, req.Of = []string{pick(r, []string{"premium", "gold"})}, "acme"
	case access.Not:
		req.Sub = []access.Requirement{randomRequirement(r, depth-1)}
	case access.All, access.Any:
		for range 1 + r.IntN(3) {
			req.Sub = append(req.Sub, randomRequirement(r, depth-1))
		}
	}
	return req
}

func randomPath(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(6) {
		b.WriteString("/" + pick(r, append([]string{"", ".", "..", "d"}, literals...)))
	}
	if r.IntN(4) == 0 || b.Len() == 0 {
		b.WriteString("/")
	}
	return b.String()
}

func randomSession(r *rand.Rand) *session.Session {
	if r.IntN(3) == 0 {
		return nil
	}
	s := &session.Session{User: session.User{ID: "u"}}
	if r.IntN(3) > 0 {
		m := session.Membership{Tenant: "acme", Roles: []string{pick(r, []string{"manager", "teller"})}}
		if r.IntN(2) == 0 {
			m.Plans = []string{pick(r, []string{"premium", "gold"})}
		}
		s.Memberships = append(s.Memberships, m)
	}
	return s
}

// checkAgainstReference holds one decision against the reference, and Explain
// against both.
func checkAgainstReference(t *testing.T, p *access.Policy, rules []access.Rule, req *access.Request) {
	t.Helper()
	got := p.Decide(req)
	if want := refFind(rules, req); got.Rule != want {
		t.Fatalf("Decide(%s %s%s).Rule = %d, want %d of %+v", req.Method, req.Host, req.Path, got.Rule, want, rules)
	}
	checkTrace(t, p, req)
	if got.Rule < 0 {
		if got.Allowed || got.Outcome != access.Forbidden || got.Reason != access.ReasonNoRule {
			t.Fatalf("Decide(%q) = %+v, want no_rule", req.Path, got)
		}
		return
	}
	need := rules[got.Rule].Allow
	if want := refAnswer(need, req.Session, "acme") == 1; got.Allowed != want {
		t.Fatalf("Decide(%q, anonymous %v).Allowed = %v, want %v for %v", req.Path, req.Session.Anonymous(), got.Allowed, want, need)
	}
	if got.Outcome == access.SignInRequired && !req.Session.Anonymous() {
		t.Fatalf("Decide(%q) asks a signed-in user to sign in for %v", req.Path, need)
	}
	if (got.Reason == access.ReasonSignInRequired) != (got.Outcome == access.SignInRequired) {
		t.Fatalf("Decide(%q) = %+v: reason and outcome disagree for %v", req.Path, got, need)
	}
}

func TestDecideAgreesWithTheReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	allowed, denied := 0, 0
	for range 400 {
		rules := randomRules(r, 1+r.IntN(30))
		p, err := access.Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			req := access.Request{
				Method: pick(r, verbs), Path: randomPath(r), Session: randomSession(r),
				Host: pick(r, []string{"x.test", "Y.X.test:80", "z.test", "w.test", ""}),
			}
			checkAgainstReference(t, p, rules, &req)
			if p.Decide(&req).Allowed {
				allowed++
			} else {
				denied++
			}
		}
	}
	if allowed < 1000 || denied < 1000 {
		t.Errorf("%d allowed, %d denied: the requests do not exercise the rules", allowed, denied)
	}
}

// A path of n segments in a trie where each segment matches two ways must not
// take 2^n steps; a search that does would not end.
func TestManyAmbiguousPatternsAreSearchedOnce(t *testing.T) {
	t.Parallel()
	var rules []access.Rule
	for bits := range 1 << 10 {
		var b strings.Builder
		for i := range 10 {
			if bits>>i&1 == 1 {
				fmt.Fprintf(&b, "/{p%d}", i)
			} else {
				b.WriteString("/a")
			}
		}
		rules = append(rules, access.Rule{Path: b.String() + "/end", Allow: access.Requirement{Kind: access.Anyone}})
	}
	p, err := access.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{strings.Repeat("/a", 10) + "/end", strings.Repeat("/a", 10), strings.Repeat("/a", 200), strings.Repeat("/b", 10) + "/end"} {
		req := access.Request{Method: "GET", Path: path}
		checkAgainstReference(t, p, rules, &req)
	}
}

func TestSegmentsAreLimited(t *testing.T) {
	t.Parallel()
	p, err := access.Compile([]access.Rule{{Path: "/**", Allow: access.Requirement{Kind: access.Anyone}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		path string
		want access.Reason
	}{
		{strings.Repeat("/abc", 256), access.ReasonAnyone},
		{strings.Repeat("/abc", 256) + "/", access.ReasonAnyone},
		{strings.Repeat("/a", 257), access.ReasonNoRule},
		{strings.Repeat("/a", 1_000_000), access.ReasonNoRule},
		{"/" + strings.Repeat("a", 100_000), access.ReasonAnyone},
	} {
		got := p.Decide(&access.Request{Method: "GET", Path: tc.path}).Reason
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("path of %d bytes (-want +got):\n%s", len(tc.path), diff)
		}
	}
}

func FuzzDecide(f *testing.F) {
	for i, path := range []string{"/", "/a/b", "/a//b", "/a/../b", "/%41/é/", "*", "/a/b/c/d/e", "//", "/a.b/A"} {
		f.Add(uint64(i), path, "x.test", uint8(i))
	}
	f.Fuzz(func(t *testing.T, seed uint64, path, host string, verb uint8) {
		r := rand.New(rand.NewPCG(seed, 7))
		rules := randomRules(r, 20)
		p, err := access.Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		// The reference knows nothing of odd hosts; they have a table.
		if strings.ContainsFunc(host, func(r rune) bool { return r > 'z' || r < '-' || r == ':' || r == '/' }) || strings.HasSuffix(host, ".") {
			host = ""
		}
		req := access.Request{Method: verbs[int(verb)%len(verbs)], Host: host, Path: path, Session: randomSession(r)}
		checkAgainstReference(t, p, rules, &req)
	})
}
