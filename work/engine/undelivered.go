package engine

import (
	"net/url"
	"sync"
	"time"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
)

const (
	// complainEvery is how often the log says that a destination takes nothing.
	complainEvery = int64(time.Minute / time.Millisecond)
	maxComplaints = 1000
)

// complaints are the destinations that the log told of, and when, in ms.
type complaints struct {
	mu   sync.Mutex
	last map[string]int64
}

// due says whether it is time to tell of a destination.
func (c *complaints) due(destination string, now int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, told := c.last[destination]; told && now-last < complainEvery {
		return false
	}
	if c.last == nil || len(c.last) >= maxComplaints {
		c.last = map[string]int64{}
	}
	c.last[destination] = now
	return true
}

// complain tells the log of an event that was not delivered: of the first in a
// minute to its destination, and as often of those that were given up.
func (e *Engine) complain(ev *store.Event, ack store.Ack) {
	if ack.Delivered {
		return
	}
	to, now := destinationOf(ev.To), e.opt.Now()
	switch {
	case ack.Dead > 0 && e.grumbles.due("dead "+to, now):
		e.log.Warn("event was given up: it is among the dead letters", "event", ev.Kind, "id", ev.ID, "run", ev.Run, "to", to, "tries", ack.Try, "error", ack.Error)
	case ack.Dead == 0 && e.grumbles.due(to, now):
		e.log.Warn("event was not delivered and is tried again", "event", ev.Kind, "id", ev.ID, "run", ev.Run, "to", to, "tries", ack.Try, "error", ack.Error)
	}
}

// destinationOf is a destination as the log may have it: the name of a
// subscription, or the host of a document's callback, whose path may be secret.
func destinationOf(to string) string {
	to = shard.Destination(to)
	if u, err := url.Parse(to); err == nil && u.Host != "" {
		return u.Host
	}
	return to
}
