package space

import (
	"fmt"
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/language"
)

// domain is the dimension of one condition key.
type domain struct {
	key string
	// literals are those that are asked about, and at says where each stands.
	literals []int
	at       map[int]int
	elements []element
	// several is set for keys that can have several values, always for those that
	// are known to: what has one value then still has a list of one, which stands
	// in no variable.
	several, always bool
	// unknown is set where the elements could not be told: everything is then
	// possible, and nothing certain.
	unknown bool
	// pinned is set where the key stands in a variable and has been given this
	// value, or none.
	pinned bool
}

// element is a class of values of a key.
type element struct {
	// holds are the literals whose test holds for the value.
	holds   language.Bits
	sample  string
	certain bool
}

// domain returns the dimension of a key for some literals.
func (v *view) domain(key string, literals []int) *domain {
	id := fmt.Sprint(key, literals)
	if d := v.domains[id]; d != nil {
		return d
	}
	d := &domain{key: key, literals: literals, at: map[int]int{}}
	d.several, d.always = v.space.hasSeveral(key)
	for i, l := range literals {
		d.at[l] = i
	}
	v.domains[id] = d
	if value, pinned := v.values[key]; pinned || v.absent[key] {
		d.pinned, d.several = true, false
		if pinned {
			d.elements = v.concrete(d, []string{value})
		}
		return d
	}
	var err error
	if d.elements, err = v.elements(d); err != nil {
		d.unknown = true
	}
	return d
}

// hasSeveral reports whether the key can have several values in one request, and
// whether it is always a list.
func (s *Space) hasSeveral(key string) (several, always bool) {
	if multi, ok := s.several[key]; ok {
		return multi, multi
	}
	if k, ok := s.options.Catalog.Key(key); ok {
		s.several[key] = k.Multi
		return k.Multi, k.Multi
	}
	return slices.ContainsFunc(s.literals, func(l literal) bool { return l.key == key && l.setOperator() }), false
}

// families returns the values of typed tests, by their family, and those of
// tests of texts.
func (s *Space) families(d *domain) (typed map[iam.Family][]string, texts []*template) {
	typed = map[iam.Family][]string{}
	for _, n := range d.literals {
		l := &s.literals[n]
		if l.typed != nil {
			f := l.op.Test.Family()
			for _, v := range l.typed.Values {
				typed[f] = append(typed[f], v.Text)
			}
			continue
		}
		for _, t := range slices.Concat(l.texts, l.booleans) {
			if !slices.Contains(texts, t) {
				texts = append(texts, t)
			}
		}
	}
	return typed, texts
}

func (v *view) elements(d *domain) ([]element, error) {
	typed, templates := v.space.families(d)
	if len(typed) == 0 {
		return v.textElements(d, templates)
	}
	if len(typed) == 1 && len(templates) == 0 {
		for f, values := range typed {
			return v.concrete(d, samples(f, values)), nil
		}
	}
	return v.mixedElements(d, typed, templates)
}

// textElements divides the texts that a key can have.
func (v *view) textElements(d *domain, templates []*template) ([]element, error) {
	var texts []*text
	for _, t := range templates {
		texts = append(texts, v.text(t))
	}
	cells, err := v.space.divide(division{texts: texts})
	if err != nil {
		return nil, err
	}
	var out []element
	seen := map[string]int{}
	for _, c := range cells {
		if v.leftOut(d.key, templates, c.matches) {
			continue
		}
		e := element{holds: v.textsHold(d, templates, c.matches), sample: c.sample, certain: c.certain}
		key := e.holds.Key()
		if i, ok := seen[key]; ok {
			if !out[i].certain && e.certain {
				out[i] = e
			}
			continue
		}
		seen[key] = len(out)
		out = append(out, e)
	}
	v.beautify(d, out)
	return out, nil
}

// textsHold returns which literals hold for a value that matches some texts.
func (v *view) textsHold(d *domain, templates []*template, matches language.Bits) language.Bits {
	holds := language.NewBits(len(d.literals))
	for i, n := range d.literals {
		l := &v.space.literals[n]
		if l.typed != nil {
			continue
		}
		has := func(t *template) bool { return matches.Has(slices.Index(templates, t)) }
		found := l.present || slices.ContainsFunc(l.texts, has) // present is of Null
		if found != l.op.Test.Negated() || l.unreadable(has) {
			holds.Add(i)
		}
	}
	return holds
}

// concrete returns the elements of some values.
func (v *view) concrete(d *domain, values []string) []element {
	var out []element
	seen := map[string]bool{}
	for _, value := range values {
		if v.shutOut(d, value) {
			continue
		}
		e, ok := v.elementOf(d, value)
		if key := e.holds.Key(); ok && !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out
}

// elementOf returns the element of one value; ok is false where it depends on
// variables.
func (v *view) elementOf(d *domain, value string) (e element, ok bool) {
	e = element{holds: language.NewBits(len(d.literals)), sample: value, certain: true}
	for i, n := range d.literals {
		l := &v.space.literals[n]
		var holds bool
		switch {
		case l.typed != nil:
			v.space.work.Spend(1)
			holds = l.holdsFor(value)
		default:
			if slices.ContainsFunc(l.texts, func(t *template) bool { return v.text(t).open }) {
				return e, false
			}
			has := func(t *template) bool {
				v.space.work.Spend(len(value))
				return v.text(t).matches(value)
			}
			found := l.present || slices.ContainsFunc(l.texts, has)
			holds = found != l.op.Test.Negated() || l.unreadable(has)
		}
		if holds {
			e.holds.Add(i)
		}
	}
	return e, true
}
