package queue

import "math"

// step is what the arena keeps of a Ready beside when it became ready and
// its run.
type step struct {
	lane       *stepLane // tells pool, tenant and type
	key        *stepKey
	queue      string
	node, item int32
	slots      int32   // as asked
	held       int32   // in flight: how many it has
	charged    float64 // in flight: what its tenant was charged
	expected   float64 // in flight: what virtual time counts it as, in slot-seconds
}

type stepNode = node[step]

// stepKey is a concurrency key of steps.
type stepKey = key[step, *stepLane]

func idOf(r Ready) stepID { return stepID{r.ID, r.Node, r.Item} }

// newStep makes the node of a step.
func newStep(r Ready, g *guest) stepNode {
	return stepNode{
		at: r.At, other: int64(r.Node)<<32 | int64(uint32(r.Item)), edf: true, id: r.ID,
		data: step{
			lane: g.lane(r.Type), key: g.key(r.Key), queue: r.Queue,
			node: r.Node, item: r.Item, slots: int32(min(max(r.Slots, 1), math.MaxInt32)),
		},
	}
}

// read is the step as it was given.
func (s *Slots) read(i uint32) Ready {
	n := s.steps.node(i)
	l := n.data.lane
	r := Ready{
		ID: n.id, Node: n.data.node, Item: n.data.item, At: n.at, Queue: n.data.queue, Slots: int(n.data.slots),
		Tenant: l.guest.name, Pool: l.guest.pool.config.Name, Type: l.kind.name,
	}
	if n.data.key != nil {
		r.Key = n.data.key.name
	}
	return r
}
