package space

import (
	"slices"

	"github.com/berth-project/berth/iam"
)

// state is what a request has for one key.
type state struct {
	values []string
	// list is set where the key is one that can have several values.
	list    bool
	certain bool
}

// void reports whether the values are none to the evaluator: a list of texts that
// are all empty.
func (s *state) void() bool {
	return s.list && !slices.ContainsFunc(s.values, func(v string) bool { return v != "" })
}

// wish says of each literal of a domain whether it has to hold (1), must not
// (-1), or does not matter.
type wish []int8

// state looks for a state of the key that fulfils the wish, preferably a certain
// one: no value, then one, then several.
func (v *view) state(d *domain, w wish) (state, bool) {
	if d.unknown {
		return state{}, true
	}
	if v.fulfils(d, w, func(l *literal, _ int) bool { return l.withoutValue() }) && (!d.pinned || v.absent[d.key]) {
		return state{certain: true}, true
	}
	best, found := state{}, false
	take := func(s state, ok bool) bool {
		s.certain = s.certain && !s.void()
		if ok && (!found || s.certain) {
			best, found = s, true
		}
		return found && best.certain
	}
	for i := range d.elements {
		e := &d.elements[i]
		one := func(l *literal, at int) bool { return l.resolved && !d.always || !l.resolved && e.holds.Has(at) }
		if v.fulfils(d, w, one) && take(state{[]string{e.sample}, d.always, e.certain}, true) {
			return best, true
		}
	}
	if d.several {
		take(v.listOfOne(d, w))
		if !best.certain {
			take(v.list(d, w))
		}
	}
	return best, found
}

func (v *view) fulfils(d *domain, w wish, holds func(l *literal, at int) bool) bool {
	for at, want := range w {
		if want != 0 && holds(&v.space.literals[d.literals[at]], at) != (want > 0) {
			return false
		}
	}
	return true
}

// listOfOne looks for a list with one value: it differs from that value in that
// it stands in no variable.
func (v *view) listOfOne(d *domain, w wish) (state, bool) {
	for i := range d.elements {
		e := &d.elements[i]
		if v.fulfils(d, w, func(l *literal, at int) bool { return !l.resolved && e.holds.Has(at) }) {
			return state{[]string{e.sample}, true, e.certain}, true
		}
	}
	return state{}, false
}

// list looks for several values. ForAllValues that must hold and ForAnyValue that
// must not bind every value; the opposites need one value each.
func (v *view) list(d *domain, w wish) (state, bool) {
	var allowed []*element
	for i := range d.elements {
		if e := &d.elements[i]; v.allows(d, w, e) {
			allowed = append(allowed, e)
		}
	}
	if len(allowed) == 0 {
		return state{}, false
	}
	out := state{list: true, certain: true}
	add := func(e *element) {
		for _, s := range out.values {
			if s == e.sample {
				return
			}
		}
		out.values = append(out.values, e.sample)
		out.certain = out.certain && e.certain
	}
	for at, want := range w {
		l := &v.space.literals[d.literals[at]]
		switch {
		case want == 0:
		case !l.quantified():
			if l.several() != (want > 0) {
				return state{}, false
			}
		case l.needsOne(want):
			e := find(allowed, at, want > 0)
			if e == nil {
				return state{}, false
			}
			add(e)
		}
	}
	for _, e := range allowed {
		if len(out.values) < 2 {
			add(e)
		}
	}
	for len(out.values) < 2 {
		out.values = append(out.values, allowed[0].sample)
		out.certain = out.certain && allowed[0].certain
	}
	return out, true
}

// allows reports whether a value may be in the list.
func (v *view) allows(d *domain, w wish, e *element) bool {
	for at, want := range w {
		l := &v.space.literals[d.literals[at]]
		if want != 0 && l.quantified() && !l.needsOne(want) && e.holds.Has(at) != (want > 0) {
			return false
		}
	}
	return true
}

// needsOne reports whether a quantified literal asks for one value of the list,
// and not for something of all.
func (l *literal) needsOne(want int8) bool {
	return (l.op.Qualifier != iam.ForAllValues) == (want > 0)
}

// find returns a value for which a test holds or not, preferably a certain one.
func find(elements []*element, at int, holds bool) *element {
	var best *element
	for _, e := range elements {
		if e.holds.Has(at) == holds && (best == nil || e.certain && !best.certain) {
			best = e
		}
	}
	return best
}
