package space

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// maxInstances bounds the choices of values for variables.
const maxInstances = 40

// variables returns the keys of the variables in statements that take part in a
// scene, in order.
func (sc *scene) variables(grant int) []string {
	var keys []string
	for i, n := range sc.numbers {
		if n != grant && !sc.marked.Has(i) {
			continue
		}
		keys = append(keys, sc.space.statements[n].variables...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// instances returns views in which the keys have values: all some value that
// nothing names, then one of them in turn one that policies compare it or its
// surroundings with, or none.
func (s *Space) instances(keys []string) []*view {
	if len(keys) == 0 {
		return nil
	}
	base := s.view(values{})
	for i, k := range keys {
		if s.always(k) {
			base.absent[k] = true
			continue
		}
		base.values[k] = s.someValue(k, i)
	}
	out := []*view{base}
	for _, k := range keys {
		for _, value := range s.suggestions(k) {
			v := base.with(k)
			v.values[k] = value
			out = append(out, v)
		}
		v := base.with(k)
		delete(v.values, k)
		v.absent[k] = true
		out = append(out, v)
		if len(out) > maxInstances {
			return out[:maxInstances]
		}
	}
	return out
}

// with returns a copy of the view of which the value of one key can be changed.
func (v *view) with(key string) *view {
	out := v.space.view(values{})
	for k, value := range v.values {
		out.values[k] = value
	}
	for k := range v.absent {
		out.absent[k] = true
	}
	delete(out.absent, key)
	return out
}

// always reports whether the key is a list in every request.
func (s *Space) always(key string) bool {
	_, always := s.hasSeveral(key)
	return always
}

// suggestions returns texts that may make a difference in place of a variable:
// what conditions compare its key with, and what stands where it stands in texts
// that are alike otherwise.
func (s *Space) suggestions(key string) []string {
	var out []string
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for i := range s.literals {
		l := &s.literals[i]
		if l.key != key {
			continue
		}
		for _, t := range l.texts {
			if len(t.variables()) == 0 {
				add(t.plain())
			}
		}
		if l.typed != nil && len(l.typed.Values) > 0 {
			add(l.typed.Values[0].Text)
		}
	}
	for _, t := range s.ordered() {
		for i, p := range t.parts {
			if p.Kind != iam.Variable || p.Text != key {
				continue
			}
			before, after := ends(t.parts[:i], t.parts[i+1:])
			for _, other := range s.ordered() {
				if text, ok := between(other, before, after); ok {
					add(text)
				}
			}
		}
	}
	return out
}

// ordered returns the templates in a fixed order.
func (s *Space) ordered() []*template {
	var out []*template
	for _, t := range s.templates {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *template) int { return strings.Compare(a.key, b.key) })
	return out
}

// plain returns a text that the template matches.
func (t *template) plain() string {
	var b strings.Builder
	for _, p := range t.parts {
		switch p.Kind {
		case iam.Literal:
			b.WriteString(p.Text)
		case iam.AnyOne:
			b.WriteByte('x')
		}
	}
	return b.String()
}

// ends returns the literal texts right before and behind a variable.
func ends(before, after iam.Template) (head, tail string) {
	if n := len(before); n > 0 && before[n-1].Kind == iam.Literal {
		head = before[n-1].Text
	}
	if len(after) > 0 && after[0].Kind == iam.Literal {
		tail = after[0].Text
	}
	return head, tail
}

// between returns what stands between two texts in a literal of the template.
func between(t *template, before, after string) (string, bool) {
	for _, p := range t.parts {
		if p.Kind != iam.Literal {
			continue
		}
		at := strings.Index(p.Text, before)
		if at < 0 {
			continue
		}
		rest := p.Text[at+len(before):]
		if after == "" {
			return rest, rest != ""
		}
		// The text behind is often cut short by a wildcard.
		for n := len(after); n > 0; n-- {
			if text, _, ok := strings.Cut(rest, after[:n]); ok && text != "" {
				return text, true
			}
		}
	}
	return "", false
}
