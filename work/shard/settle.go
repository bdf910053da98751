package shard

import (
	"fmt"
	"slices"

	"github.com/berth-project/berth/internal/jsonstrict"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// settle draws the consequences of what a run's machine just did: leases that
// ended, steps that wait for a slot, a run that is to be queued, or finished.
func (c *Core) settle(r *resident) {
	eff := r.run.Effects()
	if eff.Changed {
		c.touch(r)
	}
	c.endLeases(r, eff.Recall)
	if r.lent > 0 && r.run.State.Lease == nil {
		r.used += float64(c.now-r.lent) / 1000
		r.lent = 0
	}
	for _, ref := range eff.Withdraw {
		c.withdraw(r, ref)
	}
	for _, ref := range eff.Ready {
		c.offer(r, ref)
	}
	for _, child := range eff.Children {
		c.round.out.Children = append(c.round.out.Children, c.child(r, child))
	}
	c.round.out.Cancel = append(c.round.out.Cancel, eff.Cancel...)
	if len(eff.Children)+len(eff.Cancel) > 0 {
		c.round.urgent = true
	}
	for _, e := range eff.History {
		c.round.history = append(c.round.history, store.History{Run: r.run.Meta.ID, Entry: e})
	}
	if r.run.State.Status.Final() {
		c.tell(r) // first: who watches a run stops at its end
	}
	c.place(r)
	c.rest(r)
	c.tell(r)
	c.timers.set(r.run.Meta.ID, r.run.NextWake())
}

// place keeps the order and the counts in step with a run's status.
func (c *Core) place(r *resident) {
	was, is := r.status, r.run.State.Status
	if was == is {
		c.line(r)
		return
	}
	use := c.usage(r.run.Meta.Tenant)
	if r.picked && is != machine.Running { // it may have ended as it began
		c.order.Finished(uint64(r.run.Meta.ID), r.used)
		r.picked, r.resting, r.used = false, false, 0
	}
	if was == machine.Running {
		use.running--
		c.withdrawAll(r)
	}
	if waits(was) && !waits(is) {
		use.queued--
	}
	if !waits(was) && waits(is) {
		use.queued++
	}
	switch is {
	case machine.Queued:
		r.item.Tag, r.item.Deadline = 0, r.run.State.DeadlineAt
		r.item.Enqueued, r.rec.Enqueued = c.now, c.now
	case machine.Running:
		use.running++
		r.rec.Started = r.run.State.StartedAt
	}
	r.status = is
	c.line(r)
	if is.Final() {
		c.finish(r)
	}
	c.notice(r, work.Event{Kind: "run." + is.String(), Failure: r.run.State.Failure})
	c.round.urgent = true
}

// rest gives back the place of a run that only waits, and takes one again,
// whatever the limits, when it goes on: a parent that kept its place while its
// child waits for one would wait forever.
func (c *Core) rest(r *resident) {
	if r.status != machine.Running || !r.picked {
		return
	}
	idle := idles(r)
	switch {
	case idle && !r.resting:
		c.order.Rest(uint64(r.run.Meta.ID), r.used)
		r.used = 0
	case !idle && r.resting:
		c.order.Resume(uint64(r.run.Meta.ID))
	}
	r.resting = idle
}

// idles says whether all a run does is wait.
func idles(r *resident) bool {
	return len(r.leases) == 0 && len(r.ready) == 0 && r.run.State.Lease == nil && sleeps(r.run)
}

func sleeps(run *machine.Run) bool {
	for ref := range run.Unsettled() {
		if run.Step(ref).Status == machine.StepSleeping {
			return true
		}
	}
	return false
}

func waits(s machine.Status) bool { return s == machine.Held || s == machine.Queued }

// line gives a run its place among those that wait to be picked, or takes it
// away: a run that is paused, or was picked, has none.
func (c *Core) line(r *resident) {
	wants := r.run.State.Status == machine.Queued && !r.run.State.Paused && !r.picked
	switch {
	case wants && !r.waiting:
		r.tag = c.order.Enqueue(r.run.Meta.Queue, r.item)
		r.item.Tag = r.tag
	case !wants && r.waiting && !r.picked:
		c.order.Remove(uint64(r.run.Meta.ID))
	}
	r.waiting = wants
}

// finish tells of a run that became final.
func (c *Core) finish(r *resident) {
	if r.run.Meta.Parent != 0 {
		c.round.out.Finished = append(c.round.out.Finished, finished(r))
	}
	c.emit(r, "run."+r.run.State.Status.String())
	delete(c.logSeq, r.run.Meta.ID)
}

func finished(r *resident) Finished {
	st := &r.run.State
	return Finished{Parent: r.run.Meta.Parent, ChildEnd: machine.ChildEnd{
		Ref: r.run.Meta.ParentStep, Key: r.rec.Idempotency, Run: r.run.Meta.ID, Status: st.Status, Output: st.Output, Failure: st.Failure,
	}}
}

// tell lets those who watch know of the steps that changed.
func (c *Core) tell(r *resident) {
	for _, ch := range r.run.Changes() {
		step := r.run.Step(ch)
		node := r.run.Node(ch)
		c.notice(r, work.Event{
			Kind: "step." + step.Status.String(), Step: node.Step.Name, Item: int(ch.Item), StepStatus: step.Status,
			Attempt: step.Attempt, Percent: step.Percent, Message: step.Message, Failure: step.Failure,
		})
		if step.Status == machine.StepFailed {
			c.emitStep(r, ch)
		}
	}
}

func (c *Core) notice(r *resident, e work.Event) {
	e.At, e.Run, e.Tenant, e.Queue = c.now, r.run.Meta.ID, r.run.Meta.Tenant, r.run.Meta.Queue
	e.Workflow, e.Status = r.rec.Workflow, r.run.State.Status
	c.round.out.Notices = append(c.round.out.Notices, e)
}

// offer puts a step that is ready before the pool that will execute it.
func (c *Core) offer(r *resident, ref machine.Ref) {
	node := r.run.Node(ref)
	key, err := r.run.StepKey(ref)
	if err != nil {
		key = ""
	}
	one := queue.Ready{
		ID: uint64(r.run.Meta.ID), Node: ref.Node, Item: ref.Item, Tenant: r.run.Meta.Tenant, Queue: r.run.Meta.Queue,
		Pool: c.poolOf(r.run.Meta.Queue, node.Step.Pool), Type: node.Step.Run, Key: key, Slots: max(1, node.Step.Slots), At: c.now,
	}
	r.ready = append(r.ready, one)
	c.slots.Add(one)
	c.round.urgent = true
}

func (c *Core) withdraw(r *resident, ref machine.Ref) {
	r.ready = slices.DeleteFunc(r.ready, func(one queue.Ready) bool {
		if one.Node != ref.Node || one.Item != ref.Item {
			return false
		}
		c.slots.Remove(one.ID, one.Node, one.Item)
		return true
	})
}

func (c *Core) withdrawAll(r *resident) {
	for _, one := range r.ready {
		c.slots.Remove(one.ID, one.Node, one.Item)
	}
	r.ready = nil
}

// child reads what a step of type workflow wants as a submission. It cannot
// ask for another tenant: a run works for its own.
func (c *Core) child(r *resident, want machine.Child) Child {
	out := Child{Parent: r.run.Meta.ID, Ref: want.Ref, Key: want.Key, Run: want.Run}
	if want.Run != 0 {
		return out
	}
	if c.depth(r) >= maxDepth {
		out.Err = fmt.Errorf("sub-workflows are nested %d deep: does this one start itself?", maxDepth)
		return out
	}
	if err := jsonstrict.Decode(want.With, &out.Submission); err != nil {
		out.Err = fmt.Errorf("with: %w", err)
		return out
	}
	s := &out.Submission
	s.Tenant, s.Parent, s.ParentStep, s.ParentItem = r.run.Meta.Tenant, r.run.Meta.ID, want.Ref.Node, want.Ref.Item
	s.IdempotencyKey = want.Key
	s.By = "run " + r.run.Meta.ID.String()
	if s.Priority == nil {
		p := int(r.run.Meta.Priority)
		s.Priority = &p
	}
	return out
}

// maxDepth bounds how deep sub-workflows are nested: one that starts itself
// would go on for ever.
const maxDepth = 16

// depth counts the runs a run works for. They wait for it, and so are in
// memory as a rule.
func (c *Core) depth(r *resident) int {
	n := 0
	for id := r.run.Meta.Parent; id != 0 && n < maxDepth; n++ {
		if above := c.runs[id]; above != nil {
			id = above.run.Meta.Parent
			continue
		}
		recs, err := c.read.Load([]workflow.RunID{id})
		if err != nil || len(recs) == 0 {
			return n
		}
		id = recs[0].Meta.Parent
	}
	return n
}

// Remind tells once more how a sub-workflow ended, when it has: whoever waits
// for it may have missed it. work.ErrNotFound says that there is no such run.
func (c *Core) Remind(child workflow.RunID) error {
	r, err := c.resident(child)
	if err != nil {
		return err
	}
	if r == nil {
		return fmt.Errorf("%w: run %v", work.ErrNotFound, child)
	}
	if r.run.State.Status.Final() {
		c.round.out.Finished = append(c.round.out.Finished, finished(r))
	}
	return nil
}

// ChildSubmitted ties a sub-workflow to the step that wanted it under a key. A
// step that was reset meanwhile wants another: then the child is canceled.
func (c *Core) ChildSubmitted(parent workflow.RunID, ref machine.Ref, key string, child workflow.RunID) error {
	r, err := c.resident(parent)
	if err != nil {
		return err
	}
	if r == nil || r.run.ChildKey(ref) != key {
		c.round.out.Cancel = append(c.round.out.Cancel, child)
		return nil
	}
	r.run.ChildStarted(ref, child, c.now)
	c.settle(r)
	return nil
}

// ChildFinished tells a step how its sub-workflow ended.
func (c *Core) ChildFinished(parent workflow.RunID, end machine.ChildEnd) error {
	r, err := c.resident(parent)
	if err != nil || r == nil {
		return err
	}
	if err := r.run.ChildFinished(end, c.now); err != nil {
		return nil //nolint:nilerr // the step moved on, which is no fault of the child's
	}
	c.settle(r)
	c.round.urgent = true
	return nil
}
