package queue

// tenant is a tenant of the shard.
type tenant struct {
	name    string
	config  Tenant
	members []*member // one for each queue that knows it
	waiting int
	running int
}

// member is a tenant in one queue.
type member struct {
	queue   *queue
	tenant  *tenant
	number  uint32 // in Scheduler.members
	waiting int
	running int
	resting int
	blocked Reason         // why none of its runs can start; "" when they could
	spots   [Classes]*spot // by class, where it had runs; one where the policy knows none
	served  window         // cost picked in the last minute
	used    usage          // what Config.Memory remembers
	loaded  bool           // the queue is loading, and runs of this member were restored
	// Members without runs stand in a ring until they can be forgotten.
	prev, next *member
	active     bool // it counts in queue.weight
}

// spot is a member's part of one class.
type spot struct {
	lane lane // of the runs of the class
	flow flow // of those that count as the class
}

// spot finds or makes the member's part of a class.
func (m *member) spot(class uint8) *spot {
	if !m.queue.config.Policy.classes() {
		class = 0
	}
	if m.spots[class] == nil {
		m.spots[class] = &spot{lane: lane{member: m, class: class}, flow: flow{member: m, class: class}}
	}
	return m.spots[class]
}

// lane holds a member's runs of one class, in the policy's order. Runs that
// wait for or behind their key are not in it; see key.
type lane struct {
	member  *member
	class   uint8
	filed   bool  // it has a run, and is in the flow of class as
	able    bool  // filed, and its tenant could start the run
	as      uint8 // the class its first run counts as
	runs    set
	backlog float64 // charges of all its runs, those with their key included
	count   int     // how many these are
	since   int64   // since when it is able and none of its runs was picked
	due     int64   // when its first run rises by one class
	place   int32   // in queue.rising
	last    uint32  // its last run, while the queue is loading
}

func (l *lane) seat() *int32        { return &l.place }
func (l *lane) rank() rank          { return rank{at: l.due} }
func (l *lane) before(m *lane) bool { return l.member.number < m.member.number }
func (l *lane) add(charge float64)  { l.count++; l.backlog += charge }
func (l *lane) settle(charge float64) {
	l.count--
	l.backlog = max(0, l.backlog-charge)
	if l.count == 0 {
		l.backlog = 0
	}
}

// flow is a member as one class sees it: a start tag, and the lanes whose
// first run counts as that class.
type flow struct {
	member *member
	class  uint8
	lanes  uint16 // set of classes
	place  int32  // in queue.classes
	head   uint32 // first run over the lanes
	at     int64  // that run's
	tag    float64
	credit float64 // refunds that are not in the tag yet; see settle
	weight float64 // as it counts in queue.share
}

func (f *flow) seat() *int32 { return &f.place }

// rank is the order of tenants within a class. Policies without tags leave
// them equal, so that the runs themselves decide; in round-robin names do.
func (f *flow) rank() rank {
	if f.member.queue.config.Policy == RoundRobin {
		return rank{tag: f.tag}
	}
	return rank{f.tag, f.at}
}

func (f *flow) before(g *flow) bool {
	q := f.member.queue
	if q.config.Policy == RoundRobin {
		return f.member.tenant.name < g.member.tenant.name
	}
	return q.owner.runs.before(f.head, g.head)
}

// hold says why none of the member's runs can start.
func (m *member) hold() Reason {
	t, q := m.tenant, m.queue
	switch {
	case t.config.Suspended:
		return TenantSuspended
	case t.config.Cap > 0 && t.running >= t.config.Cap:
		return TenantFull
	case q.config.TenantCap > 0 && m.running >= q.config.TenantCap:
		return TenantQueueFull
	default:
		return ""
	}
}

// idle reports whether the member has no runs.
func (m *member) idle() bool { return m.waiting == 0 && m.running == 0 && m.resting == 0 }

// forgettable reports whether nothing would differ if the member were new.
func (m *member) forgettable(now int64) bool {
	for c, p := range m.spots {
		if p != nil && p.flow.tag > m.queue.virtual[c] {
			return false
		}
	}
	return m.used.at(now, m.queue.config.HalfLife) < quantum && m.served.sum(now) == 0
}
