package queue

import (
	"slices"
	"sort"
)

// set is an ordered set of nodes; a node is in at most one. It is a list of
// sorted blocks: nodes that come in order are appended to the last block and
// leave from the first, which costs the same however many there are. Others
// cost a search and a move within a block.
type set struct {
	blocks []block // none is empty, but the only one may be
	size   int
}

// block is e[lo:].
type block struct {
	e  []uint32
	lo int
}

// blockSize is how many nodes a block may have; halves are joined again at
// half of that.
const blockSize = 256

func (b *block) nodes() []uint32 { return b.e[b.lo:] }
func (b *block) first() uint32   { return b.e[b.lo] }
func (b *block) last() uint32    { return b.e[len(b.e)-1] }

// push appends a node. Room at the front is used before the block grows.
func (b *block) push(i uint32) {
	if len(b.e) == cap(b.e) && b.lo > len(b.e)/2 {
		b.e = b.e[:copy(b.e, b.nodes())]
		b.lo = 0
	}
	b.e = append(b.e, i)
}

// first is the first node, 0 when there is none.
func (s *set) first() uint32 {
	if s.size == 0 {
		return 0
	}
	return s.blocks[0].first()
}

// last is the last node, 0 when there is none.
func (s *set) last() uint32 {
	if s.size == 0 {
		return 0
	}
	return s.blocks[len(s.blocks)-1].last()
}

// insert puts node i, which is in no set, into s.
func (a *arena[P]) insert(s *set, i uint32) {
	s.size++
	if len(s.blocks) == 0 {
		s.blocks = append(s.blocks, block{})
	}
	b := &s.blocks[len(s.blocks)-1]
	if s.size == 1 || a.before(b.last(), i) {
		if len(b.nodes()) == blockSize {
			s.blocks = append(s.blocks, block{e: make([]uint32, 0, blockSize)})
			b = &s.blocks[len(s.blocks)-1]
		}
		b.push(i)
		return
	}
	at := a.block(s, i)
	b = &s.blocks[at]
	b.e = slices.Insert(b.e, b.lo+a.place(b, i), i)
	if n := b.nodes(); len(n) > blockSize {
		half := block{e: slices.Clone(n[len(n)/2:])}
		b.e = b.e[:len(b.e)-len(half.e)]
		s.blocks = slices.Insert(s.blocks, at+1, half)
	}
}

// remove takes node i, which is in s, out of it.
func (a *arena[P]) remove(s *set, i uint32) {
	s.size--
	if b := &s.blocks[0]; b.first() == i {
		b.lo++
		if b.lo == len(b.e) {
			s.clear(0)
		}
		return
	}
	at := a.block(s, i)
	b := &s.blocks[at]
	p := b.lo + a.place(b, i)
	b.e = slices.Delete(b.e, p, p+1)
	if len(b.nodes()) == 0 {
		s.clear(at)
	} else if at+1 < len(s.blocks) {
		s.join(at)
	}
}

// clear drops a block that has become empty. The only one stays, and keeps a
// little room for what comes next.
func (s *set) clear(at int) {
	switch {
	case len(s.blocks) == 1:
		b := &s.blocks[0]
		b.e, b.lo = b.e[:0], 0
		if cap(b.e) > 16 {
			b.e = nil
		}
	case at == 0:
		s.blocks[0] = block{}
		s.blocks = s.blocks[1:]
	default:
		s.blocks = slices.Delete(s.blocks, at, at+1)
	}
}

// join makes one block of two that are small.
func (s *set) join(at int) {
	b, next := &s.blocks[at], &s.blocks[at+1]
	if len(b.nodes())+len(next.nodes()) <= blockSize/2 {
		b.e = append(b.e, next.nodes()...)
		s.blocks = slices.Delete(s.blocks, at+1, at+2)
	}
}

// block is the place of the first block that does not end before node i, or
// of the last.
func (a *arena[P]) block(s *set, i uint32) int {
	return sort.Search(len(s.blocks)-1, func(k int) bool { return !a.before(s.blocks[k].last(), i) })
}

// place is how many nodes of b are before node i.
func (a *arena[P]) place(b *block, i uint32) int {
	n := b.nodes()
	return sort.Search(len(n), func(k int) bool { return !a.before(n[k], i) })
}

// ahead counts the nodes of s that are before node i, which need not be in it.
func (a *arena[P]) ahead(s *set, i uint32) int {
	if s.size == 0 || a.before(i, s.first()) {
		return 0
	}
	at, n := a.block(s, i), 0
	for k := range at {
		n += len(s.blocks[k].nodes())
	}
	return n + a.place(&s.blocks[at], i)
}

// at is the k-th node of s from 0, which it must have.
func (s *set) at(k int) uint32 {
	for i := range s.blocks {
		n := s.blocks[i].nodes()
		if k < len(n) {
			return n[k]
		}
		k -= len(n)
	}
	return 0
}

// appendTo appends the nodes in order.
func (s *set) appendTo(all []uint32) []uint32 {
	for i := range s.blocks {
		all = append(all, s.blocks[i].nodes()...)
	}
	return all
}
