package queue

import "slices"

// Scheduler holds the queues of one shard.
//
// To rebuild it: SetTenant and SetQueue first, then Restore, Running and
// Resting for every run in any order, then SetLedger where one was kept; the
// first other call but Resume ends the rebuilding.
type Scheduler struct {
	now     int64 // the latest time told
	runs    arena[run]
	places  map[uint64]uint32 // of every run here, in runs
	queues  map[string]*queue
	tenants map[string]*tenant
	loading []*queue // those that are being rebuilt

	open    heap[*queue] // queues that could be picked from
	virtual float64      // the highest tag of a queue that Next picked from

	members     []*member // by number
	freeMembers []uint32
	keys        []*runKey // by number, from 1
	freeKeys    []uint32
	keyNumber   map[keyName]uint32
}

// New returns a Scheduler without queues.
func New() *Scheduler {
	return &Scheduler{
		places:    map[uint64]uint32{},
		queues:    map[string]*queue{},
		tenants:   map[string]*tenant{},
		keys:      make([]*runKey, 1),
		keyNumber: map[keyName]uint32{},
		virtual:   epoch,
	}
}

// SetQueue makes or changes a queue. Changing the policy, the ageing or
// whether keys are capped costs O(runs waiting in it). On an error nothing
// has changed.
func (s *Scheduler) SetQueue(c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	c = c.withDefaults()
	q := s.queues[c.Name]
	if q == nil {
		s.queues[c.Name] = newQueue(s, c)
		return nil
	}
	if q.config == c {
		return nil
	}
	s.ready()
	q.reconfigure(c)
	s.reopen(q)
	return nil
}

// RemoveQueue removes a queue and reports whether it did: one in which runs
// wait, are in flight or rest stays.
func (s *Scheduler) RemoveQueue(name string) bool {
	q := s.queues[name]
	if q == nil || q.waiting > 0 || q.running > 0 || q.resting > 0 {
		return false
	}
	s.ready()
	for _, m := range q.members {
		s.forget(m)
	}
	delete(s.queues, name)
	return true
}

// SetTenant sets what holds for a tenant everywhere; the zero Tenant is the
// default of those never set. On an error nothing has changed.
func (s *Scheduler) SetTenant(name string, t Tenant) error {
	if err := t.Validate(); err != nil {
		return err
	}
	old := s.tenant(name)
	if old.config == t {
		s.abandon(old)
		return nil
	}
	s.ready()
	before := old.config.weight()
	old.config = t
	for _, m := range old.members {
		m.queue.reweigh(m, before, t.weight())
		m.queue.reblock(m)
		s.reopen(m.queue)
	}
	s.abandon(old)
	return nil
}

// Enqueue adds a run that is to wait and returns the tag to store with it. A
// run that waits already moves; one that is in flight or rests is left alone
// and its tag returned. A queue that was never set gets the defaults.
func (s *Scheduler) Enqueue(queue string, it Item) (tag float64) {
	s.ready()
	if i, known := s.places[it.ID]; known {
		if n := s.runs.node(i); n.state != waiting {
			return n.data.tag
		}
		s.Remove(it.ID)
	}
	q := s.queue(queue)
	m := q.member(it.Tenant)
	if m.idle() {
		q.lag = q.comeback(m)
	}
	p := m.spot(it.class())
	backlog := p.lane.backlog
	i := s.insert(q, m, it)
	q.attach(i)
	q.lag = 0
	s.reopen(q)
	if !q.config.Policy.tagged() {
		return 0
	}
	f := &p.flow
	tag = f.tag
	if f.place == 0 {
		tag = max(tag, q.virtual[f.class])
	}
	s.runs.node(i).data.tag = tag + backlog
	return tag + backlog
}

// insert makes a waiting run known, but puts it in no set.
func (s *Scheduler) insert(q *queue, m *member, it Item) uint32 {
	q.wake(m)
	q.waiting++
	m.waiting++
	m.tenant.waiting++
	var number uint32
	if k := s.key(m, it.Key); k != nil {
		k.waiting++
		number = k.number
	}
	i := s.runs.add(newRun(it, m, number))
	s.places[it.ID] = i
	return i
}

// Remove takes out a waiting run (it was canceled, paused or moved) and
// reports whether it waited here.
func (s *Scheduler) Remove(id uint64) bool {
	s.ready()
	i, known := s.places[id]
	if !known || s.runs.node(i).state != waiting {
		return false
	}
	n := s.runs.node(i)
	m := s.members[n.data.member]
	q := m.queue
	l := q.detach(i)
	if n.data.key != 0 {
		k := s.keys[n.data.key]
		k.waiting--
		k.turn()
		s.release(k)
	}
	q.file(l)
	q.waiting--
	m.waiting--
	m.tenant.waiting--
	s.drop(i)
	q.ended(m)
	s.reopen(q)
	return true
}

// Pick starts the run that is next in a queue: it is in flight from now on.
// It reports false when none can start; Explain says why for each.
func (s *Scheduler) Pick(queue string, now int64) (Item, bool) {
	s.tell(now)
	q := s.queues[queue]
	if q == nil {
		return Item{}, false
	}
	q.catchUp()
	if q.place == 0 {
		return Item{}, false
	}
	return s.start(q), true
}

// drop forgets a run that is in no set.
func (s *Scheduler) drop(i uint32) {
	delete(s.places, s.runs.node(i).id)
	s.runs.drop(i)
}

// Depth is how many runs of a queue wait and are in flight.
func (s *Scheduler) Depth(queue string) (waiting, running int) {
	if q := s.queues[queue]; q != nil {
		return q.waiting, q.running
	}
	return 0, 0
}

// Load is how many runs of a tenant wait and are in flight over all queues.
func (s *Scheduler) Load(tenant string) (waiting, running int) {
	if t := s.tenants[tenant]; t != nil {
		return t.waiting, t.running
	}
	return 0, 0
}

// tell moves the time on; it never goes back.
func (s *Scheduler) tell(now int64) {
	s.now = max(s.now, now)
	s.ready()
}

// queue finds or makes a queue.
func (s *Scheduler) queue(name string) *queue {
	q := s.queues[name]
	if q == nil {
		q = newQueue(s, Config{Name: name}.withDefaults())
		s.queues[name] = q
	}
	return q
}

// tenant finds or makes a tenant.
func (s *Scheduler) tenant(name string) *tenant {
	t := s.tenants[name]
	if t == nil {
		t = &tenant{name: name}
		s.tenants[name] = t
	}
	return t
}

// abandon forgets a tenant that nothing is known of.
func (s *Scheduler) abandon(t *tenant) {
	if len(t.members) == 0 && t.config == (Tenant{}) {
		delete(s.tenants, t.name)
	}
}

// enrol gives a member its number.
func (s *Scheduler) enrol(m *member) {
	if n := len(s.freeMembers); n > 0 {
		m.number, s.freeMembers = s.freeMembers[n-1], s.freeMembers[:n-1]
		s.members[m.number] = m
		return
	}
	m.number = uint32(len(s.members))
	s.members = append(s.members, m)
}

// forget removes a member that has no runs.
func (s *Scheduler) forget(m *member) {
	m.prev.next, m.next.prev = m.next, m.prev
	m.prev, m.next = nil, nil
	delete(m.queue.members, m.tenant.name)
	m.tenant.members = slices.DeleteFunc(m.tenant.members, func(o *member) bool { return o == m })
	s.members[m.number] = nil
	s.freeMembers = append(s.freeMembers, m.number)
	s.abandon(m.tenant)
}
