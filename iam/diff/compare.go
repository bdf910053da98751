package diff

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/space"
)

// Compare compares what the documents of B grant together with what those of A
// grant together. All must be of kinds that are evaluated in the same way:
// either none of them names principals, or all are policies of resources (or
// trust policies), or all are policies of endpoints or resource control
// policies. The policies must not be changed meanwhile.
//
// Where no side has a statement that allows, as with guard rails, what is
// compared is what the Deny statements leave of full access; [Result.Basis] says
// so.
func Compare(a, b []*iam.Policy, o Options) Result {
	basis := ""
	kind := kindOf(a, b)
	switch {
	case kind == iam.ResourceControlPolicy:
		o.Beside = append(slices.Clone(o.Beside), fullAccess(kind))
		basis = "with RCPFullAWSAccess, which is always attached"
	case !allows(a) && !allows(b) && !allows(o.Beside) && (denies(a) || denies(b)):
		o.Beside = append(slices.Clone(o.Beside), fullAccess(kind))
		basis = "neither side allows anything: compared is what the Deny statements leave of full access"
	}
	r := compare(a, b, o)
	r.Basis = basis
	r.Denies, _ = compareDenies(a, b, o)
	r.Changed = changes(a, b)
	return r
}

func compare(a, b []*iam.Policy, o Options) Result {
	c, err := newComparison(a, b, o)
	if err != nil {
		return undecided(err)
	}
	r := Result{}
	gained, gains := c.excess(between(&c.b, &c.a))
	lost, loses := c.excess(between(&c.a, &c.b))
	r.Gained, r.Adds = gained.grants, gained.levels
	r.Lost, r.Removes = lost.grants, lost.levels
	r.Relation = relate(gains, loses)
	r.NewAccess = gains != no
	r.Reasons = slices.Concat(gained.reasons, lost.reasons)
	slices.Sort(r.Reasons)
	r.Reasons = slices.Compact(r.Reasons)
	return r
}

func undecided(err error) Result {
	return Result{Relation: Unknown, NewAccess: true, Denies: Unknown, Reasons: []string{err.Error()}}
}

func allows(policies []*iam.Policy) bool { return has(policies, iam.Allow) }
func denies(policies []*iam.Policy) bool { return has(policies, iam.Deny) }

func has(policies []*iam.Policy, e iam.Effect) bool {
	for _, p := range policies {
		if p != nil && slices.ContainsFunc(p.Statements, func(s iam.Statement) bool { return s.Effect == e }) {
			return true
		}
	}
	return false
}

// fullAccess returns a policy of the kind that allows everything.
func fullAccess(kind iam.Kind) *iam.Policy {
	star := iam.Elements{Values: []string{"*"}, Scalar: true}
	s := iam.Statement{Effect: iam.Allow, Actions: star, Resources: star}
	if kind.HasPrincipal() {
		s.Principals = &iam.Principals{Star: true}
	}
	return &iam.Policy{Kind: kind, Version: iam.Version2012, Statements: []iam.Statement{s}}
}

// compareDenies compares what the Deny statements refuse: more is wider.
func compareDenies(a, b []*iam.Policy, o Options) (Relation, error) {
	if !denies(a) && !denies(b) {
		return Equal, nil
	}
	kind := kindOf(a, b)
	o.Beside = []*iam.Policy{fullAccess(kind)}
	c, err := newComparison(onlyDenies(a), onlyDenies(b), o)
	if err != nil {
		return Unknown, err
	}
	return relate(c.some(&c.a, &c.b), c.some(&c.b, &c.a)), nil
}

func onlyDenies(policies []*iam.Policy) []*iam.Policy {
	var out []*iam.Policy
	for _, p := range policies {
		if p == nil {
			continue
		}
		q := &iam.Policy{Kind: p.Kind, Version: p.Version}
		for _, s := range p.Statements {
			if s.Effect == iam.Deny {
				q.Statements = append(q.Statements, s)
			}
		}
		out = append(out, q)
	}
	return out
}

// between asks for what one side grants and the other does not.
func between(from, to *side) inquiry {
	return inquiry{
		Question: space.Question{Grants: from.allows, Denies: from.denies, Covers: to.allows, Refusals: to.denies, TwoWay: true},
		from:     from, to: to,
	}
}

// errUnconfirmed says that the search and the evaluator do not agree.
var errUnconfirmed = errors.New("a request was found, but the evaluator does not confirm it")

// confirm turns a request into a witness, if the evaluator says that one side
// allows it and the other does not.
func (c *comparison) confirm(p *space.Part, q *inquiry) (*Witness, bool) {
	if p.Request == nil || !q.from.allowed(p.Request, q.Reach) || q.to.allowed(p.Request, q.Reach) {
		return nil, false
	}
	return newWitness(p.Request, c.kind.HasPrincipal(), q.Reach, c.space.KeyName), true
}

// reaches are how much the Allows of a kind of policies can be worth.
func (c *comparison) reaches() []space.Reach {
	if space.LayerOf(c.kind) == iam.ResourceLayer {
		return []space.Reach{space.Any, space.Alone, space.Unbounded}
	}
	return []space.Reach{space.Any}
}

// some reports whether one side grants something that the other does not, and
// looks no further once it knows.
func (c *comparison) some(from, to *side) answer {
	q := between(from, to)
	out := no
	err := c.space.Ask(q.Question, func(p space.Part) bool {
		switch p.Verdict {
		case space.Found:
			if _, ok := c.confirm(&p, &q); ok {
				out = yes
				return false
			}
			out = unsure
		case space.Doubt:
			out = unsure
		}
		return true
	})
	if err != nil && out == no {
		return unsure
	}
	return out
}
