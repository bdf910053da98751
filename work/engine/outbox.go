package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

const (
	deliverers     = 16
	deliverTimeout = 30 * time.Second
)

// deliveries are those on their way.
type deliveries struct {
	mu     sync.Mutex
	wake   chan struct{}
	flying map[uint64]bool
}

func (d *deliveries) kick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wake == nil {
		d.wake = make(chan struct{}, 1)
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *deliveries) kicked() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wake == nil {
		d.wake = make(chan struct{}, 1)
	}
	return d.wake
}

// launch says whether an event is not on its way already.
func (d *deliveries) launch(id uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.flying == nil {
		d.flying = map[uint64]bool{}
	}
	if d.flying[id] {
		return false
	}
	d.flying[id] = true
	return true
}

func (d *deliveries) land(id uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.flying, id)
}

// deliver sends the events of the shards this engine owns.
func (e *Engine) deliver(ctx context.Context) {
	if e.opt.Send == nil {
		return
	}
	slots := make(chan struct{}, deliverers)
	t := time.NewTicker(2 * time.Second)
	defer t.Stop()
	for ctx.Err() == nil {
		more := false
		for _, l := range e.loops {
			more = e.deliverDue(ctx, l, slots) || more
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-e.outbox.kicked():
		}
	}
}

// deliverDue launches what is due; it says whether there may be more.
func (e *Engine) deliverDue(ctx context.Context, l *loop, slots chan struct{}) bool {
	if l.owned() != nil {
		return false
	}
	rctx, cancel := context.WithTimeout(ctx, readTimeout)
	events, err := e.store.Events(rctx, l.n, e.opt.Now(), 100)
	cancel()
	if err != nil {
		e.log.Error("events cannot be read", "shard", l.n, "error", err)
		return false
	}
	launched := 0
	for _, ev := range events {
		if !e.outbox.launch(ev.ID) {
			continue
		}
		launched++
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return false
		}
		e.working.Go(func() {
			defer func() { <-slots }()
			e.deliverOne(ctx, l, ev)
		})
	}
	return launched == 100
}

func (e *Engine) deliverOne(ctx context.Context, l *loop, ev store.Event) {
	ack := store.Ack{ID: ev.ID, Try: ev.Try + 1}
	out, err := e.delivery(ev)
	if err == nil {
		sctx, cancel := context.WithTimeout(ctx, deliverTimeout)
		err = e.opt.Send.Send(sctx, out)
		cancel()
	}
	if ctx.Err() != nil {
		e.outbox.land(ev.ID)
		return
	}
	now := e.opt.Now()
	wait, again := e.opt.Backoff.Next(ack.Try, outbox.RetryAfter(err), float64(e.opt.Limits.Random()>>11)/(1<<53))
	switch {
	case err == nil:
		ack.Delivered = true
	case outbox.Permanent(err), !again:
		ack.Dead, ack.Error = now, short(err.Error())
	default:
		ack.NextAt, ack.Error = now+wait.Milliseconds(), short(err.Error())
	}
	land := func() { e.outbox.land(ev.ID) }
	if l.post(ctx, op{do: func(c *shard.Core) { c.Delivered([]store.Ack{ack}, func(error) { land() }) }, fail: func(error) { land() }}) != nil {
		land()
	}
}

func short(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// delivery finds where an event goes.
func (e *Engine) delivery(ev store.Event) (outbox.Event, error) {
	out := outbox.Event{
		ID: strconv.FormatUint(ev.ID, 10), Kind: ev.Kind, Tenant: ev.Tenant, Run: ev.Run.String(), At: time.UnixMilli(ev.Created),
		Body: ev.Body, Try: ev.Try + 1,
	}
	if text, ok := strings.CutPrefix(ev.To, shard.Callback); ok {
		var cb workflow.Callback
		if err := json.Unmarshal([]byte(text), &cb); err != nil {
			return out, &outbox.Error{Permanent: true, Err: fmt.Errorf("the callback of its document cannot be read: %w", err)}
		}
		out.To, out.Secret = cb.To, cb.Secret
		if strings.Contains(cb.To, "://") {
			return out, nil
		}
		ev.To = cb.To
	}
	for _, s := range e.config.Load().shard.Subscriptions {
		if s.Name == ev.To && (s.Tenant == "" || s.Tenant == ev.Tenant) {
			out.To, out.Secret = s.To, s.Secret
			return out, nil
		}
	}
	return out, &outbox.Error{Permanent: true, Err: fmt.Errorf("there is no subscription %q any more", ev.To)}
}

// Dead lists events that were given up.
func (e *Engine) Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error) {
	return e.store.Dead(ctx, f, cursor, limit)
}

// Replay tries a dead event again, Drop forgets it.
func (e *Engine) Replay(ctx context.Context, ev store.Event) error {
	return e.ReplayAll(ctx, []store.Event{ev})
}

// Drop forgets a dead event.
func (e *Engine) Drop(ctx context.Context, ev store.Event) error {
	return e.DropAll(ctx, []store.Event{ev})
}

// ReplayAll tries dead events again, all of a shard together. Of the shards of
// another engine, which the error tells, none is.
func (e *Engine) ReplayAll(ctx context.Context, dead []store.Event) error {
	now := e.opt.Now()
	return e.acknowledge(ctx, dead, func(id uint64) store.Ack { return store.Ack{ID: id, NextAt: now} })
}

// DropAll forgets dead events; see ReplayAll.
func (e *Engine) DropAll(ctx context.Context, dead []store.Event) error {
	return e.acknowledge(ctx, dead, func(id uint64) store.Ack { return store.Ack{ID: id, Drop: true} })
}

// acknowledge tells each shard of its events, all of them at once.
func (e *Engine) acknowledge(ctx context.Context, events []store.Event, of func(id uint64) store.Ack) error {
	acks := map[*loop][]store.Ack{}
	for i := range events {
		ev := &events[i]
		if ev.Shard < 0 || ev.Shard >= len(e.loops) {
			return fmt.Errorf("%w: event %d", work.ErrNotFound, ev.ID)
		}
		acks[e.loops[ev.Shard]] = append(acks[e.loops[ev.Shard]], of(ev.ID))
	}
	var errs []error
	for l, part := range acks {
		errs = append(errs, askError(ctx, l, func(c *shard.Core, answer func(error)) { c.Delivered(part, answer) }))
	}
	e.outbox.kick()
	return errors.Join(errs...)
}
