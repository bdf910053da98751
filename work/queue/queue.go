package queue

import (
	"math/bits"
	"slices"
)

// queue is one queue of a Scheduler.
//
// What is derived holds between calls: classes holds exactly the flows that
// have a run in a lane and whose member is not blocked, eligible counts them,
// and the queue is in Scheduler.open exactly when Next could pick from it.
// While the queue is loading nothing is derived yet; settle does it.
type queue struct {
	owner   *Scheduler
	config  Config // with defaults
	members map[string]*member
	waiting int
	running int
	resting int
	flights map[uint32]flight // by run in flight or at rest

	classes   [Classes]heap[*flow]
	virtual   [Classes]float64 // where a flow that enters starts; see advance and bound
	highest   [Classes]float64 // the highest tag of any flow of the class
	share     [Classes]float64 // weights of the flows in classes
	work      [Classes]float64 // cost of what was picked as the class, as far as it is known
	typical   float64          // cost of a run, the latest counting most
	credit    [Classes]int64   // what the floor owes each class, in millionths of a pick
	rising    heap[*lane]      // lanes whose first run has not reached class 0
	eligible  int
	loading   bool
	recalled  bool // virtual and the tags come from a ledger, while loading
	ledger    map[*lane]Place
	restarted bool    // it was loaded, and no pick has told the time since
	lag       float64 // added to virtual for a flow that enters; see Config.Memory

	weight float64 // of the members that have runs
	used   usage   // what they used; see Config.Memory

	tag      float64 // the queue's own, among queues
	entering bool    // in Scheduler.open, but its tag does not count yet
	place    int32   // in Scheduler.open
	idle     member  // ring of members without runs
	stats    counters
}

func newQueue(s *Scheduler, c Config) *queue {
	q := &queue{owner: s, config: c, members: map[string]*member{}, flights: map[uint32]flight{}, typical: 1}
	for i := range q.virtual {
		q.virtual[i], q.highest[i] = epoch, epoch
	}
	q.idle.prev, q.idle.next = &q.idle, &q.idle
	return q
}

func (q *queue) seat() *int32 { return &q.place }

// rank is the order among queues that share.
func (q *queue) rank() rank           { return rank{q.tag, int64(q.config.Order)} }
func (q *queue) before(r *queue) bool { return q.config.Name < r.config.Name }

func (q *queue) goesBefore(r *queue) bool {
	return q.rank().before(r.rank()) || q.rank() == r.rank() && q.before(r)
}

// open reports whether a run could be picked.
func (q *queue) open() bool {
	return !q.config.Paused && (q.config.Cap == 0 || q.running < q.config.Cap) && q.eligible > 0
}

// member finds or makes a tenant's place in the queue.
func (q *queue) member(name string) *member {
	if m := q.members[name]; m != nil {
		return m
	}
	m := &member{queue: q, tenant: q.owner.tenant(name)}
	q.owner.enrol(m)
	q.members[name] = m
	m.tenant.members = append(m.tenant.members, m)
	m.blocked = m.hold()
	q.park(m)
	return m
}

// attach puts a waiting run where it waits.
func (q *queue) attach(i uint32) {
	runs := &q.owner.runs
	n := runs.node(i)
	m := q.owner.members[n.data.member]
	l := &m.spot(n.class).lane
	l.add(q.charge(m, n.data.cost))
	if n.data.key != 0 && q.config.KeyCap > 0 {
		k := q.owner.keys[n.data.key]
		k.join(runs, l, i)
		k.turn()
		return
	}
	runs.insert(&l.runs, i)
	q.file(l)
}

// detach takes a waiting run from where it waits. Its lane is not filed anew.
func (q *queue) detach(i uint32) *lane {
	runs := &q.owner.runs
	n := runs.node(i)
	m := q.owner.members[n.data.member]
	l := &m.spot(n.class).lane
	l.settle(q.charge(m, n.data.cost))
	if n.data.key != 0 && q.config.KeyCap > 0 {
		q.owner.keys[n.data.key].leave(runs, l, i)
	} else {
		runs.remove(&l.runs, i)
	}
	return l
}

// charge is how far a run moves its tenant on.
func (q *queue) charge(m *member, cost float64) float64 {
	if q.config.Policy != Fair {
		return 1
	}
	return charge(cost, m.tenant.config.weight())
}

// ages reports whether waiting makes a run of the class count as a better one.
func (q *queue) ages(class uint8) bool {
	return class > 0 && q.config.Ageing > 0 && q.config.Policy.classes()
}

// countsAs is what a run of a class that has aged since then counts as by
// now, and when it rises by one more; 0 for never.
func (q *queue) countsAs(class uint8, since int64) (as uint8, due int64) {
	if !q.ages(class) {
		return class, 0
	}
	step := max(1, q.config.Ageing.Milliseconds())
	risen := max(0, q.owner.now-since) / step
	if risen >= int64(class) {
		return 0, 0
	}
	return class - uint8(risen), since + (risen+1)*step
}

// file puts a lane in the flow of the class its first run counts as.
func (q *queue) file(l *lane) {
	if q.loading {
		return
	}
	head := l.runs.first()
	as, due := l.class, int64(0)
	able := head != 0 && l.member.blocked == ""
	if able {
		since, _ := times(q.owner.runs.node(head))
		if !l.able {
			l.since = max(since, q.owner.now)
		}
		if q.config.Policy == Fair {
			since = l.since
		}
		as, due = q.countsAs(l.class, since)
	}
	l.able = able
	if l.filed && (head == 0 || as != l.as) {
		f := &l.member.spots[l.as].flow
		f.lanes &^= 1 << l.class
		q.refresh(f)
	}
	l.filed, l.as = head != 0, as
	q.rise(l, due)
	if head != 0 {
		f := &l.member.spot(as).flow
		f.lanes |= 1 << l.class
		q.refresh(f)
	}
}

// rise keeps the lane in the heap of those that rise; due 0 takes it out.
func (q *queue) rise(l *lane, due int64) {
	l.due = due
	switch {
	case due == 0 && l.place != 0:
		q.rising.remove(l)
	case due != 0 && l.place == 0:
		q.rising.push(l)
	case due != 0:
		q.rising.fix(l)
	}
}

// risesPerPick bounds what a pick does for ageing: after a long pause many
// lanes may be due at once, and they are few after a few picks.
const risesPerPick = 64

// catchUp files anew the lanes whose first run has aged.
func (q *queue) catchUp() {
	if q.restarted {
		q.restarted = false
		q.forgive()
	}
	if len(q.rising) == 0 || q.rising.first().due > q.owner.now {
		return
	}
	var due []*lane
	for len(q.rising) > 0 && q.rising.first().due <= q.owner.now && len(due) < risesPerPick {
		l := q.rising.first()
		q.rise(l, 0)
		due = append(due, l)
	}
	// From the last class on: a flow that one lane leaves and another enters
	// has been there all the time.
	slices.SortStableFunc(due, func(l, m *lane) int { return int(m.as) - int(l.as) })
	for _, l := range due {
		q.file(l)
	}
}

// forgive begins ageing anew after a restart: when a lane was last picked from
// is not known, but by a ledger, and most were a moment before it.
func (q *queue) forgive() {
	for _, m := range q.members {
		for _, p := range m.spots {
			if p != nil && p.lane.filed {
				p.lane.since = q.owner.now
				q.file(&p.lane)
			}
		}
	}
}

// refresh puts a flow where it belongs after its lanes, its tag or its member
// changed.
func (q *queue) refresh(f *flow) {
	if q.loading {
		return
	}
	f.head = 0
	for set := f.lanes; set != 0; set &= set - 1 {
		first := f.member.spots[bits.TrailingZeros16(set)].lane.runs.first()
		if first != 0 && (f.head == 0 || q.owner.runs.before(first, f.head)) {
			f.head = first
		}
	}
	class := &q.classes[f.class]
	switch can := f.head != 0 && f.member.blocked == ""; {
	case can:
		f.at = q.owner.runs.node(f.head).at
		if f.place != 0 {
			class.fix(f)
			break
		}
		if q.config.Policy.tagged() && !q.recalled {
			f.tag, f.credit = max(f.tag, q.virtual[f.class]+q.lag), 0
		}
		class.push(f)
		q.eligible++
		f.weight = f.member.tenant.config.weight()
		q.share[f.class] += f.weight
	case f.place != 0:
		class.remove(f)
		q.eligible--
		q.share[f.class] -= f.weight
		if len(*class) == 0 {
			q.share[f.class] = 0
		}
	}
}

// reblock acts on a change of what may hold the member.
func (q *queue) reblock(m *member) {
	if hold := m.hold(); hold != m.blocked {
		m.blocked = hold
		q.fileAll(m)
	}
}

func (q *queue) fileAll(m *member) {
	for _, p := range m.spots {
		if p != nil && p.lane.filed {
			q.file(&p.lane)
		}
	}
}
