package queue

import "math"

// run is what the arena keeps of an Item beside its order, its id and its
// class.
type run struct {
	tag    float64
	cost   float64
	member uint32
	key    uint32 // 0 for none
}

type runNode = node[run]

// newRun makes the node of an item.
func newRun(it Item, m *member, key uint32) runNode {
	n := runNode{
		id:    it.ID,
		class: it.class(),
		data:  run{tag: it.Tag, cost: it.cost(), member: m.number, key: key},
	}
	order(&n, it.Enqueued, it.Deadline, m.queue.config.Policy)
	return n
}

// order sets the fields a run is ordered by. It is in no set.
func order(n *runNode, enqueued, deadline int64, p Policy) {
	n.at, n.other, n.edf = enqueued, deadline, p == Deadline
	if !n.edf {
		return
	}
	n.at, n.other = deadline, enqueued
	if deadline == 0 {
		n.at = math.MaxInt64
	}
}

// times are when the run began to wait, and its deadline or 0.
func times(n *runNode) (enqueued, deadline int64) {
	switch {
	case !n.edf:
		return n.at, n.other
	case n.at == math.MaxInt64:
		return n.other, 0
	default:
		return n.other, n.at
	}
}

// item is the run as it was given, with its tag of now.
func (s *Scheduler) item(n *runNode) Item {
	it := Item{
		ID:       n.id,
		Tenant:   s.members[n.data.member].tenant.name,
		Priority: n.class,
		Cost:     n.data.cost,
		Tag:      n.data.tag,
	}
	if n.data.key != 0 {
		it.Key = s.keys[n.data.key].name
	}
	it.Enqueued, it.Deadline = times(n)
	return it
}
