package queue

// arena holds nodes: runs that wait or are in flight, or steps. Nodes are
// named by number, 0 is none: where P has no pointers, a million nodes cost
// the garbage collector nothing. They stand in pages that never move.
type arena[P any] struct {
	pages []*[pageSize]node[P]
	free  uint32 // first free node; each has the next in its id
	used  uint32 // the highest number ever given out
	count int
}

type node[P any] struct {
	at    int64 // the order: of runs when it was enqueued, or the deadline with edf
	other int64 // of runs the deadline, or with edf when it was enqueued; then it breaks ties
	id    uint64
	data  P
	class uint8 // the run's own
	as    uint8 // the class it counted as when it was picked
	state state
	edf   bool
}

// state says where a run or a step stands.
type state uint8

const (
	waiting state = iota
	inFlight
	resting // of runs: in flight, without a place
)

const (
	pageBits = 10
	pageSize = 1 << pageBits
)

func (a *arena[P]) node(i uint32) *node[P] {
	return &a.pages[i>>pageBits][i&(pageSize-1)]
}

// add makes a node.
func (a *arena[P]) add(n node[P]) uint32 {
	i := a.free
	if i != 0 {
		a.free = uint32(a.node(i).id)
	} else {
		a.used++
		i = a.used
		if int(i>>pageBits) >= len(a.pages) {
			a.pages = append(a.pages, new([pageSize]node[P]))
		}
	}
	*a.node(i) = n
	a.count++
	return i
}

// drop forgets a node, which must be in no set.
func (a *arena[P]) drop(i uint32) {
	*a.node(i) = node[P]{id: uint64(a.free)}
	a.free = i
	a.count--
	if a.count == 0 {
		*a = arena[P]{} // gives the pages of a flood back
	}
}

// before is the order of nodes in sets.
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
