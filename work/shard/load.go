package shard

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Waiting restores runs that wait, in any order: what a new owner reads first.
// Those that had begun before are read whole, for steps of them may be executed
// still: a reset queues a run again while they are.
func (c *Core) Waiting(ws []store.Waiting) error {
	var begun []workflow.RunID
	for i := range ws {
		w := &ws[i]
		c.usage(w.Tenant).queued++
		if at := earliest(w.WakeAt, w.Deadline); at > 0 {
			c.timers.set(w.ID, at)
		}
		if w.Status != machine.Queued || w.Paused {
			continue
		}
		c.order.Restore(w.Queue, queue.Item{
			ID: uint64(w.ID), Tenant: w.Tenant, Priority: w.Priority, Key: w.Key, Cost: w.Cost,
			Enqueued: or(w.Enqueued, w.Created), Deadline: w.Deadline, Tag: w.Tag,
		})
	}
	for i := range ws {
		if ws[i].Started > 0 {
			begun = append(begun, ws[i].ID)
		}
	}
	_, err := c.residents(begun)
	return err
}

func earliest(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Started restores runs that had begun. Leases of workers elsewhere stand
// until they run out; those of an owner's own executors ended with it.
func (c *Core) Started(recs []store.Record) error {
	for i := range recs {
		r, err := c.admit(&recs[i])
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		c.usage(r.run.Meta.Tenant).running++
		r.picked, r.used = true, spent(r.run)
		c.order.Running(r.run.Meta.Queue, r.item)
		c.recover(r)
	}
	return nil
}

// spent is what the steps of a run that ended have used, in slot-seconds: what
// it is charged beyond the time it rests.
func spent(run *machine.Run) (used float64) {
	for i := range run.State.Steps {
		s := &run.State.Steps[i]
		step := run.Node(machine.Ref{Node: int32(i), Item: -1}).Step //nolint:gosec // a plan has at most 10,000 nodes
		if step.Run == machine.TypeWorkflow || step.Run == machine.TypeWait {
			continue
		}
		slots := float64(max(1, step.Slots))
		used += slots * took(s)
		for k := range s.Items {
			used += slots * took(&s.Items[k])
		}
	}
	return used
}

// took is how long an attempt that ended took, in seconds.
func took(s *machine.Step) float64 {
	if !s.Status.Final() || s.StartedAt == 0 || len(s.Items) > 0 {
		return 0
	}
	return float64(max(0, s.FinishedAt-s.StartedAt)) / 1000
}

// Local is what the names of workers begin with that live in their engine's
// own process.
const Local = "local:"

func (c *Core) recover(r *resident) {
	r.run.Recover(c.now)
	c.reclaim(r)
	c.settle(r)
}

// reclaim takes over the leases of a run that comes from the store: those of
// workers elsewhere stand, those of an engine that is gone have ended.
func (c *Core) reclaim(r *resident) {
	for _, ref := range r.run.RunningSteps() {
		step := r.run.Step(ref)
		if strings.HasPrefix(step.Worker, Local) {
			gone := fmt.Sprintf("the engine that executed it (%s) is gone", strings.TrimPrefix(step.Worker, Local))
			if err := r.run.Crash(ref, step.Fence, gone, c.now); err == nil {
				continue
			}
		}
		c.relet(r, ref, step)
	}
}

// relet takes over a lease that an earlier owner gave.
func (c *Core) relet(r *resident, ref machine.Ref, step *machine.Step) {
	node := r.run.Node(ref)
	key, err := r.run.StepKey(ref)
	if err != nil {
		key = ""
	}
	one := queue.Ready{
		ID: uint64(r.run.Meta.ID), Node: ref.Node, Item: ref.Item, Tenant: r.run.Meta.Tenant, Queue: r.run.Meta.Queue,
		Pool: c.poolOf(r.run.Meta.Queue, node.Step.Pool), Type: node.Step.Run, Key: key, Slots: max(1, node.Step.Slots), At: c.now,
	}
	c.slots.Running(one)
	length := c.leaseOf(one.Pool)
	if node.Step.Lease > 0 {
		length = node.Step.Lease.Std().Milliseconds()
	}
	r.leases = append(r.leases, &lease{ready: one, ref: ref, fence: step.Fence, worker: step.Worker, since: step.StartedAt, length: length})
}

// Resume sets where ids go on after a load: later than the last that is stored,
// of whatever shard. The clock may say less, if it was wrong before; then ids
// would be given again, once owners whose epochs look alike in them are as far
// as that.
func (c *Core) Resume(last workflow.RunID) { c.lastID = max(c.lastID, last) }
