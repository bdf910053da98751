package queue

import "math"

// Next starts the run that is next over all queues. Queues share by weight,
// one run counting as one.
func (s *Scheduler) Next(now int64) (queue string, it Item, ok bool) {
	s.tell(now)
	if len(s.open) == 0 {
		return "", Item{}, false
	}
	for s.open.first().entering {
		q := s.open.first()
		q.enter(s.virtual)
		s.open.fix(q)
	}
	q := s.open.first()
	s.virtual = max(s.virtual, q.tag)
	return q.config.Name, s.start(q), true
}

// NextOf is Next over some queues: those that feed one pool, for example. It
// costs O(queues named).
func (s *Scheduler) NextOf(names []string, now int64) (from string, it Item, ok bool) {
	s.tell(now)
	lowest := math.Inf(1) // of those that were here
	for _, name := range names {
		if q := s.queues[name]; q != nil && q.place != 0 && !q.entering {
			lowest = min(lowest, q.tag)
		}
	}
	var best *queue
	for _, name := range names {
		q := s.queues[name]
		if q == nil || q.place == 0 {
			continue
		}
		if q.entering {
			q.enter(lowest)
			s.open.fix(q)
		}
		if best == nil || q.goesBefore(best) {
			best = q
		}
	}
	if best == nil {
		return "", Item{}, false
	}
	return best.config.Name, s.start(best), true
}

// enter ends the entering of a queue from which nothing could be picked
// before: it starts where those stand that share with it.
func (q *queue) enter(virtual float64) {
	q.entering = false
	if !math.IsInf(virtual, 1) {
		q.tag = max(q.tag, virtual)
	}
}

// start picks from an open queue.
func (s *Scheduler) start(q *queue) Item {
	q.tag += charge(1, q.config.Weight)
	it := q.start()
	s.reopen(q)
	return it
}

// reopen keeps a queue in the heap of those that could be picked from.
func (s *Scheduler) reopen(q *queue) {
	switch open := q.open(); {
	case open && q.place == 0:
		q.entering = true
		s.open.push(q)
	case open:
		s.open.fix(q)
	case q.place != 0:
		s.open.remove(q)
	}
}
