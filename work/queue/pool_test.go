package queue_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/queue"
)

func step(id uint64, tenant, typ string, slots int) queue.Ready {
	return queue.Ready{ID: id, Item: -1, Tenant: tenant, Pool: "p", Type: typ, Slots: slots, At: int64(id)}
}

func taken(all []queue.Ready) []uint64 {
	var ids []uint64
	for _, r := range all {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestBigStepIsNotOvertaken: slots that become free are kept for a step that
// needs more than there are.
func TestBigStepIsNotOvertaken(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	if err := s.SetPool(queue.Pool{Name: "p", Slots: 4}); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(4) {
		s.Add(step(id+1, "t", "small", 1))
	}
	s.Add(step(10, "t", "big", 3))
	for id := uint64(20); id < 30; id++ {
		s.Add(step(id, "t", "small", 1))
	}
	if got, want := taken(s.Take(nil, "p", nil, 10, 100)), []uint64{1, 2, 3, 4}; !slices.Equal(got, want) {
		t.Fatalf("Take = %d, want %d", got, want)
	}
	s.Done(1, 0, -1, 1)
	s.Done(2, 0, -1, 1)
	if got := taken(s.Take(nil, "p", nil, 10, 101)); got != nil {
		t.Errorf("Take with two slots free = %d, want none: the big step is first", got)
	}
	if got := taken(s.Take(nil, "p", []string{"small"}, 10, 101)); got != nil {
		t.Errorf("Take of small steps = %d, want none: the slots are kept", got)
	}
	e, ok := s.Explain(20, 0, -1, 101)
	if want := []queue.Reason{queue.Reserved}; !ok || !slices.Equal(e.Reasons, want) {
		t.Errorf("Explain of a small step = %q, want %q", e.Reasons, want)
	}
	s.Done(3, 0, -1, 1)
	if got, want := taken(s.Take(nil, "p", nil, 1, 102)), []uint64{10}; !slices.Equal(got, want) {
		t.Errorf("Take with three slots free = %d, want %d", got, want)
	}
}

// TestReservationEnds: when nobody asks any more who can do the big step, the
// others have the slots.
func TestReservationEnds(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	if err := s.SetPool(queue.Pool{Name: "p", Slots: 2}); err != nil {
		t.Fatal(err)
	}
	s.Add(step(1, "t", "small", 1))
	s.Add(step(2, "t", "big", 5)) // takes the whole pool
	s.Add(step(3, "t", "small", 1))
	s.Take(nil, "p", nil, 1, 0)
	if got := taken(s.Take(nil, "p", []string{"big"}, 1, 1000)); got != nil {
		t.Fatalf("Take = %d, want none", got)
	}
	for _, tc := range []struct {
		now  int64
		want []uint64
	}{{61_000, nil}, {61_001, []uint64{3}}} {
		if got := taken(s.Take(nil, "p", []string{"small"}, 1, tc.now)); !slices.Equal(got, tc.want) {
			t.Errorf("Take at %d ms = %d, want %d", tc.now, got, tc.want)
		}
	}
}

// TestSlotsShareByTimeHeld: a tenant with long steps gets fewer of them.
func TestSlotsShareByTimeHeld(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	if err := s.SetPool(queue.Pool{Name: "p", Slots: 8}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetTenant("heavy", queue.Tenant{Weight: 3}); err != nil {
		t.Fatal(err)
	}
	id := uint64(0)
	seconds := map[string]float64{"long": 10, "short": 1}
	held := map[string]float64{}
	type end struct {
		at float64
		r  queue.Ready
	}
	var flight []end
	add := func(tenant, typ string, slots int) {
		id++
		s.Add(step(id, tenant, typ, slots))
	}
	for range 3 {
		add("long", "long", 1)
		add("short", "short", 1)
		add("heavy", "short", 2)
	}
	now := 0.0
	for range 50_000 {
		for _, r := range s.Take(nil, "p", nil, 8, int64(now*1000)) {
			flight = append(flight, end{now + seconds[r.Type], r})
			add(r.Tenant, r.Type, r.Slots)
		}
		slices.SortStableFunc(flight, func(x, y end) int { return int(math.Copysign(1, x.at-y.at)) })
		e := flight[0]
		flight = flight[1:]
		now = e.at
		held[e.r.Tenant] += seconds[e.r.Type] * float64(e.r.Slots)
		s.Done(e.r.ID, 0, -1, seconds[e.r.Type])
	}
	total := held["long"] + held["short"] + held["heavy"]
	for tenant, want := range map[string]float64{"long": 0.2, "short": 0.2, "heavy": 0.6} {
		if got := held[tenant] / total; math.Abs(got-want) > 0.02*want {
			t.Errorf("%s held %.4f of the slots, want %.2f within 2 %%", tenant, got, want)
		}
	}
}

// TestExplainStep: each thing that can hold a step is named, and only it.
func TestExplainStep(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		pool   queue.Pool
		tenant queue.Tenant
		flight queue.Ready
		asked  bool
		want   []queue.Reason
	}{
		{name: "its turn", asked: true},
		{name: "nobody asks", want: []queue.Reason{queue.NoWorker}},
		{name: "paused", pool: queue.Pool{Paused: true}, asked: true, want: []queue.Reason{queue.PoolPaused}},
		{name: "draining lets what is ready run", pool: queue.Pool{Draining: true}, asked: true},
		{name: "no slots", pool: queue.Pool{Slots: 1}, flight: step(2, "b", "x", 1), asked: true, want: []queue.Reason{queue.PoolFull}},
		{
			name: "type", pool: queue.Pool{Types: map[string]int{"shell": 1}}, flight: step(2, "b", "shell", 1), asked: true,
			want: []queue.Reason{queue.TypeFull},
		},
		{
			name: "none of the type", pool: queue.Pool{Types: map[string]int{"shell": 0}}, asked: true,
			want: []queue.Reason{queue.TypeFull},
		},
		{
			name: "key", pool: queue.Pool{KeyCap: 1}, flight: queue.Ready{ID: 2, Tenant: "a", Type: "x", Pool: "p", Key: "k"}, asked: true,
			want: []queue.Reason{queue.KeyFull},
		},
		{name: "suspended", tenant: queue.Tenant{Suspended: true}, asked: true, want: []queue.Reason{queue.TenantSuspended}},
		{name: "tenant's slots", tenant: queue.Tenant{Slots: 2}, flight: step(2, "a", "x", 2), asked: true, want: []queue.Reason{queue.TenantFull}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := queue.NewSlots()
			tc.pool.Name = "p"
			if err := s.SetPool(tc.pool); err != nil {
				t.Fatal(err)
			}
			if err := s.SetTenant("a", tc.tenant); err != nil {
				t.Fatal(err)
			}
			if tc.flight.ID != 0 {
				s.Running(tc.flight)
			}
			if tc.asked {
				s.Take(nil, "p", []string{"shell"}, 0, 100)
			}
			r := step(1, "a", "shell", 1)
			r.Key = "k"
			s.Add(r)
			e, ok := s.Explain(1, 0, -1, 200)
			if !ok || !slices.Equal(e.Reasons, tc.want) {
				t.Errorf("Explain = %q, %v, want %q", e.Reasons, ok, tc.want)
			}
			free := len(tc.want) == 0 || tc.want[0] == queue.NoWorker
			if got := s.Take(nil, "p", nil, 1, 200); (len(got) == 1) != free {
				t.Errorf("Take = %v, want %v as explained", got, free)
			}
		})
	}
}

func TestExplainStepPosition(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	for id := range uint64(10) {
		s.Add(step(id+1, fmt.Sprint("t", id%2), "x", 1))
	}
	s.Take(nil, "p", nil, 1, 10)
	e, ok := s.Explain(9, 0, -1, 50)
	want := queue.StepExplanation{
		Pool: "p", Type: "x", Tenant: "t0", TenantPosition: 4, TenantsAhead: 1, Ready: 9, ReadyType: 9,
		Needs: 1, Held: 1, TypeRunning: 1, TenantHeld: 1, AskedAt: 10, Waited: 41,
	}
	if diff := cmp.Diff(want, e); diff != "" || !ok {
		t.Errorf("Explain (-want +got), %v:\n%s", ok, diff)
	}
	if e, ok := s.Explain(1, 0, -1, 50); ok {
		t.Errorf("Explain of a step in flight = %+v, want false", e)
	}
}

func TestPoolStats(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	if err := s.SetPool(queue.Pool{Name: "p", Slots: 4, Types: map[string]int{"b": 2}}); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(10) {
		s.Add(step(id+1, fmt.Sprint("t", id%3), []string{"a", "b"}[id%2], 1))
	}
	s.Add(step(20, "t0", "a", 4))
	s.Take(nil, "p", nil, 2, 119_999)
	got, ok := s.Stats("p", 119_999, 2)
	got.Config = queue.Pool{}
	two := 2
	want := queue.PoolStats{
		Ready: 9, Running: 2, Held: 2, Rate: 2.0 / 60, P50: 118_784, P90: 118_784, P99: 118_784,
		Types: []queue.TypeStats{{Type: "a", Ready: 5, Running: 1, Mean: 1}, {Type: "b", Ready: 4, Running: 1, Cap: &two, Mean: 1}},
		Top: []queue.PoolTenantStats{
			{Tenant: "t0", Weight: 1, Ready: 4, Running: 1, Held: 1, Share: 0.5},
			{Tenant: "t2", Weight: 1, Ready: 3},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("Stats (-want +got), %v:\n%s", ok, diff)
	}
	if _, ok := s.Stats("none", 0, 1); ok {
		t.Error("Stats of an unknown pool = true, want false")
	}
}

// TestReconfigurePool: steps in and behind keys all come once while the caps
// of keys come and go, and the pool can be removed only when they have.
func TestReconfigurePool(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	for id := range uint64(50) {
		r := step(id+1, "t", "a", 1)
		r.Key = []string{"", "k", "l"}[id%3]
		s.Add(r)
	}
	seen := map[uint64]bool{}
	var flight []queue.Ready
	for n := range 200 {
		if err := s.SetPool(queue.Pool{Name: "p", Slots: 3 + n%2, KeyCap: n % 3}); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Take(nil, "p", nil, 2, int64(n)) {
			if seen[r.ID] {
				t.Fatalf("step of run %d was taken twice", r.ID)
			}
			seen[r.ID] = true
			flight = append(flight, r)
		}
		if s.RemovePool("p") {
			break
		}
		if len(flight) > 0 {
			s.Done(flight[0].ID, 0, -1, 1)
			flight = flight[1:]
		}
	}
	if len(seen) != 50 {
		t.Errorf("%d steps were taken, want 50", len(seen))
	}
	if _, ok := s.Stats("p", 0, 0); ok {
		t.Error("the pool is there though all its steps are done")
	}
}

// TestPoolsOfDocumentsAreForgotten: names that documents make up do not pile
// up, and pools that were set stay.
func TestPoolsOfDocumentsAreForgotten(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	if err := s.SetPool(queue.Pool{Name: "kept", Slots: 1}); err != nil {
		t.Fatal(err)
	}
	name := func(id uint64) string { return fmt.Sprint("pool", id) }
	for id := uint64(1); id <= 1000; id++ {
		r := step(id, "t", "x", 1)
		r.Pool = name(id)
		s.Add(r)
		if id%2 == 0 {
			s.Remove(id, 0, -1)
			continue
		}
		s.Take(nil, r.Pool, nil, 1, int64(id))
		s.Done(id, 0, -1, 1)
	}
	n := 0
	for id := uint64(1); id <= 1000; id++ {
		if _, ok := s.Stats(name(id), 1000, 0); ok {
			n++
		}
	}
	if n > 300 {
		t.Errorf("%d pools without steps are remembered, want at most 300", n)
	}
	if _, ok := s.Stats("kept", 1000, 0); !ok {
		t.Error("a pool that was set is forgotten")
	}
}
