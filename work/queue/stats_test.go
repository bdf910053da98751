package queue_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/queue"
)

func TestStats(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", KeyCap: 1}); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []string{"held", "small", "big"} {
		if err := s.SetTenant(tenant, queue.Tenant{Suspended: tenant == "held"}); err != nil {
			t.Fatal(err)
		}
	}
	id := uint64(0)
	add := func(n int, tenant, key string) {
		for range n {
			id++
			s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Key: key, Priority: 4, Enqueued: 60_000})
		}
	}
	add(5, "held", "")
	add(50, "big", "")
	add(10, "small", "")
	add(3, "keyed", "k")
	for range 31 {
		s.Pick("q", 119_999)
	}
	got, ok := s.Stats("q", 119_999, 3)
	got.Config = queue.Config{}
	want := queue.Stats{
		Waiting: 37, Running: 31, Held: 7, Tenants: 4,
		Rate: 31.0 / 60, Jain: 1, Picked: 31,
		Classes: []queue.ClassStats{{Class: 4, Waiting: 37, P50: 59_392, P90: 59_392, P99: 59_392}},
		Top: []queue.TenantStats{
			{Tenant: "big", Weight: 1, Waiting: 30, Running: 20, Share: 20.0 / 31, Oldest: 60_000},
			{Tenant: "held", Weight: 1, Waiting: 5, Oldest: 60_000, Held: queue.TenantSuspended},
			{Tenant: "keyed", Weight: 1, Waiting: 2, Running: 1, Share: 1.0 / 31, Held: queue.KeyFull},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("Stats (-want +got), %v:\n%s", ok, diff)
	}
	if _, ok := s.Stats("none", 0, 3); ok {
		t.Error("Stats of an unknown queue = true, want false")
	}
}

// TestStatsTellUnfairness: under fifo a flood starves the others, and Jain's
// index and the count of the starved say so; under fair they do not.
func TestStatsTellUnfairness(t *testing.T) {
	t.Parallel()
	for policy, want := range map[queue.Policy]struct {
		jain    float64
		starved int
	}{queue.FIFO: {0.25, 3}, queue.Fair: {1, 0}} {
		s := queue.New()
		if err := s.SetQueue(queue.Config{Name: "q", Policy: policy}); err != nil {
			t.Fatal(err)
		}
		for id := range uint64(1300) {
			tenant := 0
			if id >= 1000 {
				tenant = 1 + int(id%3)
			}
			s.Enqueue("q", queue.Item{ID: id + 1, Tenant: fmt.Sprint("t", tenant), Enqueued: int64(id)})
		}
		for n := range int64(200) {
			it, _ := s.Pick("q", 120_000+n)
			s.Finished(it.ID, -1)
		}
		st, _ := s.Stats("q", 120_300, 1)
		if math.Abs(st.Jain-want.jain) > 0.01 || st.Starved != want.starved {
			t.Errorf("%s: Jain %.3f with %d starved, want %.3f with %d", policy, st.Jain, st.Starved, want.jain, want.starved)
		}
	}
}

// TestWaitQuantiles: over waits from milliseconds to weeks, each read back
// within a sixteenth.
func TestWaitQuantiles(t *testing.T) {
	t.Parallel()
	for wait := int64(1); wait < 30*24*3_600_000; wait = wait*3 + 1 {
		s := queue.New()
		now := int64(40_000_000_000)
		for id := range uint64(100) {
			s.Enqueue("q", queue.Item{ID: id + 1, Tenant: "t", Enqueued: now - wait*(1+int64(id)/50)})
		}
		for range 100 {
			s.Pick("q", now)
		}
		st, _ := s.Stats("q", now, 0)
		c := st.Classes[0]
		for _, q := range []struct{ got, want int64 }{{c.P50, wait}, {c.P90, 2 * wait}, {c.P99, 2 * wait}} {
			if d := math.Abs(float64(q.got - q.want)); d > float64(q.want)/16 {
				t.Errorf("a wait of %d ms was read back as %d", q.want, q.got)
			}
		}
		st, _ = s.Stats("q", now+15*60_000, 0)
		if c := st.Classes[0]; c.P50 != 0 {
			t.Errorf("fifteen minutes later P50 = %d, want 0", c.P50)
		}
	}
}
