package queue

import "math"

// Restore adds a waiting run with the tag stored with it.
//
// A tag says where the tenant stood when the run was enqueued, and what
// waited before it. So the tenant's youngest run tells where the tenant
// stands: its tag, less what still waits before it. If the runs were enqueued
// in the order of their times, at costs that turned out true, this is exactly
// where it stood, to the last bit, and the runs start in the order they would
// have. What happened since the youngest run was enqueued and moved the tenant
// by something else than a pick is lost, unless a Ledger tells it: corrections
// of cost, runs canceled, virtual time gained while it was held.
func (s *Scheduler) Restore(queue string, it Item) {
	if _, known := s.places[it.ID]; known {
		return
	}
	q := s.load(queue)
	m := q.member(it.Tenant)
	m.loaded = true
	i := s.insert(q, m, it)
	q.attach(i)
	if l := &m.spot(it.class()).lane; l.last == 0 || s.runs.before(l.last, i) {
		l.last = i
	}
}

// Running adds a run that is in flight already, with the tag stored with it.
// It counts as charged the estimate; see Resting for one that rested before.
func (s *Scheduler) Running(queue string, it Item) {
	i, m := s.begun(queue, it)
	if i == 0 {
		return
	}
	q, n := m.queue, s.runs.node(i)
	n.state = inFlight
	q.occupy(m, n, 1)
	if c := q.charge(m, n.data.cost); q.config.Policy.tagged() && it.Tag > 0 {
		q.flights[i] = flight{charged: c, expected: q.expect(n.data.cost), since: q.work[m.spot(n.class).flow.class]}
		f := &m.spot(n.class).flow
		q.move(f, max(0, it.Tag+c-f.tag))
	}
}

// Resting adds a run that rests, with the tag stored with it. What it used
// before is charged already. A run that rested once and goes on is restored
// by Resting and Resume, so that its estimate is not given back once more.
func (s *Scheduler) Resting(queue string, it Item) {
	i, m := s.begun(queue, it)
	if i == 0 {
		return
	}
	q, n := m.queue, s.runs.node(i)
	n.state = resting
	q.retire(m, n, 1)
	q.flights[i] = flight{}
}

// begun adds a run that was picked before; 0 for one that is known.
func (s *Scheduler) begun(queue string, it Item) (uint32, *member) {
	if _, known := s.places[it.ID]; known {
		return 0, nil
	}
	q := s.load(queue)
	m := q.member(it.Tenant)
	i := s.insert(q, m, it)
	n := s.runs.node(i)
	n.as = n.class
	q.waiting--
	m.waiting--
	m.tenant.waiting--
	if n.data.key != 0 {
		s.keys[n.data.key].waiting--
	}
	if q.config.Policy.tagged() && it.Tag > 0 {
		c := m.spot(n.class).lane.class
		q.virtual[c] = max(q.virtual[c], it.Tag)
	}
	return i, m
}

// load prepares a queue for Restore: until ready, it only gathers.
func (s *Scheduler) load(name string) *queue {
	q := s.queue(name)
	if !q.loading {
		q.disperse()
		q.restarted = true
		s.loading = append(s.loading, q)
		s.reopen(q)
	}
	return q
}

// ready ends the rebuilding of the queues.
func (s *Scheduler) ready() {
	for _, q := range s.loading {
		q.locate()
		q.gather()
		s.reopen(q)
	}
	s.loading = s.loading[:0]
}

// disperse forgets what is derived from where the runs are.
func (q *queue) disperse() {
	q.loading = true
	for _, m := range q.members {
		for _, p := range m.spots {
			if p != nil {
				p.lane.filed, p.lane.able, p.lane.place = false, false, 0
				p.flow.lanes, p.flow.place = 0, 0
			}
		}
	}
	for c := range q.classes {
		clear(q.classes[c])
		q.share[c] = 0
		q.classes[c] = q.classes[c][:0]
	}
	clear(q.rising)
	q.rising, q.eligible = q.rising[:0], 0
}

// gather derives it anew.
func (q *queue) gather() {
	q.loading = false
	for _, m := range q.members {
		m.blocked = m.hold()
		for _, p := range m.spots {
			if p != nil {
				q.file(&p.lane)
			}
		}
	}
	q.recalled = false
}

// locate finds the tags of the members that were loaded, and virtual time.
func (q *queue) locate() {
	var lowest, lowestHeld [Classes]float64
	for c := range lowest {
		lowest[c], lowestHeld[c] = math.Inf(1), math.Inf(1)
	}
	for _, m := range q.members {
		hold := m.hold()
		for i, p := range m.spots {
			if p == nil {
				continue
			}
			l, f := &p.lane, &p.flow
			if tag, ok := q.claim(l, l.last); ok && m.loaded {
				f.tag = tag
			}
			q.recall(l, f)
			q.highest[i] = max(q.highest[i], f.tag)
			switch {
			case l.runs.size > 0 && hold == "":
				lowest[i] = min(lowest[i], f.tag)
			case l.count > 0:
				lowestHeld[i] = min(lowestHeld[i], f.tag)
			}
			l.last = 0
		}
		m.loaded = false
	}
	q.ledger = nil
	if !q.config.Policy.tagged() {
		return
	}
	// What was last picked may have ended, so that virtual time is not known;
	// it was at most the lowest tag of those that can run.
	for c := range lowest {
		switch {
		case q.recalled:
		case !math.IsInf(lowest[c], 1):
			q.virtual[c] = max(q.virtual[c], lowest[c])
		case q.virtual[c] == epoch && !math.IsInf(lowestHeld[c], 1):
			q.virtual[c] = max(q.virtual[c], lowestHeld[c])
		}
		q.highest[c] = max(q.highest[c], q.virtual[c])
	}
}

// claim is where the lane's tag stands by the tag of its last run.
func (q *queue) claim(l *lane, last uint32) (tag float64, ok bool) {
	if last == 0 || !q.config.Policy.tagged() {
		return 0, false
	}
	n := q.owner.runs.node(last)
	if n.data.tag == 0 {
		return 0, false
	}
	return n.data.tag - (l.backlog - q.charge(l.member, n.data.cost)), true
}
