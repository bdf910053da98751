package glob

import (
	"slices"
	"strings"
)

// Covers reports whether the pattern matches all that another pattern matches.
// It is exact, and takes the product of the two lengths in steps.
func Covers(pattern, other string) bool {
	return coversByText(pattern, other, false) ||
		strings.Contains(pattern, "?") && coversByRows(Tokens(pattern), Tokens(other))
}

// CoversFold is [Covers] without regard to the case of ASCII letters.
func CoversFold(pattern, other string) bool {
	return coversByText(pattern, other, true) ||
		strings.Contains(pattern, "?") && coversByRows(foldTokens(pattern), foldTokens(other))
}

// coversByText matches the other pattern as a text, in which a "*" is a
// character that only "*" matches: there are more characters than the patterns
// name, so a wildcard can always stand for one that only a wildcard takes. It is
// right whenever it says yes, and misses covers that hold because adjoining
// wildcards share the work ("?*" covers "*a"); without a "?" in the pattern
// there are none.
func coversByText(pattern, other string, fold bool) bool {
	p, i := 0, 0
	star, retry := -1, 0
	for i < len(other) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			p++
			star, retry = p, i
		case p < len(pattern) && pattern[p] == '?' && other[i] != '*':
			p, i = p+1, i+width(other, i)
		case p < len(pattern) && pattern[p] != '?' && other[i] != '*' && other[i] != '?' && alikeBytes(pattern[p], other[i], fold):
			p, i = p+1, i+1
		case star >= 0:
			retry += width(other, retry)
			p, i = star, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func alikeBytes(a, b byte, fold bool) bool {
	return a == b || fold && lower(a) == lower(b)
}

// continues reports whether c is a byte of a character other than its first.
func continues(c byte) bool { return c&0xc0 == 0x80 }

// width is the length in bytes of the character at i.
func width(s string, i int) int {
	n := 1
	for i+n < len(s) && continues(s[i+n]) {
		n++
	}
	return n
}

// row is a character of a pattern, or what adjoining wildcards come to: at least
// so many characters when there is a star among them, else exactly so many.
type row struct {
	wild    bool
	char    rune
	atLeast int
	open    bool // without a limit above atLeast
}

func rows(tokens []Token) []row {
	var out []row
	for _, t := range tokens {
		if t.Kind == Character {
			out = append(out, row{char: t.Char})
			continue
		}
		if len(out) == 0 || !out[len(out)-1].wild {
			out = append(out, row{wild: true})
		}
		last := &out[len(out)-1]
		if t.Kind == Run {
			last.open = true
		} else {
			last.atLeast++
		}
	}
	return out
}

// coversByRows matches the elements of the other pattern as a text, like
// coversByText, against the rows of the pattern.
func coversByRows(pattern, other []Token) bool {
	c := newCover(rows(pattern))
	states := c.add(nil, state{})
	for _, t := range other {
		c.now++
		var after []state
		for _, s := range states {
			after = c.step(after, s, t)
		}
		if states = after; len(states) == 0 {
			return false
		}
	}
	return slices.Contains(states, state{row: len(c.rows)})
}

// cover holds the pattern of a [coversByRows] and which states it is in.
type cover struct {
	rows  []row
	first []int // the number of a row's first state
	seen  []int // by number of a state: when it was entered last
	now   int
}

// state is a place in the pattern: at a row of which taken characters are there.
type state struct{ row, taken int }

func newCover(rows []row) *cover {
	c := &cover{rows: rows, now: 1}
	states := 0
	for _, r := range rows {
		c.first = append(c.first, states)
		states += r.atLeast + 1
	}
	c.first = append(c.first, states)
	c.seen = make([]int, states+1)
	return c
}

// add adds a state, and those that are reached from it without a character.
func (c *cover) add(states []state, s state) []state {
	for {
		n := c.first[s.row] + s.taken
		if c.seen[n] == c.now {
			return states
		}
		c.seen[n] = c.now
		states = append(states, s)
		if s.row == len(c.rows) || !c.rows[s.row].wild || s.taken < c.rows[s.row].atLeast {
			return states
		}
		s = state{row: s.row + 1}
	}
}

// step adds the states behind s when the other pattern goes on with t.
func (c *cover) step(states []state, s state, t Token) []state {
	if s.row == len(c.rows) {
		return states
	}
	switch r := c.rows[s.row]; {
	case !r.wild:
		if t.Kind == Character && t.Char == r.char {
			states = c.add(states, state{row: s.row + 1})
		}
	case t.Kind != Run && s.taken < r.atLeast:
		states = c.add(states, state{row: s.row, taken: s.taken + 1})
	case r.open:
		states = c.add(states, s)
	}
	return states
}
