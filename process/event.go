package process

import (
	"maps"
	"slices"
	"sync"
)

// broadcaster passes events to subscribers without ever waiting for one.
type broadcaster struct {
	mu          sync.Mutex // guards the fields below
	subscribers map[int]chan Event
	next        int
	closed      bool
}

func newBroadcaster() *broadcaster { return &broadcaster{subscribers: map[int]chan Event{}} }

func (b *broadcaster) subscribe(buffer int) (<-chan Event, func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := make(chan Event, max(buffer, 1))
	if b.closed {
		close(events)
		return events, func() {}
	}
	id := b.next
	b.next++
	b.subscribers[id] = events
	return events, func() { b.cancel(id) }
}

func (b *broadcaster) cancel(id int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if events, ok := b.subscribers[id]; ok {
		delete(b.subscribers, id)
		close(events)
	}
}

func (b *broadcaster) send(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, events := range b.subscribers {
		select {
		case events <- e:
		default: // too slow: it loses this one
		}
	}
}

func (b *broadcaster) close() {
	for _, id := range b.ids() {
		b.cancel(id)
	}
}

// ids lets nobody in any more and returns who is.
func (b *broadcaster) ids() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return slices.Collect(maps.Keys(b.subscribers))
}
