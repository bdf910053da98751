package diff

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// collapse puts patterns in place of actions of a statement: those that cover
// nothing else that is known today, and only actions of one access level. Each
// time the one that covers most is taken.
func (m *minimiser) collapse(d *draft) {
	if d.Actions.Not || d.Actions.Absent() {
		return
	}
	left := map[*catalog.Action]bool{}
	place := map[*catalog.Action]int{}
	for i, v := range d.Actions.Values {
		if a, ok := m.options.catalog().Action(v); ok {
			left[a] = true
			place[a] = i
		}
	}
	values := slices.Clone(d.Actions.Values)
	for {
		pattern, covered := m.bestPattern(left)
		if len(covered) < 2 {
			break
		}
		first := len(values)
		for _, a := range covered {
			first = min(first, place[a])
			values[place[a]] = ""
			delete(left, a)
		}
		values[first] = pattern
	}
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
	if len(values) == len(d.Actions.Values) {
		return
	}
	s := d.Statement
	s.Actions = iam.Elements{Values: values}
	if n, ok := m.add(d, s); ok {
		m.replace(d, s, n)
		m.note(d, "wrote actions as patterns that cover the same of today's: %s", cut(values))
	}
}

// bestPattern returns the pattern that covers most of the actions, and those; of
// equals the shortest, then the first.
func (m *minimiser) bestPattern(left map[*catalog.Action]bool) (best string, covered []*catalog.Action) {
	tried := map[string]bool{}
	for a := range left {
		for _, p := range patternsFor(a) {
			if tried[p] {
				continue
			}
			tried[p] = true
			c := m.coveredBy(p, left)
			if better := cmp.Or(cmp.Compare(len(c), len(covered)), cmp.Compare(len(best), len(p)), strings.Compare(best, p)); len(c) > 1 && (best == "" || better > 0) {
				best, covered = p, c
			}
		}
	}
	return best, covered
}

// coveredBy returns the actions that a pattern covers, none where it covers
// others too, or those of several levels.
func (m *minimiser) coveredBy(pattern string, left map[*catalog.Action]bool) []*catalog.Action {
	all := m.options.catalog().Expand(pattern)
	for _, a := range all {
		if !left[a] || a.Access != all[0].Access {
			return nil
		}
	}
	return all
}

// patternsFor returns patterns that cover an action, cut at its words: "s3:Get*",
// "s3:GetBucket*", "s3:*Tagging".
func patternsFor(a *catalog.Action) []string {
	prefix := a.Service.Prefix + ":"
	var out []string
	for i, r := range a.Name {
		if i > 0 && unicode.IsUpper(r) {
			out = append(out, prefix+a.Name[:i]+"*", prefix+"*"+a.Name[i:])
		}
	}
	return out
}
