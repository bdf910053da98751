package sim

import (
	"cmp"
	"math"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

// backlog is how many runs each tenant has waiting when shares are compared.
const backlog = 100

// share plays a history without trouble: two tenants, b with three times the
// weight of a, have runs waiting all the time, of which nobody knew what they
// would cost. What each gets by its weight differs by no more than what is
// under way.
func (w *world) share() {
	w.loss = 0
	w.tune(limits{runs: 3, slots: 1 + w.rng.IntN(4), tenant: 1 + backlog})
	w.up(w.nodes[0])
	s := newSharing(w)
	s.submit()
	s.execute()
	for w.err == nil && s.backlogged() {
		w.round(w.nodes[0], true)
		s.work()
		s.compare()
	}
}

// sharing is what two tenants with a backlog get.
type sharing struct {
	w    *world
	room *shard.Room
	ends map[machine.Fence]int64 // when tasks will have been done
	each map[string]int64        // ms that a tenant's runs take, at most
	used map[string]float64      // seconds that tasks had slots, by tenant
}

func newSharing(w *world) *sharing {
	return &sharing{
		w: w, ends: map[machine.Fence]int64{}, used: map[string]float64{},
		each: map[string]int64{"a": 500 + w.rng.Int64N(10_000), "b": 500 + w.rng.Int64N(10_000)},
	}
}

// submit makes the backlog.
func (s *sharing) submit() {
	var all []*shard.Intake
	for range backlog {
		for _, tenant := range []string{"a", "b"} {
			plan := s.w.called("one")
			all = append(all, &shard.Intake{
				Submission: work.Submission{Tenant: tenant}, Plan: plan, Hash: plan.Hash(), Canonical: plan.Canonical(),
				Workflow: plan.Document().Name, Queue: fair, Priority: 5, Cost: 1,
			})
		}
	}
	s.w.nodes[0].core.Submit(all, func(_ []work.Receipt, err error) {
		if err != nil {
			s.w.fail("submit: %w", err)
		}
	})
	s.w.round(s.w.nodes[0], true)
}

// execute has somebody ask for as many tasks as there are slots.
func (s *sharing) execute() {
	s.room = shard.NewRoom(s.w.limits.slots, nil)
	s.w.nodes[0].core.Poll(&shard.Poller{
		Worker: shard.Local + "n0", Pool: shard.DefaultPool, Room: s.room, Max: s.w.limits.slots, Standing: true,
		Deliver: func(tasks []work.Task) {
			for _, t := range tasks {
				s.w.receive(t)
			}
		},
	})
}

// backlogged says whether both tenants have runs that wait to be picked.
func (s *sharing) backlogged() bool {
	waiting := map[string]bool{}
	for _, r := range s.w.disk.rows {
		if r.Status == machine.Queued {
			waiting[r.Meta.Tenant] = true
		}
	}
	return waiting["a"] && waiting["b"]
}

// work lets time pass until the next task is done, or a run goes on.
func (s *sharing) work() {
	w := s.w
	for _, t := range w.hands.held {
		if s.ends[t.Fence] == 0 {
			s.ends[t.Fence] = w.now + 1 + w.rng.Int64N(s.each[t.Tenant])
		}
	}
	slices.SortFunc(w.hands.held, func(t, u work.Task) int { return cmp.Compare(s.ends[t.Fence], s.ends[u.Fence]) })
	next := int64(math.MaxInt64)
	if len(w.hands.held) > 0 {
		next = s.ends[w.hands.held[0].Fence]
	}
	if at := w.nodes[0].core.NextWake(); at > 0 {
		next = min(next, at)
	}
	if next == math.MaxInt64 {
		return
	}
	for _, t := range w.hands.held {
		s.used[t.Tenant] += float64(max(0, next-w.now)) / 1000
	}
	w.now = max(w.now, next)
	for len(w.hands.held) > 0 && s.ends[w.hands.held[0].Fence] <= w.now {
		n := w.nodes[0]
		n.core.Begin(w.now)
		s.room.Give(1)
		w.result(w.hands.held[0], false, true)(n)
		w.hands.held = slices.Delete(w.hands.held, 0, 1)
	}
}

// compare holds the bound of start-time fair queueing, for as many runs under
// way at once as there are slots and one more.
func (s *sharing) compare() {
	apart := math.Abs(s.used["a"]/1 - s.used["b"]/3)
	most := float64(s.each["a"])/1000/1 + float64(s.each["b"])/1000/3
	if bound := float64(s.w.limits.slots+1) * most; apart > bound {
		s.w.fail("by weight, tenants a and b are %.1f s apart (a used %.1f, b %.1f), and may be %.1f", apart, s.used["a"], s.used["b"], bound)
	}
}
