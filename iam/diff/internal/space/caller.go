package space

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/language"
)

// Reach is how much an Allow has to be worth to count. How a resource's policy
// names a caller of its own account decides what that is (IAM User Guide,
// "Policy evaluation logic"), so two policies that name the same callers in
// different ways do not mean the same.
type Reach uint8

// The reaches.
const (
	// Any counts every Allow. That of an account alone takes a policy of the
	// caller's own besides.
	Any Reach = iota
	// Alone counts those that suffice without one.
	Alone
	// Unbounded counts those that suffice even beyond a permissions boundary.
	Unbounded
)

const reaches = 3

// caller is one of the callers that policies can tell apart.
type caller struct {
	principal iam.Principal
	// strange is set for callers whom nobody can mean: unsigned, or from an
	// account that is not named.
	strange bool
}

// maxCallers bounds how many are tried.
const maxCallers = 4000

var errCallers = errors.New("the policies name too many principals")

// everyone lists the callers. It does so anew when statements have come that name
// others.
func (s *Space) everyone() error {
	if s.listed == len(s.statements) && s.callers != nil {
		return nil
	}
	principals, stranger := s.principals()
	s.listed = len(s.statements)
	if slices.EqualFunc(principals, s.callers, func(p iam.Principal, c caller) bool { return p == c.principal }) {
		return nil
	}
	if len(principals) > maxCallers {
		return errCallers
	}
	s.callers, s.about = nil, map[string]*[reaches]language.Bits{}
	for _, p := range principals {
		strange := p.Kind == iam.Anonymous || p.Account == stranger && p.CanonicalUser == ""
		s.callers = append(s.callers, caller{principal: p, strange: strange})
	}
	return nil
}

// aboutCallers returns whom a statement is about, by reach.
func (s *Space) aboutCallers(st *statement) *[reaches]language.Bits {
	key := st.who + st.effect.String()
	about := s.about[key]
	if about != nil {
		return about
	}
	about = &[reaches]language.Bits{}
	for r := range about {
		about[r] = language.NewBits(len(s.callers))
		j := judgeOfPrincipals(st.principals, st.effect, Reach(r))
		for i := range s.callers {
			s.work.Spend(1)
			q := iam.Request{Principal: s.callers[i].principal, Action: "a:b", Resource: "*", ResourceAccount: resourceOwner}
			if j.Allows(&q) == (st.effect == iam.Allow) {
				about[r].Add(i)
			}
		}
	}
	s.about[key] = about
	return about
}

// judgeOfPrincipals returns a judge who allows what an Allow with these
// principals is about, or does not allow what a Deny is.
func judgeOfPrincipals(who *iam.Principals, effect iam.Effect, r Reach) *Judge {
	p := everything()
	if who == nil {
		who = p.Statements[0].Principals
	}
	about := iam.Statement{Effect: effect, Principals: who, Actions: p.Statements[0].Actions, Resources: p.Statements[0].Resources}
	if effect == iam.Allow {
		p.Statements = p.Statements[:0]
	}
	p.Statements = append(p.Statements, about)
	return NewJudge([]*iam.Policy{p}, r)
}

// distinct returns callers of whom the statements of a scene, and one more, can
// tell any two apart.
func (sc *scene) distinct(grant int) ([]int, error) {
	s := sc.space
	if err := s.everyone(); err != nil {
		return nil, err
	}
	numbers := []int{grant}
	for i, n := range sc.numbers {
		if sc.marked.Has(i) {
			numbers = append(numbers, n)
		}
	}
	var columns []language.Bits
	seenColumn := map[*[reaches]language.Bits]bool{}
	for _, n := range numbers {
		if about := s.aboutCallers(&s.statements[n]); !seenColumn[about] {
			seenColumn[about] = true
			columns = append(columns, about[:]...)
		}
	}
	var out []int
	seen := map[string]bool{}
	for i, c := range s.callers {
		if sc.question.Strangers && !c.strange || sc.question.Reach != Any && !inAccount(&c.principal) {
			continue
		}
		row := make([]byte, len(columns))
		for k, column := range columns {
			row[k] = flag(column.Has(i))
		}
		if !seen[string(row)] {
			seen[string(row)] = true
			out = append(out, i)
		}
	}
	return out, nil
}

// inAccount reports whether a caller has policies of its own; the root user has
// none.
func inAccount(p *iam.Principal) bool {
	return p.Kind == iam.User || p.Kind == iam.AssumedRole || p.Kind == iam.FederatedUser
}

// names reports whether a statement is about a caller.
func (sc *scene) names(n, caller int) bool {
	st := &sc.space.statements[n]
	r := sc.question.Reach
	if st.effect == iam.Deny {
		r = Any
	}
	return sc.space.aboutCallers(st)[r].Has(caller)
}
