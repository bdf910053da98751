package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// delivery finds where an event goes, and who said so.
func (e *Engine) delivery(ev *store.Event) (outbox.Event, outbox.Lane, error) {
	out := outbox.Event{
		ID: strconv.FormatUint(ev.ID, 10), Kind: ev.Kind, Tenant: ev.Tenant, Run: ev.Run.String(), At: time.UnixMilli(ev.Created),
		Body: ev.Body, Try: ev.Try + 1,
	}
	name := ev.To
	if text, ok := strings.CutPrefix(ev.To, shard.Callback); ok {
		var cb workflow.Callback
		if err := json.Unmarshal([]byte(text), &cb); err != nil {
			return out, outbox.Lane{Owner: ev.Tenant}, &outbox.Error{Permanent: true, Err: fmt.Errorf("the callback of its document cannot be read: %w", err)}
		}
		if strings.Contains(cb.To, "://") {
			out.To, out.Secret = cb.To, cb.Secret
			return out, outbox.Lane{Owner: ev.Tenant, Destination: "callback " + hostOf(cb.To)}, nil
		}
		name = cb.To
	}
	for _, s := range e.config.Load().shard.Subscriptions {
		if s.Name == name && (s.Tenant == "" || s.Tenant == ev.Tenant) {
			out.To, out.Secret, out.Operator = s.To, s.Secret, s.Tenant == ""
			return out, outbox.Lane{Owner: s.Tenant, Destination: "subscription " + s.Name}, nil
		}
	}
	return out, outbox.Lane{Owner: ev.Tenant}, &outbox.Error{Permanent: true, Err: fmt.Errorf("there is no subscription %q any more", name)}
}

// hostOf is what hangs when a callback does: its host, or, where there is
// none, what it is sent to.
func hostOf(to string) string {
	if u, err := url.Parse(to); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	return to
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
