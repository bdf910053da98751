package queue

// park puts a member that has no runs at the end of the ring of those.
func (q *queue) park(m *member) {
	if m.next != nil {
		return
	}
	m.prev, m.next = q.idle.prev, &q.idle
	m.prev.next, m.next.prev = m, m
	if m.active {
		m.active = false
		q.weight -= m.tenant.config.weight()
	}
}

// wake takes a member out of the ring: it has a run again.
func (q *queue) wake(m *member) {
	if m.next == nil {
		return
	}
	m.prev.next, m.next.prev = m.next, m.prev
	m.prev, m.next = nil, nil
	m.active = true
	q.weight += m.tenant.config.weight()
}

// ended follows the end of a run: its member may have become idle, and so may
// the queue. Then a busy period is over, and nobody is ahead of anybody.
func (q *queue) ended(m *member) {
	if m.idle() {
		q.park(m)
	}
	if q.waiting == 0 && q.running == 0 {
		q.virtual = q.highest
	}
}

// forget lets go of the member that has been idle longest, if it is not ahead
// of the others any more; else it has its turn again later. One a pick keeps
// up with those that come.
func (q *queue) forget() {
	m := q.idle.next
	if m == &q.idle {
		return
	}
	if m.forgettable(q.owner.now) {
		q.owner.forget(m)
		return
	}
	m.prev.next, m.next.prev = m.next, m.prev
	m.next = nil
	q.park(m)
}
