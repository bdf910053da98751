package queue_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/queue"
)

// configs are queues that between them use every rule.
func configs() []queue.Config {
	var all []queue.Config
	for _, p := range queue.Policies() {
		all = append(all,
			queue.Config{Policy: p, Ageing: -1, Floor: -1},
			queue.Config{Policy: p, Ageing: 3 * time.Second, Floor: 0.05},
			queue.Config{Policy: p, Ageing: 500 * time.Millisecond, Floor: 0.1, Cap: 12, TenantCap: 3, KeyCap: 2},
			queue.Config{Policy: p, Ageing: -1, Floor: 0.02, Cap: 20, TenantCap: 4, KeyCap: 1},
		)
	}
	for i := range all {
		all[i].Name = fmt.Sprint("q", i)
	}
	return all
}

// TestDoesAsTheModel runs random histories through Scheduler and the model.
func TestDoesAsTheModel(t *testing.T) {
	t.Parallel()
	for _, c := range configs() {
		t.Run(fmt.Sprint(c.Policy, "/", c.Name), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				h := newHistory(t, c, seed)
				for range 1000 {
					h.step()
				}
				h.drain()
			}
		})
	}
}

// history drives both with the same random operations.
type history struct {
	t      *testing.T
	rnd    *rand.Rand
	real   *queue.Scheduler
	model  *model
	nextID uint64
	now    int64
	known  []uint64
}

func newHistory(t *testing.T, c queue.Config, seed uint64) *history {
	t.Helper()
	h := &history{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), real: queue.New(), model: newModel(c), now: 1_000_000}
	if err := h.real.SetQueue(c); err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		h.setTenant(fmt.Sprint("t", i))
	}
	return h
}

func (h *history) setTenant(name string) {
	tenant := queue.Tenant{Weight: []float64{0, 1, 2, 3, 0.5}[h.rnd.IntN(5)]}
	if old, known := h.model.tenants[name]; known {
		tenant.Weight = old.Weight // backlogs at another weight are rounded otherwise
	}
	if h.rnd.IntN(4) == 0 {
		tenant.Cap = 1 + h.rnd.IntN(4)
	}
	tenant.Suspended = h.rnd.IntN(6) == 0
	h.model.tenants[name] = tenant
	if err := h.real.SetTenant(name, tenant); err != nil {
		h.t.Fatal(err)
	}
	h.model.heads()
}

func (h *history) item() queue.Item {
	h.nextID++
	it := queue.Item{
		ID:       h.nextID,
		Tenant:   fmt.Sprint("t", int(h.rnd.ExpFloat64()*2)%7),
		Priority: uint8(h.rnd.IntN(3) * 4),
		Cost:     []float64{1, 1, 1, 5, 0.3}[h.rnd.IntN(5)],
		Enqueued: h.now,
	}
	if h.rnd.IntN(3) == 0 {
		it.Key = fmt.Sprint("k", h.rnd.IntN(3))
	}
	if h.rnd.IntN(2) == 0 {
		it.Deadline = h.now + h.rnd.Int64N(10_000)
	}
	if h.rnd.IntN(10) == 0 {
		it.Enqueued -= h.rnd.Int64N(3000) // it waited before, and was paused
	}
	return it
}

func (h *history) step() {
	h.now += h.rnd.Int64N(100)
	switch n := h.rnd.IntN(20); {
	case n < 8:
		it := h.item()
		h.known = append(h.known, it.ID)
		if got, want := h.real.Enqueue(h.model.config.Name, it), h.model.enqueue(it); got != want {
			h.t.Fatalf("Enqueue(%+v) = tag %v, want %v", it, got, want)
		}
	case n < 14:
		h.pick()
	case n < 16:
		h.finish()
	case n < 18:
		h.rest()
	case n < 19:
		if len(h.model.waiting) > 0 {
			id := h.model.waiting[h.rnd.IntN(len(h.model.waiting))].ID
			if !h.real.Remove(id) || h.real.Remove(id) {
				h.t.Fatalf("Remove(%d) of a waiting run did not do so once", id)
			}
			h.model.remove(id)
		}
	default:
		h.setTenant(fmt.Sprint("t", h.rnd.IntN(7)))
	}
	if waiting, running := h.real.Depth(h.model.config.Name); waiting != len(h.model.waiting) || running != h.model.running() {
		h.t.Fatalf("Depth = %d waiting, %d in flight, want %d, %d", waiting, running, len(h.model.waiting), h.model.running())
	}
}

func (h *history) pick() bool {
	got, ok := h.real.Pick(h.model.config.Name, h.now)
	want, wantOK := h.model.pick(h.now)
	if ok != wantOK {
		h.t.Fatalf("Pick = %+v, %v, want %+v, %v", got, ok, want, wantOK)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Fatalf("Pick differs (-want +got):\n%s", diff)
	}
	return ok
}

func (h *history) finish() {
	ids := slices.Sorted(maps.Keys(h.model.flight))
	if len(ids) == 0 {
		return
	}
	id := ids[h.rnd.IntN(len(ids))]
	cost := h.model.flight[id].Cost
	actual := []float64{-1, cost, 0, cost * 2, cost / 2}[h.rnd.IntN(5)]
	if !h.real.Finished(id, actual) || h.real.Finished(id, actual) {
		h.t.Fatalf("Finished(%d) of a run in flight did not do so once", id)
	}
	h.model.finish(id, actual)
}

// rest lets a run in flight rest, or one that rests go on.
func (h *history) rest() {
	ids := slices.Sorted(maps.Keys(h.model.flight))
	if len(ids) == 0 {
		return
	}
	id := ids[h.rnd.IntN(len(ids))]
	if h.model.flight[id].rests {
		if h.real.Rest(id, 5) || !h.real.Resume(id) || h.real.Resume(id) {
			h.t.Fatalf("Resume(%d) of a run that rests did not do so once", id)
		}
		h.model.resume(id)
		return
	}
	actual := []float64{-1, 0, 0.1, 3}[h.rnd.IntN(4)]
	if h.real.Resume(id) || !h.real.Rest(id, actual) || h.real.Rest(id, actual) {
		h.t.Fatalf("Rest(%d) of a run in flight did not do so once", id)
	}
	h.model.rest(id, actual)
}

// drain lets everything run.
func (h *history) drain() {
	for i := range 7 {
		name := fmt.Sprint("t", i)
		tenant := queue.Tenant{Weight: h.model.tenants[name].Weight}
		h.model.tenants[name] = tenant
		if err := h.real.SetTenant(name, tenant); err != nil {
			h.t.Fatal(err)
		}
	}
	h.model.heads()
	for len(h.model.waiting)+len(h.model.flight) > 0 {
		h.now += h.rnd.Int64N(100)
		if !h.pick() {
			h.finish()
		}
	}
	if waiting, running := h.real.Depth(h.model.config.Name); waiting != 0 || running != 0 {
		h.t.Fatalf("Depth = %d, %d when all has run, want 0, 0", waiting, running)
	}
}
