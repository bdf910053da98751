package queue

import "maps"

// Slots holds the ready steps of started runs, and who has the slots of each
// pool.
//
// Within a pool the tenants share by weight and by the time they hold slots,
// as in the policy fair; a tenant's steps go oldest first. The worker's types,
// the caps of types and of keys and the tenant's own cap narrow what it is
// given. A step for which too few slots are free is not overtaken by those
// that are after it: the slots that become free are kept for it, from the
// workers that cannot do it too, for as long as a worker that can do it asks.
//
// Nothing of it is stored: when the shard is loaded, Add and Running rebuild
// it in any order.
type Slots struct {
	now     int64
	steps   arena[step]
	places  map[stepID]uint32
	pools   map[string]*pool
	tenants map[string]*holder
}

// stepID names a step, or an item of one.
type stepID struct {
	run        uint64
	node, item int32
}

// holder is a tenant over all pools.
type holder struct {
	config Tenant
	slots  int // held
	guests []*guest
}

// NewSlots returns Slots without pools.
func NewSlots() *Slots {
	return &Slots{places: map[stepID]uint32{}, pools: map[string]*pool{}, tenants: map[string]*holder{}}
}

// SetPool makes or changes a pool. Lowering a cap stops nothing that is in
// flight. On an error nothing has changed.
func (s *Slots) SetPool(c Pool) error {
	if err := c.Validate(); err != nil {
		return err
	}
	p := s.pool(c.Name)
	if p.same(c) {
		return nil
	}
	rebuild := (c.KeyCap == 0) != (p.config.KeyCap == 0)
	c.Types = maps.Clone(c.Types)
	p.config = c
	p.reserved = 0
	if rebuild {
		p.rebuild()
		return nil
	}
	for _, g := range p.guests {
		for _, k := range g.keys {
			k.turn(&s.steps, c.KeyCap)
		}
		g.file()
		g.settle()
	}
	return nil
}

// RemovePool removes a pool and reports whether it did: one with steps ready
// or in flight stays.
func (s *Slots) RemovePool(name string) bool {
	p := s.pools[name]
	if p == nil || p.ready > 0 || p.running > 0 {
		return false
	}
	for _, g := range p.guests {
		s.leave(g)
	}
	delete(s.pools, name)
	return true
}

// SetTenant sets what holds for a tenant in every pool. On an error nothing
// has changed.
func (s *Slots) SetTenant(name string, t Tenant) error {
	if err := t.Validate(); err != nil {
		return err
	}
	h := s.holder(name)
	if h.config == t {
		s.abandon(name, h)
		return nil
	}
	h.config = t
	h.refile()
	h.settle()
	s.abandon(name, h)
	return nil
}

// Add adds a step that became ready. One that is known already stays as it
// is. A pool that was never set has no limits.
func (s *Slots) Add(r Ready) {
	if _, known := s.places[idOf(r)]; known {
		return
	}
	p := s.pool(r.Pool)
	i := s.insert(p, r)
	p.ready++
	p.attach(i)
	s.steps.node(i).data.lane.guest.settle()
}

// Running adds a step that is in flight already, when the shard is loaded.
func (s *Slots) Running(r Ready) {
	if _, known := s.places[idOf(r)]; known {
		return
	}
	p := s.pool(r.Pool)
	i := s.insert(p, r)
	p.begin(i)
	s.steps.node(i).data.lane.guest.holder.settle()
}

func (s *Slots) insert(p *pool, r Ready) uint32 {
	g := p.guest(r.Tenant)
	n := newStep(r, g)
	if n.data.key != nil {
		n.data.key.waiting++
	}
	l := n.data.lane
	l.count++
	l.kind.ready++
	g.ready++
	i := s.steps.add(n)
	s.places[idOf(r)] = i
	return i
}

// Take starts up to limit steps of a pool that a worker can do; without types
// it can do all. They are in flight until Done. The steps are appended to
// into, which may be nil.
func (s *Slots) Take(into []Ready, pool string, types []string, limit int, now int64) []Ready {
	s.tell(now)
	p := s.pools[pool]
	if p == nil {
		return into
	}
	p.ask(types)
	for range limit {
		i := p.next(types)
		if i == 0 {
			break
		}
		p.ready--
		p.detach(i)
		p.begin(i)
		p.count(i)
		d := &s.steps.node(i).data
		d.lane.guest.holder.settle()
		p.bound(d.expected)
		into = append(into, s.read(i))
	}
	return into
}

// Done ends a step in flight, whatever became of it: its slots are free, and
// its tenant is charged the seconds it had them. Negative seconds leave the
// estimate, which is the mean of the type. It reports whether the step was in
// flight; a second call changes nothing.
func (s *Slots) Done(id uint64, node, item int32, seconds float64) bool {
	i, known := s.places[stepID{id, node, item}]
	if !known || s.steps.node(i).state != inFlight {
		return false
	}
	l := s.steps.node(i).data.lane
	p := l.guest.pool
	more := p.end(i, seconds)
	l.guest.holder.settle()
	p.follow(more)
	p.bound(quantize(float64(s.steps.node(i).data.held) * l.kind.mean))
	s.drop(i)
	l.rest()
	s.disband(p)
	return true
}

// Remove takes out a step that is ready and reports whether it was.
func (s *Slots) Remove(id uint64, node, item int32) bool {
	i, known := s.places[stepID{id, node, item}]
	if !known || s.steps.node(i).state == inFlight {
		return false
	}
	l := s.steps.node(i).data.lane
	p := l.guest.pool
	p.ready--
	p.detach(i)
	p.unready(i)
	l.file()
	l.guest.settle()
	s.drop(i)
	l.rest()
	s.disband(p)
	return true
}

// Depth is how many steps of a pool are ready and in flight, and how many
// slots those hold.
func (s *Slots) Depth(pool string) (ready, running, held int) {
	if p := s.pools[pool]; p != nil {
		return p.ready, p.running, p.held
	}
	return 0, 0, 0
}

// drop forgets a step that is in no set.
func (s *Slots) drop(i uint32) {
	n := s.steps.node(i)
	delete(s.places, stepID{n.id, n.data.node, n.data.item})
	s.steps.drop(i)
}

// tell moves the time on; it never goes back.
func (s *Slots) tell(now int64) { s.now = max(s.now, now) }

// pool finds or makes a pool.
func (s *Slots) pool(name string) *pool {
	p := s.pools[name]
	if p == nil {
		p = &pool{owner: s, config: Pool{Name: name}, guests: map[string]*guest{}, kinds: map[string]*kind{}, virtual: epoch}
		s.pools[name] = p
	}
	return p
}

// maxIdlePools is how many pools are remembered that were never set and have
// no steps.
const maxIdlePools = 256

// disband forgets a pool that only its steps' names made, when it has none
// and there are many: documents name pools, so there may be any number.
func (s *Slots) disband(p *pool) {
	if len(s.pools) > maxIdlePools && p.same(Pool{Name: p.config.Name}) {
		s.RemovePool(p.config.Name)
	}
}

// holder finds or makes a tenant.
func (s *Slots) holder(name string) *holder {
	h := s.tenants[name]
	if h == nil {
		h = new(holder)
		s.tenants[name] = h
	}
	return h
}

// abandon forgets a tenant that nothing is known of.
func (s *Slots) abandon(name string, h *holder) {
	if len(h.guests) == 0 && h.config == (Tenant{}) {
		delete(s.tenants, name)
	}
}

// refile files the tenant's lanes anew: what it may hold has changed.
func (h *holder) refile() {
	for _, g := range h.guests {
		g.file()
	}
}
