package space

import (
	"slices"

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
	numbers := sc.numbers
	var templates []*template
	for i, n := range numbers {
		if marked.Has(i) {
			for _, t := range v.space.statements[n].resources {
				if !slices.Contains(templates, t) {
					templates = append(templates, t)
				}
			}
		}
	}
	d := division{within: []language.Pattern{anARN}, extra: []string{"*"}}
	for _, t := range templates {
		d.texts = append(d.texts, v.text(t))
	}
	if must != nil {
		d.must = v.text(must)
	}
	cells, err := v.space.divide(d)
	if err != nil {
		return nil, err
	}
	v.beautifyResources(&d, cells, must, sc.actions)
	var out []situation
	seen := map[string]int{}
	for _, c := range cells {
		if !own.covers(templates, c.matches) {
			continue
		}
		x := situation{matches: language.NewBits(len(numbers)), sample: c.sample, certain: c.certain}
		for i, n := range numbers {
			if marked.Has(i) && v.space.statements[n].covers(templates, c.matches) {
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
// texts.
func (st *statement) covers(templates []*template, matches language.Bits) bool {
	if st.resources == nil {
		return true
	}
	for _, t := range st.resources {
		if matches.Has(slices.Index(templates, t)) {
			return !st.notResources
		}
	}
	return st.notResources
}
