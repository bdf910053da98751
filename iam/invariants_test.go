package iam_test

import (
	"slices"
	"testing"

	"github.com/berth-project/berth/iam"
)

// eachGenerated runs a check over generated sets and requests.
func eachGenerated(t *testing.T, check func(t *testing.T, g *generator, set *iam.PolicySet, req *iam.Request)) {
	t.Helper()
	t.Parallel()
	for i := range *rounds / 10 {
		g := &generator{random(uint64(i) + 1<<40)}
		check(t, g, g.set(), g.request())
		if t.Failed() {
			return
		}
	}
}

// edited returns a policy with its statements changed.
func edited(c *iam.Compiled, edit func([]iam.Statement) []iam.Statement) *iam.Compiled {
	p := *c.Policy()
	p.Statements = edit(slices.Clone(p.Statements))
	return iam.Compile(&p)
}

// somewhere returns copies of the set with one policy changed, for each policy
// it has.
func somewhere(set *iam.PolicySet, edit func([]iam.Statement) []iam.Statement) []*iam.PolicySet {
	var out []*iam.PolicySet
	change := func(apply func(s *iam.PolicySet)) {
		s := *set
		apply(&s)
		out = append(out, &s)
	}
	for i := range set.Identity {
		change(func(s *iam.PolicySet) { s.Identity = swapped(s.Identity, i, edit) })
	}
	for i := range set.Session {
		change(func(s *iam.PolicySet) { s.Session = swapped(s.Session, i, edit) })
	}
	for l := range set.SCPs {
		change(func(s *iam.PolicySet) {
			s.SCPs = slices.Clone(s.SCPs)
			s.SCPs[l] = swapped(s.SCPs[l], 0, edit)
		})
	}
	for l := range set.RCPs {
		change(func(s *iam.PolicySet) {
			s.RCPs = slices.Clone(s.RCPs)
			s.RCPs[l] = swapped(s.RCPs[l], 0, edit)
		})
	}
	if set.Resource != nil {
		change(func(s *iam.PolicySet) { s.Resource = edited(s.Resource, edit) })
	}
	if set.Boundary != nil {
		change(func(s *iam.PolicySet) { s.Boundary = edited(s.Boundary, edit) })
	}
	if set.Endpoint != nil {
		change(func(s *iam.PolicySet) { s.Endpoint = edited(s.Endpoint, edit) })
	}
	return out
}

func swapped(list []*iam.Compiled, i int, edit func([]iam.Statement) []iam.Statement) []*iam.Compiled {
	list = slices.Clone(list)
	list[i] = edited(list[i], edit)
	return list
}

func TestDenyNeverGrants(t *testing.T) {
	eachGenerated(t, func(t *testing.T, g *generator, set *iam.PolicySet, req *iam.Request) {
		before := set.Decide(req)
		deny := g.statement(iam.ResourceLayer)
		deny.Effect = iam.Deny
		for _, s := range somewhere(set, func(list []iam.Statement) []iam.Statement { return append(list, deny) }) {
			if after := s.Decide(req); after.Allowed() && !before.Allowed() {
				t.Errorf("%s before, %s with another Deny\n%s", before.Reason, after.Reason, describe(s, req))
			}
		}
	})
}

// TestLayersThatLimitNeverGrant adds a boundary, a session policy, levels of
// control policies and an endpoint policy to sets that have none.
func TestLayersThatLimitNeverGrant(t *testing.T) {
	eachGenerated(t, func(t *testing.T, g *generator, set *iam.PolicySet, req *iam.Request) {
		before := set.Decide(req)
		for name, add := range map[string]func(s *iam.PolicySet){
			"boundary": func(s *iam.PolicySet) { s.Boundary = firstOf(s.Boundary, g.compiled(iam.BoundaryLayer)) },
			"session": func(s *iam.PolicySet) {
				// A federated user without session policies may do nothing yet.
				if s.Session == nil && req.Principal.Kind != iam.FederatedUser {
					s.Session = g.list(iam.SessionLayer, 2)
				}
			},
			"scp":      func(s *iam.PolicySet) { s.SCPs = append(slices.Clone(s.SCPs), g.list(iam.SCPLayer, 2)) },
			"rcp":      func(s *iam.PolicySet) { s.RCPs = append(slices.Clone(s.RCPs), g.list(iam.RCPLayer, 2)) },
			"endpoint": func(s *iam.PolicySet) { s.Endpoint = firstOf(s.Endpoint, g.compiled(iam.EndpointLayer)) },
		} {
			with := *set
			add(&with)
			if after := with.Decide(req); after.Allowed() && !before.Allowed() {
				t.Errorf("%s before, %s with another layer: %s\n%s", before.Reason, after.Reason, name, describe(&with, req))
			}
		}
	})
}

func firstOf(a, b *iam.Compiled) *iam.Compiled {
	if a != nil {
		return a
	}
	return b
}

func TestOrderDoesNotMatter(t *testing.T) {
	eachGenerated(t, func(t *testing.T, g *generator, set *iam.PolicySet, req *iam.Request) {
		want := set.Decide(req)
		reverse := func(list []iam.Statement) []iam.Statement {
			slices.Reverse(list)
			return list
		}
		sets := somewhere(set, reverse)
		turned := *set
		turned.Identity, turned.Session = slices.Clone(set.Identity), slices.Clone(set.Session)
		slices.Reverse(turned.Identity)
		slices.Reverse(turned.Session)
		turned.SCPs = slices.Clone(set.SCPs)
		for i := range turned.SCPs {
			turned.SCPs[i] = slices.Clone(turned.SCPs[i])
			slices.Reverse(turned.SCPs[i])
		}
		for _, s := range append(sets, &turned) {
			if got := s.Decide(req); got.Outcome != want.Outcome || got.Reason != want.Reason {
				t.Errorf("%s (%s), in another order %s (%s)\n%s", want.Outcome, want.Reason, got.Outcome, got.Reason, describe(s, req))
			}
		}
	})
}

// TestConditionsOfAllowOnlyNarrow takes conditions away.
func TestConditionsOfAllowOnlyNarrow(t *testing.T) {
	eachGenerated(t, func(t *testing.T, _ *generator, set *iam.PolicySet, req *iam.Request) {
		if !set.Decide(req).Allowed() {
			return
		}
		drop := func(list []iam.Statement) []iam.Statement {
			for i := range list {
				if list[i].Effect == iam.Allow {
					list[i].Conditions = nil
				}
			}
			return list
		}
		for _, s := range somewhere(set, drop) {
			if got := s.Decide(req); !got.Allowed() {
				t.Errorf("%s once the conditions of Allow statements are gone\n%s", got.Reason, describe(s, req))
			}
		}
	})
}

// TestSplittingStatementsChangesNothing gives each action of an Action element
// and each resource of a Resource element a statement of its own.
func TestSplittingStatementsChangesNothing(t *testing.T) {
	eachGenerated(t, func(t *testing.T, _ *generator, set *iam.PolicySet, req *iam.Request) {
		want := set.Decide(req)
		split := func(list []iam.Statement) []iam.Statement {
			var out []iam.Statement
			for _, s := range list {
				if s.Actions.Not || len(s.Actions.Values) < 2 {
					out = append(out, s)
					continue
				}
				for _, a := range s.Actions.Values {
					s.Actions.Values = []string{a}
					out = append(out, s)
				}
			}
			return out
		}
		for _, s := range somewhere(set, split) {
			if got := s.Decide(req); got.Reason != want.Reason {
				t.Errorf("%s, with one action a statement %s\n%s", want.Reason, got.Reason, describe(s, req))
			}
		}
	})
}

// TestSuggestionsLeadToAllow follows suggestions until the request is allowed:
// each must get it past the layer it was stopped at.
func TestSuggestionsLeadToAllow(t *testing.T) {
	eachGenerated(t, func(t *testing.T, _ *generator, set *iam.PolicySet, req *iam.Request) {
		s, path := *set, []iam.Reason{}
		for range 8 {
			x := s.Explain(req)
			if len(x.Suggest) == 0 {
				return
			}
			path = append(path, x.Reason)
			follow(&s, x.Suggest[0])
			if after := s.Decide(req); after.Reason == x.Reason {
				t.Errorf("%v: the suggestion %+v changes nothing\n%s", path, x.Suggest[0], describe(&s, req))
				return
			}
		}
		t.Errorf("still denied after eight suggestions: %v\n%s", path, describe(&s, req))
	})
}

// follow adds a suggested statement to the set.
func follow(s *iam.PolicySet, suggestion iam.Suggestion) {
	p := &iam.Policy{Version: iam.Version2012, Statements: []iam.Statement{suggestion.Statement}}
	c := iam.Compile(p)
	join := func(old *iam.Compiled) *iam.Compiled {
		if old == nil {
			return c
		}
		joined := *p
		joined.Statements = append(slices.Clone(old.Policy().Statements), suggestion.Statement)
		return iam.Compile(&joined)
	}
	switch suggestion.To {
	case iam.IdentityLayer:
		s.Identity = append(slices.Clone(s.Identity), c)
	case iam.ResourceLayer:
		s.Resource = join(s.Resource)
	case iam.BoundaryLayer:
		s.Boundary = join(s.Boundary)
	case iam.SessionLayer:
		s.Session = append(slices.Clone(s.Session), c)
	case iam.EndpointLayer:
		s.Endpoint = join(s.Endpoint)
	case iam.SCPLayer:
		s.SCPs = slices.Clone(s.SCPs)
		for i := range s.SCPs {
			s.SCPs[i] = append(slices.Clone(s.SCPs[i]), c)
		}
	}
}
