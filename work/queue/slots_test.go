package queue_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/queue"
)

// slotsModel says what a pool does in the plainest way.
type slotsModel struct {
	pool     queue.Pool
	tenants  map[string]queue.Tenant
	ready    []queue.Ready
	flight   map[[3]uint64]heldStep
	tags     map[string]float64
	means    map[string]float64
	taken    map[string]bool // types of which a step was taken
	can      map[string]bool
	virtual  float64
	reserved *queue.Ready
}

type heldStep struct {
	queue.Ready
	slots             int
	charged, expected float64
}

func stepKey(r queue.Ready) [3]uint64 { return [3]uint64{r.ID, uint64(r.Node), uint64(r.Item)} }

func (m *slotsModel) needs(r queue.Ready) int {
	n := max(1, r.Slots)
	if m.pool.Slots > 0 {
		n = min(n, m.pool.Slots)
	}
	return n
}

func (m *slotsModel) weight(tenant string) float64 {
	if w := m.tenants[tenant].Weight; w != 0 {
		return w
	}
	return 1
}

// held reports whether the step's tenant or key keeps it; room whether its
// type does.
func (m *slotsModel) held(r queue.Ready) bool {
	slots, key := 0, 0
	for _, f := range m.flight {
		if f.Tenant == r.Tenant {
			slots += f.slots
			if f.Key == r.Key {
				key++
			}
		}
	}
	t := m.tenants[r.Tenant]
	return t.Suspended || r.Key != "" && m.pool.KeyCap > 0 && key >= m.pool.KeyCap ||
		t.Slots > 0 && slots > 0 && slots+m.needs(r) > t.Slots
}

func (m *slotsModel) room(typ string) bool {
	n := 0
	for _, f := range m.flight {
		if f.Type == typ {
			n++
		}
	}
	return m.pool.Types[typ] == 0 || n < m.pool.Types[typ]
}

func orderSteps(x, y queue.Ready) int {
	return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Node, y.Node), cmp.Compare(uint32(x.Item), uint32(y.Item)), cmp.Compare(x.ID, y.ID))
}

// heads are the first step of each tenant and type that no key holds, where
// the tenant may start it.
func (m *slotsModel) heads() []queue.Ready {
	type at struct{ tenant, typ string }
	first := map[at]queue.Ready{}
	for _, r := range m.ready {
		if r.Key != "" && m.pool.KeyCap > 0 && m.keyFull(r) {
			continue
		}
		p := at{r.Tenant, r.Type}
		if h, ok := first[p]; !ok || orderSteps(r, h) < 0 {
			first[p] = r
		}
	}
	var heads []queue.Ready
	can := map[string]bool{}
	for _, r := range first {
		if !m.held(r) {
			heads = append(heads, r)
			can[r.Tenant] = true
		}
	}
	for tenant := range can {
		if !m.can[tenant] {
			m.tags[tenant] = max(m.tags[tenant], m.virtual)
		}
	}
	m.can = can
	return heads
}

// startable reports whether a step waits for slots only.
func (m *slotsModel) startable(r queue.Ready) bool {
	return m.room(r.Type) && slices.ContainsFunc(m.heads(), func(h queue.Ready) bool { return stepKey(h) == stepKey(r) })
}

func (m *slotsModel) keyFull(r queue.Ready) bool {
	n := 0
	for _, f := range m.flight {
		if f.Tenant == r.Tenant && f.Key == r.Key {
			n++
		}
	}
	return n >= m.pool.KeyCap
}

func (m *slotsModel) take(types []string) (queue.Ready, bool) {
	var best queue.Ready
	for _, r := range m.heads() {
		if m.pool.Paused || !m.room(r.Type) || len(types) > 0 && !slices.Contains(types, r.Type) {
			continue
		}
		if best.ID == 0 || cmp.Or(cmp.Compare(m.tags[r.Tenant], m.tags[best.Tenant]), orderSteps(r, best)) < 0 {
			best = r
		}
	}
	if best.ID == 0 {
		return best, false
	}
	if m.pool.Slots > 0 {
		free := m.pool.Slots
		for _, f := range m.flight {
			free -= f.slots
		}
		if m.reserved != nil && stepKey(*m.reserved) != stepKey(best) &&
			(!m.startable(*m.reserved) || len(types) == 0 || slices.Contains(types, m.reserved.Type)) {
			m.reserved = nil
		}
		mine := m.reserved == nil || stepKey(*m.reserved) == stepKey(best)
		if !mine {
			free -= m.needs(*m.reserved)
		}
		if m.needs(best) > free {
			if mine {
				m.reserved = &best
			}
			return best, false
		}
		if mine {
			m.reserved = nil
		}
	}
	m.forget(best)
	cost := grain(float64(m.needs(best)) * m.mean(best.Type))
	share, _, _ := m.share()
	m.virtual = max(m.virtual, m.tags[best.Tenant]) + grain(cost/share)
	c := math.Max(1, math.Round(cost/m.weight(best.Tenant)*(1<<20))) / (1 << 20)
	m.tags[best.Tenant] += c
	m.flight[stepKey(best)] = heldStep{best, m.needs(best), c, cost}
	m.taken[best.Type] = true
	m.heads()
	m.bound(cost)
	return best, true
}

// share sums the weights of the tenants that could be served, lowest is the
// least tag of those whose types are taken, n their number.
func (m *slotsModel) share() (share, lowest, n float64) {
	lowest = math.Inf(1)
	for tenant, can := range m.can {
		if can {
			share, n = share+m.weight(tenant), n+1
		}
	}
	for _, h := range m.heads() {
		if m.taken[h.Type] && m.room(h.Type) {
			lowest = min(lowest, m.tags[h.Tenant])
		}
	}
	return share, lowest, n
}

func (m *slotsModel) bound(cost float64) {
	if share, lowest, n := m.share(); n > 0 {
		m.virtual = min(m.virtual, lowest+grain(cost*n/share))
	}
}

func (m *slotsModel) mean(typ string) float64 {
	if _, ok := m.means[typ]; !ok {
		m.means[typ] = 1
	}
	return m.means[typ]
}

func (m *slotsModel) forget(r queue.Ready) {
	m.ready = slices.DeleteFunc(m.ready, func(o queue.Ready) bool { return stepKey(o) == stepKey(r) })
	if m.reserved != nil && stepKey(*m.reserved) == stepKey(r) {
		m.reserved = nil
	}
}

func (m *slotsModel) done(r heldStep, seconds float64) {
	if seconds >= 0 {
		m.tags[r.Tenant] += grain(float64(r.slots)*seconds/m.weight(r.Tenant)) - r.charged
		m.means[r.Type] = max(1.0/1024, m.mean(r.Type)+(min(seconds, 16*m.mean(r.Type))-m.mean(r.Type))/8)
	}
	delete(m.flight, stepKey(r.Ready))
	m.heads()
	if share, lowest, n := m.share(); n > 0 && seconds >= 0 {
		known := grain(float64(r.slots)*seconds) - r.expected
		m.virtual = max(m.virtual+grain(known/share), min(m.virtual, lowest))
	}
	m.bound(grain(float64(r.slots) * m.mean(r.Type)))
	m.rest(r.Tenant)
}

func (m *slotsModel) rest(tenant string) {
	m.heads()
	if len(m.ready) == 0 && len(m.flight) == 0 {
		m.virtual = max(m.virtual, m.tags[tenant])
	}
}

// TestSlotsDoAsTheModel runs random histories through Slots and the model.
func TestSlotsDoAsTheModel(t *testing.T) {
	t.Parallel()
	for i, pool := range []queue.Pool{
		{Name: "free"},
		{Name: "small", Slots: 3},
		{Name: "capped", Slots: 20, KeyCap: 2, Types: map[string]int{"a": 4, "b": 1}},
		{Name: "keys", KeyCap: 1},
	} {
		t.Run(pool.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				slotsHistory(t, pool, rand.New(rand.NewPCG(seed, uint64(i))))
			}
		})
	}
}

func slotsHistory(t *testing.T, pool queue.Pool, rnd *rand.Rand) {
	t.Helper()
	s := queue.NewSlots()
	m := &slotsModel{
		pool: pool, tenants: map[string]queue.Tenant{}, flight: map[[3]uint64]heldStep{},
		tags: map[string]float64{}, means: map[string]float64{}, taken: map[string]bool{}, virtual: 1,
	}
	if err := s.SetPool(pool); err != nil {
		t.Fatal(err)
	}
	setTenant := func(name string, c queue.Tenant) {
		m.tenants[name] = c
		if err := s.SetTenant(name, c); err != nil {
			t.Fatal(err)
		}
		m.heads()
	}
	for i := range 5 {
		setTenant(fmt.Sprint("t", i), queue.Tenant{Weight: float64(i), Slots: []int{0, 0, 3}[rnd.IntN(3)]})
	}
	now, id := int64(1000), uint64(0)
	take := func() bool {
		var types []string
		for _, typ := range []string{"a", "b", "c"} {
			if rnd.IntN(3) > 0 {
				types = append(types, typ)
			}
		}
		want, ok := m.take(types)
		got := s.Take(nil, pool.Name, types, 1, now)
		if !ok && len(got) == 0 {
			return false
		}
		if !ok || len(got) != 1 || gocmp.Diff(want, got[0]) != "" {
			t.Fatalf("Take(%q) = %+v, want %+v, %v", types, got, want, ok)
		}
		return true
	}
	done := func() {
		all := slices.SortedFunc(maps.Values(m.flight), func(x, y heldStep) int { return orderSteps(x.Ready, y.Ready) })
		if len(all) == 0 {
			return
		}
		f := all[rnd.IntN(len(all))]
		seconds := []float64{-1, 0, 1, 4}[rnd.IntN(4)]
		if !s.Done(f.ID, f.Node, f.Item, seconds) || s.Done(f.ID, f.Node, f.Item, seconds) {
			t.Fatalf("Done(%+v) of a step in flight did not do so once", f)
		}
		m.done(f, seconds)
	}
	for range 1500 {
		now += rnd.Int64N(10)
		switch n := rnd.IntN(20); {
		case n < 8:
			id++
			r := queue.Ready{
				ID: id, Node: rnd.Int32N(3), Item: rnd.Int32N(3) - 1, Tenant: fmt.Sprint("t", rnd.IntN(5)), Queue: "q", Pool: pool.Name,
				Type: []string{"a", "b", "c"}[rnd.IntN(3)], Slots: 1 + rnd.IntN(4)*rnd.IntN(2), At: now - rnd.Int64N(5),
			}
			if rnd.IntN(3) == 0 {
				r.Key = fmt.Sprint("k", rnd.IntN(2))
			}
			s.Add(r)
			s.Add(r) // known: no change
			m.ready = append(m.ready, r)
			m.heads()
		case n < 13:
			take()
		case n < 18:
			done()
		case n < 19:
			if len(m.ready) > 0 {
				r := m.ready[rnd.IntN(len(m.ready))]
				if !s.Remove(r.ID, r.Node, r.Item) || s.Remove(r.ID, r.Node, r.Item) {
					t.Fatalf("Remove(%+v) of a ready step did not do so once", r)
				}
				m.forget(r)
				m.rest(r.Tenant)
			}
		default:
			name := fmt.Sprint("t", rnd.IntN(5))
			c := m.tenants[name]
			c.Suspended = !c.Suspended && rnd.IntN(2) == 0
			setTenant(name, c)
		}
		checkSlots(t, s, m)
	}
	for _, name := range slices.Sorted(maps.Keys(m.tenants)) {
		c := m.tenants[name]
		c.Suspended = false
		setTenant(name, c)
	}
	for range 100_000 {
		if len(m.ready)+len(m.flight) == 0 {
			return
		}
		if !take() {
			done()
		}
	}
	t.Fatalf("%d steps ready and %d in flight are left", len(m.ready), len(m.flight))
}

func checkSlots(t *testing.T, s *queue.Slots, m *slotsModel) {
	t.Helper()
	held := 0
	for _, f := range m.flight {
		held += f.slots
	}
	if m.pool.Slots > 0 && held > m.pool.Slots {
		t.Fatalf("%d of %d slots are held", held, m.pool.Slots)
	}
	if r, f, h := s.Depth(m.pool.Name); r != len(m.ready) || f != len(m.flight) || h != held {
		t.Fatalf("Depth = %d, %d, %d, want %d, %d, %d", r, f, h, len(m.ready), len(m.flight), held)
	}
}
