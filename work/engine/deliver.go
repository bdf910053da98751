package engine

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
)

const (
	deliverTimeout = 30 * time.Second
	// duePage is how many events are read beyond those that are held already.
	duePage = 100
	// maxHeld bounds the events in memory with those whose end is being written.
	maxHeld = 4096
)

// deliveries are the events in memory: those that wait or fly, and those whose
// end is not durable yet.
type deliveries struct {
	wake chan struct{}
	span time.Duration // over which an event is tried; 0 is without end

	mu      sync.Mutex
	traffic *outbox.Traffic
	held    map[uint64]*parcel
	more    bool // some that are due were left for lack of room
}

// parcel is an event on its way.
type parcel struct {
	loop  *loop
	event store.Event
	out   outbox.Event
}

func (d *deliveries) init(b outbox.Backoff) {
	d.wake = make(chan struct{}, 1)
	d.span = b.Span()
	d.traffic = outbox.NewTraffic(outbox.TrafficLimits{})
	d.held = map[uint64]*parcel{}
}

func (d *deliveries) kick() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// size is how many events are held.
func (d *deliveries) size() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.held)
}

// hold keeps an event that is due and is not held yet; false when there is no
// room.
func (d *deliveries) hold(p *parcel) (held, room bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held[p.event.ID] != nil {
		return false, true
	}
	if len(d.held) >= maxHeld || !d.traffic.Room() {
		d.more = true
		return false, false
	}
	d.held[p.event.ID] = p
	return true, true
}

func (d *deliveries) offer(p *parcel, lane outbox.Lane, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fresh := p.event.Try == 0 && p.event.NextAt <= p.event.Created
	d.traffic.Offer(p.event.ID, lane, fresh, now)
}

// next gives the next event to send.
func (d *deliveries) next(now int64) *parcel {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.traffic.Next(now); ok {
		return d.held[id]
	}
	return nil
}

func (d *deliveries) landed(id uint64, how outbox.Landing, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.traffic.Land(id, how, now)
}

// settled forgets an event: what became of it is durable, or its next owner's.
func (d *deliveries) settled(id uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.held, id)
	if d.more && len(d.held) < maxHeld/8 {
		d.more = false
		d.kick()
	}
}

// late gives the events that are put off, and until when.
func (d *deliveries) late() (list []outbox.Late, of []*parcel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list = d.traffic.Late()
	for _, one := range list {
		of = append(of, d.held[one.ID])
	}
	return list, of
}

// deliver sends the events of the shards this engine owns.
func (e *Engine) deliver(ctx context.Context) {
	if e.opt.Send == nil {
		return
	}
	t := time.NewTicker(2 * time.Second)
	defer t.Stop()
	for ctx.Err() == nil {
		more := false
		for _, l := range e.loops {
			more = e.deliverDue(ctx, l) || more
			e.launch(ctx)
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-e.outbox.wake:
		}
	}
}

// deliverDue takes what is due; it says whether there may be more that can be
// taken now.
func (e *Engine) deliverDue(ctx context.Context, l *loop) bool {
	if l.owned() != nil {
		return false
	}
	limit := e.outbox.size() + duePage
	rctx, cancel := context.WithTimeout(ctx, readTimeout)
	events, err := e.store.Events(rctx, l.n, e.opt.Now(), limit)
	cancel()
	if err != nil {
		e.log.Error("events cannot be read", "shard", l.n, "error", err)
		return false
	}
	taken := false
	for i := range events {
		p := &parcel{loop: l, event: events[i]}
		held, room := e.outbox.hold(p)
		if !room {
			return false // it is looked again when there is room
		}
		if !held {
			continue
		}
		taken = true
		out, lane, err := e.delivery(&p.event)
		if err != nil {
			e.acknowledgeOne(ctx, p, e.ackOf(&p.event, err))
			continue
		}
		p.out = out
		e.outbox.offer(p, lane, e.opt.Now())
	}
	return e.putOff(ctx) && taken && len(events) == limit
}

// launch sends what may fly.
func (e *Engine) launch(ctx context.Context) {
	for {
		p := e.outbox.next(e.opt.Now())
		if p == nil {
			return
		}
		e.working.Go(func() {
			e.deliverOne(ctx, p)
			e.launch(ctx)
			e.putOff(ctx)
		})
	}
}

func (e *Engine) deliverOne(ctx context.Context, p *parcel) {
	how, err := outbox.Unsent, error(nil)
	if p.loop.owned() == nil && ctx.Err() == nil {
		how, err = e.send(ctx, p.out)
	}
	e.outbox.landed(p.event.ID, how, e.opt.Now())
	if how == outbox.Unsent {
		e.outbox.settled(p.event.ID)
		return
	}
	e.acknowledgeOne(ctx, p, e.ackOf(&p.event, err))
}

func (e *Engine) send(ctx context.Context, out outbox.Event) (outbox.Landing, error) {
	sctx, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	err := e.opt.Send.Send(sctx, out)
	switch {
	case ctx.Err() != nil: // the engine stops, whatever the sender made of that
		return outbox.Unsent, nil
	case outbox.Unanswered(err):
		return outbox.Unheard, err
	}
	return outbox.Heard, err
}

// ackOf says what becomes of an event after a try.
func (e *Engine) ackOf(ev *store.Event, err error) store.Ack {
	ack := store.Ack{ID: ev.ID, Try: ev.Try + 1}
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
	return ack
}

// acknowledgeOne writes what became of an event.
func (e *Engine) acknowledgeOne(ctx context.Context, p *parcel, ack store.Ack) {
	e.complain(&p.event, ack)
	settled := func(error) { e.outbox.settled(ack.ID) }
	err := p.loop.post(ctx, op{do: func(c *shard.Core) { c.Delivered([]store.Ack{ack}, settled) }, fail: settled})
	if err != nil {
		settled(err)
	}
}

// putOff writes when events are due again that cannot be sent soon, and waits
// for that, so that they are not read again; false when they cannot be written.
func (e *Engine) putOff(ctx context.Context) bool {
	late, parcels := e.outbox.late()
	acks, given := map[*loop][]store.Ack{}, map[*loop][]*parcel{}
	for i, one := range late {
		p := parcels[i]
		acks[p.loop] = append(acks[p.loop], e.ackOfLate(&p.event, one))
		given[p.loop] = append(given[p.loop], p)
	}
	ok := true
	for l, part := range acks {
		err := askError(ctx, l, func(c *shard.Core, answer func(error)) { c.Delivered(part, answer) })
		ok = ok && err == nil
		for i, ack := range part {
			if ack.Dead > 0 {
				e.complain(&given[l][i].event, ack)
			}
			e.outbox.settled(ack.ID)
		}
	}
	return ok
}

// ackOfLate puts an event off without counting a try, or gives it up when its
// destination has not answered for as long as an event is tried.
func (e *Engine) ackOfLate(ev *store.Event, late outbox.Late) store.Ack {
	ack := store.Ack{ID: ev.ID, Try: ev.Try, NextAt: late.At, Error: ev.Error}
	if !late.Silent {
		return ack
	}
	if ack.Error == "" {
		ack.Error = "its destination does not answer, and is left alone for a while"
	}
	if e.outbox.span > 0 && e.opt.Now()-ev.Created > e.outbox.span.Milliseconds() {
		ack.NextAt, ack.Dead = 0, e.opt.Now()
	}
	return ack
}

func short(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
