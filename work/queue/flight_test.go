package queue_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/queue"
)

// TestRestGivesBackEveryPlace: those held by the queue's, the tenant's or the
// key's limit may go on, and the run that rested goes on whatever the limits.
func TestRestGivesBackEveryPlace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		config queue.Config
		tenant queue.Tenant
	}{
		{"queue", queue.Config{Cap: 1}, queue.Tenant{}},
		{"tenant in the queue", queue.Config{TenantCap: 1}, queue.Tenant{}},
		{"tenant", queue.Config{}, queue.Tenant{Cap: 1}},
		{"key", queue.Config{KeyCap: 1}, queue.Tenant{}},
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
			for id := range uint64(3) {
				s.Enqueue("q", queue.Item{ID: id + 1, Tenant: "a", Key: "k", Enqueued: int64(id)})
			}
			pick := func(want uint64) {
				t.Helper()
				if it, _ := s.Pick("q", 10); it.ID != want {
					t.Fatalf("Pick = %d, want %d", it.ID, want)
				}
			}
			pick(1)
			pick(0)
			if !s.Rest(1, 1) {
				t.Fatal("Rest(1) of a run in flight = false")
			}
			pick(2)
			pick(0)
			if !s.Resume(1) {
				t.Fatal("Resume(1) of a run at rest = false")
			}
			s.Finished(2, 1)
			pick(0) // run 1 has the place again
			s.Rest(1, 1)
			pick(3)
			st, _ := s.Stats("q", 10, 1)
			if st.Running != 1 || st.Resting != 1 || s.RemoveQueue("q") {
				t.Errorf("Stats = %d running, %d resting, want 1 and 1, and the queue not to be removed", st.Running, st.Resting)
			}
			if !s.Finished(1, 1) || s.Finished(1, 1) || s.Resume(1) {
				t.Error("Finished(1) of a run at rest did not end it once")
			}
			s.Finished(3, 1)
			if !s.RemoveQueue("q") {
				t.Error("RemoveQueue of an empty queue = false")
			}
		})
	}
}

// TestRestIsNoRefund: a tenant whose runs rest twice gets what one gets whose
// runs go through, as each part that is used is charged once.
func TestRestIsNoRefund(t *testing.T) {
	t.Parallel()
	s := queue.New()
	id, used := uint64(0), map[string]float64{}
	add := func(tenant string) {
		id++
		s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Cost: 1, Enqueued: int64(id)})
	}
	for _, tenant := range []string{"rests", "runs"} {
		add(tenant)
		add(tenant)
	}
	for range 3000 {
		it, ok := s.Pick("q", 0)
		if !ok {
			t.Fatal("nothing to pick")
		}
		if it.Tenant == "rests" {
			for range 2 {
				s.Rest(it.ID, 1)
				used[it.Tenant]++
				s.Resume(it.ID)
			}
		}
		used[it.Tenant]++
		s.Finished(it.ID, 1)
		add(it.Tenant)
	}
	if d := used["rests"] - used["runs"]; d < -4 || d > 4 {
		t.Errorf("the tenant with runs that rest used %v, the other %v, want the same within a run of each", used["rests"], used["runs"])
	}
}

// TestRestHoldsNoAgeing: runs that rest and go on change nobody's turn, nor
// how long the others have aged.
func TestRestHoldsNoAgeing(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.Fair, Floor: -1}); err != nil {
		t.Fatal(err)
	}
	s.Enqueue("q", queue.Item{ID: 1, Tenant: "low", Priority: 9})
	for id := range uint64(4000) {
		s.Enqueue("q", queue.Item{ID: id + 2, Tenant: "high"})
	}
	for now := int64(0); now < 3_600_000; now += 1000 {
		it, ok := s.Pick("q", now)
		if !ok {
			t.Fatal("nothing to pick")
		}
		if it.ID == 1 {
			return
		}
		s.Rest(it.ID, 1)
		s.Resume(it.ID)
		s.Finished(it.ID, 1)
	}
	t.Error("a run of class 9 did not age to class 0 in an hour")
}

// TestRestingIsRestored: after a restart a run at rest has no place, and one
// that rested before and goes on has one and is not given its estimate back.
func TestRestingIsRestored(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", KeyCap: 1}); err != nil {
		t.Fatal(err)
	}
	s.Resting("q", queue.Item{ID: 1, Tenant: "a", Key: "k", Cost: 50, Tag: 1})
	s.Resting("q", queue.Item{ID: 2, Tenant: "b", Key: "k", Cost: 50, Tag: 1})
	s.Resting("q", queue.Item{ID: 2, Tenant: "b", Key: "k", Cost: 50, Tag: 1}) // known
	s.Restore("q", queue.Item{ID: 3, Tenant: "a", Key: "k", Tag: 60})
	s.Restore("q", queue.Item{ID: 4, Tenant: "b", Key: "k", Tag: 60})
	if !s.Resume(2) {
		t.Fatal("Resume(2) of a run restored at rest = false")
	}
	type depth struct{ Waiting, Running int }
	var got depth
	got.Waiting, got.Running = s.Depth("q")
	if diff := cmp.Diff(depth{2, 1}, got); diff != "" {
		t.Errorf("Depth (-want +got):\n%s", diff)
	}
	if it, _ := s.Pick("q", 0); it.ID != 3 {
		t.Errorf("Pick = %d, want 3: its key is free", it.ID)
	}
	if it, ok := s.Pick("q", 0); ok {
		t.Errorf("Pick = %d, want none: its key is held", it.ID)
	}
	s.Finished(2, 0)
	if tag := s.Enqueue("q", queue.Item{ID: 5, Tenant: "b"}); tag != 62 {
		t.Errorf("Enqueue behind a run, at virtual time 61 = %v, want 62: nothing was given back", tag)
	}
}
