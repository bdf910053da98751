package queue_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/queue"
)

// stored is what a store keeps: runs with the tags they were last given.
type stored struct {
	waiting, flight map[uint64]queue.Item
	rested          map[uint64]bool // of those in flight, whether they rest now
}

// restart builds another Scheduler from it, in any order.
func (s stored) restart(t *testing.T, rnd *rand.Rand, c queue.Config, tenants map[string]queue.Tenant, led *queue.Ledger) *queue.Scheduler {
	t.Helper()
	again := queue.New()
	if err := again.SetQueue(c); err != nil {
		t.Fatal(err)
	}
	for name, tenant := range tenants {
		if err := again.SetTenant(name, tenant); err != nil {
			t.Fatal(err)
		}
	}
	type row struct {
		queue.Item
		flight bool
	}
	var rows []row
	for _, id := range slices.Sorted(maps.Keys(s.waiting)) {
		rows = append(rows, row{s.waiting[id], false})
	}
	for _, id := range slices.Sorted(maps.Keys(s.flight)) {
		rows = append(rows, row{s.flight[id], true})
	}
	rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for _, r := range rows {
		rests, rested := s.rested[r.ID]
		switch {
		case !r.flight:
			again.Restore(c.Name, r.Item)
		case !rested:
			again.Running(c.Name, r.Item)
		default:
			again.Resting(c.Name, r.Item)
			if !rests && !again.Resume(r.ID) {
				t.Fatalf("Resume(%d) of a run that rests = false", r.ID)
			}
		}
	}
	if led != nil {
		text, err := json.Marshal(led)
		if err != nil {
			t.Fatal(err)
		}
		var read queue.Ledger
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		again.SetLedger(c.Name, read)
	}
	return again
}

// TestRestartKeepsTheOrder restarts from tags alone: exact as long as costs
// turned out true and nothing was canceled or held.
func TestRestartKeepsTheOrder(t *testing.T) {
	t.Parallel()
	for _, p := range queue.Policies() {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(10) {
				rnd := rand.New(rand.NewPCG(seed, 7))
				c := queue.Config{Name: "q", Policy: p, Cap: 10, Ageing: -1, Floor: -1}
				tenants := map[string]queue.Tenant{}
				for i := range 6 {
					tenants[fmt.Sprint("t", i)] = queue.Tenant{Weight: float64(i)}
				}
				now, store := int64(1000), stored{waiting: map[uint64]queue.Item{}, flight: map[uint64]queue.Item{}}
				s := store.restart(t, rnd, c, tenants, nil)
				for id := range uint64(600) {
					now += rnd.Int64N(3)
					it := queue.Item{
						ID: id + 1, Tenant: fmt.Sprint("t", rnd.IntN(6)), Priority: uint8(rnd.IntN(3)), Cost: rnd.Float64() * 9,
						Enqueued: now, Deadline: now + rnd.Int64N(1000),
					}
					it.Tag = s.Enqueue("q", it)
					store.waiting[it.ID] = it
					if rnd.IntN(2) == 0 {
						store.pick(s, now)
					}
					if flight := slices.Sorted(maps.Keys(store.flight)); len(flight) > 0 && rnd.IntN(2) == 0 {
						id := flight[rnd.IntN(len(flight))]
						s.Finished(id, -1)
						delete(store.flight, id)
					}
				}
				again := store.restart(t, rnd, c, tenants, nil)
				compareDrain(t, s, again, store, now)
			}
		})
	}
}

func (s stored) pick(from *queue.Scheduler, now int64) {
	if it, ok := from.Pick("q", now); ok {
		delete(s.waiting, it.ID)
		s.flight[it.ID] = it
	}
}

// compareDrain runs all that is left in both, with the same ends.
func compareDrain(t *testing.T, s, again *queue.Scheduler, store stored, now int64) {
	t.Helper()
	flight := slices.Sorted(maps.Keys(store.flight))
	for n := range 100_000 {
		want, wantOK := s.Pick("q", now)
		got, ok := again.Pick("q", now)
		want.Tag, got.Tag = 0, 0
		if ok != wantOK || got != want {
			t.Fatalf("after the restart pick %d = %+v, %v, want %+v, %v", n, got, ok, want, wantOK)
		}
		if ok {
			flight = append(flight, want.ID)
			continue
		}
		if len(flight) == 0 {
			return
		}
		if !s.Finished(flight[0], -1) || !again.Finished(flight[0], -1) {
			t.Fatalf("run %d is not in flight in both", flight[0])
		}
		flight = flight[1:]
	}
	t.Fatal("the queue does not come to an end")
}

// TestRestartWithLedgerKeepsTheOrder restarts from tags and a ledger: exact
// after whatever happened.
func TestRestartWithLedgerKeepsTheOrder(t *testing.T) {
	t.Parallel()
	for _, c := range configs() {
		c.Name = "q"
		t.Run(fmt.Sprint(c.Policy, c.Ageing, c.KeyCap), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				h := newHistory(t, c, seed)
				for range 500 {
					h.step()
				}
				store := stored{waiting: map[uint64]queue.Item{}, flight: map[uint64]queue.Item{}}
				for _, it := range h.model.waiting {
					store.waiting[it.ID] = it
				}
				store.rested = map[uint64]bool{}
				for id, f := range h.model.flight {
					store.flight[id] = f.Item
					if f.charged == 0 {
						store.rested[id] = f.rests
					}
				}
				led := h.real.Ledger("q")
				h.real = store.restart(t, h.rnd, c, h.model.tenants, &led)
				for id, f := range h.model.flight { // as what it was picked is not stored
					f.as = int(min(f.Priority, queue.Classes-1))
					if h.model.class(f.Item) == 0 {
						f.as = 0
					}
					h.model.flight[id] = f
				}
				h.model.heads()
				h.drain()
			}
		})
	}
}

// TestRestartAfterCancel: a tenant that canceled a flood is not punished for
// it after a restart, once something was enqueued after.
func TestRestartAfterCancel(t *testing.T) {
	t.Parallel()
	s := queue.New()
	store := stored{waiting: map[uint64]queue.Item{}}
	add := func(id uint64, tenant string) {
		it := queue.Item{ID: id, Tenant: tenant, Enqueued: int64(id)}
		it.Tag = s.Enqueue("q", it)
		store.waiting[id] = it
	}
	for id := range uint64(1000) {
		add(id+1, "a")
	}
	for id := range uint64(1000) {
		s.Remove(id + 1)
		delete(store.waiting, id+1)
	}
	for id := uint64(2000); id < 2010; id += 2 {
		add(id, "a")
		add(id+1, "b")
	}
	again := store.restart(t, rand.New(rand.NewPCG(1, 1)), queue.Config{Name: "q"}, nil, nil)
	var order []string
	for range 6 {
		it, _ := again.Pick("q", 3000)
		order = append(order, it.Tenant)
	}
	if want := []string{"a", "b", "a", "b", "a", "b"}; !slices.Equal(order, want) {
		t.Errorf("picked %q, want %q", order, want)
	}
}

func TestRestoreAndRunningCountOnce(t *testing.T) {
	t.Parallel()
	s := queue.New()
	s.Restore("q", queue.Item{ID: 1, Tenant: "a"})
	s.Restore("q", queue.Item{ID: 1, Tenant: "a"})
	s.Running("q", queue.Item{ID: 2, Tenant: "a", Key: "k"})
	s.Running("q", queue.Item{ID: 2, Tenant: "a", Key: "k"})
	s.Running("q", queue.Item{ID: 1, Tenant: "a"}) // it waits, by what came first
	type depth struct{ Waiting, Running int }
	var got depth
	got.Waiting, got.Running = s.Load("a")
	if diff := cmp.Diff(depth{1, 1}, got); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

// TestNewcomerAfterRestart: virtual time is found again, so that a tenant that
// comes after the restart has no more than its share.
func TestNewcomerAfterRestart(t *testing.T) {
	t.Parallel()
	s := queue.New()
	store := stored{waiting: map[uint64]queue.Item{}, flight: map[uint64]queue.Item{}}
	for id := range uint64(1000) {
		it := queue.Item{ID: id + 1, Tenant: []string{"a", "b"}[id%2], Enqueued: int64(id)}
		it.Tag = s.Enqueue("q", it)
		store.waiting[it.ID] = it
	}
	for range 800 {
		it, _ := s.Pick("q", 2000)
		s.Finished(it.ID, -1)
		delete(store.waiting, it.ID)
	}
	again := store.restart(t, rand.New(rand.NewPCG(1, 1)), queue.Config{Name: "q"}, nil, nil)
	for id := uint64(2000); id < 2100; id++ {
		again.Enqueue("q", queue.Item{ID: id, Tenant: "new", Enqueued: 2000})
	}
	got := 0
	for range 30 {
		if it, _ := again.Pick("q", 3000); it.Tenant == "new" {
			got++
		}
	}
	if got != 10 {
		t.Errorf("the new tenant got %d of 30 picks, want 10", got)
	}
}

// TestRestartIsNoAgeing: a backlog that is old when the engine starts was
// served a moment before it stopped, and does not count as starved.
func TestRestartIsNoAgeing(t *testing.T) {
	t.Parallel()
	s := queue.New()
	for id := range uint64(10) {
		s.Restore("q", queue.Item{ID: id + 1, Tenant: "backlog", Priority: 9, Enqueued: 0, Tag: float64(1 + id)})
	}
	const hour = 3_600_000
	s.Enqueue("q", queue.Item{ID: 100, Tenant: "urgent", Priority: 1, Enqueued: hour})
	if it, _ := s.Pick("q", hour); it.ID != 100 {
		t.Errorf("the first pick after a restart is %d of class %d, want 100 of class 1", it.ID, it.Priority)
	}
}
