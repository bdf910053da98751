package queue

// counters are what a queue counts for Stats.
type counters struct {
	picked, aged, floored uint64
	picks, cost           window
	waits                 [Classes]*waits
}

// count notes a pick.
func (q *queue) count(m *member, n *runNode) {
	now, c := q.owner.now, &q.stats
	c.picked++
	if n.as < n.class {
		c.aged++
	}
	c.picks.add(now, 1)
	c.cost.add(now, n.data.cost)
	m.served.add(now, n.data.cost)
	class := m.spot(n.class).lane.class
	if c.waits[class] == nil {
		c.waits[class] = new(waits)
	}
	enqueued, _ := times(n)
	c.waits[class].add(now, now-enqueued)
}
