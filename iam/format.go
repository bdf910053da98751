package iam

import (
	"cmp"
	"encoding/json"
	"slices"
)

// FormatOptions say how [Format] writes a policy. The zero value indents by two
// spaces and keeps order and lists as they are.
type FormatOptions struct {
	// Compact writes lists of one as that one, Statement included.
	Compact bool
	// Canonical sorts what has no order: actions, resources, principals, and the
	// operators, keys and values of conditions. Statements stay where they are
	// and nothing changes its case.
	Canonical bool
	// Minify leaves out all white space.
	Minify bool
}

// Format writes a policy with its elements in the usual order: Version, Id,
// Statement, and in each of these Sid, Effect, Principal, Action, Resource,
// Condition. Operators get their canonical spelling. Lists, numbers and booleans
// stay what they are in the document, principals of unknown keys are kept;
// elements that do not exist are not part of a [Policy] and gone.
//
// Without [FormatOptions.Minify] the text ends in a newline. Conditions that
// share operator and key, which no document can have, are written as they are
// and make a text that [Read] refuses.
func Format(p *Policy, o FormatOptions) []byte {
	w := &jsonWriter{minify: o.Minify}
	f := &formatter{jsonWriter: w, options: o}
	f.policy(p)
	if !o.Minify {
		w.text = append(w.text, '\n')
	}
	return w.text
}

// MarshalJSON implements [json.Marshaler] with the elements in the usual order.
func (p *Policy) MarshalJSON() ([]byte, error) {
	return Format(p, FormatOptions{Minify: true}), nil
}

type formatter struct {
	*jsonWriter
	options FormatOptions
}

func (f *formatter) policy(p *Policy) {
	f.open('{')
	if p.Version != "" {
		f.member("Version", p.Version)
	}
	if p.ID != nil {
		f.member("Id", *p.ID)
	}
	f.name("Statement")
	single := f.alone(p.Single, len(p.Statements))
	if !single {
		f.open('[')
	}
	for i := range p.Statements {
		f.statement(&p.Statements[i])
	}
	if !single {
		f.close(']')
	}
	f.close('}')
}

// alone reports whether a list is written as the one value it has.
func (f *formatter) alone(scalar bool, n int) bool {
	return n == 1 && (scalar || f.options.Compact)
}

func (f *formatter) statement(s *Statement) {
	f.open('{')
	if s.Sid != nil {
		f.member("Sid", *s.Sid)
	}
	if s.Effect != NoEffect {
		f.member("Effect", s.Effect.String())
	}
	if s.Principals != nil {
		f.name(negated("Principal", s.Principals.Not))
		f.principals(s.Principals)
	}
	f.elements("Action", s.Actions)
	f.elements("Resource", s.Resources)
	if s.ConditionPresent || len(s.Conditions) > 0 {
		f.name("Condition")
		f.conditions(s.Conditions)
	}
	f.close('}')
}

func negated(name string, not bool) string {
	if not {
		return "Not" + name
	}
	return name
}

func (f *formatter) elements(name string, e Elements) {
	if e.Absent() {
		return
	}
	f.name(negated(name, e.Not))
	f.list(e.Values, e.Scalar)
}

func (f *formatter) list(values []string, scalar bool) {
	if f.alone(scalar, len(values)) {
		f.str(values[0])
		return
	}
	if f.options.Canonical {
		values = slices.Sorted(slices.Values(values))
	}
	f.open('[')
	for _, v := range values {
		f.str(v)
	}
	f.close(']')
}

func (f *formatter) principals(p *Principals) {
	if p.Star {
		f.str("*")
		return
	}
	entries := p.Entries
	if f.options.Canonical {
		entries = slices.SortedStableFunc(slices.Values(entries), func(a, b PrincipalEntry) int { return cmp.Compare(a.Key, b.Key) })
	}
	f.open('{')
	for _, e := range entries {
		f.name(e.Key)
		f.list(e.Values, e.Scalar)
	}
	f.close('}')
}

func (f *formatter) conditions(all []Condition) {
	f.open('{')
	for _, group := range f.groups(all) {
		f.name(group[0].name())
		f.open('{')
		for _, c := range group {
			f.name(c.Key)
			f.values(c)
		}
		f.close('}')
	}
	f.close('}')
}

// groups gathers the conditions of each operator, in the order in which the
// operators come first.
func (f *formatter) groups(all []Condition) [][]Condition {
	var groups [][]Condition
	place := map[string]int{}
	for _, c := range all {
		i, ok := place[c.name()]
		if !ok {
			i = len(groups)
			place[c.name()] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	if f.options.Canonical {
		slices.SortFunc(groups, func(a, b []Condition) int { return cmp.Compare(a[0].name(), b[0].name()) })
		for _, g := range groups {
			slices.SortStableFunc(g, func(a, b Condition) int { return cmp.Compare(a.Key, b.Key) })
		}
	}
	return groups
}

func (f *formatter) values(c Condition) {
	if f.alone(c.Scalar, len(c.Values)) {
		f.value(c.Values[0])
		return
	}
	values := c.Values
	if f.options.Canonical {
		values = slices.SortedFunc(slices.Values(values), func(a, b Value) int {
			return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Type, b.Type))
		})
	}
	f.open('[')
	for _, v := range values {
		f.value(v)
	}
	f.close(']')
}

// value writes a value as what it was; a text that is no JSON number or boolean
// as a string, whatever its type says.
func (f *formatter) value(v Value) {
	bare := v.Type == Boolean && (v.Text == "true" || v.Text == "false") ||
		v.Type == Number && json.Valid([]byte(v.Text)) && (v.Text[0] == '-' || '0' <= v.Text[0] && v.Text[0] <= '9')
	if bare {
		f.bare(v.Text)
		return
	}
	f.str(v.Text)
}
