package queue

// onePick is what a pick is worth in queue.credit.
const onePick = 1_000_000

// choose says which class is picked from; the queue is open.
func (q *queue) choose() uint8 {
	if !q.config.Policy.classes() {
		return 0
	}
	best, owed := -1, -1
	floor := int64(q.config.Floor * onePick)
	for c := range q.classes {
		if len(q.classes[c]) == 0 {
			q.credit[c] = 0
			continue
		}
		if best < 0 {
			best = c
		}
		q.credit[c] += floor
		if q.credit[c] >= onePick && (owed < 0 || q.credit[c] > q.credit[owed]) {
			owed = c
		}
	}
	chosen := best
	if owed >= 0 {
		chosen = owed
	}
	if chosen != best {
		q.stats.floored++
	}
	q.credit[chosen] = max(0, q.credit[chosen]-onePick)
	return uint8(chosen)
}

// start picks the next run of an open queue.
func (q *queue) start() Item {
	q.catchUp()
	f := q.classes[q.choose()].first()
	m, i := f.member, f.head
	n := q.owner.runs.node(i)
	q.advance(f, i)
	n.state, n.as = inFlight, f.class
	if !q.config.Policy.classes() {
		n.as = n.class
	}

	q.waiting--
	q.running++
	m.waiting--
	m.running++
	m.tenant.waiting--
	m.tenant.running++
	m.blocked = m.hold()
	l := q.detach(i)
	if n.data.key != 0 {
		k := q.owner.keys[n.data.key]
		k.waiting--
		k.running++
		k.turn()
	}
	l.since = q.owner.now
	q.file(l)
	if m.blocked != "" {
		q.fileAll(m)
	}
	q.bound(f.class)
	q.reblockElsewhere(m)
	q.count(m, n)
	q.forget()
	return q.owner.item(n)
}

// advance moves virtual time for a run that is picked from f: to the run's
// tag, and on by what the run is to each weight that shares, of its estimate
// as much as runs typically use; correct adds what is missing. Without the
// latter a stream of tenants that come with one run each would all start at
// the same time, and those that have been served once would wait forever
// (WF2Q+: Bennett and Zhang, INFOCOM 1996). A round of round-robin ends when
// every tenant that is there had its turn.
//
// A run that counts as a better class is charged there and in its own: there
// so that the aged runs of a flood do not crowd the class out, in its own so
// that its tenant's later tags stay true.
func (q *queue) advance(f *flow, i uint32) {
	n := q.owner.runs.node(i)
	if !q.config.Policy.tagged() {
		n.data.tag = 0
		q.flights[i] = flight{}
		return
	}
	m := f.member
	c := q.charge(m, n.data.cost)
	fl := flight{charged: c, lead: q.lead(f)}
	q.virtual[f.class] = max(q.virtual[f.class], f.tag)
	own := &m.spot(n.class).flow
	if q.config.Policy == Fair {
		fl.expected = q.expect(n.data.cost)
		fl.paid = min(own.credit, max(0, c-quantize(fl.expected/m.tenant.config.weight())))
		q.virtual[f.class] += quantize(fl.expected / q.share[f.class])
		q.work[f.class] += fl.expected
		fl.since = q.work[f.class]
	}
	q.flights[i] = fl
	if own != f && own.place == 0 {
		own.tag = max(own.tag, q.virtual[own.class])
	}
	n.data.tag = own.tag
	own.credit -= fl.paid
	q.move(own, c-fl.paid)
	if own != f {
		q.move(f, c)
		q.refresh(own)
	}
	if q.config.Memory > 0 {
		q.use(m, n.data.cost)
	}
}

// lead is how far a flow stands before the first of the others of its class;
// 0 when there are none.
func (q *queue) lead(f *flow) float64 {
	if f.place == 0 || len(q.classes[f.class]) < 2 {
		return 0
	}
	return max(0, q.classes[f.class].firstBut(f)-f.tag)
}

// move changes a flow's tag; the flow is not refreshed.
func (q *queue) move(f *flow, by float64) {
	f.tag += by
	q.highest[f.class] = max(q.highest[f.class], f.tag)
}

// reblockElsewhere acts on a change of how many runs a tenant has in flight,
// in the tenant's other queues.
func (q *queue) reblockElsewhere(m *member) {
	if m.tenant.config.Cap == 0 {
		return
	}
	for _, other := range m.tenant.members {
		if other != m {
			other.queue.reblock(other)
			q.owner.reopen(other.queue)
		}
	}
}
