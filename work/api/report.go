package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

func (c *call) report() (any, error) {
	pool, err := c.serving()
	if err != nil {
		return nil, err
	}
	var req ReportRequest
	if err := c.read(&req); err != nil {
		return nil, err
	}
	return c.take(req, pool)
}

// take takes reports. Only the holder of a task knows its fence, which is not
// to be guessed by chance but is no secret either: a task must also be of the
// pool that the caller works for. What belongs to other engines is passed on.
func (c *call) take(req ReportRequest, pool string) (ReportAnswer, error) {
	var answer ReportAnswer
	if n := len(req.Complete) + len(req.Heartbeat) + len(req.GiveBack); n > maxReports {
		return answer, fmt.Errorf("%w: %d reports in one call, of %d allowed", work.ErrInvalid, n, maxReports)
	}
	answer.refuse(req.Heartbeat)
	answer.refuse(req.Complete)
	for _, r := range c.reports(req, pool) {
		if err := r.deliver(c.r.Context(), c, &answer); err != nil {
			return answer, err
		}
	}
	for addr, part := range answer.elsewhere {
		var more ReportAnswer
		ctx, cancel := context.WithTimeout(c.r.Context(), forwardTimeout)
		err := c.askPeer(ctx, http.MethodPost, addr, "/pools/"+url.PathEscape(pool)+"/report", part, &more)
		cancel()
		if err != nil {
			c.note(c.r, statusOf(err), err)
			more = part.again(err)
		}
		answer.join(more)
	}
	return answer, nil
}

// kind is one of the things that can be told of tasks.
type kind struct {
	reports []TaskReport
	tell    func(ctx context.Context, held []shard.Held, reports []TaskReport) ([]error, error)
	// add puts a report where another engine is told of it.
	add func(*ReportRequest, TaskReport)
	// quiet kinds do not ask to be sent again: another report of the same
	// task does.
	quiet bool
}

// reports sorts what was told; heartbeats come first, and what a completion
// brings of a log before the completion.
func (c *call) reports(req ReportRequest, pool string) []held {
	var last []TaskReport
	for _, t := range req.Complete {
		if t.Log != "" || t.State != nil || t.Percent > 0 || t.Message != "" {
			last = append(last, t)
		}
	}
	beat := func(ctx context.Context, held []shard.Held, reports []TaskReport) ([]error, error) {
		beats := make([]shard.Beat, len(held))
		for i, h := range held {
			beats[i] = reports[i].beat(h)
		}
		return c.e.Heartbeat(ctx, beats)
	}
	return []held{
		{pool, kind{reports: req.Heartbeat, tell: beat, add: func(r *ReportRequest, t TaskReport) { r.Heartbeat = append(r.Heartbeat, t) }}},
		{pool, kind{reports: last, tell: beat, add: func(*ReportRequest, TaskReport) {}, quiet: true}},
		{pool, kind{reports: req.Complete, tell: c.complete, add: func(r *ReportRequest, t TaskReport) { r.Complete = append(r.Complete, t) }}},
		{pool, kind{
			reports: req.GiveBack,
			tell: func(ctx context.Context, held []shard.Held, _ []TaskReport) ([]error, error) {
				return c.e.GiveBack(ctx, held)
			},
			add: func(r *ReportRequest, t TaskReport) { r.GiveBack = append(r.GiveBack, t) },
		}},
	}
}

func (c *call) complete(ctx context.Context, held []shard.Held, reports []TaskReport) ([]error, error) {
	done := make([]shard.Completion, len(held))
	for i, h := range held {
		done[i] = shard.Completion{Held: h, Result: work.Result{Failure: reports[i].Failure, Output: reports[i].Output}}
	}
	return c.e.Complete(ctx, done)
}

// held is a kind of reports of one pool's tasks.
type held struct {
	pool string
	kind
}

// deliver tells the engine, and sorts what it answers.
func (k held) deliver(ctx context.Context, c *call, answer *ReportAnswer) error {
	if len(k.reports) == 0 {
		return nil
	}
	tasks := make([]shard.Held, len(k.reports))
	for i, t := range k.reports {
		tasks[i] = t.held()
		tasks[i].Pool = k.pool
	}
	errs, err := k.tell(ctx, tasks, k.reports)
	if err != nil {
		return err
	}
	for i, err := range errs {
		t := k.reports[i]
		switch to := c.owner(err); {
		case err == nil:
		case to != nil:
			k.add(answer.to(to.String()), t)
		case k.quiet:
		case errors.Is(err, work.ErrBusy), errors.Is(err, work.ErrNotOwner):
			answer.Again = append(answer.Again, t.lost(err))
		default:
			answer.lose(t.lost(err))
		}
	}
	return nil
}

// refuse takes states that are too large out of reports: a task must not be
// lost for one.
func (a *ReportAnswer) refuse(reports []TaskReport) {
	for i := range reports {
		if n := len(reports[i].State); n > machine.MaxSaved {
			reports[i].State = nil
			a.Refused = append(a.Refused, reports[i].lost(fmt.Errorf("%w: state: %d bytes, of %d allowed: keep a name for it", work.ErrInvalid, n, machine.MaxSaved)))
		}
	}
}

// to gives what an engine elsewhere is to be told.
func (a *ReportAnswer) to(addr string) *ReportRequest {
	if a.elsewhere == nil {
		a.elsewhere = map[string]*ReportRequest{}
	}
	if a.elsewhere[addr] == nil {
		a.elsewhere[addr] = &ReportRequest{}
	}
	return a.elsewhere[addr]
}

// again says of all reports that they must be sent again.
func (r *ReportRequest) again(err error) ReportAnswer {
	var a ReportAnswer
	for _, list := range [][]TaskReport{r.Heartbeat, r.Complete, r.GiveBack} {
		for _, t := range list {
			a.Again = append(a.Again, t.lost(err))
		}
	}
	return a
}

func (a *ReportAnswer) join(more ReportAnswer) {
	for _, l := range more.Lost {
		a.lose(l)
	}
	a.Again = append(a.Again, more.Again...)
	a.Refused = append(a.Refused, more.Refused...)
}

// lose adds a task that is lost, once.
func (a *ReportAnswer) lose(l LostTask) {
	for _, have := range a.Lost {
		if have.Run == l.Run && have.Fence == l.Fence && have.Step == l.Step && have.Item == l.Item {
			return
		}
	}
	a.Lost = append(a.Lost, l)
}
