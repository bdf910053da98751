package sim

import (
	"fmt"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

// places are what limits are of: runs that hold a place among those that run,
// and slots of steps that are leased.
type places struct {
	queues, tenants map[string]int
	keys            map[string]int
	slots           int
}

func newPlaces() places {
	return places{queues: map[string]int{}, tenants: map[string]int{}, keys: map[string]int{}}
}

// hold counts a run that holds a place now, or does not. It says whether the
// run has one that it did not have.
func (p *places) hold(r *row, holds bool) bool {
	before := r.place
	if before != "" {
		p.add(r, before, -1)
	}
	r.place = ""
	if holds {
		r.place = r.Meta.Queue
		p.add(r, r.place, 1)
	}
	return holds && r.place != before
}

func (p *places) add(r *row, queue string, n int) {
	p.queues[queue] += n
	p.tenants[r.Meta.Tenant] += n
	p.keys[keyOf(r, queue)] += n
}

func keyOf(r *row, queue string) string { return queue + "/" + r.Meta.Tenant + "/" + r.Key }

// within holds the limits for a run that a batch started. Those that began
// under other limits, or went on after they had only waited, may be too many:
// but then none is started.
func (p *places) within(r *row, s *shard.Settings) error {
	q, t := s.Queues[r.Meta.Queue], s.Tenants[r.Meta.Tenant]
	id := r.Meta.ID
	switch {
	case q.Paused:
		return fmt.Errorf("run %v was started though queue %s is paused", id, q.Name)
	case t.Suspended:
		return fmt.Errorf("run %v was started though tenant %s is suspended", id, t.Name)
	case q.Concurrency.Runs > 0 && p.queues[q.Name] > q.Concurrency.Runs:
		return fmt.Errorf("run %v was started as number %d of queue %s, of %d allowed", id, p.queues[q.Name], q.Name, q.Concurrency.Runs)
	case t.Running > 0 && p.tenants[t.Name] > t.Running:
		return fmt.Errorf("run %v was started as number %d of tenant %s, of %d allowed", id, p.tenants[t.Name], t.Name, t.Running)
	case q.Concurrency.PerKey > 0 && r.Key != "" && p.keys[keyOf(r, q.Name)] > q.Concurrency.PerKey:
		return fmt.Errorf("run %v was started as number %d of key %s, of %d allowed", id, p.keys[keyOf(r, q.Name)], r.Key, q.Concurrency.PerKey)
	}
	return nil
}

// leased holds the slots of the pool for a batch that gave leases.
func (p *places) leased(s *shard.Settings) error {
	pool := s.Pools[shard.DefaultPool]
	if pool.Paused {
		return fmt.Errorf("steps were leased though pool %s is paused", pool.Name)
	}
	if p.slots > pool.Slots {
		return fmt.Errorf("leased steps hold %d slots, of %d", p.slots, pool.Slots)
	}
	return nil
}

// rests says whether all a run does is wait, so that it holds no place.
func rests(run *machine.Run) bool {
	sleeps := false
	for ref := range run.Unsettled() {
		switch run.Step(ref).Status {
		case machine.StepReady, machine.StepRunning:
			if run.Step(ref).Items == nil {
				return false
			}
		case machine.StepSleeping:
			sleeps = true
		}
	}
	return sleeps && run.State.Lease == nil
}
