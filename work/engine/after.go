package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// after tells the outside what a round did, once it is durable. It is called
// by the shard's goroutine and must not wait for it.
func (e *Engine) after(l *loop, p shard.Published) {
	for _, r := range p.Recalls {
		if strings.HasPrefix(r.Worker, shard.Local) {
			e.local.recall(r.Fence, r.Reason)
		}
	}
	for i, n := range p.Notices {
		e.metrics.saw(&p.Notices[i])
		e.bus.publish(n)
	}
	if p.Outbox {
		e.outbox.kick()
	}
	if len(p.Children)+len(p.Cancel) > 0 {
		e.working.Go(func() { e.family(l, p.Children, p.Cancel) })
	}
	for _, f := range p.Finished {
		if f.Parent != 0 {
			e.working.Go(func() { e.report(l, f) })
		}
	}
}

// family submits sub-workflows and cancels those nobody waits for any more.
func (e *Engine) family(l *loop, children []shard.Child, cancel []workflow.RunID) {
	for _, ch := range children {
		e.persist(l, func(ctx context.Context) error { return e.submitChild(ctx, ch) })
	}
	for _, id := range cancel {
		e.persist(l, func(ctx context.Context) error {
			return e.Control(ctx, shard.Order{Verb: shard.Cancel, Run: id, By: "its parent", Reason: "the run it works for was canceled"})
		})
	}
}

// persist does something for a shard until it succeeds or can never, as long as
// the shard is this engine's: the next owner asks again.
func (e *Engine) persist(l *loop, do func(context.Context) error) {
	for wait := 50 * time.Millisecond; e.ctx.Err() == nil && l.owned() == nil; wait = min(2*wait, 5*time.Second) {
		ctx, cancel := context.WithTimeout(e.ctx, 30*time.Second)
		err := do(ctx)
		cancel()
		switch {
		case err == nil, errors.Is(err, work.ErrNotFound), errors.Is(err, work.ErrConflict), errors.Is(err, work.ErrInvalid):
			return
		}
		pause(e.ctx, wait)
	}
}

func (e *Engine) submitChild(ctx context.Context, ch shard.Child) error {
	if ch.Err != nil {
		return e.childFailed(ctx, ch, ch.Err)
	}
	receipts, err := e.Submit(ctx, []work.Submission{ch.Submission})
	if err != nil {
		return err
	}
	if r := receipts[0]; r.Error != nil {
		if errors.Is(r.Error, work.ErrBusy) || errors.Is(r.Error, work.ErrNotOwner) || errors.Is(r.Error, work.ErrQuota) {
			return work.ErrBusy
		}
		return e.childFailed(ctx, ch, r.Error)
	}
	id := receipts[0].ID
	err = e.tell(ctx, ch.Parent, func(c *shard.Core) error {
		return c.ChildSubmitted(ch.Parent, ch.Ref, ch.Submission.IdempotencyKey, id)
	})
	if err != nil || !receipts[0].Duplicate {
		return err
	}
	return e.reportStored(ctx, ch, id)
}

// reportStored tells a parent of a child that may have finished before.
func (e *Engine) reportStored(ctx context.Context, ch shard.Child, id workflow.RunID) error {
	recs, err := e.store.Load(ctx, []workflow.RunID{id})
	if err != nil || len(recs) == 0 || !recs[0].Status.Final() {
		return err
	}
	run, err := e.machineOf(ctx, &recs[0])
	if err != nil {
		return err
	}
	st := run.State
	return e.tell(ctx, ch.Parent, func(c *shard.Core) error {
		return c.ChildFinished(ch.Parent, ch.Ref, id, st.Status, st.Output, st.Failure)
	})
}

func (e *Engine) childFailed(ctx context.Context, ch shard.Child, why error) error {
	f := &machine.Failure{Code: "submit", Message: "the sub-workflow was refused: " + why.Error(), Fatal: true}
	return e.tell(ctx, ch.Parent, func(c *shard.Core) error {
		return c.ChildFinished(ch.Parent, ch.Ref, 0, machine.Failed, nil, f)
	})
}

// report tells a parent that its child is final.
func (e *Engine) report(l *loop, f shard.Finished) {
	e.persist(l, func(ctx context.Context) error {
		return e.tell(ctx, f.Parent, func(c *shard.Core) error {
			return c.ChildFinished(f.Parent, f.ParentRef, f.ID, f.Status, f.Output, f.Failure)
		})
	})
}

// tell gives a run's shard news and waits until they are durable.
func (e *Engine) tell(ctx context.Context, run workflow.RunID, news func(*shard.Core) error) error {
	l := e.shardOf(run)
	if l == nil {
		return nil
	}
	return askError(ctx, l, func(c *shard.Core, answer func(error)) { c.Do(news, answer) })
}

// machineOf loads a stored run.
func (e *Engine) machineOf(ctx context.Context, rec *store.Record) (*machine.Run, error) {
	plan, err := e.planOf(ctx, rec.Document)
	if err != nil {
		return nil, err
	}
	run, err := machine.Load(plan, rec.Meta, &e.opt.Limits, rec.State)
	if err != nil {
		return nil, err
	}
	for _, o := range rec.Outputs {
		run.SetExternal(machine.Ref{Node: o.Node, Item: o.Item}, o.Body)
	}
	return run, nil
}
