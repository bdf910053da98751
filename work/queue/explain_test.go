package queue_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/queue"
)

// TestExplainedPositionIsTrue: as many picks as it says, and of as many other
// tenants, for every run of queues in which each tenant's runs cost the same.
func TestExplainedPositionIsTrue(t *testing.T) {
	t.Parallel()
	for _, p := range queue.Policies() {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				positionIsTrue(t, p, rand.New(rand.NewPCG(seed, 5)))
			}
		})
	}
}

func positionIsTrue(t *testing.T, p queue.Policy, rnd *rand.Rand) {
	t.Helper()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Policy: p, Ageing: -1}); err != nil {
		t.Fatal(err)
	}
	cost := map[string]float64{}
	for i := range 8 {
		name := fmt.Sprint("t", i)
		cost[name] = 1 + rnd.Float64()*float64(i%3)
		if err := s.SetTenant(name, queue.Tenant{Weight: float64(1 + rnd.IntN(3))}); err != nil {
			t.Fatal(err)
		}
	}
	var waiting []uint64
	for id := range uint64(200) {
		tenant := fmt.Sprint("t", min(rnd.IntN(8), rnd.IntN(8)))
		it := queue.Item{ID: id + 1, Tenant: tenant, Priority: 5, Cost: cost[tenant], Enqueued: rnd.Int64N(100), Deadline: rnd.Int64N(3) * 1000}
		s.Enqueue("q", it)
		waiting = append(waiting, it.ID)
		if rnd.IntN(4) == 0 {
			got, _ := s.Pick("q", 100)
			s.Finished(got.ID, got.Cost*rnd.Float64())
			waiting = slices.DeleteFunc(waiting, func(id uint64) bool { return id == got.ID })
		}
	}
	said := map[uint64]queue.Explanation{}
	for _, id := range waiting {
		e, ok := s.Explain(id, 100)
		if !ok || len(e.Reasons) > 0 {
			t.Fatalf("Explain(%d) = %+v, %v, want that it waits its turn", id, e, ok)
		}
		said[id] = e
	}
	own, tenants := map[string]int{}, map[string]bool{}
	for n := range len(waiting) {
		it, _ := s.Pick("q", 100)
		own[it.Tenant]++
		others := len(tenants)
		if tenants[it.Tenant] {
			others--
		}
		tenants[it.Tenant] = true
		type place struct{ Position, TenantPosition, TenantsAhead int }
		got := place{said[it.ID].Position, said[it.ID].TenantPosition, said[it.ID].TenantsAhead}
		if diff := cmp.Diff(place{n + 1, own[it.Tenant], others}, got); diff != "" {
			t.Fatalf("run %d was explained otherwise than it was picked (-want +got):\n%s", it.ID, diff)
		}
	}
}

// TestExplainReasons: each thing that can hold a run is named, and only it.
func TestExplainReasons(t *testing.T) {
	t.Parallel()
	type place struct {
		Reasons               []queue.Reason
		Position, KeyPosition int
	}
	for _, tc := range []struct {
		name   string
		config queue.Config
		tenant queue.Tenant
		flight []queue.Item
		want   place
	}{
		{name: "its turn", want: place{Position: 1}},
		{name: "paused", config: queue.Config{Paused: true}, want: place{[]queue.Reason{queue.QueuePaused}, 1, 0}},
		{name: "draining lets what waits run", config: queue.Config{Draining: true}, want: place{Position: 1}},
		{
			name: "queue cap", config: queue.Config{Cap: 1}, flight: []queue.Item{{ID: 2, Tenant: "b"}},
			want: place{[]queue.Reason{queue.QueueFull}, 1, 0},
		},
		{
			name: "tenant's cap in the queue", config: queue.Config{TenantCap: 1}, flight: []queue.Item{{ID: 2, Tenant: "a"}},
			want: place{Reasons: []queue.Reason{queue.TenantQueueFull}},
		},
		{name: "other tenant at its cap", config: queue.Config{TenantCap: 1}, flight: []queue.Item{{ID: 2, Tenant: "b"}}, want: place{Position: 1}},
		{
			name: "tenant's cap", tenant: queue.Tenant{Cap: 1}, flight: []queue.Item{{ID: 2, Tenant: "a"}},
			want: place{Reasons: []queue.Reason{queue.TenantFull}},
		},
		{name: "suspended", tenant: queue.Tenant{Suspended: true}, want: place{Reasons: []queue.Reason{queue.TenantSuspended}}},
		{
			name: "key", config: queue.Config{KeyCap: 1}, flight: []queue.Item{{ID: 2, Tenant: "a", Key: "k"}},
			want: place{[]queue.Reason{queue.KeyFull}, 0, 1},
		},
		{
			name: "the same word of another tenant is another key", config: queue.Config{KeyCap: 1}, flight: []queue.Item{{ID: 2, Tenant: "b", Key: "k"}},
			want: place{Position: 1},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := queue.New()
			tc.config.Name = "q"
			if err := s.SetQueue(tc.config); err != nil {
				t.Fatal(err)
			}
			if err := s.SetTenant("a", tc.tenant); err != nil {
				t.Fatal(err)
			}
			for _, it := range tc.flight {
				s.Running("q", it)
			}
			s.Enqueue("q", queue.Item{ID: 1, Tenant: "a", Key: "k"})
			e, ok := s.Explain(1, 0)
			if diff := cmp.Diff(tc.want, place{e.Reasons, e.Position, e.KeyPosition}); diff != "" || !ok {
				t.Errorf("Explain (-want +got), %v:\n%s", ok, diff)
			}
			held := len(tc.want.Reasons) > 0
			if it, ok := s.Pick("q", 0); ok == held {
				t.Errorf("Pick = %+v, %v, want %v as explained", it, ok, !held)
			}
		})
	}
}

func TestExplainAgeingAndExpectation(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Ageing: time.Minute}); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(200) {
		s.Enqueue("q", queue.Item{ID: id + 1, Tenant: "a", Priority: 3, Enqueued: 1000})
	}
	e, _ := s.Explain(100, 2000)
	if e.Expected != -1 {
		t.Errorf("Expected = %d before any pick, want -1", e.Expected)
	}
	for range 60 {
		s.Pick("q", 119_999) // sixty within the minute that ends here
	}
	e, ok := s.Explain(100, 119_999)
	want := queue.Explanation{
		Queue: "q", Policy: queue.Fair, Tenant: "a", Position: 40, TenantPosition: 40,
		Class: 3, Effective: 3, RisesAt: 179_999, QueueRunning: 60, TenantRunning: 60, TenantQueueRunning: 60,
		Waited: 118_999, Expected: 40_000,
	}
	if diff := cmp.Diff(want, e); diff != "" || !ok {
		t.Errorf("Explain (-want +got), %v:\n%s", ok, diff)
	}
	if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.Priority, Ageing: time.Minute}); err != nil {
		t.Fatal(err)
	}
	e, _ = s.Explain(100, 119_999)
	if e.Effective != 2 || e.RisesAt != 121_000 {
		t.Errorf("under priority it counts as %d until %d, want 2 until 121000", e.Effective, e.RisesAt)
	}
	if e, ok := s.Explain(1, 0); ok {
		t.Errorf("Explain of a run in flight = %+v, want false", e)
	}
	if e, ok := s.Explain(999, 0); ok {
		t.Errorf("Explain of an unknown run = %+v, want false", e)
	}
}

// TestExplainedPositionAmongThousands: where it is guessed it is near.
func TestExplainedPositionAmongThousands(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(9, 9))
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.FIFO}); err != nil {
		t.Fatal(err)
	}
	const runs = 30_000
	for id := range uint64(runs) {
		s.Enqueue("q", queue.Item{ID: id + 1, Tenant: fmt.Sprint("t", rnd.IntN(3000)), Enqueued: int64(id)})
	}
	for id := 1; id <= runs; id += 999 {
		e, ok := s.Explain(uint64(id), runs)
		if d := e.Position - id; !ok || d > runs/50 || d < -runs/50 {
			t.Errorf("Explain(%d) = position %d, want %d within 2 %% of the queue", id, e.Position, id)
		}
	}
}
