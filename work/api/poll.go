package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
)

// serving gives the pool that the path names, if the caller works for it.
func (c *call) serving() (string, error) {
	pool := c.r.PathValue("pool")
	if !c.caller.serves(pool) {
		return "", &statusError{http.StatusForbidden, fmt.Errorf("you do not work for pool %.200q", pool)}
	}
	return pool, nil
}

func (p *PollRequest) check() error {
	switch {
	case p.Max > 0 && (p.Worker == "" || len(p.Worker) > maxName):
		return fmt.Errorf("%w: worker: a name of 1 to %d bytes", work.ErrInvalid, maxName)
	case strings.HasPrefix(p.Worker, shard.Local):
		return fmt.Errorf("%w: worker: names that begin with %q are the engine's own", work.ErrInvalid, shard.Local)
	case len(p.Types) > maxTypes:
		return fmt.Errorf("%w: types: %d of them, of %d allowed", work.ErrInvalid, len(p.Types), maxTypes)
	case p.Max < 0 || p.Max > engine.MaxPoll:
		return fmt.Errorf("%w: max: 0 to %d", work.ErrInvalid, engine.MaxPoll)
	}
	return nil
}

func (c *call) poll() (any, error) {
	pool, err := c.serving()
	if err != nil {
		return nil, err
	}
	var req PollRequest
	if err := c.read(&req); err != nil {
		return nil, err
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	answer := PollAnswer{Tasks: []work.Task{}}
	if answer.ReportAnswer, err = c.take(req.ReportRequest, pool); err != nil {
		return nil, err
	}
	if req.Max == 0 {
		return answer, nil
	}
	wait := defaultWait
	if req.Wait != nil {
		wait = min(max(req.Wait.Std(), 0), maxWait)
	}
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(wait + 30*time.Second))
	ctx, cancel := context.WithTimeout(c.r.Context(), wait)
	defer cancel()
	tasks, err := c.ask(ctx, wait, engine.Ask{Worker: req.Worker, Pool: pool, Types: req.Types, Max: req.Max})
	if len(tasks) > 0 && c.r.Context().Err() != nil { // nobody is there to execute them
		c.giveBack(pool, tasks)
		return nil, c.r.Context().Err()
	}
	if len(tasks) == 0 && err != nil && len(answer.Lost)+len(answer.Again) == 0 {
		return nil, err
	}
	answer.Tasks = append(answer.Tasks, tasks...)
	return answer, nil
}

// ask waits for tasks of this engine and of all others that own shards: the
// first that has some answers for all.
func (c *call) ask(ctx context.Context, wait time.Duration, a engine.Ask) ([]work.Task, error) {
	var others []string
	if c.r.Header.Get(hop) == "" {
		others = c.e.Others()
	}
	if len(others) == 0 {
		return c.e.Poll(ctx, a)
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	type part struct {
		tasks []work.Task
		err   error
	}
	parts := make(chan part, 1+len(others))
	go func() {
		tasks, err := c.e.Poll(ctx, a)
		parts <- part{tasks, err}
	}()
	for _, addr := range others {
		go func() {
			tasks, err := c.pollPeer(ctx, addr, wait, a)
			parts <- part{tasks, err}
		}()
	}
	var all part
	answered := false
	for range 1 + len(others) {
		p := <-parts
		all.tasks = append(all.tasks, p.tasks...)
		switch {
		case len(p.tasks) > 0:
			enough() // what the others deliver while they leave is taken too
		case p.err != nil && !errors.Is(p.err, context.Canceled) && !errors.Is(p.err, context.DeadlineExceeded):
			all.err = p.err
			continue
		}
		answered = true
	}
	if answered {
		all.err = nil
	}
	if len(all.tasks) > a.Max {
		c.giveBack(a.Pool, all.tasks[a.Max:])
		all.tasks = all.tasks[:a.Max]
	}
	return all.tasks, all.err
}

func (c *call) pollPeer(ctx context.Context, addr string, wait time.Duration, a engine.Ask) ([]work.Task, error) {
	w := workflow.Duration(wait)
	var answer PollAnswer
	err := c.askPeer(ctx, http.MethodPost, addr, "/pools/"+url.PathEscape(a.Pool)+"/poll", PollRequest{
		Worker: a.Worker, Types: a.Types, Max: a.Max, Wait: &w,
	}, &answer)
	if ctx.Err() != nil {
		return answer.Tasks, ctx.Err()
	}
	return answer.Tasks, err
}

// giveBack returns tasks that nobody will execute; those that cannot be given
// back wait for the end of their leases.
func (c *call) giveBack(pool string, tasks []work.Task) {
	var req ReportRequest
	for _, t := range tasks {
		req.GiveBack = append(req.GiveBack, TaskReport{Run: t.Run, Step: t.Step, Item: &t.Item, Fence: t.Fence})
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), 10*time.Second)
	defer cancel()
	var answer ReportAnswer
	for _, r := range c.reports(req, pool) {
		r.deliver(ctx, c, &answer)
	}
	var others sync.WaitGroup
	for addr, part := range answer.elsewhere {
		others.Go(func() {
			_ = c.askPeer(ctx, http.MethodPost, addr, "/pools/"+url.PathEscape(pool)+"/report", part, &ReportAnswer{})
		})
	}
	others.Wait()
}
