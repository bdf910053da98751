package queue

import (
	"maps"
	"math"
)

// pool is one pool of Slots. A guest has one tag whatever the types of its
// steps; each type has a heap of the lanes that have a step its tenant may
// start.
type pool struct {
	owner   *Slots
	config  Pool
	guests  map[string]*guest
	kinds   map[string]*kind
	open    []*kind // those with lanes in their heap
	idle    []*guest
	ready   int
	running int
	held    int // slots
	virtual float64
	share   float64 // weights of the guests that have something to give
	able    int     // how many these are

	reserved   uint32 // the step that free slots are kept for
	reservedAt int64  // when a worker that can do it last asked
	askedAt    int64  // when a worker that can do all last asked
	picks      window
	used       window // slot-seconds
	waits      waits
}

// kind is a step type in a pool.
type kind struct {
	name    string
	lanes   heap[*stepLane]
	place   int // in pool.open, plus one
	ready   int
	running int
	mean    float64 // seconds a step takes
	askedAt int64   // when a worker that named it last asked
	takenAt int64   // when a step was last taken
}

// guest is a tenant in a pool.
type guest struct {
	name    string
	pool    *pool
	holder  *holder
	lanes   map[string]*stepLane // by type
	keys    map[string]*stepKey
	ready   int
	running int
	held    int     // slots
	can     bool    // it has something to give; see settle
	weight  float64 // as it counts in pool.share
	idle    bool    // it is in pool.idle
	tag     float64
	used    window
}

// stepLane holds a guest's steps of one type, oldest first. Steps behind
// their key are not in it.
type stepLane struct {
	guest *guest
	kind  *kind
	steps set
	head  uint32
	place int32 // in kind.lanes
	count int   // steps ready or in flight
}

func (l *stepLane) set() *set    { return &l.steps }
func (l *stepLane) seat() *int32 { return &l.place }

// rank is the order of tenants within a type.
func (l *stepLane) rank() rank {
	return rank{l.guest.tag, l.guest.pool.owner.steps.node(l.head).at}
}

func (l *stepLane) before(m *stepLane) bool {
	return l.guest.pool.owner.steps.before(l.head, m.head)
}

// goesBefore is the order of lanes of any types.
func (l *stepLane) goesBefore(m *stepLane) bool {
	if l.guest.tag != m.guest.tag {
		return l.guest.tag < m.guest.tag
	}
	return l.before(m)
}

// file keeps the lane in its type's heap exactly when its tenant may start
// its first step.
func (l *stepLane) file() {
	g := l.guest
	l.head = l.steps.first()
	switch can := l.head != 0 && g.may(l.head); {
	case can && l.place != 0:
		l.kind.lanes.fix(l)
	case can:
		if !g.can {
			g.tag = max(g.tag, g.pool.virtual)
		}
		l.kind.lanes.push(l)
	case l.place != 0:
		l.kind.lanes.remove(l)
	}
	g.pool.list(l.kind)
}

// list keeps a type among those that have something to give.
func (p *pool) list(k *kind) {
	switch {
	case len(k.lanes) > 0 && k.place == 0:
		p.open = append(p.open, k)
		k.place = len(p.open)
	case len(k.lanes) == 0 && k.place != 0:
		last := p.open[len(p.open)-1]
		p.open[k.place-1], last.place = last, k.place
		p.open, k.place = p.open[:len(p.open)-1], 0
	}
}

// file files all of the guest's lanes.
func (g *guest) file() {
	for _, l := range g.lanes {
		l.file()
	}
}

// settle notes, at the end of an operation, whether the guest has something
// to give. A guest whose lanes leave and enter within one operation has been
// there all the time.
func (g *guest) settle() {
	g.can = false
	for _, l := range g.lanes {
		g.can = g.can || l.place != 0
	}
	p, weight := g.pool, 0.0
	if g.weight > 0 {
		p.able--
	}
	if g.can {
		weight = g.holder.config.weight()
		p.able++
	}
	p.share += weight - g.weight
	g.weight = weight
	if len(p.open) == 0 {
		p.share = 0
	}
}

// settle settles the tenant's guests.
func (h *holder) settle() {
	for _, g := range h.guests {
		g.settle()
	}
}

// may reports whether the tenant may start a step. One that needs more than
// its tenant may hold goes when the tenant holds nothing.
func (g *guest) may(i uint32) bool {
	h := g.holder
	if h.config.Suspended {
		return false
	}
	return h.config.Slots == 0 || h.slots == 0 || h.slots+g.pool.needs(i) <= h.config.Slots
}

// needs is how many slots a step takes here.
func (p *pool) needs(i uint32) int {
	n := int(p.owner.steps.node(i).data.slots)
	if p.config.Slots > 0 {
		n = min(n, p.config.Slots)
	}
	return n
}

// same reports whether c is what the pool has.
func (p *pool) same(c Pool) bool {
	old := p.config
	return maps.Equal(old.Types, c.Types) && old.Name == c.Name && old.Slots == c.Slots && old.KeyCap == c.KeyCap &&
		old.Paused == c.Paused && old.Draining == c.Draining
}

// guest finds or makes a tenant's place in the pool.
func (p *pool) guest(name string) *guest {
	g := p.guests[name]
	if g == nil {
		g = &guest{name: name, pool: p, holder: p.owner.holder(name), lanes: map[string]*stepLane{}, keys: map[string]*stepKey{}}
		g.holder.guests = append(g.holder.guests, g)
		p.guests[name] = g
	}
	return g
}

// lane finds or makes the guest's lane of a type.
func (g *guest) lane(typ string) *stepLane {
	l := g.lanes[typ]
	if l == nil {
		l = &stepLane{guest: g, kind: g.pool.kind(typ)}
		g.lanes[typ] = l
	}
	return l
}

// kind finds or makes a type.
func (p *pool) kind(typ string) *kind {
	k := p.kinds[typ]
	if k == nil {
		k = &kind{name: typ, mean: 1}
		p.kinds[typ] = k
	}
	return k
}

// key finds or makes a key of the guest; the name "" is none.
func (g *guest) key(name string) *stepKey {
	if name == "" {
		return nil
	}
	k := g.keys[name]
	if k == nil {
		k = &stepKey{name: name}
		g.keys[name] = k
	}
	return k
}

// attach puts a ready step where it waits.
func (p *pool) attach(i uint32) {
	steps := &p.owner.steps
	d := &steps.node(i).data
	if d.key != nil && p.config.KeyCap > 0 {
		d.key.join(steps, d.lane, i)
		d.key.turn(steps, p.config.KeyCap)
		return
	}
	steps.insert(&d.lane.steps, i)
	d.lane.file()
}

// detach takes a ready step from where it waits. Its lane is not filed anew.
func (p *pool) detach(i uint32) {
	steps := &p.owner.steps
	d := &steps.node(i).data
	if p.reserved == i {
		p.reserved = 0
	}
	if d.key != nil && p.config.KeyCap > 0 {
		d.key.leave(steps, d.lane, i)
	} else {
		steps.remove(&d.lane.steps, i)
	}
}

// unready follows the end of a step that waited; it is in no set.
func (p *pool) unready(i uint32) {
	d := &p.owner.steps.node(i).data
	d.lane.kind.ready--
	d.lane.guest.ready--
	if d.key != nil {
		d.key.waiting--
		d.key.turn(&p.owner.steps, p.config.KeyCap)
		d.lane.guest.release(d.key)
	}
}

// begin gives a step its slots. It is in no set.
func (p *pool) begin(i uint32) {
	n := p.owner.steps.node(i)
	d := &n.data
	g, need := d.lane.guest, p.needs(i)
	n.state, d.held = inFlight, int32(need)
	p.running++
	p.held += need
	g.running++
	g.held += need
	g.holder.slots += need
	d.lane.kind.running++
	d.expected = quantize(float64(need) * d.lane.kind.mean)
	p.virtual = max(p.virtual, g.tag) + quantize(d.expected/max(p.share, g.holder.config.weight()))
	d.charged = charge(d.expected, g.holder.config.weight())
	g.tag += d.charged
	if d.key != nil {
		d.key.running++
	}
	p.unready(i)
	g.holder.refile()
}

// end takes a step's slots back and says how many slot-seconds it used beyond
// what was expected. It is dropped after.
func (p *pool) end(i uint32, seconds float64) (known float64) {
	d := &p.owner.steps.node(i).data
	g, held := d.lane.guest, int(d.held)
	p.running--
	p.held -= held
	g.running--
	g.held -= held
	g.holder.slots -= held
	d.lane.kind.running--
	if seconds >= 0 {
		seconds = min(seconds, maxCost)
		weight := g.holder.config.weight()
		used := float64(held) * seconds
		g.tag += quantize(used/weight) - d.charged
		d.lane.kind.mean = learned(d.lane.kind.mean, seconds)
		known = quantize(used) - d.expected
	}
	if d.key != nil {
		d.key.running--
		d.key.turn(&p.owner.steps, p.config.KeyCap)
		g.release(d.key)
	}
	g.holder.refile()
	return known
}

// follow moves virtual time by what is known of a step now that it has ended,
// but not back before the first tenant that could be served.
func (p *pool) follow(known float64) {
	if p.able > 0 {
		p.virtual = max(p.virtual+quantize(known/p.share), min(p.virtual, p.lowest()))
	}
}

// bound keeps virtual time within one expected step of each tenant of the
// first that could be served, as queue.bound does. expected is a step's cost.
func (p *pool) bound(expected float64) {
	if p.able > 0 {
		p.virtual = min(p.virtual, p.lowest()+quantize(expected*float64(p.able)/p.share))
	}
}

// lowest is the tag of the first tenant that could be served, infinite where
// there is none. Types of which lately none was taken do not count: there may
// be no worker for them.
func (p *pool) lowest() float64 {
	lowest := math.Inf(1)
	for _, k := range p.open {
		if k.takenAt > 0 && p.owner.now-k.takenAt <= minute && p.room(k) {
			lowest = min(lowest, k.lanes[0].rank.tag)
		}
	}
	return lowest
}

// maxIdleKinds is how many types without steps a pool remembers the mean of.
const maxIdleKinds = 256

// rest forgets what is not needed once a step has gone.
func (l *stepLane) rest() {
	g := l.guest
	p := g.pool
	l.count--
	if l.count == 0 {
		delete(g.lanes, l.kind.name)
		if l.kind.ready == 0 && l.kind.running == 0 && len(p.kinds) > maxIdleKinds {
			delete(p.kinds, l.kind.name)
		}
	}
	if p.ready == 0 && p.running == 0 {
		p.virtual = max(p.virtual, g.tag)
	}
	if g.ready == 0 && g.running == 0 && !g.idle {
		g.idle = true
		p.idle = append(p.idle, g)
	}
	p.forget()
}

// forget lets go of the guest that has been idle longest, if it is not ahead
// of the others any more; else it has its turn again later.
func (p *pool) forget() {
	if len(p.idle) == 0 {
		return
	}
	g := p.idle[0]
	p.idle = p.idle[1:]
	switch {
	case g.ready > 0 || g.running > 0:
		g.idle = false
	case g.tag > p.virtual:
		p.idle = append(p.idle, g)
	default:
		delete(p.guests, g.name)
		p.owner.leave(g)
	}
}

// release forgets a key that no step has.
func (g *guest) release(k *stepKey) {
	if k.waiting == 0 && k.running == 0 {
		delete(g.keys, k.name)
	}
}

// leave takes a guest out of its tenant.
func (s *Slots) leave(g *guest) {
	h := g.holder
	for i, other := range h.guests {
		if other == g {
			h.guests = append(h.guests[:i], h.guests[i+1:]...)
			break
		}
	}
	s.abandon(g.name, h)
}

// rebuild moves every ready step to where the configuration now wants it.
func (p *pool) rebuild() {
	var all []uint32
	for _, g := range p.guests {
		for _, l := range g.lanes {
			all = l.steps.appendTo(all)
			l.steps = set{}
		}
		for _, k := range g.keys {
			for _, l := range k.lines {
				all = l.rest.appendTo(all)
			}
			k.lines = nil
		}
	}
	for _, i := range all {
		p.attach(i)
	}
	for _, g := range p.guests {
		g.file()
		g.settle()
	}
}
