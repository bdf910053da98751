package machine

import "math/bits"

// nodeSet is a set of places in the plan, visited in order.
type nodeSet struct {
	words []uint64
	one   [1]uint64 // the words, where one is enough: most runs are small
}

func (s *nodeSet) init(n int) {
	s.one[0], s.words = 0, nil
	if n > 64 {
		s.words = make([]uint64, (n+63)/64)
	}
}

func (s *nodeSet) all() []uint64 {
	if s.words != nil {
		return s.words
	}
	return s.one[:]
}

func (s *nodeSet) add(i int) { s.all()[i/64] |= 1 << (i % 64) }

func (s *nodeSet) remove(i int) { s.all()[i/64] &^= 1 << (i % 64) }

// from returns the first place in the set that is not before i, -1 for none.
func (s *nodeSet) from(i int) int {
	words := s.all()
	for w := i / 64; w < len(words); w++ {
		word := words[w]
		if w == i/64 {
			word &= ^uint64(0) << (i % 64)
		}
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
	}
	return -1
}

// grow makes room for n places.
func (s *nodeSet) grow(n int) {
	if n <= 64 {
		return
	}
	if s.words == nil {
		s.words = append(s.words, s.one[0])
	}
	for len(s.words)*64 < n {
		s.words = append(s.words, 0)
	}
}
