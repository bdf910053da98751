package space

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/language"
)

// caller is one of the callers that policies can tell apart.
type caller struct {
	principal iam.Principal
	// strange is set for callers whom nobody can mean: unsigned, or from an
	// account that is not named.
	strange bool
	// matches says of each statement whether it is about the caller.
	matches []bool
}

// maxCallers bounds how many are tried.
const maxCallers = 4000

var errCallers = errors.New("the policies name too many principals")

// everyone returns the callers. They are listed anew when statements have come.
func (s *Space) everyone() ([]caller, error) {
	if s.listed == len(s.statements) && s.callers != nil {
		return s.callers, nil
	}
	principals, stranger := s.principals()
	if len(principals) > maxCallers || !s.work.Spend(len(principals)*len(s.statements)) {
		return nil, errCallers
	}
	s.listed = len(s.statements)
	s.callers = nil
	for _, p := range principals {
		strange := p.Kind == iam.Anonymous || p.Account == stranger && p.CanonicalUser == ""
		s.callers = append(s.callers, caller{principal: p, strange: strange})
	}
	for i := range s.statements {
		s.matchCallers(&s.statements[i])
	}
	s.mergeCallers()
	return s.callers, nil
}

// matchCallers asks the evaluator which callers a statement is about.
func (s *Space) matchCallers(st *statement) {
	if st.principals == nil {
		for i := range s.callers {
			s.callers[i].matches = append(s.callers[i].matches, true)
		}
		return
	}
	star := iam.Elements{Values: []string{"*"}}
	p := everything()
	about := iam.Statement{Effect: st.effect, Principals: st.principals, Actions: star, Resources: star}
	if st.effect == iam.Allow {
		p.Statements = []iam.Statement{about}
	} else {
		p.Statements = append(p.Statements, about)
	}
	j := NewJudge([]*iam.Policy{p})
	for i := range s.callers {
		c := &s.callers[i]
		allowed := j.Allows(&iam.Request{Principal: c.principal, Action: "a:b", Resource: "*"})
		c.matches = append(c.matches, allowed == (st.effect == iam.Allow))
	}
}

// mergeCallers keeps the first of those about whom the same statements are.
func (s *Space) mergeCallers() {
	seen := map[string]bool{}
	s.callers = slices.DeleteFunc(s.callers, func(c caller) bool {
		bits := language.NewBits(len(c.matches))
		for i, m := range c.matches {
			if m {
				bits.Add(i)
			}
		}
		key := bits.Key()
		if seen[key] {
			return true
		}
		seen[key] = true
		return false
	})
}
