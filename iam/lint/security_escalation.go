package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// escalations finds the ways in which all policies of a principal together let
// it gain what they do not grant. There is one finding for each statement that
// a way begins at.
func escalations(s *set) {
	type place struct{ pass, statement int }
	var places []place
	found := map[place][]opening{}
	for i := range escalationWays {
		o, ok := s.opening(&escalationWays[i])
		if !ok {
			continue
		}
		first := slices.MinFunc(o.grants, grant.compare)
		at := place{first.pass, first.statement}
		if found[at] == nil {
			places = append(places, at)
		}
		found[at] = append(found[at], o)
	}
	for _, at := range places {
		s.passes[at.pass].reportEscalation(at.statement, found[at])
	}
}

// opening is a way that is open, by one grant for each of its needs.
type opening struct {
	way    *escalationWay
	grants []grant
}

func (o opening) conditional() bool {
	return slices.ContainsFunc(o.grants, func(g grant) bool { return g.conditional })
}

func (p *pass) reportEscalation(statement int, ways []opening) {
	what := ways[0].way.how
	if n := len(ways) - 1; n > 0 {
		what += fmt.Sprintf(", and gain more in %d other ways", n)
	}
	f := p.report("SEC_PRIVILEGE_ESCALATION", iam.StatementPath(statement), "the holder can %s", what)
	f.Help = "remove an action of each way, or keep it to named resources"
	if !slices.ContainsFunc(ways, func(o opening) bool { return !o.conditional() }) {
		f.Level = Medium
		f.Message += ", under conditions"
	}
	lines := make([]string, len(ways))
	for i, o := range ways {
		lines[i] = o.describe(p.number)
	}
	f.Detail = strings.Join(lines, "\n")
}

// describe tells a way and where its actions are allowed; policies are named
// where they are another than the one at hand.
func (o opening) describe(policy int) string {
	var b strings.Builder
	for i, g := range o.grants {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s by ", g.action)
		if g.pass != policy {
			fmt.Fprintf(&b, "policy %d, ", g.pass)
		}
		b.WriteString(iam.StatementPath(g.statement))
	}
	return b.String() + ": " + o.way.how
}

// opening reports whether a way is open, and by which grants.
func (s *set) opening(way *escalationWay) (opening, bool) {
	o := opening{way: way}
	for _, n := range way.needs {
		g, ok := s.meets(way, n)
		if !ok {
			return o, false
		}
		o.grants = append(o.grants, g)
	}
	return o, true
}

// meets returns the grant that meets a need: the first without conditions, or
// else the first.
func (s *set) meets(way *escalationWay, n need) (best grant, ok bool) {
	for _, action := range n.actions {
		for _, g := range s.grants(action) {
			if n.anywhere && !g.anywhere && !s.onSelf(g) || s.guardedBy(way, g) {
				continue
			}
			if !ok || best.conditional && !g.conditional {
				best, ok = g, true
			}
		}
	}
	return best, ok
}

// onSelf reports whether a grant that is limited to the holder's own user gives
// everything all the same.
func (s *set) onSelf(g grant) bool {
	st := &s.passes[g.pass].policy.Statements[g.statement]
	return selfOpens[g.action] && slices.ContainsFunc(st.Resources.Values, func(r string) bool {
		return strings.Contains(lower(r), ":user/") && strings.Contains(lower(r), "${aws:username}")
	})
}

// guardedBy reports whether conditions of a grant keep it from opening a way.
func (s *set) guardedBy(way *escalationWay, g grant) bool {
	st := &s.passes[g.pass].policy.Statements[g.statement]
	for c := range st.Conditions {
		cond := &st.Conditions[c]
		if !demands(cond) {
			continue
		}
		switch key := lower(cond.Key); {
		case guardKeys[key], limitsResource(key):
			return true
		case key == "iam:passedtoservice" && g.action == passRoleAction && way.service != "":
			if !slices.ContainsFunc(cond.Values, func(v iam.Value) bool { return glob.MatchFold(v.Text, way.service) }) {
				return true
			}
		}
	}
	return false
}

// grants returns the statements of all identity policies of the principal that
// allow an action, after what any of them, or the boundary, denies, and within
// what the boundary allows.
func (s *set) grants(action string) []grant {
	if all, ok := s.granted[action]; ok {
		return all
	}
	var all []grant
	guards := s.guards()
	for _, p := range s.passes {
		if !p.policy.Kind.Identity() {
			continue
		}
		p.statements(func(i int, st *iam.Statement) {
			g, ok := p.grantOf(st, action, guards)
			if !ok {
				return
			}
			if g, ok = s.withinBoundary(p, g, guards); ok {
				g.pass, g.statement = p.number, i
				all = append(all, g)
			}
		})
	}
	if s.granted == nil {
		s.granted = map[string][]grant{}
	}
	s.granted[action] = all
	return all
}

// guards are the statements of the identity policies and of the boundary that
// deny without conditions.
func (s *set) guards() []guard {
	if s.guarded != nil {
		return s.guarded
	}
	s.guarded = []guard{}
	for _, p := range s.passes {
		if p.policy.Kind.Identity() {
			s.guarded = append(s.guarded, p.guards()...)
		}
	}
	if s.boundary != nil {
		s.guarded = append(s.guarded, guardsOf(s.boundary)...)
	}
	return s.guarded
}

// withinBoundary narrows a grant to what the boundary allows.
func (s *set) withinBoundary(p *pass, g grant, guards []guard) (grant, bool) {
	if s.boundary == nil {
		return g, true
	}
	anywhere, some, conditional := false, false, true
	for i := range s.boundary.Statements {
		b, ok := p.grantOf(&s.boundary.Statements[i], g.action, guards)
		if !ok {
			continue
		}
		some = true
		anywhere = anywhere || b.anywhere
		conditional = conditional && b.conditional
	}
	g.anywhere = g.anywhere && anywhere
	g.conditional = g.conditional || conditional
	return g, some
}
