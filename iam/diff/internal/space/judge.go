package space

import "github.com/berth-project/berth/iam"

// Judge answers requests with policies of one layer, by themselves: whether some
// Allow of theirs matches and no Deny.
type Judge struct {
	sets  []*iam.PolicySet
	reach Reach
}

// NewJudge returns the judge of policies, which counts an Allow of some reach.
func NewJudge(policies []*iam.Policy, r Reach) *Judge {
	j := &Judge{reach: r}
	if len(policies) == 0 {
		return j
	}
	layer := LayerOf(policies[0].Kind)
	if layer == iam.IdentityLayer {
		set := &iam.PolicySet{Session: []*iam.Compiled{iam.Compile(everything())}}
		for _, p := range policies {
			set.Identity = append(set.Identity, iam.Compile(p))
		}
		j.sets = append(j.sets, set)
		return j
	}
	for _, p := range policies {
		j.sets = append(j.sets, setOf(layer, r, iam.Compile(p)))
	}
	return j
}

// setOf returns a set in which one policy decides. The other layers allow
// everything, so that any Allow of it counts; or nothing, so that only one
// counts that suffices alone.
func setOf(layer iam.Layer, r Reach, c *iam.Compiled) *iam.PolicySet {
	all := []*iam.Compiled{iam.Compile(everything())}
	switch {
	case layer == iam.EndpointLayer:
		return &iam.PolicySet{Identity: all, Session: all, Resource: all[0], Endpoint: c}
	case r == Any:
		return &iam.PolicySet{Identity: all, Session: all, Resource: c}
	case r == Unbounded:
		return &iam.PolicySet{Session: all, Resource: c, Boundary: iam.Compile(&iam.Policy{})}
	}
	return &iam.PolicySet{Session: all, Resource: c}
}

func everything() *iam.Policy {
	star := iam.Elements{Values: []string{"*"}}
	return &iam.Policy{Version: iam.Version2012, Kind: iam.ResourcePolicy, Statements: []iam.Statement{{
		Effect: iam.Allow, Principals: &iam.Principals{Star: true}, Actions: star, Resources: star,
	}}}
}

// Allows reports whether the policies let the request through. Where a resource's
// policy is judged for [Any] reach, its account is taken to be another than the
// caller's, else to be the caller's.
func (j *Judge) Allows(r *iam.Request) bool {
	if j.reach != Any && r.ResourceAccount != r.Principal.Account {
		own := *r
		own.ResourceAccount = r.Principal.Account
		r = &own
	}
	allowed := false
	for _, s := range j.sets {
		switch d := s.Decide(r); d.Outcome {
		case iam.ExplicitDeny:
			return false
		case iam.Allowed:
			allowed = true
		}
	}
	return allowed
}
