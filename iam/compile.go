package iam

// Compiled is a policy in the form the evaluator runs. It is immutable and safe
// for concurrent use.
type Compiled struct {
	policy *Policy
}

// Policy returns the policy it was compiled from.
func (c *Compiled) Policy() *Policy { return c.policy }

// Compile returns the policy in the form the evaluator runs. The policy must
// not be changed afterwards.
func Compile(p *Policy) *Compiled { return &Compiled{policy: p} }
