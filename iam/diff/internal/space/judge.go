package space

import "github.com/berth-project/berth/iam"

// Judge answers requests with policies of one layer, by themselves: whether some
// Allow of theirs matches and no Deny.
type Judge struct {
	sets []*iam.PolicySet
}

// NewJudge returns the judge of policies.
func NewJudge(policies []*iam.Policy) *Judge {
	j := &Judge{}
	if len(policies) == 0 {
		return j
	}
	everything := iam.Compile(everything())
	layer := LayerOf(policies[0].Kind)
	if layer == iam.IdentityLayer {
		set := &iam.PolicySet{}
		for _, p := range policies {
			set.Identity = append(set.Identity, iam.Compile(p))
		}
		j.sets = append(j.sets, set)
		return j
	}
	for _, p := range policies {
		// The other layers allow everything, so that this one decides.
		set := &iam.PolicySet{Identity: []*iam.Compiled{everything}, Resource: everything}
		if layer == iam.ResourceLayer {
			set.Resource = iam.Compile(p)
		} else {
			set.Endpoint = iam.Compile(p)
		}
		j.sets = append(j.sets, set)
	}
	return j
}

func everything() *iam.Policy {
	star := iam.Elements{Values: []string{"*"}}
	return &iam.Policy{Version: iam.Version2012, Kind: iam.ResourcePolicy, Statements: []iam.Statement{{
		Effect: iam.Allow, Principals: &iam.Principals{Star: true}, Actions: star, Resources: star,
	}}}
}

// Allows reports whether the policies let the request through. The account of
// the resource should be another than the caller's, so that a resource's policy
// counts whatever way it names the caller, unless the caller's own policies are
// what is judged.
func (j *Judge) Allows(r *iam.Request) bool {
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
