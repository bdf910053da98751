package queue

// reconfigure changes a queue in use.
func (q *queue) reconfigure(c Config) {
	old := q.config
	q.config = c
	switch {
	case c.Policy != old.Policy || (c.KeyCap == 0) != (old.KeyCap == 0):
		q.rebuild(old.Policy)
	case c.Ageing != old.Ageing:
		q.disperse()
		q.gather()
	default:
		for _, k := range q.owner.keys {
			if k != nil && k.member.queue == q {
				k.turn()
			}
		}
		for _, m := range q.members {
			q.reblock(m)
		}
	}
}

// rebuild moves every waiting run to where the configuration now wants it. A
// new policy begins with nobody ahead of anybody.
func (q *queue) rebuild(old Policy) {
	runs := &q.owner.runs
	all := q.takeAll()
	q.disperse()
	for _, m := range q.members {
		for c, p := range m.spots {
			if p != nil {
				p.lane = lane{member: m, class: uint8(c)}
			}
		}
	}
	if q.config.Policy != old {
		q.equalize()
	}
	for _, i := range all {
		n := runs.node(i)
		enqueued, deadline := times(n)
		order(n, enqueued, deadline, q.config.Policy)
		q.attach(i)
	}
	q.gather()
}

// takeAll takes the waiting runs out of all sets.
func (q *queue) takeAll() []uint32 {
	all := make([]uint32, 0, q.waiting)
	for _, m := range q.members {
		for _, p := range m.spots {
			if p != nil {
				all = p.lane.runs.appendTo(all)
			}
		}
	}
	for _, k := range q.owner.keys {
		if k == nil || k.member.queue != q {
			continue
		}
		for _, l := range k.lines {
			all = l.rest.appendTo(all)
		}
		k.lines = nil
	}
	return all
}

// equalize ends what tenants and classes owe each other.
func (q *queue) equalize() {
	top := 0.0
	for _, tag := range q.highest {
		top = max(top, tag)
	}
	for c := range q.virtual {
		q.virtual[c], q.highest[c], q.credit[c] = top, top, 0
	}
	for _, m := range q.members {
		clear(m.spots[:]) // a tag of 0 is lifted to virtual time
	}
	for i := range q.flights {
		q.flights[i] = flight{}
	}
}

// reweigh follows a change of a tenant's weight: what it was charged stays,
// what waits is charged at the new weight.
func (q *queue) reweigh(m *member, before, after float64) {
	if before == after {
		return
	}
	if m.active {
		q.weight += after - before
	}
	if q.config.Policy != Fair {
		return
	}
	for c, p := range m.spots {
		if p == nil {
			continue
		}
		l, f := &p.lane, &p.flow
		l.backlog = quantize(l.backlog * before / after)
		if f.place != 0 {
			q.share[c] += after - f.weight
			f.weight = after
		}
	}
}
