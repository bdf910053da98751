package diff

import (
	"fmt"
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/space"
)

// side is one of two sets of policies.
type side struct {
	policies []*iam.Policy
	judges   map[space.Reach]*space.Judge
	// allows and denies are the numbers of the statements in the space.
	allows, denies []int
	refs           map[int]Ref
}

// comparison is two sides in one space.
type comparison struct {
	options Options
	space   *space.Space
	kind    iam.Kind
	a, b    side
}

func newComparison(a, b []*iam.Policy, o Options) (*comparison, error) {
	c := &comparison{options: o}
	c.kind = kindOf(a, b, o.Beside)
	c.space = space.New(c.kind, o.space())
	var err error
	if c.a, err = c.side("A", a); err != nil {
		return nil, err
	}
	c.b, err = c.side("B", b)
	return c, err
}

// kindOf returns the kind that the first policy has.
func kindOf(lists ...[]*iam.Policy) iam.Kind {
	for _, p := range slices.Concat(lists...) {
		if p != nil {
			return p.Kind
		}
	}
	return iam.IdentityPolicy
}

func (c *comparison) side(name string, policies []*iam.Policy) (side, error) {
	s := side{refs: map[int]Ref{}, judges: map[space.Reach]*space.Judge{}}
	for i, p := range slices.Concat(policies, c.options.Beside) {
		if p == nil {
			p = &iam.Policy{Kind: c.kind}
		}
		s.policies = append(s.policies, p)
		numbers, err := c.space.Add(p)
		if err != nil {
			return s, fmt.Errorf("document %d of %s: %w", i, name, err)
		}
		for j, n := range numbers {
			st := &p.Statements[j]
			switch st.Effect {
			case iam.Allow:
				s.allows = append(s.allows, n)
			case iam.Deny:
				s.denies = append(s.denies, n)
			}
			s.refs[n] = Ref{Policy: i, Statement: j, Sid: sidOf(st), of: len(policies)}
		}
	}
	return s, nil
}

func sidOf(s *iam.Statement) string {
	if s.Sid == nil {
		return ""
	}
	return *s.Sid
}

func (s *side) statement(n int) *iam.Statement {
	r := s.refs[n]
	return &s.policies[r.Policy].Statements[r.Statement]
}

// allowed reports whether the evaluator allows a request under the side.
func (s *side) allowed(r *iam.Request, reach space.Reach) bool {
	j := s.judges[reach]
	if j == nil {
		j = space.NewJudge(s.policies, reach)
		s.judges[reach] = j
	}
	return j.Allows(r)
}

// nothing is a side that allows nothing.
func nothing() *side { return &side{judges: map[space.Reach]*space.Judge{}} }
