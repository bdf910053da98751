package queue

import (
	"iter"
	"math"
	"math/bits"
)

// Reason is one thing that keeps a run from starting.
type Reason string

// Why runs wait. A run may have several; without any it only waits its turn.
const (
	QueuePaused     Reason = "queue-paused"
	QueueFull       Reason = "queue-cap" // the queue has as many runs in flight as it may
	TenantSuspended Reason = "tenant-suspended"
	TenantFull      Reason = "tenant-cap"       // the tenant, over all queues
	TenantQueueFull Reason = "tenant-queue-cap" // the tenant, in this queue
	KeyFull         Reason = "key-cap"          // others with the same concurrency key are in flight
)

// Explanation says why a run waits.
type Explanation struct {
	Queue  string `json:"queue"`
	Policy Policy `json:"policy"`
	Tenant string `json:"tenant"`
	// Reasons hold it whatever its place; none means it waits its turn.
	Reasons []Reason `json:"reasons,omitempty"`
	// Position is 1 for the run that is picked next. It counts the picks
	// before this one if nothing comes, no cap is met and nobody ages: exactly
	// where the runs of each tenant cost the same, one class waits and no more
	// than a thousand tenants do, else nearly. It is 0 when the run's tenant
	// or key holds it.
	Position int `json:"position"`
	// TenantPosition is its place among its own tenant's runs of the class; 1
	// is first.
	TenantPosition int `json:"tenant-position"`
	// TenantsAhead is how many other tenants have a run before it.
	TenantsAhead int `json:"tenants-ahead"`
	// KeyPosition is its place among the runs with its key that wait, when
	// its key holds it.
	KeyPosition int `json:"key-position,omitempty"`
	// Class is its own, Effective what it counts as after ageing (under fair
	// what its tenant's next run of the class counts as); RisesAt is when that
	// becomes one better if nothing is picked, 0 for never.
	Class     int   `json:"class"`
	Effective int   `json:"effective"`
	RisesAt   int64 `json:"rises-at,omitempty"`
	// QueueRunning of QueueCap runs are in flight, and so on; a cap of 0 is
	// none.
	QueueRunning       int `json:"queue-running"`
	QueueCap           int `json:"queue-cap,omitempty"`
	TenantRunning      int `json:"tenant-running"`
	TenantCap          int `json:"tenant-cap,omitempty"`
	TenantQueueRunning int `json:"tenant-queue-running"`
	TenantQueueCap     int `json:"tenant-queue-cap,omitempty"`
	KeyRunning         int `json:"key-running,omitempty"`
	KeyCap             int `json:"key-cap,omitempty"`
	// Waited is how long it has waited; Expected how long it still will at
	// the rate of the last minute, -1 when nothing tells. Milliseconds.
	Waited   int64 `json:"waited"`
	Expected int64 `json:"expected"`
}

// Explain says why a run waits. It reports false for a run that does not. It
// costs O(tenants that could run), a millisecond for ten thousand.
func (s *Scheduler) Explain(id uint64, now int64) (Explanation, bool) {
	s.tell(now)
	i, known := s.places[id]
	if !known || s.runs.node(i).state != waiting {
		return Explanation{}, false
	}
	n := s.runs.node(i)
	m := s.members[n.data.member]
	q := m.queue
	q.catchUp()
	enqueued, _ := times(n)
	l := &m.spot(n.class).lane
	as, due := q.countsAs(n.class, enqueued)
	if q.config.Policy == Fair {
		as, due = l.as, l.due
	}
	e := Explanation{
		Queue: q.config.Name, Policy: q.config.Policy, Tenant: m.tenant.name,
		Class: int(n.class), Effective: int(as), RisesAt: due,
		QueueRunning: q.running, QueueCap: q.config.Cap,
		TenantRunning: m.tenant.running, TenantCap: m.tenant.config.Cap,
		TenantQueueRunning: m.running, TenantQueueCap: q.config.TenantCap,
		Waited: max(0, s.now-enqueued), Expected: -1,
	}
	e.TenantPosition = 1 + s.runs.ahead(&l.runs, i)
	q.reasons(&e, m)
	held := m.blocked != ""
	if n.data.key != 0 {
		held = q.explainKey(&e, s.keys[n.data.key], i) || held
	}
	if held {
		return e, true
	}
	e.Position, e.TenantsAhead = q.position(l, i)
	if rate := q.stats.picks.sum(s.now); rate > 0 {
		e.Expected = int64(float64(e.Position) / rate * minute)
	}
	return e, true
}

// reasons lists what holds the run's queue and tenant.
func (q *queue) reasons(e *Explanation, m *member) {
	t := m.tenant
	for _, r := range []struct {
		holds  bool
		reason Reason
	}{
		{q.config.Paused, QueuePaused},
		{q.config.Cap > 0 && q.running >= q.config.Cap, QueueFull},
		{t.config.Suspended, TenantSuspended},
		{t.config.Cap > 0 && t.running >= t.config.Cap, TenantFull},
		{q.config.TenantCap > 0 && m.running >= q.config.TenantCap, TenantQueueFull},
	} {
		if r.holds {
			e.Reasons = append(e.Reasons, r.reason)
		}
	}
}

// explainKey tells of the run's key, and whether the key holds it. A run
// behind others of its key is held even while the key is open: they go first.
func (q *queue) explainKey(e *Explanation, k *runKey, i uint32) (held bool) {
	e.KeyRunning, e.KeyCap = k.running, q.config.KeyCap
	if q.config.KeyCap == 0 {
		return false
	}
	l := k.line(&k.member.spot(q.owner.runs.node(i).class).lane)
	if l.head == i {
		return false
	}
	e.KeyPosition = 1 + q.owner.runs.ahead(&l.rest, i)
	if l.head != 0 {
		e.KeyPosition++
	}
	if !k.open(q.config.KeyCap) {
		e.Reasons = append(e.Reasons, KeyFull)
	}
	return true
}

// position counts the picks up to run i of lane l, which is in the lane, and
// the tenants with a pick before it.
func (q *queue) position(l *lane, i uint32) (position, tenants int) {
	own := &l.member.spots[l.as].flow
	mine := 0
	for l := range own.filed() {
		mine += q.owner.runs.ahead(&l.runs, i)
	}
	start := own.tag + q.step(own)*float64(mine)
	position = 1 + mine
	for c := range int(own.class) {
		for _, chair := range q.classes[c] {
			position += q.inLanes(chair.e)
			tenants++
		}
	}
	for _, chair := range q.classes[own.class] {
		if chair.e == own {
			continue
		}
		if n := q.goBefore(chair.e, start, i); n > 0 {
			position += n
			tenants++
		}
	}
	return position, tenants
}

// maxSearched is how many lines are searched for the place of a run; beyond,
// it is guessed from when their first and last run came.
const maxSearched = 1000

// aheadIn counts the runs of a line that are before run i.
func (q *queue) aheadIn(l *lane, i uint32) int {
	runs := &q.owner.runs
	if len(q.classes[l.as]) <= maxSearched {
		return runs.ahead(&l.runs, i)
	}
	at, first, last := runs.node(i).at, runs.node(l.runs.first()).at, runs.node(l.runs.last()).at
	switch {
	case at <= first:
		return 0
	case at >= last:
		return l.runs.size
	default: // the first is before it, the last is not
		return 1 + int(float64(l.runs.size-2)*float64(at-first)/float64(last-first)+0.5)
	}
}

// goBefore counts the runs of f that are picked before run i of another flow,
// whose tag will then be start.
func (q *queue) goBefore(f *flow, start float64, i uint32) int {
	if !q.config.Policy.tagged() {
		n := 0
		for l := range f.filed() {
			n += q.aheadIn(l, i)
		}
		return n
	}
	all, step := q.inLanes(f), q.step(f)
	if start < f.tag {
		return 0
	}
	n := min(float64(all), math.Ceil((start-f.tag)/step))
	// Where the tags meet, the tie decides.
	if k := int(n); k < all && f.tag+n*step == start && q.winsTie(f, k, i) {
		return k + 1
	}
	return int(n)
}

// winsTie reports whether f's k-th run goes before run i at the same tag.
func (q *queue) winsTie(f *flow, k int, i uint32) bool {
	runs := &q.owner.runs
	if q.config.Policy == RoundRobin {
		other := q.owner.members[runs.node(i).data.member]
		return f.member.tenant.name < other.tenant.name
	}
	for l := range f.filed() {
		if k < l.runs.size {
			return runs.before(l.runs.at(k), i)
		}
		k -= l.runs.size
	}
	return false
}

// inLanes is how many runs f could give one after another.
func (q *queue) inLanes(f *flow) int {
	n := 0
	for l := range f.filed() {
		n += l.runs.size
	}
	return n
}

// step is how far a run of f moves it on, on average.
func (q *queue) step(f *flow) float64 {
	total, n := 0.0, 0
	for l := range f.filed() {
		total += l.backlog
		n += l.count
	}
	if n == 0 {
		return 1
	}
	return total / float64(n)
}

// filed are the flow's lanes, by class.
func (f *flow) filed() iter.Seq[*lane] {
	return func(yield func(*lane) bool) {
		for set := f.lanes; set != 0; set &= set - 1 {
			if !yield(&f.member.spots[bits.TrailingZeros16(set)].lane) {
				return
			}
		}
	}
}
