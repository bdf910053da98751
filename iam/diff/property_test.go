package diff_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

// update rewrites the files that results are compared with.
var update = flag.Bool("update", false, "rewrite testdata")

// pairs is how many pairs of policies are compared; CI's long run has more.
var pairs = flag.Int("pairs", 1600, "pairs of policies to compare in property tests")

// allowed decides a request with policies of one kind alone.
func allowed(policies []*iam.Policy, r *iam.Request) bool {
	return decided(policies, r, diff.Anyway)
}

// decided decides a request with policies of one kind, in a setting.
func decided(policies []*iam.Policy, r *iam.Request, in diff.Setting) bool {
	return decider(policies...)(r, in)
}

// decider returns what decides requests with policies of one kind.
func decider(policies ...*iam.Policy) func(*iam.Request, diff.Setting) bool {
	star := iam.Elements{Values: []string{"*"}}
	open := iam.Compile(&iam.Policy{Statements: []iam.Statement{{
		Effect: iam.Allow, Principals: &iam.Principals{Star: true}, Actions: star, Resources: star,
	}}})
	nothing := iam.Compile(&iam.Policy{})
	var compiled []*iam.Compiled
	for _, p := range policies {
		compiled = append(compiled, iam.Compile(p))
	}
	return func(r *iam.Request, in diff.Setting) bool {
		some := false
		for i, p := range policies {
			set := iam.PolicySet{Identity: []*iam.Compiled{open}, Session: []*iam.Compiled{open}, Resource: open}
			switch p.Kind {
			case iam.ResourcePolicy, iam.TrustPolicy:
				set.Resource = compiled[i]
				if in != diff.Anyway {
					set.Identity = nil
				}
				if in == diff.BeyondBoundary {
					set.Boundary = nothing
				}
			case iam.EndpointPolicy, iam.ResourceControlPolicy:
				set.Endpoint = compiled[i]
			default:
				set.Identity, set.Resource = compiled[i:i+1], nil
			}
			switch set.Decide(r).Outcome {
			case iam.ExplicitDeny:
				return false
			case iam.Allowed:
				some = true
			}
		}
		return some
	}
}

// guarded returns the Deny statements of a policy beside one that allows
// everything.
func guarded(p *iam.Policy) *iam.Policy {
	star := iam.Elements{Values: []string{"*"}}
	out := &iam.Policy{Kind: p.Kind, Version: p.Version, Statements: []iam.Statement{{Effect: iam.Allow, Actions: star, Resources: star}}}
	if p.Kind.HasPrincipal() {
		out.Statements[0].Principals = &iam.Principals{Star: true}
	}
	for _, s := range p.Statements {
		if s.Effect == iam.Deny {
			out.Statements = append(out.Statements, s)
		}
	}
	return out
}

// contradicts reports whether a decision under A and B is at odds with a
// relation.
func contradicts(r diff.Relation, a, b bool) bool {
	switch r {
	case diff.Equal:
		return a != b
	case diff.Narrower:
		return b && !a
	case diff.Wider:
		return a && !b
	}
	return false
}

// proves reports whether a witness is allowed under one policy and not under the
// other.
func proves(w *diff.Witness, from, to *iam.Policy) bool {
	return decided([]*iam.Policy{from}, w.Request(), w.Setting) && !decided([]*iam.Policy{to}, w.Request(), w.Setting)
}

func checkPair(t *testing.T, g *generator, a, b *iam.Policy, requests int) diff.Result {
	t.Helper()
	r := diff.Compare([]*iam.Policy{a}, []*iam.Policy{b}, diff.Options{})
	text := func() string {
		return fmt.Sprintf("A %s\nB %s\n%+v", iam.Format(a, iam.FormatOptions{}), iam.Format(b, iam.FormatOptions{}), r)
	}
	if r.Basis != "" {
		return r
	}
	set := lists(a, b)
	byA, byB, leftByA, leftByB := decider(a), decider(b), decider(guarded(a)), decider(guarded(b))
	for range requests {
		req := g.request(set)
		in := diff.Anyway
		if a.Kind == iam.ResourcePolicy && req.Principal.Kind != iam.Root && g.one(2) {
			// Within the account it counts how the caller is named. The root user
			// may do everything there anyway.
			req.ResourceAccount = req.Principal.Account
			in = pick(g, diff.WithoutOwnPolicy, diff.BeyondBoundary)
		}
		if a, b := !leftByA(req, diff.Anyway), !leftByB(req, diff.Anyway); contradicts(r.Denies, a, b) {
			t.Fatalf("denies are %s, but %+v is refused by A: %v, by B: %v\n%s", r.Denies, req, a, b, text())
		}
		if a, b := byA(req, in), byB(req, in); contradicts(r.Relation, a, b) || b && !a && !r.NewAccess {
			t.Fatalf("%s, but %+v is allowed by A: %v, by B: %v\n%s", r.Relation, req, a, b, text())
		}
	}
	for _, gain := range r.Gained {
		if w := gain.Witness; w != nil && !proves(w, b, a) {
			t.Fatalf("gained, but the witness %v does not prove it\n%s", w, text())
		}
	}
	for _, loss := range r.Lost {
		if w := loss.Witness; w != nil && !proves(w, a, b) {
			t.Fatalf("lost, but the witness %v does not prove it\n%s", w, text())
		}
	}
	if r.Relation == diff.Unknown && len(r.Reasons) == 0 {
		t.Fatalf("%s with reasons %q\n%s", r.Relation, r.Reasons, text())
	}
	return r
}

// TestNoRequestContradicts compares random policies and their mutants, and
// decides random requests under both.
func TestNoRequestContradicts(t *testing.T) {
	t.Parallel()
	for _, kind := range []iam.Kind{iam.IdentityPolicy, iam.ResourcePolicy, iam.EndpointPolicy} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			n := *pairs
			if kind != iam.IdentityPolicy {
				n /= 4
			}
			count := map[diff.Relation]int{}
			reasons := map[string]int{}
			for i := range n {
				g := newGenerator(uint64(i), kind)
				a := g.policy()
				b := g.mutant(a)
				if i%8 == 0 {
					b = g.policy()
				}
				if i%2 == 0 {
					a, b = b, a
				}
				r := checkPair(t, g, a, b, 60)
				count[r.Relation]++
				for _, why := range r.Reasons {
					reasons[why]++
				}
			}
			t.Logf("%d pairs: %v %v", n, count, reasons)
			for _, r := range []diff.Relation{diff.Equal, diff.Narrower, diff.Wider, diff.Incomparable} {
				if count[r] < n/20 {
					t.Errorf("only %d of %d pairs are %s", count[r], n, r)
				}
			}
			if count[diff.Unknown] > n/20 {
				t.Errorf("%d of %d pairs are unknown: %v", count[diff.Unknown], n, reasons)
			}
		})
	}
}

// FuzzCompare is the same with the choices of a fuzzer.
func FuzzCompare(f *testing.F) {
	f.Add([]byte("a policy and one that is like it"))
	f.Add([]byte{0, 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5})
	f.Fuzz(func(t *testing.T, data []byte) {
		g := &generator{choices: &fuzzed{data}}
		g.kind = pick(g, iam.IdentityPolicy, iam.ResourcePolicy, iam.EndpointPolicy)
		a := g.policy()
		checkPair(t, g, a, g.mutant(a), 10)
	})
}

// FuzzMinimise minimises what a fuzzer makes.
func FuzzMinimise(f *testing.F) {
	f.Add([]byte("a policy and one that is like it"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g := &generator{choices: &fuzzed{data}}
		g.kind = pick(g, iam.IdentityPolicy, iam.ResourcePolicy)
		p := g.policy()
		p.Statements = append(p.Statements, g.mutant(p).Statements...)
		got, err := diff.Minimise([]*iam.Policy{p}, diff.MinimiseOptions{})
		if err == nil {
			checkSame(t, g, p, got)
		}
	})
}
