package space

import (
	"errors"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/language"
)

// maxMixed bounds the combinations for a key that is compared as several types.
const maxMixed = 4096

var errMixed = errors.New("a condition key is compared as values of too many types")

// mixedElements are those of a key that is compared as a text here and as a
// number there. Which texts are which numbers is not worked out: besides the
// values that are found every combination is taken to be possible.
func (v *view) mixedElements(d *domain, typed map[iam.Family][]string, templates []*template) ([]element, error) {
	texts, err := v.textElements(d, templates)
	if err != nil {
		return nil, err
	}
	var sorts [][]element
	var values []string
	for _, e := range texts {
		values = append(values, e.sample)
	}
	for _, f := range []iam.Family{iam.NumericFamily, iam.DateFamily, iam.IPFamily, iam.BinaryFamily} {
		if typed[f] != nil {
			own := samples(f, typed[f])
			values = append(values, own...)
			sorts = append(sorts, v.ofFamily(d, f, own))
		}
	}
	out := v.concrete(d, values)
	certain := map[string]bool{}
	for _, e := range out {
		certain[e.holds.Key()] = true
	}
	phantoms := texts
	for _, own := range sorts {
		if phantoms = product(phantoms, own); len(phantoms) > maxMixed {
			return nil, errMixed
		}
	}
	for _, e := range phantoms {
		if key := e.holds.Key(); !certain[key] {
			certain[key] = true
			out = append(out, e)
		}
	}
	return out, nil
}

// ofFamily returns the elements of values as far as tests of one family go.
func (v *view) ofFamily(d *domain, f iam.Family, values []string) []element {
	own := language.NewBits(len(d.literals))
	for i, n := range d.literals {
		if l := &v.space.literals[n]; l.typed != nil && l.op.Test.Family() == f {
			own.Add(i)
		}
	}
	var out []element
	seen := map[string]bool{}
	for _, value := range values {
		e := element{holds: language.NewBits(len(d.literals)), sample: value}
		for i, n := range d.literals {
			if own.Has(i) && v.space.literals[n].holdsFor(value) {
				e.holds.Add(i)
			}
		}
		if key := e.holds.Key(); !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out
}

func product(a, b []element) []element {
	var out []element
	for _, x := range a {
		for _, y := range b {
			out = append(out, element{holds: x.holds.Union(y.holds), sample: x.sample})
		}
	}
	return out
}
