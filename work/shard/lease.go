package shard

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// lease is a task that somebody holds.
type lease struct {
	ready  queue.Ready
	ref    machine.Ref
	fence  machine.Fence
	worker string
	since  int64
	length int64 // ms a heartbeat extends it by; 0 for standing pollers
	logged int   // bytes of the attempt's log
	light  bool  // it was given to a light poller
}

// lease gives a ready step to a poller, or finds that it cannot run.
func (c *Core) lease(p *Poller, one queue.Ready) {
	r := c.runs[workflow.RunID(one.ID)]
	if r == nil {
		c.slots.Done(one.ID, one.Node, one.Item, 0)
		p.Room.Give(p.Room.Needs(one.Slots))
		return
	}
	ref := machine.Ref{Node: one.Node, Item: one.Item}
	r.ready = slices.DeleteFunc(r.ready, func(o queue.Ready) bool { return o.Node == one.Node && o.Item == one.Item })
	l := &lease{ready: one, ref: ref, fence: c.nextFence(), worker: p.Worker, since: c.now, light: p.Light}
	node := r.run.Node(ref)
	until := int64(0)
	if !p.Standing {
		l.length = c.leaseOf(one.Pool)
		if node.Step.Lease > 0 {
			l.length = node.Step.Lease.Std().Milliseconds()
		}
		until = c.now + l.length
	}
	payload, saved, err := r.run.Claim(ref, machine.Lease{Fence: l.fence, Worker: p.Worker, Until: until}, c.now)
	if err != nil { // its references lead nowhere, or it moved on: the machine says what becomes of it
		c.slots.Done(one.ID, one.Node, one.Item, 0)
		p.Room.Give(p.Room.Needs(one.Slots))
		c.settle(r)
		return
	}
	r.leases = append(r.leases, l)
	if l.light {
		c.light[one.Pool]++
	}
	p.taken = append(p.taken, c.task(r, l, node, payload, saved))
	c.round.urgent = true
	if len(p.taken) == 1 {
		c.round.polled = append(c.round.polled, p)
	}
	c.settle(r)
}

func (c *Core) task(r *resident, l *lease, node *workflow.Node, payload, saved []byte) work.Task {
	step := r.run.Step(l.ref)
	name := node.Step.Name
	key := r.run.Meta.ID.String() + "." + strconv.Itoa(r.run.State.Attempt) + "/" + name
	if l.ref.Item >= 0 {
		key += "/" + strconv.Itoa(int(l.ref.Item))
	}
	return work.Task{
		Run: r.run.Meta.ID, Step: name, Item: int(l.ref.Item), Attempt: step.Attempt, RunAttempt: r.run.State.Attempt, Fence: l.fence, Type: node.Step.Run,
		Workflow: r.rec.Workflow, Tenant: r.run.Meta.Tenant, Queue: r.run.Meta.Queue, Pool: l.ready.Pool,
		Labels: r.run.Meta.Labels, With: payload, State: saved, Lease: workflow.Duration(time.Duration(l.length) * time.Millisecond), Timeout: node.Step.Timeout,
		Key: key, Slots: l.ready.Slots,
	}
}

// endLeases frees what leases held that the machine has ended, and calls back
// those whose holder does not know it.
func (c *Core) endLeases(r *resident, recalls []machine.Recall) {
	reasons := map[machine.Fence]string{}
	for _, rc := range recalls {
		reasons[rc.Fence] = rc.Reason
	}
	r.leases = slices.DeleteFunc(r.leases, func(l *lease) bool {
		step := r.run.Step(l.ref)
		if step != nil && step.Status == machine.StepRunning && step.Fence == l.fence {
			return false
		}
		c.endLease(r, l)
		if reason, ok := reasons[l.fence]; ok {
			c.round.out.Recalls = append(c.round.out.Recalls, Recall{
				Run: r.run.Meta.ID, Step: r.run.Node(l.ref).Step.Name, Item: int(l.ref.Item), Fence: l.fence, Worker: l.worker,
				Reason: recallReason(reason),
			})
			c.round.urgent = true
		}
		return true
	})
}

func (c *Core) endLease(r *resident, l *lease) {
	seconds := float64(c.now-l.since) / 1000
	c.slots.Done(l.ready.ID, l.ready.Node, l.ready.Item, seconds)
	r.used += seconds * float64(l.ready.Slots)
	if !l.light {
		return
	}
	if c.light[l.ready.Pool]--; c.light[l.ready.Pool] == 0 {
		delete(c.light, l.ready.Pool)
	}
}

func recallReason(reason string) error {
	switch reason {
	case "timeout", "deadline":
		return work.ErrTimeout
	case "canceled":
		return work.ErrCanceled
	}
	return fmt.Errorf("%w: %s", work.ErrLeaseLost, reason)
}
