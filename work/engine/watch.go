package engine

import (
	"context"
	"sync"

	"github.com/berth-project/berth/work"
)

// bus tells watchers what happened. It keeps the last events, so that one who
// was away for a moment can go on where it stopped.
type bus struct {
	mu       sync.Mutex
	seq      uint64
	ring     []work.Event // the last events but log lines, around next
	next     int
	watchers map[*watcher]struct{}
}

const (
	keptEvents   = 4096
	watcherQueue = 1024
)

type watcher struct {
	want func(*work.Event) bool
	c    chan work.Event
	lost bool
}

// init makes the bus begin behind an event that never was: whoever saw nothing
// yet has a position, too, to go on from, and 0 is none.
func (b *bus) init() { b.watchers, b.seq = map[*watcher]struct{}{}, 1 }

func (b *bus) publish(e work.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	e.Seq = b.seq
	if e.Kind != "step.log" { // logs are read from the store
		if len(b.ring) < keptEvents {
			b.ring = append(b.ring, e)
		} else {
			b.ring[b.next] = e
			b.next = (b.next + 1) % keptEvents
		}
	}
	for w := range b.watchers {
		if w.lost || !w.want(&e) {
			continue
		}
		select {
		case w.c <- e:
		default: // it does not keep up: it must look at the whole again
			w.lost = true
			close(w.c)
		}
	}
}

// Watch gives the events that want chooses until ctx ends. The channel is
// closed early for a watcher that does not keep up: it has missed events and
// must read again what it shows. after, when not 0, is the Seq of the last
// event it saw; ok is false when events since then are no longer known.
func (e *Engine) Watch(ctx context.Context, after uint64, want func(*work.Event) bool) (events <-chan work.Event, ok bool) {
	b := &e.bus
	w := &watcher{want: want, c: make(chan work.Event, watcherQueue)}
	b.mu.Lock()
	defer b.mu.Unlock()
	ok = true
	if after > 0 {
		ok = b.replay(w, after)
	}
	b.watchers[w] = struct{}{}
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, w)
		if !w.lost {
			w.lost = true
			close(w.c)
		}
	})
	return w.c, ok
}

// LastEvent is the Seq of the newest event.
func (e *Engine) LastEvent() uint64 {
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	return e.bus.seq
}

// replay gives a watcher what it missed; false when that is not known.
func (b *bus) replay(w *watcher, after uint64) bool {
	if after > b.seq || len(b.ring) == keptEvents && b.ring[b.next].Seq > after+1 {
		return false
	}
	for i := range b.ring {
		e := &b.ring[(b.next+i)%len(b.ring)]
		if e.Seq <= after || !w.want(e) {
			continue
		}
		if len(w.c) > watcherQueue/2 {
			return false
		}
		w.c <- *e
	}
	return true
}
