package iam_test

import (
	"flag"
	"sync"
	"testing"

	"github.com/berth-project/berth/iam"
)

var rounds = flag.Int("rounds", 50_000, "how many generated requests to compare with the reference")

// compare decides a generated request in all three ways.
func compare(t *testing.T, g *generator) iam.Decision {
	t.Helper()
	set, req := g.set(), g.request()
	got := set.Decide(req)
	x := set.Explain(req)
	ref := reference{set, req}
	outcome, reason := ref.decide()
	if got.Outcome != outcome || got.Reason != reason {
		t.Fatalf("Decide = %s (%s), the reference says %s (%s)\n%s", got.Outcome, got.Reason, outcome, reason, describe(set, req))
	}
	if x.Decision != got.Outcome || x.Reason != got.Reason {
		t.Fatalf("Explain = %s (%s), Decide = %s (%s)\n%s", x.Decision, x.Reason, got.Outcome, got.Reason, describe(set, req))
	}
	if (got.By.Layer != iam.NoLayer) != (len(x.DecidedBy) > 0) || len(x.DecidedBy) > 0 && x.DecidedBy[0].Policy != got.By.PolicyName() {
		t.Fatalf("Explain says %v decided, Decide %v\n%s", x.DecidedBy, got.By, describe(set, req))
	}
	return got
}

// TestDecideAgreesWithReference compares the evaluator with one that follows the
// specification word by word. Run with -rounds 1000000 for the long form.
func TestDecideAgreesWithReference(t *testing.T) {
	t.Parallel()
	seen := map[iam.Reason]int{}
	for i := range *rounds {
		g := &generator{random(uint64(i))}
		seen[compare(t, g).Reason]++
	}
	t.Log(seen)
	for _, reason := range []iam.Reason{
		iam.AllowIdentity, iam.AllowResource, iam.AllowCrossAccount, iam.AllowAlways,
		iam.DeniedBySCP, iam.DeniedByRCP, iam.DeniedByEndpoint, iam.DeniedByResource, iam.DeniedByIdentity, iam.DeniedByBoundary, iam.DeniedBySession,
		iam.NoAllow, iam.NoAllowSCP, iam.NoAllowEndpoint, iam.NoAllowBoundary, iam.NoAllowSession, iam.NoAllowTrust,
		iam.NoAllowKeyPolicy, iam.NoAllowFromResource, iam.NoAllowFromIdentity,
	} {
		if seen[reason] == 0 {
			t.Errorf("no generated request came to %s: the test compares less than it says", reason)
		}
	}
}

func TestDecideIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	g := &generator{random(7)}
	set := g.set()
	var reqs []*iam.Request
	var want []iam.Decision
	for range 200 {
		reqs = append(reqs, g.request())
		want = append(want, set.Decide(reqs[len(reqs)-1]))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, req := range reqs {
				if got := set.Decide(req); got != want[i] {
					t.Errorf("Decide = %+v among others, %+v alone", got, want[i])
				}
				if got := set.Explain(req); got.Reason != want[i].Reason {
					t.Errorf("Explain = %s among others, %s alone", got.Reason, want[i].Reason)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzDecide(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3})
	f.Add([]byte("a longer run of choices, so that statements come about"))
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, &generator{&fuzzed{data}}) })
}
