package shard

import (
	"fmt"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Audit compares what a core keeps twice: its runs in memory on the one hand,
// the order, the slots, the counts of tenants and the timers on the other. The
// error names the first difference, which is a bug of this package. It is
// meant for simulations and tests, between Publish and Begin, and costs
// O(runs in memory).
func (c *Core) Audit() error {
	if len(c.picks) > 0 {
		return fmt.Errorf("%d runs were picked and neither begun nor put back", len(c.picks))
	}
	a := audit{queues: map[string]int{}, pools: map[string]held{}, tenants: map[string]*standing{}}
	for id, r := range c.runs {
		if err := c.auditRun(id, r); err != nil {
			return fmt.Errorf("run %v (%v): %w", id, r.status, err)
		}
		a.count(r)
	}
	for _, check := range []func(*audit) error{c.auditOrder, c.auditTenants, c.auditSlots} {
		if err := check(&a); err != nil {
			return err
		}
	}
	return c.timers.audit()
}

// audit is what the runs in memory amount to.
type audit struct {
	queues  map[string]int // runs that hold a place
	pools   map[string]held
	tenants map[string]*standing
}

type held struct{ ready, leased, slots, light int }

// standing is that of a tenant.
type standing struct{ queued, lined, running, places int }

func (a *audit) count(r *resident) {
	of := a.tenants[r.run.Meta.Tenant]
	if of == nil {
		of = &standing{}
		a.tenants[r.run.Meta.Tenant] = of
	}
	switch {
	case waits(r.status):
		of.queued++
	case r.status == machine.Running:
		of.running++
	}
	if r.waiting {
		of.lined++
	}
	if r.picked && !r.resting {
		of.places++
		a.queues[r.run.Meta.Queue]++
	}
	for i := range r.ready {
		h := a.pools[r.ready[i].Pool]
		h.ready++
		a.pools[r.ready[i].Pool] = h
	}
	for _, l := range r.leases {
		h := a.pools[l.ready.Pool]
		h.leased, h.slots = h.leased+1, h.slots+l.ready.Slots
		if l.light {
			h.light++
		}
		a.pools[l.ready.Pool] = h
	}
}

// auditRun compares a run in memory with its machine.
func (c *Core) auditRun(id workflow.RunID, r *resident) error {
	st := &r.run.State
	switch {
	case r.run.Meta.ID != id:
		return fmt.Errorf("it is kept as %v", id)
	case r.status != st.Status:
		return fmt.Errorf("its machine is %v", st.Status)
	case r.status.Final() && !r.dirty && len(r.leases) == 0:
		return fmt.Errorf("it is still in memory")
	case r.picked != (r.status == machine.Running):
		return fmt.Errorf("picked is %v", r.picked)
	case r.waiting != (r.status == machine.Queued && !st.Paused):
		return fmt.Errorf("waiting to be picked is %v, paused %v", r.waiting, st.Paused)
	case r.resting && (len(r.leases)+len(r.ready) > 0 || st.Lease != nil):
		return fmt.Errorf("it rests with %d leases and %d steps ready", len(r.leases), len(r.ready))
	case (r.lent > 0) && st.Lease == nil:
		return fmt.Errorf("it is lent to nobody")
	}
	if err := auditSteps(r); err != nil {
		return err
	}
	at, want := c.timers.when(id), r.run.NextWake()
	if !r.status.Final() && want > 0 && (at == 0 || at > want) { // too early does no harm
		return fmt.Errorf("it wants to be looked at at %d, and will be at %d", want, at)
	}
	return nil
}

func auditSteps(r *resident) error {
	leased := 0
	for _, ref := range r.run.RunningSteps() {
		if step := r.run.Step(ref); step.Fence != 0 {
			if leased++; r.lease(ref, step.Fence) == nil {
				return fmt.Errorf("step %v runs without a lease", ref)
			}
		}
	}
	if leased != len(r.leases) {
		return fmt.Errorf("%d steps run with %d leases", leased, len(r.leases))
	}
	ready := 0
	for ref := range r.run.Unsettled() {
		if r.run.Step(ref).Status == machine.StepReady {
			ready++
		}
	}
	if ready != len(r.ready) {
		return fmt.Errorf("%d steps are ready and %d offered", ready, len(r.ready))
	}
	for i := range r.ready {
		ref := machine.Ref{Node: r.ready[i].Node, Item: r.ready[i].Item}
		if step := r.run.Step(ref); step == nil || step.Status != machine.StepReady {
			return fmt.Errorf("step %v is offered and not ready", ref)
		}
	}
	return nil
}

// auditOrder: what is in flight is known exactly, for runs that have begun are
// in memory; of those that wait some are not.
func (c *Core) auditOrder(a *audit) error {
	for name := range c.settings.Queues {
		if _, inFlight := c.order.Depth(name); inFlight != a.queues[name] {
			return fmt.Errorf("queue %q has %d runs in flight, and %d hold a place", name, inFlight, a.queues[name])
		}
	}
	return nil
}

func (c *Core) auditTenants(a *audit) error {
	for name, use := range c.tenants {
		of := a.tenants[name]
		if of == nil {
			of = &standing{}
		}
		waiting, inFlight := c.order.Load(name)
		switch {
		case use.running != of.running:
			return fmt.Errorf("tenant %q is said to have %d runs that run, and has %d", name, use.running, of.running)
		case inFlight != of.places:
			return fmt.Errorf("tenant %q has %d runs in flight, and %d hold a place", name, inFlight, of.places)
		case use.queued < of.queued:
			return fmt.Errorf("tenant %q is said to have %d runs that wait, and has %d or more", name, use.queued, of.queued)
		case waiting < of.lined || waiting > use.queued:
			return fmt.Errorf("tenant %q has %d runs in line, of %d that wait; %d of them are in memory", name, waiting, use.queued, of.lined)
		}
		delete(a.tenants, name)
	}
	for name := range a.tenants {
		return fmt.Errorf("tenant %q has runs and is not counted", name)
	}
	return nil
}

func (c *Core) auditSlots(a *audit) error {
	for name := range c.settings.Pools {
		if _, ok := a.pools[name]; !ok {
			a.pools[name] = held{}
		}
	}
	for name, want := range a.pools {
		ready, leased, slots := c.slots.Depth(name)
		if got := (held{ready, leased, slots, c.light[name]}); got != want {
			return fmt.Errorf("pool %q has %d steps ready and %d leased with %d slots, %d of them light; its runs have %d, %d, %d and %d",
				name, got.ready, got.leased, got.slots, got.light, want.ready, want.leased, want.slots, want.light)
		}
	}
	return nil
}

// when is the time at which a run will be looked at; 0 means never.
func (t *timers) when(id workflow.RunID) int64 {
	if i, ok := t.at[id]; ok {
		return t.heap[i].at
	}
	return 0
}

func (t *timers) audit() error {
	if len(t.at) != len(t.heap) {
		return fmt.Errorf("%d runs have %d timers", len(t.at), len(t.heap))
	}
	for i := 1; i < len(t.heap); i++ {
		if t.Less(i, (i-1)/2) {
			return fmt.Errorf("the timer of run %v is later in the heap than it may be", t.heap[i].id)
		}
	}
	return nil
}
