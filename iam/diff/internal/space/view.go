package space

import (
	"github.com/berth-project/berth/iam/diff/internal/language"
)

// view is a space with its variables open, or with values in their place.
type view struct {
	space *Space
	// values are what stands in variables; absent are keys of variables that
	// the request has not.
	values values
	absent map[string]bool
	open   bool
	// strangers leaves out values that only chosen callers have.
	strangers bool

	symbols symbols
	texts   map[*template]*text
	domains map[string]*domain
	solved  map[string]solution
}

func (s *Space) view(with values) *view {
	return &view{
		space: s, values: with, absent: map[string]bool{}, open: with == nil,
		symbols: symbols{}, texts: map[*template]*text{}, domains: map[string]*domain{}, solved: map[string]solution{},
	}
}

// text returns a template as it is seen here.
func (v *view) text(t *template) *text {
	x := v.texts[t]
	if x != nil {
		return x
	}
	x = new(text)
	if v.open {
		*x = t.text(v.symbols)
	} else {
		x.pattern, x.none = t.exact(v.values)
	}
	x.finish()
	v.texts[t] = x
	return x
}

// situation is a cell of resources: which statements are about it.
type situation struct {
	matches language.Bits // by the statements' place in the question
	sample  string
	certain bool
}

// anARN is the form of every resource but "*".
var anARN = func() language.Pattern {
	t := newTemplate("arn:*:*:*:*:*", arnComponents, false)
	p, _ := t.exact(nil)
	return p
}()

// situations divides the resources that a text of a statement names; nil for
// those that the statement is about without naming them. Only the statements
// that are marked matter.
func (v *view) situations(sc *scene, marked language.Bits, own *statement, must *template) ([]situation, error) {
	d := division{within: []language.Pattern{anARN}, extra: []string{"*"}}
	if must != nil {
		d.must = v.text(must)
	}
	places := make(map[*template]int) // in the division
	for i, n := range sc.numbers {
		if !marked.Has(i) {
			continue
		}
		for _, t := range v.space.statements[n].resources {
			if _, ok := places[t]; ok {
				continue
			}
			places[t] = -1
			if x := v.text(t); d.must == nil || x.meets(d.must) {
				places[t] = len(d.texts)
				d.texts = append(d.texts, x)
			}
		}
	}
	cells, err := v.space.divide(d)
	if err != nil {
		return nil, err
	}
	v.beautifyResources(&d, cells, must, sc.actions)
	var out []situation
	seen := map[string]int{}
	for _, c := range cells {
		if !own.covers(places, c.matches) {
			continue
		}
		x := situation{matches: language.NewBits(len(sc.numbers)), sample: c.sample, certain: c.certain}
		for i, n := range sc.numbers {
			if marked.Has(i) && v.space.statements[n].covers(places, c.matches) {
				x.matches.Add(i)
			}
		}
		key := x.matches.Key()
		if i, ok := seen[key]; ok {
			if !out[i].certain && x.certain {
				out[i] = x
			}
			continue
		}
		seen[key] = len(out)
		out = append(out, x)
	}
	return out, nil
}

// covers reports whether a statement is about a resource that matches some
// texts, of which places says where they stand.
func (st *statement) covers(places map[*template]int, matches language.Bits) bool {
	if st.resources == nil {
		return true
	}
	for _, t := range st.resources {
		if at := places[t]; at >= 0 && matches.Has(at) {
			return !st.notResources
		}
	}
	return st.notResources
}
