package sim

import (
	"cmp"
	"math"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// backlog is how many runs each tenant has waiting when shares are compared.
const backlog = 100

// share plays a history without trouble: two tenants, b with three times the
// weight of a, have runs waiting all the time, of which nobody knew what they
// would cost. Some rest on their way, and have light steps, which others do not
// wait for. What each gets by its weight differs by no more than what is under
// way.
func (w *world) share() {
	w.loss = 0
	w.tune(limits{runs: 3, slots: 1 + w.rng.IntN(4), tenant: 1 + backlog})
	w.up(w.nodes[0])
	s := newSharing(w)
	s.submit()
	s.light, s.heavy = s.execute(lightType, backlog), s.execute(heavyType, w.limits.slots)
	for w.err == nil && s.backlogged() {
		w.round(w.nodes[0], true)
		s.work()
		s.compare()
	}
}

// sharing is what two tenants with a backlog get.
type sharing struct {
	w     *world
	heavy *shard.Room
	light *shard.Room
	ends  map[machine.Fence]int64 // when tasks will have been done
	plans map[string]*workflow.Plan
	each  map[string]int64   // ms that a tenant's runs take, at most, by tenant
	used  map[string]float64 // seconds that tasks took, by tenant
	begun int                // runs under way at once, at most
}

func newSharing(w *world) *sharing {
	s := &sharing{
		w: w, ends: map[machine.Fence]int64{}, plans: map[string]*workflow.Plan{}, each: map[string]int64{}, used: map[string]float64{},
	}
	for _, tenant := range []string{"a", "b"} {
		s.plans[tenant] = w.called([]string{"one", "rest"}[w.rng.IntN(2)])
		s.each[tenant] = 500 + w.rng.Int64N(10_000)
	}
	return s
}

// takes is how long a task takes: all those of a run, no longer than it may. A
// light one takes long, so that it shows when nobody pays for it.
func (s *sharing) takes(t *work.Task) int64 {
	part := s.each[t.Tenant] / int64(s.plans[t.Tenant].Len())
	if t.Type == lightType {
		part *= 2 // that of the wait, too
	}
	return 1 + s.w.rng.Int64N(part)
}

// submit makes the backlog.
func (s *sharing) submit() {
	var all []*shard.Intake
	for range backlog {
		for _, tenant := range []string{"a", "b"} {
			plan := s.plans[tenant]
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

// execute has somebody ask for as many tasks of a type at once.
func (s *sharing) execute(typ string, most int) *shard.Room {
	room := shard.NewRoom(most, nil)
	s.w.nodes[0].core.Poll(&shard.Poller{
		Worker: shard.Local + "n0", Pool: shard.DefaultPool, Types: []string{typ}, Room: room, Max: most, Standing: true, Light: typ == lightType,
		Deliver: func(tasks []work.Task) {
			for _, t := range tasks {
				s.w.receive(t)
			}
		},
	})
	return room
}

// roomOf is what a task takes its slot of.
func (s *sharing) roomOf(t *work.Task) *shard.Room {
	if t.Type == lightType {
		return s.light
	}
	return s.heavy
}

// backlogged says whether both tenants have runs that wait to be picked.
func (s *sharing) backlogged() bool {
	waiting := map[string]bool{}
	begun := 0
	for _, r := range s.w.disk.rows {
		switch r.Status {
		case machine.Queued:
			waiting[r.Meta.Tenant] = true
		case machine.Running:
			begun++
		}
	}
	s.begun = max(s.begun, begun)
	return waiting["a"] && waiting["b"]
}

// work lets time pass until the next task is done, or a run goes on.
func (s *sharing) work() {
	w := s.w
	for i := range w.hands.held {
		if t := &w.hands.held[i]; s.ends[t.Fence] == 0 {
			s.ends[t.Fence] = w.now + s.takes(t)
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
		n, t := w.nodes[0], w.hands.held[0]
		n.core.Begin(w.now)
		s.roomOf(&t).Give(1)
		w.result(t, false, true)(n)
		w.hands.held = slices.Delete(w.hands.held, 0, 1)
	}
}

// compare holds the bound of start-time fair queueing, for as many runs under
// way at once as there were and one more.
func (s *sharing) compare() {
	apart := math.Abs(s.used["a"]/1 - s.used["b"]/3)
	most := float64(s.each["a"])/1000/1 + float64(s.each["b"])/1000/3
	if bound := float64(s.begun+1) * most; apart > bound {
		s.w.fail("by weight, tenants a and b are %.1f s apart (a used %.1f, b %.1f), and may be %.1f", apart, s.used["a"], s.used["b"], bound)
	}
}
