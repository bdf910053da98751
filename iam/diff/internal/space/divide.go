package space

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/iam/diff/internal/language"
)

// textCell is a part of a dimension of texts.
type textCell struct {
	// matches are the texts of policies that match, by their place in the
	// division.
	matches language.Bits
	sample  string
	// certain is set where the sample is known to be matched so. Where variables
	// are open it is not.
	certain bool
}

// division asks for the cells of a dimension of texts.
type division struct {
	texts []*text
	// must is the text of which only the cells within are asked for; nil for all.
	must *text
	// within are patterns that all values match.
	within []language.Pattern
	// extra are values that exist besides those within.
	extra []string
}

// maxUnions bounds the combinations of open texts in one cell.
const maxUnions = 256

var errUnions = errors.New("too many variables are used in texts that overlap")

func (s *Space) divide(d division) ([]textCell, error) {
	if d.must != nil && d.must.none {
		return nil, nil
	}
	plain, err := s.plainCells(&d)
	if err != nil || !slices.ContainsFunc(d.texts, func(t *text) bool { return t.open }) {
		return plain, err
	}
	return s.openCells(&d, plain)
}

// plainCells returns the cells as if open texts matched all they can.
func (s *Space) plainCells(d *division) ([]textCell, error) {
	var wild []language.Pattern
	var places []int // of wild in texts
	literals := slices.Clone(d.extra)
	for i, t := range d.texts {
		if t.none {
			continue
		}
		if t.literal {
			literals = append(literals, t.head)
			continue
		}
		wild, places = append(wild, t.pattern), append(places, i)
	}
	slices.Sort(literals)
	literals = slices.Compact(literals)

	var out []textCell
	if d.must != nil && d.must.literal {
		literals = []string{d.must.head}
	} else {
		q := language.Query{Patterns: wild, Within: d.within, Avoid: literals, MaxStates: s.limits.States, Work: &s.work}
		if d.must != nil {
			q.Within = append(slices.Clone(q.Within), d.must.pattern)
		}
		cells, err := language.Cells(q)
		if err != nil {
			return nil, err
		}
		for _, c := range cells {
			out = append(out, textCell{matches: spread(c.Matches, places, len(d.texts)), sample: string(c.Sample), certain: true})
		}
	}
	for _, value := range literals {
		if d.has(value) && (d.must == nil || d.must.matches(value)) {
			out = append(out, textCell{matches: s.matching(d.texts, value), sample: value, certain: true})
		}
	}
	return out, nil
}

// has reports whether the value exists.
func (d *division) has(value string) bool {
	if slices.Contains(d.extra, value) {
		return true
	}
	return !slices.ContainsFunc(d.within, func(p language.Pattern) bool { return !p.Match(value) })
}

func (s *Space) matching(texts []*text, value string) language.Bits {
	out := language.NewBits(len(texts))
	s.work.Spend(len(texts))
	for i, t := range texts {
		if t.matches(value) {
			s.work.Spend(len(value))
			out.Add(i)
		}
	}
	return out
}

func spread(b language.Bits, places []int, n int) language.Bits {
	out := language.NewBits(n)
	for i, at := range places {
		if b.Has(i) {
			out.Add(at)
		}
	}
	return out
}

// openCells replaces each plain cell by those that there may be within it,
// depending on the variables.
//
// That an open text matches a value means that the value can be read with the
// variables' texts in it. What else matches such a reading, matches the value.
// So the open texts that match are the union of what matches some readings, and
// the others match no more readings than they match values. The readings are
// divided like texts, with a symbol for each variable.
func (s *Space) openCells(d *division, plain []textCell) ([]textCell, error) {
	readings, err := s.readings(d)
	if err != nil {
		return nil, err
	}
	closed := language.NewBits(len(d.texts))
	for i, t := range d.texts {
		if !t.open {
			closed.Add(i)
		}
	}
	var out []textCell
	for _, c := range plain {
		base := intersection(c.matches, closed)
		unions := []language.Bits{base}
		seen := map[string]bool{base.Key(): true}
		for _, r := range readings {
			if !r.Within(c.matches) {
				continue
			}
			for _, u := range unions {
				u = u.Union(r)
				if key := u.Key(); !seen[key] {
					seen[key] = true
					unions = append(unions, u)
				}
			}
			if len(unions) > maxUnions {
				return nil, errUnions
			}
		}
		for _, u := range unions {
			if d.must == nil || !d.must.open || u.Has(slices.Index(d.texts, d.must)) {
				out = append(out, textCell{matches: u, sample: c.sample})
			}
		}
	}
	return out, nil
}

// readings returns what matches the readings in which some open text matches.
func (s *Space) readings(d *division) ([]language.Bits, error) {
	var under []language.Pattern
	var places []int // of under in texts
	for i, t := range d.texts {
		switch {
		case t.open && !t.underNone:
			under, places = append(under, t.under), append(places, i)
		case !t.open && !t.none:
			under, places = append(under, t.pattern), append(places, i)
		}
	}
	var out []language.Bits
	seen := map[string]bool{}
	for i, t := range d.texts {
		if !t.open || t.none {
			continue
		}
		cells, err := language.Cells(language.Query{
			Patterns: under, Within: []language.Pattern{t.over}, MaxStates: s.limits.States, Work: &s.work,
		})
		if err != nil {
			return nil, err
		}
		for _, c := range cells {
			reading := spread(c.Matches, places, len(d.texts))
			reading.Add(i)
			if key := reading.Key(); !seen[key] {
				seen[key] = true
				out = append(out, reading)
			}
		}
	}
	return out, nil
}

func intersection(a, b language.Bits) language.Bits {
	out := slices.Clone(a)
	for i := range out {
		out[i] &= b[i]
	}
	return out
}
