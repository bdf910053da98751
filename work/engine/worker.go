package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// MaxPoll is how many tasks one poll may ask for.
const MaxPoll = 64

// Ask is what a worker elsewhere asks for.
type Ask struct {
	Worker string
	Pool   string
	Types  []string // step types it can execute; empty means all
	Max    int      // 1 to MaxPoll
}

// Poll waits until there are tasks for a worker, or ctx ends: then it answers
// none. The tasks are leased to it; Heartbeat keeps them its own. The error is
// work.ErrBusy or work.ErrNotOwner when there will be none here, for the engine
// stops or has lost its shards: another may have some.
func (e *Engine) Poll(ctx context.Context, a Ask) ([]work.Task, error) {
	if a.Worker == "" || a.Pool == "" {
		return nil, fmt.Errorf("%w: a worker needs a name and a pool", work.ErrInvalid)
	}
	a.Max = min(max(a.Max, 1), MaxPoll)
	got := make(chan []work.Task, len(e.loops))
	var asked []*loop
	var pollers []*shard.Poller
	var refused error
	room := shard.NewRoom(a.Max, nil) // all shards together fill it
	for _, l := range e.loops {
		p := &shard.Poller{Worker: a.Worker, Pool: a.Pool, Types: a.Types, Room: room, Max: a.Max, Deliver: func(t []work.Task) { got <- t }}
		if err := l.send(op{do: func(c *shard.Core) { c.Poll(p) }, fail: func(error) { got <- nil }}); err != nil {
			refused = err
			continue
		}
		asked, pollers = append(asked, l), append(pollers, p)
	}
	if len(asked) == 0 {
		return nil, refused
	}
	var tasks []work.Task
	select {
	case tasks = <-got:
	case <-ctx.Done():
	}
	left := make(chan struct{}, len(asked))
	for i, l := range asked {
		done := func() { left <- struct{}{} }
		if l.send(op{do: func(c *shard.Core) { c.Unpoll(pollers[i]); done() }, fail: func(error) { done() }}) != nil {
			done()
		}
	}
	e.await(left, len(asked))
	for {
		select {
		case more := <-got: // delivered while it was leaving
			tasks = append(tasks, more...)
		default:
			if len(tasks) == 0 && ctx.Err() == nil {
				return nil, sentAway(asked)
			}
			return tasks, nil
		}
	}
}

// sentAway says why nothing more is handed out.
func sentAway(asked []*loop) error {
	for _, l := range asked {
		if err := l.owned(); err != nil {
			return err
		}
		if l.quiet.Load() {
			return fmt.Errorf("%w: the engine is stopping and hands out nothing more", work.ErrBusy)
		}
	}
	return nil
}

// await waits until n shards have let go of who asked. An engine that stops
// may not get to that, as when its store hangs.
func (e *Engine) await(left <-chan struct{}, n int) {
	const most = 5 * time.Second
	stopping := e.ctx.Done()
	var over <-chan time.Time
	for n > 0 {
		select {
		case <-left:
			n--
		case <-stopping:
			stopping, over = nil, time.After(most)
		case <-over:
			return
		}
	}
}

// GiveBack returns tasks that were not begun; they are nobody's attempt.
func (e *Engine) GiveBack(ctx context.Context, held []shard.Held) ([]error, error) {
	return askEach(ctx, e, held, func(h shard.Held) workflow.RunID { return h.Run },
		func(c *shard.Core, part []shard.Held, answer func([]error)) { c.GiveBack(part, answer) })
}

// Complete records results. There is one error for each: nil when it counts,
// also when it was told before; work.ErrStale when the lease was not the
// current one; work.ErrNotFound; work.ErrNotOwner and work.ErrBusy when it must be told
// again.
func (e *Engine) Complete(ctx context.Context, done []shard.Completion) ([]error, error) {
	for i := range done {
		if limit := e.maxOutput(); len(done[i].Result.Output) > limit {
			done[i].Result = work.Result{Failure: &machine.Failure{
				Code: "output", Fatal: true,
				Message: fmt.Sprintf("the output has %d bytes, of %d allowed: keep it elsewhere and answer where", len(done[i].Result.Output), limit),
			}}
		}
	}
	return askEach(ctx, e, done, func(d shard.Completion) workflow.RunID { return d.Run },
		func(c *shard.Core, part []shard.Completion, answer func([]error)) { c.Complete(part, answer) })
}

func (e *Engine) maxOutput() int { return orElse(e.opt.Limits.MaxOutput, 1<<20) }

// Heartbeat extends leases and takes progress; errors as in Complete. A worker
// that is told work.ErrStale must stop the attempt.
func (e *Engine) Heartbeat(ctx context.Context, beats []shard.Beat) ([]error, error) {
	return askEach(ctx, e, beats, func(b shard.Beat) workflow.RunID { return b.Run },
		func(c *shard.Core, part []shard.Beat, answer func([]error)) { answer(c.Heartbeat(part)) })
}

// askEach asks each shard about its own and puts the answers in order.
func askEach[T any](ctx context.Context, e *Engine, all []T, run func(T) workflow.RunID,
	do func(*shard.Core, []T, func([]error)),
) ([]error, error) {
	errs := make([]error, len(all))
	byShard := map[*loop][]int{}
	for i, one := range all {
		l := e.shardOf(run(one))
		if l == nil {
			errs[i] = fmt.Errorf("%w: run %v", work.ErrNotFound, run(one))
			continue
		}
		byShard[l] = append(byShard[l], i)
	}
	for l, places := range byShard {
		part := make([]T, len(places))
		for k, i := range places {
			part[k] = all[i]
		}
		got, err := ask(ctx, l, func(c *shard.Core, answer func([]error, error)) {
			do(c, part, func(errs []error) { answer(errs, nil) })
		})
		for k, i := range places {
			if err != nil {
				errs[i] = err
			} else {
				errs[i] = got[k]
			}
		}
	}
	return errs, ctx.Err()
}

// Current says whether a fence is that of a task's current lease: what a
// reaper of containers or pods asks. The error says that it cannot be known,
// for another engine owns the shard, this one has no such shard, or is busy:
// then nothing must be reaped.
func (e *Engine) Current(ctx context.Context, h shard.Held) (bool, error) {
	l := e.shardOf(h.Run)
	if l == nil {
		return false, fmt.Errorf("%w: run %v is of shard %d, of which this engine knows nothing", work.ErrNotOwner, h.Run, shard.Place(h.Run))
	}
	return ask(ctx, l, func(c *shard.Core, answer func(bool, error)) { answer(c.Current(h), nil) })
}

// PollRuns waits until a delegated queue has runs for a worker that executes
// whole runs, or ctx ends. Errors are as in Poll.
func (e *Engine) PollRuns(ctx context.Context, p shard.RunPoller) ([]shard.LeasedRun, error) {
	l := e.queueShard(p.Queue)
	got := make(chan []shard.LeasedRun, 2)
	p.Deliver = func(runs []shard.LeasedRun) { got <- runs }
	if err := l.send(op{do: func(c *shard.Core) { c.PollRuns(&p) }, fail: func(error) { got <- nil }}); err != nil {
		return nil, err
	}
	select {
	case runs := <-got:
		if len(runs) == 0 {
			return nil, sentAway([]*loop{l})
		}
		return runs, nil
	case <-ctx.Done():
	}
	left := make(chan struct{})
	if l.send(op{do: func(c *shard.Core) { c.UnpollRuns(&p); close(left) }, fail: func(error) { close(left) }}) == nil {
		e.await(left, 1)
	}
	select {
	case runs := <-got:
		return runs, nil
	default:
		return nil, nil
	}
}

// ReportRun takes what a worker that executes a whole run tells of it.
func (e *Engine) ReportRun(ctx context.Context, rep shard.RunReport) error {
	l := e.shardOf(rep.Run)
	if l == nil {
		return fmt.Errorf("%w: run %v", work.ErrNotFound, rep.Run)
	}
	return askError(ctx, l, func(c *shard.Core, answer func(error)) { c.ReportRun(rep, answer) })
}
