package queue

// arena holds nodes, and any number of ordered sets of them. A set is a treap
// whose root its owner keeps: a binary search tree over (at, other, id) that is
// a heap over a hash of id, hence balanced whatever order nodes come in, and
// the same tree for the same nodes. A node is in at most one set.
//
// Nodes are named by number, 0 is none: nothing in them is a pointer, so a
// million of them cost the garbage collector nothing. They stand in pages
// that never move.
type arena[P any] struct {
	pages []*[pageSize]node[P]
	free  uint32 // first free node, linked by left
	used  uint32 // the highest number ever given out
	count int
}

type node[P any] struct {
	at    int64 // the order: of runs when it was enqueued, or the deadline with edf
	other int64 // of runs the deadline, or with edf when it was enqueued; then it breaks ties
	id    uint64

	left, right uint32
	size        uint32 // of the subtree

	class uint8 // the run's own
	as    uint8 // the class it counted as when it was picked
	state state
	edf   bool
	data  P
}

// state says where a run stands.
type state uint8

const (
	waiting state = iota
	inFlight
)

const (
	pageBits = 10
	pageSize = 1 << pageBits
)

func (a *arena[P]) node(i uint32) *node[P] {
	return &a.pages[i>>pageBits][i&(pageSize-1)]
}

// add makes a node that is in no set.
func (a *arena[P]) add(n node[P]) uint32 {
	i := a.free
	if i != 0 {
		a.free = a.node(i).left
	} else {
		a.used++
		i = a.used
		if int(i>>pageBits) >= len(a.pages) {
			a.pages = append(a.pages, new([pageSize]node[P]))
		}
	}
	n.left, n.right, n.size = 0, 0, 1
	*a.node(i) = n
	a.count++
	return i
}

// drop forgets a node that is in no set.
func (a *arena[P]) drop(i uint32) {
	*a.node(i) = node[P]{left: a.free}
	a.free = i
	a.count--
	if a.count == 0 {
		*a = arena[P]{} // gives the pages of a flood back
	}
}

func (a *arena[P]) before(i, j uint32) bool {
	x, y := a.node(i), a.node(j)
	if x.at != y.at {
		return x.at < y.at
	}
	if x.edf && x.other != y.other {
		return x.other < y.other
	}
	return x.id < y.id
}

// height is the node's priority in the treap: splitmix64's finaliser of id.
func (n *node[P]) height() uint64 {
	h := n.id + 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func (a *arena[P]) size(root uint32) int {
	if root == 0 {
		return 0
	}
	return int(a.node(root).size)
}

func (a *arena[P]) resize(n *node[P]) {
	n.size = uint32(1 + a.size(n.left) + a.size(n.right))
}

// insert puts node i, which is in no set, into the set.
func (a *arena[P]) insert(root *uint32, i uint32) {
	n := a.node(i)
	h := n.height()
	for *root != 0 {
		m := a.node(*root)
		if m.height() < h {
			break
		}
		m.size++
		if a.before(i, *root) {
			root = &m.left
		} else {
			root = &m.right
		}
	}
	n.left, n.right = a.split(*root, i)
	a.resize(n)
	*root = i
}

// split parts a tree into what is before node i and what is not.
func (a *arena[P]) split(root, i uint32) (before, after uint32) {
	if root == 0 {
		return 0, 0
	}
	n := a.node(root)
	if a.before(root, i) {
		n.right, after = a.split(n.right, i)
		a.resize(n)
		return root, after
	}
	before, n.left = a.split(n.left, i)
	a.resize(n)
	return before, root
}

// remove takes node i out of the set it is in.
func (a *arena[P]) remove(root *uint32, i uint32) {
	for *root != i {
		m := a.node(*root)
		m.size--
		if a.before(i, *root) {
			root = &m.left
		} else {
			root = &m.right
		}
	}
	n := a.node(i)
	*root = a.join(n.left, n.right)
	n.left, n.right, n.size = 0, 0, 1
}

// join makes one tree of two, all of x before all of y.
func (a *arena[P]) join(x, y uint32) uint32 {
	if x == 0 {
		return y
	}
	if y == 0 {
		return x
	}
	m, n := a.node(x), a.node(y)
	if m.height() >= n.height() {
		m.right = a.join(m.right, y)
		a.resize(m)
		return x
	}
	n.left = a.join(x, n.left)
	a.resize(n)
	return y
}

// first is the set's first node, 0 when it is empty.
func (a *arena[P]) first(root uint32) uint32 {
	if root == 0 {
		return 0
	}
	for {
		next := a.node(root).left
		if next == 0 {
			return root
		}
		root = next
	}
}

// last is the set's last node, 0 when it is empty.
func (a *arena[P]) last(root uint32) uint32 {
	if root == 0 {
		return 0
	}
	for {
		next := a.node(root).right
		if next == 0 {
			return root
		}
		root = next
	}
}

// ahead counts the nodes of the set that are before node i, which need not be
// in it.
func (a *arena[P]) ahead(root, i uint32) int {
	count := 0
	for root != 0 {
		n := a.node(root)
		if a.before(root, i) {
			count += 1 + a.size(n.left)
			root = n.right
		} else {
			root = n.left
		}
	}
	return count
}

// at is the set's k-th node from 0, which it must have.
func (a *arena[P]) at(root uint32, k int) uint32 {
	for {
		n := a.node(root)
		switch left := a.size(n.left); {
		case k < left:
			root = n.left
		case k == left:
			return root
		default:
			k -= left + 1
			root = n.right
		}
	}
}

// each calls f for every node of the set, in order. f may not change the set.
func (a *arena[P]) each(root uint32, f func(i uint32)) {
	if root == 0 {
		return
	}
	n := a.node(root)
	a.each(n.left, f)
	f(root)
	a.each(n.right, f)
}
