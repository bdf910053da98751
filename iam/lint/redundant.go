package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// redundant reports patterns and statements that others cover. Covers are those
// that hold for every action and resource, also those to come; that a list names
// all a pattern matches today is not one.
func redundant(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		p.redundantElements(s.Actions.Values, strings.ToLower, glob.Covers, func(j, by int) {
			path := p.policy.ActionPath(i, j)
			f := p.report("REDUNDANT_ACTION", path, "%s", covered(s.Actions.Values[j], s.Actions.Values[by]))
			f.Help = "remove it, or narrow the other if that was not meant"
			p.fix(f, true, "remove "+s.Actions.Values[j], p.drop(path))
		})
		p.redundantElements(s.Resources.Values, func(v string) string { return v }, resourceCovers, func(j, by int) {
			path := p.policy.ResourcePath(i, j)
			f := p.report("REDUNDANT_RESOURCE", path, "%s", covered(s.Resources.Values[j], s.Resources.Values[by]))
			f.Help = "remove it, or narrow the other if that was not meant"
			safe := !p.hasVariable(s.Resources.Values[j]) || slices.Contains(s.Resources.Values[:j], s.Resources.Values[j])
			p.fix(f, safe, "remove "+s.Resources.Values[j], p.drop(path))
		})
	})
	p.redundantStatements()
}

// hasVariable reports whether a pattern has a variable. Where its key is absent
// the whole statement does not apply, so that such a pattern says something even
// when another covers it.
func (p *pass) hasVariable(pattern string) bool {
	return p.policy.Variables() && strings.Contains(pattern, "${")
}

func covered(value, by string) string {
	if strings.EqualFold(value, by) {
		return value + " is listed twice"
	}
	return value + " is covered by " + by
}

// redundantElements calls found for each value that another covers, once both
// are in the form they are compared in. Of two that cover each other the first
// stays.
func (p *pass) redundantElements(values []string, form func(string) string, covers func(a, b string) bool, found func(j, by int)) {
	first := map[string]int{}
	var wild []int
	forms := make([]string, len(values))
	for j, value := range values {
		forms[j] = form(value)
		if _, ok := first[forms[j]]; !ok {
			first[forms[j]] = j
		}
		if !glob.Literal(forms[j]) && first[forms[j]] == j {
			wild = append(wild, j)
		}
	}
	for j := range values {
		by := first[forms[j]]
		if by == j {
			by = slices.IndexFunc(wild, func(k int) bool {
				return k != j && p.spend(forms[k], forms[j]) && covers(forms[k], forms[j]) && (k < j || !covers(forms[j], forms[k]))
			})
			if by >= 0 {
				by = wild[by]
			}
		}
		if by >= 0 && by != j {
			found(j, by)
		}
		if p.exhausted() {
			return
		}
	}
}

func (p *pass) redundantStatements() {
	statements := p.policy.Statements
	for i := range statements {
		for k := range statements {
			if p.exhausted() {
				return
			}
			if k == i || !p.covers(&statements[k], &statements[i]) || k > i && p.covers(&statements[i], &statements[k]) {
				continue
			}
			path := iam.StatementPath(i)
			f := p.report("REDUNDANT_STATEMENT", path, "%s already %s all of this", nameOf(p.policy, k), map[iam.Effect]string{iam.Allow: "allows", iam.Deny: "denies"}[statements[i].Effect])
			f.Help = "remove it, or narrow the other if that was not meant"
			p.fix(f, true, "remove the statement", p.drop(path))
			break
		}
	}
}

// nameOf is how a message names a statement.
func nameOf(p *iam.Policy, i int) string {
	if sid := p.Statements[i].Sid; sid != nil && *sid != "" {
		return "statement " + *sid
	}
	return iam.StatementPath(i)
}

// covers reports whether statement a applies wherever b does, with the same
// effect. NotAction and NotResource are compared only where they are the same.
func (p *pass) covers(a, b *iam.Statement) bool {
	if a.Effect != b.Effect || a.Effect == iam.NoEffect || !p.steps(comparing(a, b)) {
		return false
	}
	for _, pattern := range a.Resources.Values {
		if p.hasVariable(pattern) && !slices.Contains(b.Resources.Values, pattern) {
			return false // b applies where the variable has no value
		}
	}
	return p.coversElements(a.Actions, b.Actions, glob.CoversFold) && p.coversElements(a.Resources, b.Resources, resourceCovers) &&
		coversPrincipals(a.Principals, b.Principals) && coversConditions(a.Conditions, b.Conditions)
}

// comparing is how many steps it takes to compare what spend does not count.
func comparing(a, b *iam.Statement) int {
	const perStep = 64
	names := func(s *iam.Statement) (n int) {
		if s.Principals != nil {
			for _, e := range s.Principals.Entries {
				n += len(e.Values)
			}
		}
		return n
	}
	values := func(s *iam.Statement) (n int) {
		for _, c := range s.Conditions {
			n += 1 + len(c.Values)
		}
		return n
	}
	return 1 + (names(a)*names(b)+values(a)*values(b)+len(a.Resources.Values)*len(b.Resources.Values))/perStep
}

func (p *pass) coversElements(a, b iam.Elements, covers func(a, b string) bool) bool {
	if a.Not != b.Not || a.Absent() != b.Absent() {
		return false
	}
	if a.Not {
		a, b = b, a // what leaves out less covers more
	}
	for _, value := range b.Values {
		if !slices.ContainsFunc(a.Values, func(pattern string) bool { return p.spend(pattern, value) && covers(pattern, value) }) {
			return false
		}
	}
	return a.Absent() || len(b.Values) > 0
}

// coversPrincipals reports whether a is about everyone b is about: the same
// entries, or everybody.
func coversPrincipals(a, b *iam.Principals) bool {
	switch {
	case a == nil || b == nil:
		return a == b
	case a.Not || b.Not:
		return a.Not == b.Not && a.Star == b.Star && slices.EqualFunc(a.Entries, b.Entries, func(x, y iam.PrincipalEntry) bool {
			return x.Key == y.Key && slices.Equal(x.Values, y.Values)
		})
	case a.Star:
		return b.Star || len(b.Entries) > 0
	case b.Star || len(b.Entries) == 0:
		return false
	}
	for _, e := range b.Entries {
		for _, value := range e.Values {
			if !slices.ContainsFunc(a.Entries, func(x iam.PrincipalEntry) bool { return x.Key == e.Key && slices.Contains(x.Values, value) }) {
				return false
			}
		}
	}
	return true
}

// coversConditions reports whether each condition of a is one of b: fewer
// conditions hold more often.
func coversConditions(a, b []iam.Condition) bool {
	for _, c := range a {
		if !slices.ContainsFunc(b, func(d iam.Condition) bool { return sameCondition(c, d) }) {
			return false
		}
	}
	return true
}

func sameCondition(a, b iam.Condition) bool {
	return a.Operator == b.Operator && a.Operator.Test != iam.UnknownTest && strings.EqualFold(a.Key, b.Key) &&
		slices.EqualFunc(a.Values, b.Values, func(x, y iam.Value) bool { return x.Text == y.Text })
}
