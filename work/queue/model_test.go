package queue_test

import (
	"cmp"
	"math"
	"slices"

	"github.com/berth-project/berth/work/queue"
)

// model says what a queue does in the plainest way: lists searched from end
// to end, everything derived anew for each pick. Scheduler is held against it.
type model struct {
	config  queue.Config
	tenants map[string]queue.Tenant
	waiting []queue.Item
	flight  map[uint64]flight
	flows   map[place]*modelFlow
	virtual [queue.Classes]float64
	highest [queue.Classes]float64
	credit  [queue.Classes]int64
	work    [queue.Classes]float64
	typical float64
	now     int64
	lanes   map[place]*modelLane
}

// modelLane is a tenant's runs of one class: since when one could start and
// none did.
type modelLane struct {
	able  bool
	since int64
}

type flight struct {
	queue.Item
	as    int
	rests bool
	// Until it is settled:
	charged, paid, expected, lead, since float64
}

type place struct {
	tenant string
	class  int
}

type modelFlow struct {
	tag    float64
	credit float64
	can    bool // it could be picked from, when last looked
}

func newModel(c queue.Config) *model {
	m := &model{config: c, tenants: map[string]queue.Tenant{}, flight: map[uint64]flight{}, flows: map[place]*modelFlow{}, lanes: map[place]*modelLane{}, typical: 1}
	for c := range m.virtual {
		m.virtual[c], m.highest[c] = 1, 1
	}
	return m
}

func (m *model) classes() bool {
	return m.config.Policy == queue.Fair || m.config.Policy == queue.Priority
}

func (m *model) tagged() bool {
	return m.config.Policy == queue.Fair || m.config.Policy == queue.RoundRobin
}

func (m *model) class(it queue.Item) int {
	if !m.classes() {
		return 0
	}
	return int(min(it.Priority, queue.Classes-1))
}

func (m *model) countsAs(it queue.Item) int {
	class := m.class(it)
	if m.config.Ageing < 0 {
		return class
	}
	since := it.Enqueued
	if m.config.Policy == queue.Fair {
		since = m.lane(it).since
	}
	return max(0, class-int(max(0, m.now-since)/m.config.Ageing.Milliseconds()))
}

func (m *model) weight(tenant string) float64 {
	if w := m.tenants[tenant].Weight; w != 0 {
		return w
	}
	return 1
}

func (m *model) charge(tenant string, cost float64) float64 {
	if m.config.Policy != queue.Fair {
		return 1
	}
	return max(1, math.Round(cost/m.weight(tenant)*(1<<20))) / (1 << 20)
}

func (m *model) lane(it queue.Item) *modelLane {
	p := place{it.Tenant, m.class(it)}
	if m.lanes[p] == nil {
		m.lanes[p] = new(modelLane)
	}
	return m.lanes[p]
}

func (m *model) flow(tenant string, class int) *modelFlow {
	p := place{tenant, class}
	if m.flows[p] == nil {
		m.flows[p] = new(modelFlow)
	}
	return m.flows[p]
}

// order is the policy's order of runs of one tenant.
func (m *model) order(x, y queue.Item) int {
	if m.config.Policy == queue.Deadline {
		late := func(it queue.Item) int64 {
			if it.Deadline == 0 {
				return math.MaxInt64
			}
			return it.Deadline
		}
		if c := cmp.Compare(late(x), late(y)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(x.Enqueued, y.Enqueued), cmp.Compare(x.ID, y.ID))
}

// held reports whether something else than its turn keeps a run.
func (m *model) held(it queue.Item) bool {
	t, all, key := m.tenants[it.Tenant], 0, 0
	for _, f := range m.flight {
		if f.Tenant == it.Tenant && !f.rests {
			all++
			if f.Key == it.Key {
				key++
			}
		}
	}
	return t.Suspended ||
		t.Cap > 0 && all >= t.Cap ||
		m.config.TenantCap > 0 && all >= m.config.TenantCap ||
		m.config.KeyCap > 0 && it.Key != "" && key >= m.config.KeyCap
}

// heads finds the run each flow would give, and lifts the tags of those that
// could not give one when last looked.
func (m *model) heads() map[place]queue.Item {
	first := map[place]queue.Item{} // of each tenant and own class
	for _, it := range m.waiting {
		p := place{it.Tenant, m.class(it)}
		if h, ok := first[p]; !m.held(it) && (!ok || m.order(it, h) < 0) {
			first[p] = it
		}
	}
	for p, l := range m.lanes {
		if _, able := first[p]; !able {
			l.able = false
		}
	}
	for _, it := range first {
		if l := m.lane(it); !l.able {
			l.able, l.since = true, max(m.now, it.Enqueued)
		}
	}
	heads := map[place]queue.Item{}
	for p, it := range first {
		p.class = m.countsAs(it)
		if h, ok := heads[p]; !ok || m.order(it, h) < 0 {
			heads[p] = it
		}
		m.flow(p.tenant, p.class)
	}
	for p, f := range m.flows {
		_, can := heads[p]
		if can && !f.can && m.tagged() {
			f.tag, f.credit = max(f.tag, m.virtual[p.class]), 0
		}
		f.can = can
	}
	return heads
}

func (m *model) enqueue(it queue.Item) (tag float64) {
	f := m.flow(it.Tenant, m.class(it))
	before := 0.0
	for _, w := range m.waiting {
		if w.Tenant == it.Tenant && m.class(w) == m.class(it) {
			before += m.charge(w.Tenant, w.Cost)
		}
	}
	m.waiting = append(m.waiting, it)
	m.heads()
	if !m.tagged() {
		return 0
	}
	base := f.tag
	if !f.can {
		base = max(base, m.virtual[m.class(it)])
	}
	m.waiting[len(m.waiting)-1].Tag = base + before
	return base + before
}

// choose says which class is picked from: the best, or one the floor owes.
func (m *model) choose(heads map[place]queue.Item) int {
	var can [queue.Classes]bool
	for p := range heads {
		can[p.class] = true
	}
	best := slices.Index(can[:], true)
	if !m.classes() {
		return best
	}
	owed := -1
	for c := range can {
		if !can[c] {
			m.credit[c] = 0
			continue
		}
		m.credit[c] += int64(m.config.Floor * 1e6)
		if m.credit[c] >= 1e6 && (owed < 0 || m.credit[c] > m.credit[owed]) {
			owed = c
		}
	}
	if owed < 0 {
		owed = best
	}
	m.credit[owed] = max(0, m.credit[owed]-1e6)
	return owed
}

func (m *model) pick(now int64) (queue.Item, bool) {
	m.now = max(m.now, now)
	heads := m.heads()
	if m.config.Paused || m.config.Cap > 0 && m.running() >= m.config.Cap || len(heads) == 0 {
		return queue.Item{}, false
	}
	class := m.choose(heads)
	var at place
	var it queue.Item
	for p, h := range heads {
		if p.class == class && (it.ID == 0 || m.goesBefore(p, h, at, it)) {
			at, it = p, h
		}
	}
	m.waiting = slices.DeleteFunc(m.waiting, func(w queue.Item) bool { return w.ID == it.ID })
	fl := m.advance(at, it)
	it = fl.Item
	m.lane(it).since = m.now
	m.flight[it.ID] = fl
	m.heads()
	m.bound(class)
	return it, true
}

func (m *model) goesBefore(p place, h queue.Item, q place, i queue.Item) bool {
	if m.tagged() {
		if c := cmp.Compare(m.flows[p].tag, m.flows[q].tag); c != 0 {
			return c < 0
		}
	}
	if m.config.Policy == queue.RoundRobin {
		return p.tenant < q.tenant
	}
	return m.order(h, i) < 0
}

func grain(v float64) float64 { return math.Round(v*(1<<20)) / (1 << 20) }

// share sums the weights of those that could be picked from as a class, lowest
// is the least tag of them but f's, n their number.
func (m *model) share(class int, but *modelFlow) (share, lowest, n float64) {
	lowest = math.Inf(1)
	for p, f := range m.flows {
		if p.class == class && f.can {
			share += m.weight(p.tenant)
			n++
			if f != but {
				lowest = min(lowest, f.tag)
			}
		}
	}
	return share, lowest, n
}

func (m *model) bound(class int) {
	if share, lowest, n := m.share(class, nil); n > 0 && m.config.Policy == queue.Fair {
		m.virtual[class] = min(m.virtual[class], lowest+grain(m.typical*n/share))
	}
}

func (m *model) advance(at place, it queue.Item) flight {
	fl := flight{Item: it, as: at.class, charged: m.charge(it.Tenant, it.Cost)}
	fl.Tag = 0
	if !m.tagged() {
		return fl
	}
	f, own := m.flows[at], m.flow(it.Tenant, m.class(it))
	if _, lowest, n := m.share(at.class, f); f.can && n > 1 {
		fl.lead = max(0, lowest-f.tag)
	}
	m.virtual[at.class] = max(m.virtual[at.class], f.tag)
	if m.config.Policy == queue.Fair {
		share, _, _ := m.share(at.class, nil)
		fl.expected = grain(min(it.Cost, m.typical))
		m.virtual[at.class] += grain(fl.expected / share)
		m.work[at.class] += fl.expected
		fl.since = m.work[at.class]
		fl.paid = min(own.credit, max(0, fl.charged-grain(fl.expected/m.weight(it.Tenant))))
	}
	if own != f && !own.can {
		own.tag = max(own.tag, m.virtual[m.class(it)])
	}
	fl.Tag = own.tag
	own.credit -= fl.paid
	m.move(it.Tenant, m.class(it), fl.charged-fl.paid)
	if own != f {
		m.move(it.Tenant, at.class, fl.charged)
	}
	return fl
}

func (m *model) move(tenant string, class int, by float64) {
	f := m.flow(tenant, class)
	f.tag += by
	m.highest[class] = max(m.highest[class], f.tag)
}

func (m *model) finish(id uint64, actual float64) {
	it, ok := m.flight[id]
	if !ok {
		return
	}
	m.settle(it, actual)
	delete(m.flight, id)
	m.ended()
}

func (m *model) rest(id uint64, actual float64) {
	m.settle(m.flight[id], actual)
	f := m.flight[id]
	f.rests = true
	m.flight[id] = f
	m.ended()
}

func (m *model) resume(id uint64) {
	f := m.flight[id]
	f.rests = false
	m.flight[id] = f
	m.heads()
}

// running counts the runs in flight that have a place.
func (m *model) running() int {
	n := 0
	for _, f := range m.flight {
		if !f.rests {
			n++
		}
	}
	return n
}

// settle charges what a run used in place of what it was charged before.
func (m *model) settle(f flight, actual float64) {
	settled := f
	settled.charged, settled.paid, settled.expected, settled.lead, settled.since = 0, 0, 0, 0, 0
	m.flight[f.ID] = settled
	if m.config.Policy != queue.Fair {
		return
	}
	used := grain(actual / m.weight(f.Tenant))
	if actual < 0 {
		used, actual = f.charged, 0
		if f.charged > 0 {
			actual = f.Cost
		}
	}
	m.typical = max(1.0/1024, m.typical+(min(actual, 16*m.typical)-m.typical)/8)
	work := m.work[f.as] - f.since
	own, as := f, f
	if f.as != m.class(f.Item) {
		own.lead, as.paid = 0, 0
		m.refund(as, f.as, used, work)
	}
	m.refund(own, m.class(f.Item), used, work)
	known := grain(actual) - f.expected
	m.work[f.as] += known
	if share, lowest, n := m.share(f.as, nil); n > 0 {
		v := m.virtual[f.as]
		m.virtual[f.as] = max(v+grain(known/share), min(v, lowest))
	}
	m.bound(f.as)
	m.bound(m.class(f.Item))
}

// refund says what settling a run does to a flow. What is refunded beyond the
// first of the others becomes credit.
func (m *model) refund(r flight, class int, used, work float64) {
	f := m.flow(r.Tenant, class)
	by := used - r.charged
	if by < 0 { // credit that paid for the estimate is given back first
		back := min(r.paid, -by)
		f.credit += back
		by += back
	}
	if _, lowest, n := m.share(class, f); by < 0 && f.can && n > 1 {
		moved := -min(-by, max(0, f.tag-lowest+max(0, r.lead-used)))
		f.credit += min(moved-by, max(0, grain(work/m.weight(r.Tenant))))
		by = moved
	}
	m.move(r.Tenant, class, by)
	bonus := min(f.credit, grain(used/2))
	m.move(r.Tenant, class, -bonus)
	f.credit -= bonus
}

func (m *model) remove(id uint64) {
	m.waiting = slices.DeleteFunc(m.waiting, func(w queue.Item) bool { return w.ID == id })
	m.ended()
}

func (m *model) ended() {
	m.heads()
	if len(m.waiting) == 0 && m.running() == 0 {
		m.virtual = m.highest
	}
}
