package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// element is one element of statements in which two that are merged may differ.
type element uint8

const (
	actionElement element = iota
	resourceElement
	principalElement
	valueElement // the values of one condition
)

// merge merges statements of one document that differ in one element alone. Of
// two that differ in two it would make a product, which grants more.
func (m *minimiser) merge() {
	for _, e := range []element{actionElement, resourceElement, principalElement, valueElement} {
		first := map[string]*draft{}
		for _, d := range m.live() {
			for _, key := range m.keysWithout(d, e) {
				into := first[key]
				if into == nil {
					first[key] = d
					continue
				}
				if into == d || into.gone {
					continue
				}
				if m.join(into, d, e) {
					break
				}
			}
		}
	}
}

// keysWithout returns texts that statements have in common which differ at most
// in the element: one, and of conditions one for each that may differ. There is
// none where the element cannot be merged.
func (m *minimiser) keysWithout(d *draft, e element) []string {
	mergeable := func(list iam.Elements) bool { return !list.Not && !list.Absent() }
	parts := m.parts(d)
	switch e {
	case actionElement:
		if !mergeable(d.Actions) {
			return nil
		}
	case resourceElement:
		if !mergeable(d.Resources) {
			return nil
		}
		parts[e] = m.variablesOf(d, d.Resources.Values)
	case principalElement:
		if d.Principals == nil || d.Principals.Not || d.Principals.Star {
			return nil
		}
	case valueElement:
		return m.keysWithoutValues(d, parts)
	}
	if e != resourceElement {
		parts[e] = ""
	}
	return []string{fmt.Sprintf("%d %s %q", d.at.Policy, d.Effect, parts)}
}

// parts returns the elements of a statement as texts that are equal only if they
// mean the same.
func (m *minimiser) parts(d *draft) []string {
	list := func(e iam.Elements, fold bool) string {
		values := slices.Clone(e.Values)
		for i := range values {
			if fold {
				values[i] = strings.ToLower(values[i])
			}
		}
		slices.Sort(values)
		return fmt.Sprintf("%v %v %q", e.Not, e.Absent(), slices.Compact(values))
	}
	principals := ""
	if p := d.Principals; p != nil {
		texts := principalTexts(p)
		slices.Sort(texts)
		principals = fmt.Sprintf("%v %v %q", p.Not, p.Star, slices.Compact(texts))
	}
	var conditions []string
	for i := range d.Conditions {
		conditions = append(conditions, conditionKey(&d.Conditions[i]))
	}
	slices.Sort(conditions)
	return []string{list(d.Actions, true), list(d.Resources, false), principals, fmt.Sprintf("%q", conditions)}
}

func conditionKey(c *iam.Condition) string {
	values := []string{}
	for _, v := range c.Values {
		values = append(values, v.Text)
	}
	slices.Sort(values)
	return fmt.Sprintf("%s %q", conditionHead(c), slices.Compact(values))
}

func conditionHead(c *iam.Condition) string {
	return strings.ToLower(c.Written + " " + c.Operator.String() + " " + c.Key)
}

// keysWithoutValues returns the keys of a statement that may differ in the values
// of one condition. The values must be alternatives.
func (m *minimiser) keysWithoutValues(d *draft, parts []string) []string {
	var out []string
	for i := range d.Conditions {
		c := &d.Conditions[i]
		if !alternatives(c.Operator) {
			continue
		}
		rest := []string{}
		for j := range d.Conditions {
			if j != i {
				rest = append(rest, conditionKey(&d.Conditions[j]))
			}
		}
		slices.Sort(rest)
		var values []string
		for _, v := range c.Values {
			values = append(values, v.Text)
		}
		out = append(out, fmt.Sprintf("%d %s %q %q %q %s", d.at.Policy, d.Effect, parts[:valueElement], rest, conditionHead(c), m.variablesOf(d, values)))
	}
	return out
}

// alternatives reports whether a condition with the values of two is the same as
// either of the two.
func alternatives(o iam.Operator) bool {
	return o.Test != iam.UnknownTest && o.Test != iam.Null && !o.Test.Negated() && o.Qualifier != iam.ForAllValues
}

// variablesOf returns the variables in texts. A statement matches only where all
// of them have values, so lists with different variables cannot become one.
func (m *minimiser) variablesOf(d *draft, texts []string) string {
	if !m.originals[d.at.Policy].Variables() {
		return ""
	}
	var names []string
	for _, t := range texts {
		for _, p := range iam.ParseTemplate(t, iam.VariableSyntax) {
			switch p.Kind {
			case iam.Variable:
				names = append(names, fmt.Sprintf("%s %v", strings.ToLower(p.Text), p.HasDefault))
			case iam.Broken:
				names = append(names, p.Text)
			}
		}
	}
	slices.Sort(names)
	return fmt.Sprintf("%q", slices.Compact(names))
}

// join merges d into another statement.
func (m *minimiser) join(into, d *draft, e element) bool {
	s := into.Statement
	var what string
	switch e {
	case actionElement:
		s.Actions = joined(s.Actions, d.Actions, true)
		what = "the same but for its actions"
	case resourceElement:
		s.Resources = joined(s.Resources, d.Resources, false)
		what = "the same but for its resources"
	case principalElement:
		s.Principals = joinedPrincipals(s.Principals, d.Principals)
		what = "the same but for its principals"
	case valueElement:
		var ok bool
		if s.Conditions, ok = joinedConditions(s.Conditions, d.Conditions); !ok {
			return false
		}
		what = "the same but for the values of a condition"
	}
	if s.Sid == nil || *s.Sid == "" {
		s.Sid = d.Sid
	}
	n, ok := m.add(into, s)
	if !ok {
		return false
	}
	m.replace(into, s, n)
	d.gone = true
	m.note(d, "merged into %s, which is %s", into.at.text(""), what)
	return true
}

func joined(a, b iam.Elements, fold bool) iam.Elements {
	out := iam.Elements{Values: slices.Clone(a.Values)}
	for _, v := range b.Values {
		if !slices.ContainsFunc(out.Values, func(w string) bool { return v == w || fold && strings.EqualFold(v, w) }) {
			out.Values = append(out.Values, v)
		}
	}
	return out
}

func joinedPrincipals(a, b *iam.Principals) *iam.Principals {
	out := &iam.Principals{Entries: slices.Clone(a.Entries)}
	for _, e := range b.Entries {
		i := slices.IndexFunc(out.Entries, func(x iam.PrincipalEntry) bool { return x.Key == e.Key })
		if i < 0 {
			out.Entries = append(out.Entries, e)
			continue
		}
		x := iam.PrincipalEntry{Key: e.Key, Values: slices.Clone(out.Entries[i].Values)}
		for _, v := range e.Values {
			if !slices.Contains(x.Values, v) {
				x.Values = append(x.Values, v)
			}
		}
		out.Entries[i] = x
	}
	return out
}

// joinedConditions puts the values of the one condition that differs together.
func joinedConditions(a, b []iam.Condition) ([]iam.Condition, bool) {
	differs := func(list, from []iam.Condition) []int {
		var out []int
		for i := range list {
			key := conditionKey(&list[i])
			if !slices.ContainsFunc(from, func(c iam.Condition) bool { return conditionKey(&c) == key }) {
				out = append(out, i)
			}
		}
		return out
	}
	inA, inB := differs(a, b), differs(b, a)
	if len(inA) != 1 || len(inB) != 1 || conditionHead(&a[inA[0]]) != conditionHead(&b[inB[0]]) {
		return nil, false
	}
	out := slices.Clone(a)
	c := &out[inA[0]]
	c.Values, c.Scalar = slices.Clone(c.Values), false
	for _, v := range b[inB[0]].Values {
		if !slices.Contains(c.Values, v) {
			c.Values = append(c.Values, v)
		}
	}
	return out, true
}
