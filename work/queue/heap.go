package queue

import "math"

// seated is what a heap holds: it knows its rank, what it goes before among
// equals, and where it sits. The seat is 0 when it is in no heap, else its
// place plus one.
type seated[E any] interface {
	rank() rank
	before(E) bool
	seat() *int32
}

// rank is the order of a heap but for ties.
type rank struct {
	tag float64
	at  int64
}

// heap is a binary heap whose elements know their seat, so that any of them
// can be moved or taken out in O(log n). It keeps their ranks beside them, so
// that ten thousand tenants are compared within a few cache lines.
type heap[E seated[E]] []chair[E]

type chair[E seated[E]] struct {
	rank rank
	e    E
}

func (r rank) before(o rank) bool {
	if r.tag != o.tag {
		return r.tag < o.tag
	}
	return r.at < o.at
}

func (c *chair[E]) before(d *chair[E]) bool {
	if c.rank != d.rank {
		return c.rank.before(d.rank)
	}
	return c.e.before(d.e)
}

func (h heap[E]) first() E { return h[0].e }

// firstBut is the tag of the first but e; -Inf where there is none.
func (h heap[E]) firstBut(e E) float64 {
	if *e.seat() != 1 {
		return h[0].rank.tag
	}
	switch len(h) {
	case 1:
		return math.Inf(-1)
	case 2:
		return h[1].rank.tag
	default:
		return min(h[1].rank.tag, h[2].rank.tag)
	}
}

func (h *heap[E]) push(e E) {
	*h = append(*h, chair[E]{e.rank(), e})
	h.up(len(*h) - 1)
}

// remove takes e out; it must be in this heap.
func (h *heap[E]) remove(e E) {
	i, last := int(*e.seat()-1), len(*h)-1
	moved := (*h)[last]
	(*h)[last] = chair[E]{}
	*h = (*h)[:last]
	*e.seat() = 0
	if i != last {
		(*h)[i] = moved
		h.move(i)
	}
}

// fix moves e, whose order changed, to where it belongs.
func (h heap[E]) fix(e E) {
	i := int(*e.seat() - 1)
	h[i].rank = e.rank()
	h.move(i)
}

func (h heap[E]) move(i int) {
	if i > 0 && h[i].before(&h[(i-1)/2]) {
		h.up(i)
		return
	}
	h.down(i)
}

func (h heap[E]) up(i int) {
	c := h[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !c.before(&h[parent]) {
			break
		}
		h.set(i, h[parent])
		i = parent
	}
	h.set(i, c)
}

func (h heap[E]) down(i int) {
	c := h[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].before(&h[child]) {
			child = right
		}
		if !h[child].before(&c) {
			break
		}
		h.set(i, h[child])
		i = child
	}
	h.set(i, c)
}

func (h heap[E]) set(i int, c chair[E]) {
	h[i] = c
	*c.e.seat() = int32(i + 1)
}
