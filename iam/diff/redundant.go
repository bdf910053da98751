package diff

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// dropStatements drops statements of which the rest covers everything, later ones
// first.
func (m *minimiser) dropStatements() {
	live := m.live()
	slices.Reverse(live)
	for _, d := range live {
		if m.within(d.Effect, d.number, m.others(d)...) {
			d.gone = true
			m.note(d, "removed: %s", reason(d.Effect))
		}
	}
}

func reason(e iam.Effect) string {
	if e == iam.Deny {
		return "what it denies, other statements deny"
	}
	return "what it allows, other statements allow or deny"
}

// dropElements drops members of lists that make no difference.
func (m *minimiser) dropElements() {
	for _, d := range m.live() {
		m.dropActions(d)
		m.dropResources(d)
		m.dropPrincipals(d)
		m.dropConditions(d)
	}
}

func (m *minimiser) dropActions(d *draft) {
	m.dropMembers(d, member{
		name: "action", list: d.Actions,
		set:   func(s *iam.Statement, e iam.Elements) { s.Actions = e },
		get:   func(s *iam.Statement) iam.Elements { return s.Actions },
		touch: glob.OverlapFold,
	})
}

func (m *minimiser) dropResources(d *draft) {
	m.dropMembers(d, member{
		name: "resource", list: d.Resources,
		set: func(s *iam.Statement, e iam.Elements) { s.Resources = e },
		get: func(s *iam.Statement) iam.Elements { return s.Resources },
		touch: func(a, b string) bool {
			return strings.Contains(a, "${") || strings.Contains(b, "${") || endsMeet(a, b) && glob.Overlap(a, b)
		},
	})
}

// member is a list of patterns of a statement, and how it is reached.
type member struct {
	name string
	list iam.Elements
	set  func(*iam.Statement, iam.Elements)
	get  func(*iam.Statement) iam.Elements
	// touch reports whether two patterns may have something in common.
	touch func(a, b string) bool
}

// endsMeet reports whether what stands before the first wildcards of two patterns
// and behind the last ones can be of one text. It tells most that have nothing in
// common, at once.
func endsMeet(a, b string) bool {
	const wildcards = "*?"
	head := func(s string) string {
		if i := strings.IndexAny(s, wildcards); i >= 0 {
			return s[:i]
		}
		return s
	}
	tail := func(s string) string { return s[strings.LastIndexAny(s, wildcards)+1:] }
	h, k := head(a), head(b)
	t, u := tail(a), tail(b)
	return (strings.HasPrefix(h, k) || strings.HasPrefix(k, h)) && (strings.HasSuffix(t, u) || strings.HasSuffix(u, t))
}

// dropMembers tries to leave out each pattern of a list, the last one first.
func (m *minimiser) dropMembers(d *draft, e member) {
	for i := len(e.list.Values) - 1; i >= 0 && len(e.list.Values) > 1; i-- {
		value := e.list.Values[i]
		rest := d.Statement
		less := e.list
		less.Values = slices.Delete(slices.Clone(e.list.Values), i, i+1)
		e.set(&rest, less)
		if !m.mayDrop(d, &e, i) {
			continue
		}
		n, ok := m.add(d, rest)
		if !ok {
			continue
		}
		if e.list.Not {
			// Less is excepted, so more is named: that must be nothing.
			if m.within(d.Effect, n, d.number) {
				m.replace(d, rest, n)
				e.list = less
				m.note(d, "removed %s %s from the exceptions: another one covers it", e.name, value)
			}
			continue
		}
		only := d.Statement
		alone := e.list
		alone.Values = []string{value}
		e.set(&only, alone)
		p, ok := m.add(d, only)
		others := m.others(d)
		if !ok || !m.within(d.Effect, p, append(others, n)...) {
			continue
		}
		// A variable that is not there any more may make the rest match more.
		if strings.Contains(value, "${") && !m.within(d.Effect, n, append(others, d.number)...) {
			continue
		}
		m.replace(d, rest, n)
		e.list = less
		m.note(d, "removed %s %s: %s", e.name, value, reason(d.Effect))
	}
}

// mayDrop reports whether something else touches a pattern, without which there
// is no need to search.
func (m *minimiser) mayDrop(d *draft, e *member, i int) bool {
	value := e.list.Values[i]
	touches := func(list iam.Elements, but int) bool {
		if list.Not || list.Absent() {
			return true
		}
		for j, v := range list.Values {
			if j != but && e.touch(value, v) {
				return true
			}
		}
		return false
	}
	if touches(iam.Elements{Values: e.list.Values}, i) {
		return true
	}
	if e.list.Not {
		return false
	}
	for _, other := range m.live() {
		if other != d && (other.Effect == d.Effect || other.Effect == iam.Deny) && touches(e.get(&other.Statement), -1) {
			return true
		}
	}
	return false
}

// dropPrincipals tries to leave out each principal.
func (m *minimiser) dropPrincipals(d *draft) {
	if d.Principals == nil || d.Principals.Not || d.Principals.Star {
		return
	}
	for e := len(d.Principals.Entries) - 1; e >= 0; e-- {
		for i := len(d.Principals.Entries[e].Values) - 1; i >= 0; i-- {
			if countPrincipals(d.Principals) == 1 {
				return
			}
			entry := d.Principals.Entries[e]
			value := entry.Values[i]
			rest, only := d.Statement, d.Statement
			rest.Principals = withoutPrincipal(d.Principals, e, i)
			only.Principals = &iam.Principals{Entries: []iam.PrincipalEntry{{Key: entry.Key, Values: []string{value}}}}
			n, okRest := m.add(d, rest)
			p, okOnly := m.add(d, only)
			if okRest && okOnly && m.within(d.Effect, p, append(m.others(d), n)...) {
				m.replace(d, rest, n)
				m.note(d, "removed principal %s: %s", value, reason(d.Effect))
				if len(entry.Values) == 1 {
					break // the entry is gone
				}
			}
		}
	}
}

func countPrincipals(p *iam.Principals) int {
	n := 0
	for _, e := range p.Entries {
		n += len(e.Values)
	}
	return n
}

func withoutPrincipal(p *iam.Principals, entry, i int) *iam.Principals {
	out := &iam.Principals{Entries: slices.Clone(p.Entries)}
	e := &out.Entries[entry]
	e.Values = slices.Delete(slices.Clone(e.Values), i, i+1)
	if len(e.Values) == 0 {
		out.Entries = slices.Delete(out.Entries, entry, entry+1)
	}
	return out
}

// dropConditions tries to leave out each condition that the others imply, and
// each value that another one covers.
func (m *minimiser) dropConditions(d *draft) {
	for i := len(d.Conditions) - 1; i >= 0; i-- {
		c := d.Conditions[i]
		rest := d.Statement
		rest.Conditions = slices.Delete(slices.Clone(d.Conditions), i, i+1)
		rest.ConditionPresent = len(rest.Conditions) > 0
		if n, ok := m.add(d, rest); ok && m.within(d.Effect, n, d.number) {
			m.replace(d, rest, n)
			m.note(d, "removed condition %s: it holds wherever the others do", conditionText(&c))
			continue
		}
		for j := len(c.Values) - 1; j >= 0 && len(c.Values) > 1; j-- {
			value := c.Values[j].Text
			less := c
			less.Values = slices.Delete(slices.Clone(c.Values), j, j+1)
			rest := d.Statement
			rest.Conditions = slices.Clone(d.Conditions)
			rest.Conditions[i] = less
			if n, ok := m.add(d, rest); ok && m.within(d.Effect, n, d.number) && m.within(d.Effect, d.number, n) {
				m.replace(d, rest, n)
				c = less
				m.note(d, "removed value %s of condition %s %s: another one covers it", value, c.Operator, c.Key)
			}
		}
	}
}
