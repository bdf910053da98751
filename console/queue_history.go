package console

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/berth-project/berth/work/engine"
)

const (
	// historyEvery is how often queues are looked at, historyKept how many looks
	// are kept: an hour.
	historyEvery = 10 * time.Second
	historyKept  = 360
	// historyQueues bounds the queues that are kept apart.
	historyQueues = 200
	// topTenants is how many tenants of a queue are told apart.
	topTenants = 12
)

// QueueHistory keeps how queues were over the last hour, for the plots of their
// pages. It costs a look at the queues every ten seconds and some hundred bytes for
// each. The engine keeps no such history: with a restart it begins anew.
type QueueHistory struct {
	queues func(ctx context.Context, top int) ([]engine.QueueState, error)
	now    func() time.Time

	mu      sync.Mutex // guards all below
	samples map[string][]queueSample
}

// queueSample is how a queue was at a time.
type queueSample struct {
	At               time.Time
	Waiting, Running int
	Rate             float64
	P50, P99         int64 // milliseconds; of the class with the longest
	Shares           map[string]float64
}

// NewQueueHistory returns an empty history of the queues that the function gives:
// the method Queues of an engine.
func NewQueueHistory(queues func(ctx context.Context, top int) ([]engine.QueueState, error)) *QueueHistory {
	return &QueueHistory{queues: queues, now: time.Now, samples: map[string][]queueSample{}}
}

// Run looks at the queues every ten seconds until ctx ends. What it cannot see at
// a time is a gap.
func (h *QueueHistory) Run(ctx context.Context) {
	t := time.NewTicker(historyEvery)
	defer t.Stop()
	for {
		h.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Look takes one sample of each queue.
func (h *QueueHistory) Look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	states, err := h.queues(ctx, topTenants)
	if err != nil {
		return
	}
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	there := map[string]bool{}
	for i := range states {
		name := states[i].Name
		there[name] = true
		if h.samples[name] == nil && len(h.samples) >= historyQueues {
			continue
		}
		kept := append(h.samples[name], sampleOf(&states[i], now))
		if len(kept) > historyKept {
			kept = slices.Delete(kept, 0, len(kept)-historyKept)
		}
		h.samples[name] = kept
	}
	for name := range h.samples {
		if !there[name] {
			delete(h.samples, name)
		}
	}
}

func sampleOf(q *engine.QueueState, now time.Time) queueSample {
	s := queueSample{At: now, Waiting: q.Stats.Waiting, Running: q.Stats.Running, Rate: q.Stats.Rate, Shares: map[string]float64{}}
	for _, class := range q.Stats.Classes {
		s.P50, s.P99 = max(s.P50, class.P50), max(s.P99, class.P99)
	}
	for _, t := range q.Stats.Top {
		if t.Share > 0 {
			s.Shares[t.Tenant] = t.Share
		}
	}
	return s
}

// of returns the samples of a queue, the oldest first; none for a nil history.
func (h *QueueHistory) of(name string) []queueSample {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.samples[name])
}
