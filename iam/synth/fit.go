package synth

import (
	"fmt"

	"github.com/berth-project/berth/iam"
)

// fit puts statements into as few policies as the quota of managed policies
// takes, in their order: a statement that no longer fits begins the next one.
func fit(statements []iam.Statement, notes []string) (Result, error) {
	quota, ok := iam.QuotaFor(iam.IdentityPolicy, "")
	if !ok {
		return Result{}, fmt.Errorf("the quota of policies is not known")
	}
	r := Result{Notes: notes}
	p := newPolicy()
	for _, s := range statements {
		for _, piece := range pieces(s, quota.Limit) {
			p.Statements = append(p.Statements, piece)
			if size(p) <= quota.Limit {
				continue
			}
			p.Statements = p.Statements[:len(p.Statements)-1]
			r.Policies = append(r.Policies, p)
			p = newPolicy(piece)
			if size(p) > quota.Limit {
				return Result{}, fmt.Errorf("one resource with its actions is larger than a policy may be (%d characters)", quota.Limit)
			}
		}
	}
	if len(p.Statements) > 0 {
		r.Policies = append(r.Policies, p)
	}
	if n := len(r.Policies); n > 1 {
		r.Notes = append(r.Notes, fmt.Sprintf("this takes %d policies, since one holds %d characters; a role takes 10 of them unless the quota is raised", n, quota.Limit))
	}
	return r, nil
}

func newPolicy(statements ...iam.Statement) *iam.Policy {
	return &iam.Policy{Kind: iam.IdentityPolicy, Version: iam.Version2012, Statements: statements}
}

func size(p *iam.Policy) int {
	return iam.Size(iam.Format(p, iam.FormatOptions{Minify: true}), p.Kind)
}

// pieces divides a statement that no policy holds by its resources, else by its
// actions. Both keep its meaning: an Allow of two resources is the Allow of
// each.
func pieces(s iam.Statement, limit int) []iam.Statement {
	if size(newPolicy(s)) <= limit {
		return []iam.Statement{s}
	}
	left, right := s, s
	switch {
	case len(s.Resources.Values) > 1:
		left.Resources.Values, right.Resources.Values = halves(s.Resources.Values)
	case len(s.Actions.Values) > 1:
		left.Actions.Values, right.Actions.Values = halves(s.Actions.Values)
	default:
		return []iam.Statement{s}
	}
	for _, half := range []*iam.Statement{&left, &right} {
		half.Resources.Scalar, half.Actions.Scalar = len(half.Resources.Values) == 1, len(half.Actions.Values) == 1
	}
	left.Sid, right.Sid = pointer(*s.Sid+"A"), pointer(*s.Sid+"B")
	return append(pieces(left, limit), pieces(right, limit)...)
}

func halves(values []string) (left, right []string) {
	n := len(values) / 2
	return values[:n:n], values[n:]
}
