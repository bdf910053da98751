package lint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// grant is one statement that allows an action, after what is denied.
type grant struct {
	action    string
	pass      int
	statement int
	// pattern is the place in Action, -1 for NotAction.
	pattern int
	// anywhere is set where the action is allowed on any resource of a type it
	// works on; else it is allowed on some.
	anywhere bool
	// conditional is set where the statement has conditions.
	conditional bool
}

// compare orders grants by where they are.
func (g grant) compare(h grant) int {
	return cmp.Or(cmp.Compare(g.pass, h.pass), cmp.Compare(g.statement, h.statement), cmp.Compare(g.pattern, h.pattern))
}

// guard is a statement that denies without conditions. What it covers is not
// allowed, whatever else is.
type guard = *iam.Statement

// guards are the statements of a policy that deny its principals without
// conditions.
func (p *pass) guards() []guard {
	if p.guarded == nil {
		p.guarded = guardsOf(p.policy)
	}
	return p.guarded
}

func guardsOf(policy *iam.Policy) []guard {
	all := []guard{}
	for i := range policy.Statements {
		s := &policy.Statements[i]
		everyone := !policy.Kind.HasPrincipal() || forEveryone(s.Principals)
		if s.Effect == iam.Deny && len(s.Conditions) == 0 && everyone && !dependsOnRequest(policy, s) {
			all = append(all, s)
		}
	}
	return all
}

// dependsOnRequest reports whether a statement names resources by what the
// request tells: without that value it does not apply at all.
func dependsOnRequest(policy *iam.Policy, s *iam.Statement) bool {
	return policy.Variables() && slices.ContainsFunc(s.Resources.Values, func(r string) bool { return strings.Contains(r, "${") })
}

// forEveryone reports whether a statement is about all principals.
func forEveryone(who *iam.Principals) bool {
	if who == nil || who.Not {
		return false
	}
	for _, m := range members(who) {
		if m.key == "AWS" && m.text == "*" {
			return true
		}
	}
	return false
}

// denied reports whether a guard covers an action on all that a resource pattern
// stands for.
func (p *pass) denied(guards []guard, action, resource string) bool {
	for _, s := range guards {
		if !p.steps(len(s.Actions.Values)) {
			return false
		}
		if reaches(s, action) && p.steps(len(s.Resources.Values)) && coversResource(s, resource) {
			return true
		}
	}
	return false
}

// coversResource reports whether a statement is about everything that a resource
// pattern stands for.
func coversResource(s *iam.Statement, pattern string) bool {
	if s.Resources.Absent() {
		return true
	}
	for _, r := range s.Resources.Values {
		if s.Resources.Not && resourcesOverlap(r, pattern) {
			return false
		}
		if !s.Resources.Not && resourceCovers(r, pattern) {
			return true
		}
	}
	return s.Resources.Not
}

// resourceCovers reports whether one resource pattern stands for all that
// another does. As in the matching itself, a wildcard within the first five
// components does not reach over a colon, but one at the end of a component may.
// What a variable stands for is not known, so it only covers itself. It errs on
// the side of "no".
func resourceCovers(pattern, other string) bool {
	if pattern == "*" || pattern == other {
		return true
	}
	if len(pattern) > maxARN || len(other) > maxARN || variableLength(pattern, other) {
		return false
	}
	x, n := arn.Split(pattern)
	y, m := arn.Split(other)
	if n < len(x) || m < len(y) {
		// "arn:aws:s3*": its only star goes over colons.
		return strings.IndexAny(pattern, "*?") == len(pattern)-1 && glob.Covers(pattern, other)
	}
	for i := range x {
		if !glob.Covers(x[i], y[i]) || i < 5 && strings.HasSuffix(y[i], "*") && !strings.HasSuffix(x[i], "*") {
			return false
		}
	}
	return true
}

// variableLength reports whether variables keep two patterns from being compared
// as they are written: a "?" of the first meets a variable of the second, or a
// wildcard that is a plain character ("${*}") is among them.
func variableLength(pattern, other string) bool {
	return strings.Contains(other, "${") && strings.Contains(pattern, "?") || strings.Contains(pattern, "${*}") || strings.Contains(pattern, "${?}")
}

// resourcesOverlap reports whether two resource patterns can stand for the same
// resource; it errs on the side of "yes".
func resourcesOverlap(a, b string) bool {
	return len(a) > maxARN || len(b) > maxARN || arn.Overlap(withoutVariables(a), withoutVariables(b))
}

// grants returns the statements that allow an action in one policy, after what
// the policy itself denies.
func (p *pass) grants(action string) []grant {
	if all, ok := p.granted[action]; ok {
		return all
	}
	var all []grant
	p.statements(func(i int, s *iam.Statement) {
		if g, ok := p.grantOf(s, action, p.guards()); ok {
			g.pass, g.statement = p.number, i
			all = append(all, g)
		}
	})
	if p.granted == nil {
		p.granted = map[string][]grant{}
	}
	if !p.exhausted() {
		p.granted[action] = all
	}
	return all
}

// grantOf tells how a statement allows an action, if it does.
func (p *pass) grantOf(s *iam.Statement, action string, guards []guard) (grant, bool) {
	if s.Effect != iam.Allow || !p.steps(1+len(s.Actions.Values)/8) {
		return grant{}, false
	}
	pattern, ok := reachesAction(s, action)
	if !ok {
		return grant{}, false
	}
	g := grant{action: action, pattern: pattern, conditional: len(s.Conditions) > 0}
	some, known := false, findAction(action)
	for _, r := range s.Resources.Values {
		if !p.steps(typeCost(known)) {
			break
		}
		switch {
		case s.Resources.Not:
			some = !p.denied(guards, action, "*")
			g.anywhere = some
		case !worksOn(known, r) || p.denied(guards, action, r):
		default:
			some = true
			g.anywhere = g.anywhere || leavesOpen(known, r)
		}
	}
	if s.Resources.Absent() {
		some = !p.denied(guards, action, "*")
	}
	return g, some
}
