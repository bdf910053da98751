package shard

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// RunPoller asks for whole runs of a delegated queue: its worker decides by
// itself which step runs when, and reports.
type RunPoller struct {
	Queue  string
	Worker string
	Max    int
	Lease  int64 // ms
	// Deliver is called in Publish with the runs leased, or with none, when
	// none will be: see Quiet and Abandon.
	Deliver func([]LeasedRun)

	taken []LeasedRun
}

// LeasedRun is a whole run in a worker's hands.
type LeasedRun struct {
	ID    workflow.RunID
	Fence machine.Fence
	View  machine.View
}

// PollRuns adds a poller for whole runs; it leaves with its first runs.
func (c *Core) PollRuns(p *RunPoller) {
	c.round.urgent = true
	c.callers = append(c.callers, p)
}

// UnpollRuns removes one that asks no more.
func (c *Core) UnpollRuns(p *RunPoller) {
	c.callers = slices.DeleteFunc(c.callers, func(o *RunPoller) bool { return o == p })
}

// lend leases whole runs to those who ask for them.
func (c *Core) lend() {
	for _, p := range c.callers {
		var ids []workflow.RunID
		for len(ids) < p.Max {
			item, ok := c.order.Pick(p.Queue, c.now)
			if !ok {
				break
			}
			ids = append(ids, c.picked(p.Queue, item))
		}
		if len(ids) == 0 {
			continue
		}
		c.begin(ids, func(r *resident) { c.lendRun(p, r) })
		if len(p.taken) > 0 {
			c.round.called = append(c.round.called, p)
		}
	}
	for _, p := range c.round.called {
		c.UnpollRuns(p)
	}
}

func (c *Core) lendRun(p *RunPoller, r *resident) {
	fence := c.nextFence()
	if err := r.run.LeaseRun(machine.Lease{Fence: fence, Worker: p.Worker, Until: c.now + p.Lease}, c.now); err != nil {
		return // it goes back into its queue
	}
	r.lent = c.now
	p.taken = append(p.taken, LeasedRun{ID: r.run.Meta.ID, Fence: fence, View: r.run.View()})
}

func (c *Core) handOver(p *RunPoller) {
	taken := slices.DeleteFunc(p.taken, func(l LeasedRun) bool { return c.runs[l.ID] == nil }) // those that are not stored
	p.taken = nil
	p.Deliver(taken)
}

// RunReport is what the worker of a whole run tells.
type RunReport struct {
	Run   workflow.RunID
	Fence machine.Fence
	Lease int64 // ms from now; 0 leaves it as it is
	Steps []machine.StepReport
	// Done ends the run.
	Done *machine.Outcome
	// GiveBack returns it to its queue.
	GiveBack bool
}

// ReportRun takes a report. answer is called in Publish.
func (c *Core) ReportRun(rep RunReport, answer func(error)) {
	err := c.reportRun(rep)
	c.answer(func(lost error) { answer(cmp.Or(lost, err)) })
}

func (c *Core) reportRun(rep RunReport) error {
	r, err := c.resident(rep.Run)
	if err != nil {
		return err
	}
	if r == nil {
		return fmt.Errorf("%w: run %v", work.ErrNotFound, rep.Run)
	}
	defer c.settle(r)
	for _, s := range rep.Steps {
		if err := r.run.ReportStep(rep.Fence, s, c.now); err != nil {
			return refusal(err)
		}
	}
	switch {
	case rep.GiveBack:
		err = r.run.GiveBackRun(rep.Fence, c.now)
	case rep.Done != nil:
		err = r.run.CompleteRun(rep.Fence, *rep.Done, c.now)
	case rep.Lease > 0:
		err = r.run.ExtendRun(rep.Fence, c.now+rep.Lease, c.now)
	}
	if err != nil {
		return refusal(err)
	}
	return nil
}
