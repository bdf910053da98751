package space

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// Samples are the shortest there are, and look it. What is here finds ones of
// the same cells that a reader takes for real.

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

// beautifyResources does the same for resources: it tries the text of the
// statement with its wildcards filled in, and the forms of the resources that the
// action takes.
func (v *view) beautifyResources(d *division, cells []textCell, must *template, a *Actions) {
	var candidates []string
	if must != nil && len(must.variables()) == 0 {
		candidates = append(candidates, filled(must.pattern()))
	}
	if action, ok := v.space.options.Catalog.Action(a.Sample()); ok && !action.StarOnly() {
		var forms []string
		for _, use := range action.Resources {
			forms = append(forms, exampleOf(use.Resource))
		}
		slices.SortStableFunc(forms, func(a, b string) int { return cmp.Compare(len(a), len(b)) }) // plain ones first
		candidates = append(candidates, forms...)
	}
	done := make([]bool, len(cells))
	for _, c := range candidates {
		if !d.has(c) || d.must != nil && !d.must.matches(c) {
			continue
		}
		matches := v.space.matching(d.texts, c)
		key := matches.Key()
		for i := range cells {
			if !done[i] && cells[i].certain && cells[i].matches.Key() == key {
				cells[i].sample, done[i] = c, true
			}
		}
	}
}

// pattern returns the text of a template without variables.
func (t *template) pattern() string {
	var b strings.Builder
	for _, p := range t.parts {
		switch p.Kind {
		case iam.AnyRun:
			b.WriteByte('*')
		case iam.AnyOne:
			b.WriteByte('?')
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// filled returns the pattern of a resource with examples in place of wildcards.
func filled(pattern string) string {
	parts, n := arn.Split(pattern)
	if n == len(parts) {
		for i, example := range []string{1: "aws", 3: "us-east-1", 4: someAccount} {
			if parts[i] == "*" && example != "" {
				parts[i] = example
			}
		}
		pattern = strings.Join(parts[:], ":")
	}
	pattern = strings.ReplaceAll(pattern, "?", "x")
	return strings.ReplaceAll(pattern, "*", "example")
}

const someAccount = "111122223333"

// exampleOf returns an ARN of a type of resource.
func exampleOf(r *catalog.Resource) string {
	values := map[string]string{}
	for _, v := range r.Variables() {
		values[v] = "example"
	}
	values["Partition"], values["Region"], values["Account"] = "aws", "us-east-1", someAccount
	id, _ := r.Fill(values)
	return id
}
