package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/cron"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// PutSchedule keeps a schedule; see PutQueue. Its times count from now.
func (e *Engine) PutSchedule(ctx context.Context, s work.Schedule, version int64) (int64, error) {
	if err := checkSchedule(s); err != nil {
		return 0, fmt.Errorf("%w: schedule %q: %w", work.ErrInvalid, s.Name, err)
	}
	if _, p := e.intake(s.Run); p != nil {
		return 0, fmt.Errorf("%w: schedule %q: run: %w", work.ErrInvalid, s.Name, p)
	}
	if old, ok := e.config.Load().schedules[s.Name]; ok && old.Cron == s.Cron && old.TimeZone == s.TimeZone {
		s.Last, s.LastRun = old.Last, old.LastRun
	} else {
		s.Last, s.LastRun = e.opt.Now(), 0
	}
	return e.put(ctx, KindSchedule, s.Name, version, s, map[string]string{"tenant": s.Run.Tenant})
}

// DeleteSchedule deletes a schedule; what it started goes on.
func (e *Engine) DeleteSchedule(ctx context.Context, name string, version int64) error {
	return e.drop(ctx, KindSchedule, name, version)
}

// RunSchedule starts what a schedule starts, now, whatever its times say.
func (e *Engine) RunSchedule(ctx context.Context, name, by string) (workflow.RunID, error) {
	s, ok := e.config.Load().schedules[name]
	if !ok {
		return 0, fmt.Errorf("%w: there is no schedule %q", work.ErrNotFound, name)
	}
	s.Run.By, s.Run.IdempotencyKey = by, "" // each time is another
	return e.submitOne(ctx, s.Run)
}

func (e *Engine) submitOne(ctx context.Context, s work.Submission) (workflow.RunID, error) {
	receipts, err := e.Submit(ctx, []work.Submission{s})
	if err != nil {
		return 0, err
	}
	if p := receipts[0].Error; p != nil {
		return 0, p
	}
	return receipts[0].ID, nil
}

// schedule starts what is due. The owner of shard 0 does it for all; what two
// owners in succession both start is the same run by its idempotency key.
func (e *Engine) schedule(ctx context.Context) {
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if e.loops[0].owned() != nil {
			continue
		}
		for _, s := range e.config.Load().schedules {
			if s.Paused {
				continue
			}
			if err := e.startDue(ctx, s); err != nil && ctx.Err() == nil {
				e.log.Error("schedule cannot start its run", "schedule", s.Name, "error", err)
			}
		}
	}
}

// startDue starts what a schedule missed since its last time, by its policy.
func (e *Engine) startDue(ctx context.Context, s work.Schedule) error {
	spec, err := cron.Parse(s.Cron, s.TimeZone)
	if err != nil {
		return err
	}
	due := cron.Due(spec, cron.Missed(s.Missed), time.UnixMilli(s.Last), time.UnixMilli(e.opt.Now()))
	if len(due) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, at := range due {
		id, err := e.startAt(ctx, s, at)
		if err != nil {
			return err
		}
		if id != 0 {
			s.LastRun = id
		}
		s.Last = at.UnixMilli()
	}
	_, err = e.put(ctx, KindSchedule, s.Name, AnyVersion, s, map[string]string{"tenant": s.Run.Tenant})
	return err
}

// startAt starts one time's run, unless the last one is in its way; 0 when
// it was passed over.
func (e *Engine) startAt(ctx context.Context, s work.Schedule, at time.Time) (workflow.RunID, error) {
	busy, waiting, err := e.busy(ctx, s.LastRun)
	if err != nil {
		return 0, err
	}
	if busy {
		switch s.Overlap {
		case "skip":
			return 0, nil
		case "queue-one":
			if waiting {
				return 0, nil
			}
			s.Run.Key = "schedule/" + s.Name
		case "cancel-running":
			err := e.Control(ctx, shard.Order{Verb: shard.Cancel, Run: s.LastRun, By: "schedule " + s.Name, Reason: "its next time has come"})
			if err != nil && !errors.Is(err, work.ErrConflict) && !errors.Is(err, work.ErrNotFound) {
				return 0, err
			}
		}
	}
	run := s.Run
	run.IdempotencyKey = "schedule/" + s.Name + "/" + strconv.FormatInt(at.UnixMilli(), 10)
	run.By = "schedule " + s.Name
	return e.submitOne(ctx, run)
}

// busy says whether a run is not final, and whether it still waits.
func (e *Engine) busy(ctx context.Context, id workflow.RunID) (busy, waiting bool, err error) {
	if id == 0 {
		return false, false, nil
	}
	recs, err := e.store.Load(ctx, []workflow.RunID{id})
	if err != nil || len(recs) == 0 {
		return false, false, err
	}
	s := recs[0].Status
	return !s.Final(), s == machine.Queued || s == machine.Held, nil
}

// retain deletes what need not be kept any more.
func (e *Engine) retain(ctx context.Context) {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if n%10 == 0 {
			e.plans.forget()
		}
		for _, l := range e.loops {
			for l.owned() == nil && ctx.Err() == nil && e.expire(ctx, l) {
			}
			for l.owned() == nil && ctx.Err() == nil && e.expireEvents(ctx, l) {
			}
		}
	}
}

// expire deletes one page of runs; it says whether there may be more.
func (e *Engine) expire(ctx context.Context, l *loop) bool {
	const page = 500
	now := e.opt.Now()
	before := map[machine.Status]int64{}
	if d := e.opt.Retention.Succeeded; d > 0 {
		before[machine.Succeeded] = now - d.Milliseconds()
	}
	if d := e.opt.Retention.Failed; d > 0 {
		for _, s := range []machine.Status{machine.Failed, machine.Canceled, machine.TimedOut} {
			before[s] = now - d.Milliseconds()
		}
	}
	if len(before) == 0 {
		return false
	}
	rctx, cancel := context.WithTimeout(ctx, readTimeout)
	ids, err := e.store.Expired(rctx, l.n, before, page)
	cancel()
	if err != nil {
		e.log.Error("old runs cannot be read", "shard", l.n, "error", err)
		return false
	}
	if len(ids) == 0 {
		return false
	}
	err = askError(ctx, l, func(c *shard.Core, answer func(error)) {
		c.Do(func(c *shard.Core) error { c.Expire(ids); return nil }, answer)
	})
	return err == nil && len(ids) == page
}

// live are the states of runs that are not final.
var live = []machine.Status{machine.Held, machine.Queued, machine.Running}
