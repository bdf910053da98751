package language

import (
	"errors"
	"slices"
	"strings"
)

// ErrTooLarge says that a question took more states or work than allowed.
var ErrTooLarge = errors.New("the patterns are too entangled to be compared")

// Query asks for the cells of a language.
type Query struct {
	// Patterns are what the texts are matched with.
	Patterns []Pattern
	// Within are patterns that every text must match; without one the language
	// is all texts.
	Within []Pattern
	// Avoid are texts that do not belong to the language.
	Avoid []string
	// Alphabet are the characters there are; empty for all.
	Alphabet string
	// MaxStates bounds the states that are visited.
	MaxStates int
	// Work is what all the questions of one comparison may take together.
	Work *Work
}

// Work counts down what may still be done: places of patterns looked at.
type Work struct{ Left int }

// Spend takes n from what is left and reports whether it sufficed.
func (w *Work) Spend(n int) bool {
	w.Left -= n
	return w.Left >= 0
}

// Cell is a part of a language in which each pattern matches all texts or none.
type Cell struct {
	// Matches are the patterns that match, by their place in the query.
	Matches Bits
	// Sample is a text of the cell, one of the shortest. It has a [Symbol] where
	// the patterns do.
	Sample []rune
}

// Cells returns the cells of the language that are not empty, those with short
// samples first.
func Cells(q Query) ([]Cell, error) {
	e := newExploration(&q)
	if !e.machine.fits() {
		return nil, ErrTooLarge
	}
	if err := e.visitAll(); err != nil {
		return nil, err
	}
	for _, i := range e.avoided {
		if err := e.findOther(i); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(e.cells, func(c Cell) bool { return c.Sample == nil }), nil
}

// exploration is the walk through the states.
type exploration struct {
	query   *Query
	machine machine
	states  [][]place
	parents []parent
	known   map[string]int
	cells   []Cell
	byKey   map[string]int
	// avoided are the cells of which only texts to be avoided were found.
	avoided []int
	avoid   map[string]bool
}

// parent is how a state was first reached.
type parent struct {
	state int
	char  rune
}

func newExploration(q *Query) *exploration {
	e := &exploration{
		query:   q,
		machine: machine{patterns: slices.Concat(q.Within, q.Patterns), within: len(q.Within)},
		known:   map[string]int{},
		byKey:   map[string]int{},
		avoid:   map[string]bool{},
	}
	for _, s := range q.Avoid {
		e.avoid[s] = true
	}
	return e
}

func (e *exploration) visitAll() error {
	e.add(e.machine.start(), parent{state: -1})
	for i := 0; i < len(e.states); i++ {
		s := e.states[i]
		e.note(i)
		chars := e.machine.apart(s)
		if other, ok := e.other(chars); ok {
			chars = append(chars, other)
		}
		for _, r := range chars {
			if e.excluded(r) {
				continue
			}
			if !e.query.Work.Spend(len(s) + 1) {
				return ErrTooLarge
			}
			if next, ok := e.machine.step(s, r); ok {
				e.add(next, parent{i, r})
			}
			if len(e.states) > e.query.MaxStates {
				return ErrTooLarge
			}
		}
	}
	return nil
}

func (e *exploration) add(s []place, from parent) {
	key := stateKey(s)
	if _, ok := e.known[key]; ok {
		return
	}
	e.known[key] = len(e.states)
	e.states = append(e.states, s)
	e.parents = append(e.parents, from)
}

func stateKey(s []place) string {
	b := make([]byte, 0, 4*len(s))
	for _, at := range s {
		b = append(b, byte(at), byte(at>>8), byte(at>>16), byte(at>>24))
	}
	return string(b)
}

// note takes down the cell of a state.
func (e *exploration) note(i int) {
	matches, ok := e.matches(e.states[i])
	if !ok {
		return
	}
	key := matches.Key()
	n, seen := e.byKey[key]
	if seen && e.cells[n].Sample != nil {
		return
	}
	if !seen {
		n = len(e.cells)
		e.byKey[key] = n
		e.cells = append(e.cells, Cell{Matches: matches})
	}
	if text := e.text(i); !e.avoid[string(text)] {
		e.cells[n].Sample = text
		e.avoided = slices.DeleteFunc(e.avoided, func(c int) bool { return c == n })
	} else if !seen {
		e.avoided = append(e.avoided, n)
	}
}

// matches returns the patterns that match what led to a state; ok is false where
// it is no text of the language.
func (e *exploration) matches(s []place) (Bits, bool) {
	within := len(e.query.Within)
	for k := range within {
		if !e.machine.accepts(s, k) {
			return nil, false
		}
	}
	matches := NewBits(len(e.query.Patterns))
	for k := range e.query.Patterns {
		if e.machine.accepts(s, within+k) {
			matches.Add(k)
		}
	}
	return matches, true
}

func (e *exploration) text(i int) []rune {
	text := []rune{}
	for ; e.parents[i].state >= 0; i = e.parents[i].state {
		text = append(text, e.parents[i].char)
	}
	slices.Reverse(text)
	return text
}

func (e *exploration) excluded(r rune) bool {
	return e.query.Alphabet != "" && !IsSymbol(r) && !strings.ContainsRune(e.query.Alphabet, r)
}

// plain are the characters that stand for others, best first.
const plain = "xyzabcdefghijklmnopqrstuvw0123456789-_XYZABCDEFGHIJKLMNOPQRSTUVW"

// other returns a character that the patterns do not tell from those they do
// not name: one that is not in the list. It reports false where the alphabet has
// none.
func (e *exploration) other(named []rune) (rune, bool) {
	from := e.query.Alphabet
	if from == "" {
		from = plain
	}
	for _, r := range from {
		if !slices.Contains(named, r) {
			return r, true
		}
	}
	if e.query.Alphabet != "" {
		return 0, false
	}
	r := rune(0xa1)
	for slices.Contains(named, r) {
		r++
	}
	return r, true
}
