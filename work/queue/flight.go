package queue

// flight is what is known of a run since it was picked, until what it used is
// told; then it is zero.
type flight struct {
	charged  float64 // what its tenant was charged for it
	paid     float64 // how much of that the tenant's credit paid
	expected float64 // what virtual time counts it as, a cost
	lead     float64 // how far its tenant stood before the first of the others
	since    float64 // queue.work of the class it was picked as
}

// Rest lets a run in flight give back its place: it only waits for a time, a
// signal or its sub-workflow, and whoever its queue's, its tenant's or its
// key's limit held may be picked. It stays known, and Resume lets it go on.
//
// actual is what the run used since it was picked or, if it rested before,
// since its last Rest, in the unit of Item.Cost. The first Rest charges that
// in place of the estimate, each later one adds it: a run that rests is
// charged what it used so far. A negative actual counts as the estimate the
// first time, and else as nothing.
//
// Nobody's turn changes but by what the run's tenant is charged. It costs
// O(log tenants) and reports whether the run was in flight and did not rest
// already.
func (s *Scheduler) Rest(id uint64, actual float64) bool {
	s.ready()
	i, known := s.places[id]
	if !known || s.runs.node(i).state != inFlight {
		return false
	}
	n := s.runs.node(i)
	m := s.members[n.data.member]
	q := m.queue
	q.correct(m, i, actual)
	n.state = resting
	q.occupy(m, n, -1)
	q.retire(m, n, 1)
	q.ended(m)
	s.reopen(q)
	return true
}

// Resume lets a run that rests take its place again, whatever the limits:
// what has begun goes on. Nobody's turn changes. It reports whether the run
// rested. It may be called while the Scheduler is rebuilt; see Resting.
func (s *Scheduler) Resume(id uint64) bool {
	i, known := s.places[id]
	if !known || s.runs.node(i).state != resting {
		return false
	}
	n := s.runs.node(i)
	m := s.members[n.data.member]
	q := m.queue
	n.state = inFlight
	q.retire(m, n, -1)
	q.occupy(m, n, 1)
	if !q.loading {
		s.reopen(q)
	}
	return true
}

// Finished ends a run in flight or at rest, whether it succeeded or not or
// goes back to waiting: its places are free, and its tenant is charged what it
// really cost. actual is what Rest says: what was used since the pick or the
// last Rest, so that all of them together are what the run cost. It reports
// whether the run was in flight or at rest; a second call changes nothing.
func (s *Scheduler) Finished(id uint64, actual float64) bool {
	s.ready()
	i, known := s.places[id]
	if !known || s.runs.node(i).state == waiting {
		return false
	}
	n := s.runs.node(i)
	m := s.members[n.data.member]
	q := m.queue
	q.correct(m, i, actual)
	delete(q.flights, i)
	if n.state == resting {
		q.retire(m, n, -1)
	} else {
		q.occupy(m, n, -1)
	}
	if n.data.key != 0 {
		s.release(s.keys[n.data.key])
	}
	q.ended(m)
	s.drop(i)
	s.reopen(q)
	return true
}

// occupy counts the place of a run in flight: by 1 when the run takes it, -1
// when it gives it back. Whom that holds or lets go is filed anew.
func (q *queue) occupy(m *member, n *runNode, by int) {
	q.running += by
	m.running += by
	m.tenant.running += by
	if n.data.key != 0 {
		k := q.owner.keys[n.data.key]
		k.running += by
		k.turn()
	}
	q.reblock(m)
	q.reblockElsewhere(m)
}

// retire counts a run that rests: by 1 when it begins to, -1 when it ends.
func (q *queue) retire(m *member, n *runNode, by int) {
	q.resting += by
	m.resting += by
	if n.data.key != 0 {
		q.owner.keys[n.data.key].resting += by
	}
}
