package queue

// seated is what a heap holds: it knows what it goes before, and where it
// sits. The seat is 0 when it is in no heap, else its place plus one.
type seated[E any] interface {
	before(E) bool
	seat() *int32
}

// heap is a binary heap whose elements know their seat, so that any of them
// can be moved or taken out in O(log n).
type heap[E seated[E]] []E

func (h heap[E]) first() E { return h[0] }

func (h *heap[E]) push(e E) {
	*h = append(*h, e)
	h.up(len(*h) - 1)
}

// remove takes e out; it must be in this heap.
func (h *heap[E]) remove(e E) {
	i, last := int(*e.seat()-1), len(*h)-1
	moved := (*h)[last]
	var none E
	(*h)[last] = none
	*h = (*h)[:last]
	*e.seat() = 0
	if i != last {
		(*h)[i] = moved
		h.move(i)
	}
}

// fix moves e, whose order changed, to where it belongs.
func (h heap[E]) fix(e E) { h.move(int(*e.seat() - 1)) }

func (h heap[E]) move(i int) {
	if i > 0 && h[i].before(h[(i-1)/2]) {
		h.up(i)
		return
	}
	h.down(i)
}

func (h heap[E]) up(i int) {
	e := h[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(h[parent]) {
			break
		}
		h.set(i, h[parent])
		i = parent
	}
	h.set(i, e)
}

func (h heap[E]) down(i int) {
	e := h[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].before(h[child]) {
			child = right
		}
		if !h[child].before(e) {
			break
		}
		h.set(i, h[child])
		i = child
	}
	h.set(i, e)
}

func (h heap[E]) set(i int, e E) {
	h[i] = e
	*e.seat() = int32(i + 1)
}
