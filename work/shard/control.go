package shard

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Verb is what somebody asks of a run.
type Verb string

// The verbs.
const (
	Cancel   Verb = "cancel"
	Pause    Verb = "pause"
	Resume   Verb = "resume"
	Release  Verb = "release" // a held run may be queued now
	Retry    Verb = "retry"   // from where it failed
	Reset    Verb = "reset"   // the named steps and what depends on them; all without names
	Skip     Verb = "skip"    // the named steps
	SignalIt Verb = "signal"
	Extend   Verb = "extend"  // adds steps
	Requeue  Verb = "requeue" // to another queue or priority, while it waits
	Delete   Verb = "delete"  // a final run, with all that is kept of it
)

// Order is a verb with what it needs.
type Order struct {
	Verb     Verb
	Run      workflow.RunID
	Tenants  []string // the caller's; nil means all: a run of another is not found
	By       string
	Reason   string
	Steps    []string
	Signal   machine.Signal
	Add      []workflow.Step
	Parent   string // of the added steps
	Queue    string
	Priority *int
	Hold     bool // after a reset or a retry: do not queue it
}

// Control does what is asked of a run. answer is called in Publish.
func (c *Core) Control(o Order, answer func(error)) {
	err := c.control(o)
	c.answer(func(lost error) { answer(cmp.Or(lost, err)) })
}

func (c *Core) control(o Order) error {
	r, err := c.resident(o.Run)
	if err != nil {
		return err
	}
	if r == nil || !allowed(o.Tenants, r.run.Meta.Tenant) {
		return fmt.Errorf("%w: run %v", work.ErrNotFound, o.Run)
	}
	switch o.Verb {
	case Requeue:
		err = c.requeue(r, o)
	case Delete:
		err = c.remove(r)
	default:
		err = c.ask(r, o)
	}
	if err != nil {
		return err
	}
	c.settle(r)
	return nil
}

func allowed(tenants []string, tenant string) bool {
	if tenants == nil {
		return true
	}
	for _, t := range tenants {
		if t == tenant {
			return true
		}
	}
	return false
}

func (c *Core) ask(r *resident, o Order) (err error) {
	switch o.Verb {
	case Cancel:
		err = r.run.Cancel(o.By, o.Reason, c.now)
	case Pause:
		err = r.run.Pause(o.By, c.now)
	case Resume:
		err = r.run.Unpause(o.By, c.now)
	case Release:
		if r.run.State.Status != machine.Held {
			return fmt.Errorf("%w: run %v is %v, not held", work.ErrConflict, o.Run, r.run.State.Status)
		}
		r.run.Release(c.now)
	case Retry:
		err = r.run.RetryFailed(o.By, c.now)
		if err == nil && o.Hold {
			r.run.Hold(0)
		}
	case Reset:
		err = r.run.Reset(o.Steps, o.By, c.now)
		if err == nil && o.Hold {
			r.run.Hold(0)
		}
	case Skip:
		for _, name := range o.Steps {
			if err = r.run.SkipStep(name, o.By, c.now); err != nil {
				break
			}
		}
	case SignalIt:
		o.Signal.At, o.Signal.By = c.now, o.By
		err = r.run.Signal(o.Signal, c.now)
	case Extend:
		parent := machine.Ref{Node: -1, Item: -1}
		if o.Parent != "" {
			ref, ok := r.run.RefOf(o.Parent, -1)
			if !ok {
				return fmt.Errorf("%w: run %v has no step %q", work.ErrNotFound, o.Run, o.Parent)
			}
			parent = ref
		}
		err = r.run.AddSteps(parent, o.Add, c.now)
	default:
		return fmt.Errorf("%w: %q is nothing one can ask of a run", work.ErrInvalid, o.Verb)
	}
	if err != nil {
		return refusal(err)
	}
	return nil
}

// requeue moves a waiting run to another queue or priority.
func (c *Core) requeue(r *resident, o Order) error {
	if !waits(r.run.State.Status) || r.picked {
		return fmt.Errorf("%w: run %v is %v: only a run that waits can be moved", work.ErrConflict, o.Run, r.run.State.Status)
	}
	to := or(o.Queue, r.run.Meta.Queue)
	switch q, ok := c.settings.Queues[to]; {
	case !ok, len(q.Tenants) > 0 && !slices.Contains(q.Tenants, r.run.Meta.Tenant):
		return fmt.Errorf("%w: there is no queue %.200q that tenant %q may use", work.ErrNotFound, to, r.run.Meta.Tenant)
	case q.Draining && to != r.run.Meta.Queue:
		return fmt.Errorf("%w: queue %q is being drained and takes no runs", work.ErrConflict, to)
	}
	if r.waiting {
		c.order.Remove(uint64(o.Run))
		r.waiting = false
	}
	r.run.Meta.Queue, r.rec.Meta.Queue = to, to
	if o.Priority != nil {
		r.run.Meta.Priority = uint8(*o.Priority) //nolint:gosec // checked to be 0 to 9 where it was read
		r.rec.Meta.Priority, r.item.Priority = r.run.Meta.Priority, r.run.Meta.Priority
	}
	r.item.Tag = 0
	c.line(r)
	c.touch(r)
	return nil
}

// remove deletes a run that is final.
func (c *Core) remove(r *resident) error {
	if !r.run.State.Status.Final() {
		return fmt.Errorf("%w: run %v is %v: cancel it first", work.ErrConflict, r.run.Meta.ID, r.run.State.Status)
	}
	c.forget(r.run.Meta.ID)
	return nil
}

// forget deletes a run. What is still to be written of it is written before.
func (c *Core) forget(id workflow.RunID) {
	delete(c.runs, id)
	delete(c.logSeq, id)
	c.timers.set(id, 0)
	c.round.deleted = append(c.round.deleted, id)
}

// Expire deletes runs that retention no longer keeps; those that are not
// final, or are in memory for somebody's sake, stay. One that is not in memory
// may be waiting again since it was found, by a reset: the store tells, which
// deletes what is final, and until then it is there.
func (c *Core) Expire(ids []workflow.RunID) {
	for _, id := range ids {
		switch r := c.runs[id]; {
		case r == nil:
			c.round.expired = append(c.round.expired, id)
		case r.run.State.Status.Final() && !r.dirty:
			c.forget(id)
		}
	}
}
