package language

import (
	"slices"

	"github.com/berth-project/berth/internal/glob"
)

// machine runs patterns side by side. Its states are sets of places, in order:
// the pattern in the upper half, how many of its tokens are behind in the lower.
type machine struct {
	patterns []Pattern
	// within is how many of the patterns, from the first on, must match: a state
	// in which one of them cannot any more is dead.
	within int
}

type place = uint32

// maxSize is what fits into the halves of a place.
const maxSize = 1<<16 - 1

func (m *machine) fits() bool {
	if len(m.patterns) > maxSize {
		return false
	}
	for _, p := range m.patterns {
		if len(p.Tokens) > maxSize {
			return false
		}
	}
	return true
}

func (m *machine) start() []place {
	var s []place
	for k := range m.patterns {
		s = m.enter(s, k, 0)
	}
	return s
}

// enter adds a place, and those that are reached from it without a character.
func (m *machine) enter(s []place, k, pos int) []place {
	tokens := m.patterns[k].Tokens
	for {
		s = append(s, place(k)<<16|place(pos))
		if pos == len(tokens) || tokens[pos].Kind != glob.Run {
			return s
		}
		pos++
	}
}

// step returns the state behind a character; ok is false where it is dead. A
// state without places is one in which no pattern can match any more.
func (m *machine) step(s []place, r rune) (next []place, ok bool) {
	next = make([]place, 0, len(s)+2)
	needed := 0
	for i := 0; i < len(s); {
		k := int(s[i] >> 16)
		if k > needed && needed < m.within {
			return nil, false
		}
		begin := len(next)
		for ; i < len(s) && int(s[i]>>16) == k; i++ {
			next = m.advance(next, k, int(s[i]&maxSize), r)
		}
		if next = m.tidy(next, begin, k); len(next) > begin {
			needed = k + 1
		} else if k < m.within {
			return nil, false
		}
	}
	return next, needed >= m.within
}

func (m *machine) advance(next []place, k, pos int, r rune) []place {
	p := &m.patterns[k]
	switch {
	case pos == len(p.Tokens) || !p.takes(p.Tokens[pos], r):
		return next
	case p.Tokens[pos].Kind == glob.Run:
		return m.enter(next, k, pos)
	}
	return m.enter(next, k, pos+1)
}

// tidy puts the places of one pattern in order. Those before the last run that
// goes over everything are dropped: what they could still match, it can too.
func (m *machine) tidy(s []place, begin, k int) []place {
	own := s[begin:]
	slices.Sort(own)
	own = slices.Compact(own)
	tokens := m.patterns[k].Tokens
	for i := len(own) - 1; i > 0; i-- {
		pos := int(own[i] & maxSize)
		if pos < len(tokens) && tokens[pos].Kind == glob.Run && tokens[pos].Except == 0 {
			n := copy(own, own[i:])
			own = own[:n]
			break
		}
	}
	return s[:begin+len(own)]
}

// accepts reports whether pattern k matches what led to the state.
func (m *machine) accepts(s []place, k int) bool {
	_, found := slices.BinarySearch(s, place(k)<<16|place(len(m.patterns[k].Tokens)))
	return found
}

// apart returns the characters that the patterns tell from others in a state:
// first those the patterns name, then those that differ from them in case.
func (m *machine) apart(s []place) []rune {
	var named, alike []rune
	for _, at := range s {
		p := &m.patterns[at>>16]
		pos := int(at & maxSize)
		if pos == len(p.Tokens) {
			continue
		}
		switch t := p.Tokens[pos]; {
		case t.Kind == glob.Character:
			named = append(named, t.Char)
			if p.Fold {
				alike = append(alike, orbit(t.Char)...)
			}
		default:
			if t.Except&glob.Colon != 0 {
				named = append(named, ':')
			}
			if t.Except&glob.Slash != 0 {
				named = append(named, '/')
			}
		}
	}
	slices.Sort(named)
	named = slices.Compact(named)
	for _, r := range alike {
		if !slices.Contains(named, r) {
			named = append(named, r)
		}
	}
	return named
}
