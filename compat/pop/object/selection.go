package object

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/token"
)

// The mappers of an insight. Their names are read ignoring case.
const (
	// MapOperationName: some operation has that name, ignoring case.
	MapOperationName = "operationName"
	// MapOperationType: some operation has that type.
	MapOperationType = "operationType"
	// MapParams: NAME=VALUE, ignoring case, is a parameter of the agenda or of
	// some operation.
	MapParams = "paramMap"
)

// ErrMapper is what the original does with a mapper "NAME=": it falls over.
var ErrMapper = errors.New(`value of paramMap has nothing behind its "="`)

// Verdict is what one insight made of an agenda.
type Verdict struct {
	Insight *Insight
	// Mapper and Value are what matched; both are "" if nothing did.
	Mapper, Value string
}

// Selection says which insight takes an agenda, and why.
type Selection struct {
	// Insight takes it; nil if none does.
	Insight *Insight
	// Considered are all insights, in the order in which they were asked.
	Considered []Verdict
}

// Select chooses the insight for an agenda: the first of which any mapper
// matches, or among those that match the one the agenda prefers by id or title.
// Insights are asked by title, then id; with [token.Quirks] in the order given,
// which is that of the original's storage.
func Select(m token.Mode, insights []*Insight, a *Agenda) (Selection, error) {
	ordered := slices.Clone(insights)
	if m == token.Native {
		slices.SortStableFunc(ordered, func(x, y *Insight) int {
			return cmp.Or(cmp.Compare(x.Title, y.Title), cmp.Compare(x.ID, y.ID))
		})
	}
	preferred := a.Params.Text(ParamDefaultInsight)
	var s Selection
	found := false
	for _, insight := range ordered {
		v, err := insight.match(m, a)
		if err != nil {
			return Selection{}, err
		}
		s.Considered = append(s.Considered, v)
		prefers := preferred != "" && (insight.ID == preferred || insight.Title == preferred)
		switch {
		case v.Mapper == "":
		case prefers && !found:
			s.Insight, found = insight, true
		case s.Insight == nil:
			s.Insight = insight
		}
	}
	return s, nil
}

// match asks the mappers of an insight, in the order of their names so that the
// answer is always the same.
func (i *Insight) match(m token.Mode, a *Agenda) (Verdict, error) {
	names := make([]string, 0, len(i.Mappers))
	for name := range i.Mappers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range i.Mappers[name] {
			hit, err := a.matches(m, name, value)
			if err != nil {
				return Verdict{}, err
			}
			if hit {
				return Verdict{Insight: i, Mapper: name, Value: value}, nil
			}
		}
	}
	return Verdict{Insight: i}, nil
}

func (a *Agenda) matches(m token.Mode, mapper, value string) (bool, error) {
	some := func(f func(o *Operation) bool) bool {
		for i := range a.Operations {
			if f(&a.Operations[i]) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.EqualFold(mapper, MapOperationName):
		return some(func(o *Operation) bool { return strings.EqualFold(o.Name, value) }), nil
	case strings.EqualFold(mapper, MapOperationType):
		return some(func(o *Operation) bool { return o.Type == value }), nil
	case !strings.EqualFold(mapper, MapParams):
		return false, nil
	}
	name, want, ok := strings.Cut(value, "=")
	if m == token.Quirks {
		if want, _, _ = strings.Cut(want, "="); ok && want == "" {
			return false, ErrMapper
		}
	}
	if !ok {
		return false, nil
	}
	return a.Params.holds(name, want) || some(func(o *Operation) bool { return o.Params.holds(name, want) }), nil
}

// holds reports whether a parameter of that name has that text, ignoring case in
// both.
func (p Params) holds(name, text string) bool {
	for key := range p {
		if strings.EqualFold(key, name) && strings.EqualFold(p.Text(key), text) {
			return true
		}
	}
	return false
}
