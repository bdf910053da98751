package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/cron"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
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

// scheduled is a schedule as it was read.
type scheduled struct {
	work.Schedule
	version int64
}

func (c *config) keepSchedule(one store.Setting) error {
	s := scheduled{version: one.Version}
	if err := json.Unmarshal(one.Body, &s.Schedule); err != nil {
		return err
	}
	c.schedules[one.ID] = s
	return nil
}

// clockwork is what the owner of shard 0 remembers of a schedule.
type clockwork struct {
	version int64
	next    int64 // nothing is to be done before
	fails   int   // in a row
	// waits: a time came due while the last run was not finished, and its run
	// begins after that.
	waits bool
}

// schedule starts what is due. The owner of shard 0 does it for all; what two
// owners in succession both start is the same run by its idempotency key.
func (e *Engine) schedule(ctx context.Context) {
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	clocks := map[string]*clockwork{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if e.loops[0].owned() != nil {
			clear(clocks)
			continue
		}
		all := e.config.Load().schedules
		for name, s := range all {
			e.tick(ctx, clocks, name, s)
		}
		maps.DeleteFunc(clocks, func(name string, _ *clockwork) bool { _, ok := all[name]; return !ok })
	}
}

// tick starts what is due of a schedule. One that cannot start its run tries
// again after 1s, 2s, and so on to a minute.
func (e *Engine) tick(ctx context.Context, clocks map[string]*clockwork, name string, s scheduled) {
	c := clocks[name]
	if c == nil || c.version != s.version {
		c = &clockwork{version: s.version}
		clocks[name] = c
	}
	if s.Paused || e.opt.Now() < c.next || ctx.Err() != nil {
		return
	}
	err := e.startDue(ctx, s, c)
	if err == nil {
		c.fails = 0
		return
	}
	wait := min(time.Second<<min(c.fails, 6), time.Minute)
	c.fails++
	c.next = e.opt.Now() + wait.Milliseconds()
	if ctx.Err() == nil {
		e.log.Error("schedule cannot start its run", "schedule", name, "error", err, "pause", wait)
	}
}

// startDue starts what a schedule missed since its last time, by its policy.
func (e *Engine) startDue(ctx context.Context, s scheduled, c *clockwork) error {
	spec, err := cron.Parse(s.Cron, s.TimeZone)
	if err != nil {
		return err
	}
	missed := cron.Missed(s.Missed)
	if c.waits {
		missed = cron.Latest // it was not missed
	}
	now := time.UnixMilli(e.opt.Now())
	due := cron.Due(spec, missed, time.UnixMilli(s.Last), now)
	if len(due) == 0 {
		c.next = now.Add(time.Minute).UnixMilli()
		if next := spec.Next(now); !next.IsZero() {
			c.next = min(c.next, next.UnixMilli())
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if cron.Overlap(s.Overlap) == cron.QueueOne {
		busy, err := e.busy(ctx, s.LastRun)
		if err != nil {
			return err
		}
		if busy {
			c.waits, c.next = true, now.Add(time.Second).UnixMilli()
			return nil
		}
		due = due[len(due)-1:] // only one waits
	}
	before := s.Last
	for _, at := range due {
		var id workflow.RunID
		if id, err = e.startAt(ctx, s.Schedule, at); err != nil {
			break
		}
		if id != 0 {
			s.LastRun = id
		}
		s.Last = at.UnixMilli()
	}
	if s.Last == before {
		return err
	}
	_, put := e.put(ctx, KindSchedule, s.Name, s.version, s.Schedule, map[string]string{"tenant": s.Run.Tenant})
	if errors.Is(put, work.ErrConflict) || errors.Is(put, work.ErrNotFound) {
		put = nil // it was changed or deleted meanwhile, and stays so
	}
	return errors.Join(err, put)
}

// startAt starts one time's run, unless the last one is in its way; 0 when
// it was passed over.
func (e *Engine) startAt(ctx context.Context, s work.Schedule, at time.Time) (workflow.RunID, error) {
	busy, err := e.busy(ctx, s.LastRun)
	if err != nil {
		return 0, err
	}
	if busy {
		switch cron.Overlap(s.Overlap) {
		case cron.SkipRun:
			return 0, nil
		case cron.CancelRunning:
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

// busy says whether a run is not final.
func (e *Engine) busy(ctx context.Context, id workflow.RunID) (bool, error) {
	if id == 0 {
		return false, nil
	}
	recs, err := e.store.Load(ctx, []workflow.RunID{id})
	if err != nil || len(recs) == 0 {
		return false, err
	}
	return !recs[0].Status.Final(), nil
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
