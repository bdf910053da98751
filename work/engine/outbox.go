package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// Delivery is an event on its way to a destination.
type Delivery struct {
	// ID is the same for every try: receivers may see an event twice.
	ID     uint64
	Kind   string
	Tenant string
	Run    workflow.RunID
	Body   json.RawMessage
	Try    int // from 1
	To     string
	Secret string // the name of what it is signed with; "" unsigned
}

// Send delivers an event. An error that wraps ErrPermanent is not tried again.
type Send func(ctx context.Context, d Delivery) error

// ErrPermanent says that trying again cannot help.
var ErrPermanent = errors.New("permanent")

const (
	deliverers     = 16
	deliverTimeout = 30 * time.Second
	deliverTries   = 20 // over about three days
	deliverFirst   = 5 * time.Second
	deliverLongest = 6 * time.Hour
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
	d, err := e.delivery(ev)
	if err == nil {
		sctx, cancel := context.WithTimeout(ctx, deliverTimeout)
		err = e.opt.Send(sctx, d)
		cancel()
	}
	if ctx.Err() != nil {
		e.outbox.land(ev.ID)
		return
	}
	switch {
	case err == nil:
		ack.Delivered = true
	case errors.Is(err, ErrPermanent), ack.Try >= deliverTries:
		ack.Dead, ack.Error = e.opt.Now(), short(err.Error())
	default:
		ack.NextAt, ack.Error = e.opt.Now()+backoff(ack.Try, e.opt.Limits.Random()).Milliseconds(), short(err.Error())
	}
	land := func() { e.outbox.land(ev.ID) }
	if l.post(ctx, op{do: func(c *shard.Core) { c.Delivered([]store.Ack{ack}, land) }, fail: func(error) { land() }}) != nil {
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

// backoff is how long to wait after so many tries: doubling, with up to a
// quarter of chance.
func backoff(try int, chance uint64) time.Duration {
	d := min(deliverFirst<<min(try-1, 20), deliverLongest)
	return d - time.Duration(chance%1024)*d/4096
}

// delivery finds where an event goes.
func (e *Engine) delivery(ev store.Event) (Delivery, error) {
	d := Delivery{ID: ev.ID, Kind: ev.Kind, Tenant: ev.Tenant, Run: ev.Run, Body: ev.Body, Try: ev.Try + 1}
	if text, ok := strings.CutPrefix(ev.To, shard.Callback); ok {
		var cb workflow.Callback
		if err := json.Unmarshal([]byte(text), &cb); err != nil {
			return d, fmt.Errorf("%w: the callback of its document cannot be read: %w", ErrPermanent, err)
		}
		d.To, d.Secret = cb.To, cb.Secret
		if strings.Contains(cb.To, "://") {
			return d, nil
		}
		ev.To = cb.To
	}
	for _, s := range e.config.Load().shard.Subscriptions {
		if s.Name == ev.To {
			d.To, d.Secret = s.To, s.Secret
			return d, nil
		}
	}
	return d, fmt.Errorf("%w: there is no subscription %q any more", ErrPermanent, ev.To)
}

// Dead lists events that were given up.
func (e *Engine) Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error) {
	return e.store.Dead(ctx, f, cursor, limit)
}

// Replay tries a dead event again, Drop forgets it.
func (e *Engine) Replay(ctx context.Context, ev store.Event) error {
	return e.acknowledge(ctx, ev, store.Ack{ID: ev.ID, NextAt: e.opt.Now()})
}

// Drop forgets a dead event.
func (e *Engine) Drop(ctx context.Context, ev store.Event) error {
	return e.acknowledge(ctx, ev, store.Ack{ID: ev.ID, Drop: true})
}

func (e *Engine) acknowledge(ctx context.Context, ev store.Event, ack store.Ack) error {
	if ev.Shard < 0 || ev.Shard >= len(e.loops) {
		return fmt.Errorf("%w: event %d", work.ErrNotFound, ev.ID)
	}
	err := askError(ctx, e.loops[ev.Shard], func(c *shard.Core, answer func(error)) {
		c.Delivered([]store.Ack{ack}, func() { answer(nil) })
	})
	e.outbox.kick()
	return err
}
