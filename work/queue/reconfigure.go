package queue

// reconfigure changes a queue in use.
func (q *queue) reconfigure(c Config) {
	old := q.config
	q.config = c
	switch {
	case c.Policy != old.Policy:
		q.rebuild(old.Policy)
	case (c.KeyCap == 0) != (old.KeyCap == 0):
		q.keep(func() { q.rebuild(old.Policy) })
	case c.Ageing != old.Ageing:
		q.keep(func() {
			for _, m := range q.members {
				q.fileAll(m)
			}
		})
		q.turnAll()
	default:
		q.turnAll()
	}
}

// turnAll lets the limits in force hold and let go.
func (q *queue) turnAll() {
	for _, k := range q.owner.keys {
		if k != nil && k.member.queue == q {
			k.turn()
		}
	}
	for _, m := range q.members {
		q.reblock(m)
	}
}

// keep lets change file all lanes anew. Flows that could be picked before and
// after stay where they stood, and lanes have aged as long.
func (q *queue) keep(change func()) {
	type stand struct{ tag, credit float64 }
	stood, since := map[*flow]stand{}, map[*lane]int64{}
	for _, m := range q.members {
		for _, p := range m.spots {
			if p == nil {
				continue
			}
			if p.flow.place != 0 {
				stood[&p.flow] = stand{p.flow.tag, p.flow.credit}
			}
			if p.lane.able {
				since[&p.lane] = p.lane.since
			}
		}
	}
	change()
	for l, was := range since {
		if l.able {
			l.since = was
			q.file(l)
		}
	}
	for f, was := range stood {
		if f.place != 0 {
			f.tag, f.credit = was.tag, was.credit
			q.refresh(f)
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
