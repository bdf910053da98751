package space

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// resourceOwner is the account of resources in requests; a caller of the same
// account asks for a resource of another.
const resourceOwner = "999988887777"

// request puts the samples of all dimensions together.
func (v *view) request(a *Actions, x *situation, c *caller, s solution) *iam.Request {
	r := &iam.Request{Principal: c.principal, Action: a.Sample(), Resource: x.sample, ResourceAccount: resourceOwner}
	if v.space.layer == iam.IdentityLayer {
		r.ResourceAccount = c.principal.Account
	} else if c.principal.Account == resourceOwner {
		r.ResourceAccount = "888877776666"
	}
	for key, value := range v.values {
		r.Context.Set(v.space.nameOf(key), value)
	}
	for key, st := range s.states {
		name := v.space.nameOf(key)
		switch {
		case len(st.values) == 0:
		case st.list:
			r.Context.SetMulti(name, st.values...)
		default:
			r.Context.Set(name, st.values[0])
		}
	}
	return r
}

// nameOf returns a key as policies spell it.
func (s *Space) nameOf(key string) string {
	for i := range s.literals {
		if s.literals[i].key == key {
			return s.literals[i].name
		}
	}
	return key
}

// someValue returns a value for a key that no policy names.
func (s *Space) someValue(key string, n int) string {
	var candidates []string
	if k, ok := s.options.Catalog.Key(key); ok {
		candidates = typical(k.Type)
	}
	for i := n; ; i++ {
		candidates = append(candidates, fmt.Sprintf("example%d", i+1))
		for _, c := range candidates {
			if !s.mentions(c) {
				return c
			}
		}
		candidates = nil
	}
}

func (s *Space) mentions(text string) bool {
	for _, t := range s.templates {
		for _, p := range t.parts {
			if p.Kind == iam.Literal && strings.Contains(p.Text, text) {
				return true
			}
		}
	}
	return false
}

// typical returns values as keys of a type have them.
func typical(t catalog.KeyType) []string {
	switch t {
	case catalog.NumericKey:
		return []string{"1", "1000"}
	case catalog.BoolKey:
		return []string{"true", "false"}
	case catalog.DateKey:
		return []string{"2030-01-01T00:00:00Z"}
	case catalog.ARNKey:
		return []string{"arn:aws:iam::111122223333:role/example"}
	case catalog.IPKey:
		return []string{"198.51.100.7"}
	}
	return []string{"example"}
}

// beautify replaces samples that were made up by others of the same elements
// that are easier on the eye.
func (v *view) beautify(d *domain, elements []element) {
	candidates := []string{"example", "other", "arn:aws:iam::111122223333:role/example"}
	if k, ok := v.space.options.Catalog.Key(d.key); ok {
		candidates = slices.Concat(typical(k.Type), candidates)
	}
	done := make([]bool, len(elements))
	for _, c := range candidates {
		e, ok := v.elementOf(d, c)
		if !ok {
			return
		}
		for i := range elements {
			have := &elements[i]
			const madeUp = 2 // characters; what policies name is longer
			if !done[i] && have.certain && len(have.sample) <= madeUp && have.holds.Key() == e.holds.Key() {
				have.sample, done[i] = c, true
			}
		}
	}
}
