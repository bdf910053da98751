package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	l.tell(p.Damaged)
	if p.Outbox {
		e.outbox.kick()
	}
	if len(p.Children)+len(p.Cancel)+len(p.Adopted) > 0 {
		e.working.Go(func() { e.family(l, p) })
	}
	for _, f := range p.Finished {
		e.working.Go(func() { e.report(f) })
	}
}

// tell reports runs that cannot be executed any more.
func (l *loop) tell(damaged []shard.Damaged) {
	for _, d := range damaged {
		if errors.Is(d.Err, shard.ErrMissing) {
			l.e.log.Error("run is not stored any more and is forgotten: was its row deleted by hand?", "run", d.Run)
			continue
		}
		l.damaged.Add(1)
		l.e.log.Error("run cannot be read and is set aside: restore its row from a backup, then restart", "run", d.Run, "error", d.Err)
	}
}

// family submits sub-workflows and cancels those nobody waits for any more.
//
// Each of these is done for as long as this engine owns the shard of the run
// that would otherwise miss it, for a later owner asks again: it has the steps
// of the runs that it loads ask after their sub-workflows (Child), and
// sub-workflows ask whether they are still waited for (Adopted).
func (e *Engine) family(l *loop, p shard.Published) {
	slots := make(chan struct{}, relatives)
	do := func(l *loop, do func(context.Context) error) {
		slots <- struct{}{}
		e.working.Go(func() {
			defer func() { <-slots }()
			e.persist(l, do)
		})
	}
	for _, ch := range p.Children {
		do(l, func(ctx context.Context) error { return e.summon(ctx, ch) })
	}
	for _, id := range p.Cancel {
		do(e.shardOf(id), func(ctx context.Context) error {
			return e.Control(ctx, shard.Order{Verb: shard.Cancel, Run: id, By: "its parent", Reason: "the run it works for was canceled"})
		})
	}
	for _, a := range p.Adopted {
		do(l, func(ctx context.Context) error {
			return e.tell(ctx, a.Parent, func(c *shard.Core) error { return c.ChildSubmitted(a.Parent, a.Ref, a.Key, a.Run) })
		})
	}
}

// relatives is how much is done for the sub-workflows of one round at a time.
const relatives = 64

// persist does something for a shard until it succeeds or can never, as long as
// the shard is this engine's.
func (e *Engine) persist(l *loop, do func(context.Context) error) {
	for wait := 50 * time.Millisecond; l != nil && e.ctx.Err() == nil && l.owned() == nil; wait = min(2*wait, 5*time.Second) {
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

// summon submits a sub-workflow, or asks after one that was submitted.
func (e *Engine) summon(ctx context.Context, ch shard.Child) error {
	if ch.Run == 0 {
		return e.submitChild(ctx, ch)
	}
	err := e.tell(ctx, ch.Run, func(c *shard.Core) error { return c.Remind(ch.Run) })
	if errors.Is(err, work.ErrNotFound) {
		return e.childFailed(ctx, ch, fmt.Errorf("run %v, which worked for this step, was deleted", ch.Run))
	}
	return err
}

func (e *Engine) submitChild(ctx context.Context, ch shard.Child) error {
	if ch.Err != nil {
		return e.childFailed(ctx, ch, fmt.Errorf("the sub-workflow was refused: %w", ch.Err))
	}
	receipts, err := e.Submit(ctx, []work.Submission{ch.Submission})
	if err != nil {
		return err
	}
	id := receipts[0].ID
	if p := receipts[0].Error; p != nil {
		if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
			return work.ErrBusy // that passes
		}
		// What refuses it now may have taken it before.
		key := store.IdempotencyKey{Tenant: ch.Submission.Tenant, Key: ch.Key}
		before, err := e.store.Idempotent(ctx, []store.IdempotencyKey{key})
		if err != nil {
			return err
		}
		if id = before[key]; id == 0 {
			return e.childFailed(ctx, ch, fmt.Errorf("the sub-workflow was refused: %w", p))
		}
	}
	err = e.tell(ctx, ch.Parent, func(c *shard.Core) error {
		return c.ChildSubmitted(ch.Parent, ch.Ref, ch.Key, id)
	})
	if err != nil || receipts[0].Error == nil && !receipts[0].Duplicate {
		return err
	}
	ch.Run = id // it may have ended before
	return e.summon(ctx, ch)
}

func (e *Engine) childFailed(ctx context.Context, ch shard.Child, why error) error {
	f := &machine.Failure{Code: "submit", Message: why.Error(), Fatal: true}
	return e.tell(ctx, ch.Parent, func(c *shard.Core) error {
		return c.ChildFinished(ch.Parent, machine.ChildEnd{Ref: ch.Ref, Key: ch.Key, Run: ch.Run, Status: machine.Failed, Failure: f})
	})
}

// report tells a parent that its child is final.
func (e *Engine) report(f shard.Finished) {
	e.persist(e.shardOf(f.Parent), func(ctx context.Context) error {
		return e.tell(ctx, f.Parent, func(c *shard.Core) error {
			return c.ChildFinished(f.Parent, f.ChildEnd)
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
