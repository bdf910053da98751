package upstream

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Group is a set of servers that answer the same requests. It is safe for
// concurrent use.
type Group struct {
	cfg Config
	log *slog.Logger
	met *metrics

	// roster is the current targets, replaced as a whole.
	roster   atomic.Pointer[[]*target]
	turn     atomic.Uint64
	affinity *addressTable
	// wake asks Run to check targets at once.
	wake chan struct{}

	mu sync.Mutex // guards what follows
	// changed is closed and replaced when a target may have become available.
	changed chan struct{}
	// retired targets are no longer chosen but may have requests in flight.
	retired map[*target]struct{}
	// cancels end requests on the standard path.
	cancels map[*exchange]context.CancelCauseFunc
	closed  bool

	shutdown chan struct{}
	// active counts calls of Forward; closing adds the least integer, so that
	// entering and finding the group closed is one operation. quiet is closed
	// when the last call of a closed group returns.
	active    atomic.Int64
	quiet     chan struct{}
	quietOnce sync.Once
}

// NewGroup builds a group. It does no I/O: connections are made when requests
// need them and checks when [Group.Run] runs. reg may be nil; groups of one
// registry share their metric families.
func NewGroup(cfg Config, log *slog.Logger, reg prometheus.Registerer) (*Group, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	met, err := newMetrics(reg, cfg.Name)
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	g := &Group{
		cfg:      cfg,
		log:      log.With("upstream", cfg.Name),
		met:      met,
		affinity: newAddressTable(cfg.Affinity),
		wake:     make(chan struct{}, 1),
		changed:  make(chan struct{}),
		retired:  map[*target]struct{}{},
		cancels:  map[*exchange]context.CancelCauseFunc{},
		shutdown: make(chan struct{}),
		quiet:    make(chan struct{}),
	}
	g.roster.Store(&[]*target{})
	g.SetEndpoints(cfg.Endpoints)
	return g, nil
}

// Name returns the label of the group.
func (g *Group) Name() string { return g.cfg.Name }

// SetEndpoints replaces the servers. Those that stay keep their connections
// and their health. Requests in flight on those that go are finished; their
// unused connections are closed. An invalid endpoint is logged and left out.
func (g *Group) SetEndpoints(endpoints []Endpoint) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return
	}
	old := *g.roster.Load()
	next := make([]*target, 0, len(endpoints))
	for _, e := range endpoints {
		if err := validateEndpoints([]Endpoint{e}); err != nil {
			g.log.Error("upstream endpoint refused", "error", err)
			continue
		}
		t := newTarget(g.cfg.Name, e)
		if i := slices.IndexFunc(old, func(o *target) bool { return o.endpoint == t.endpoint }); i >= 0 {
			t = old[i]
		}
		if !slices.Contains(next, t) {
			next = append(next, t)
		}
	}
	gone := slices.DeleteFunc(slices.Clone(old), func(t *target) bool { return slices.Contains(next, t) })
	for _, t := range gone {
		g.retired[t] = struct{}{}
	}
	for t := range g.retired {
		if t.inFlight.Load() == 0 && !slices.Contains(gone, t) {
			delete(g.retired, t)
		}
	}
	g.roster.Store(&next)
	g.mu.Unlock()
	for _, t := range gone {
		t.withdrawn.Store(true)
		t.retire()
	}
	g.announce()
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// announce tells held requests to look again and the gauge what is true.
func (g *Group) announce() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	close(g.changed)
	g.changed = make(chan struct{})
	now, healthy := time.Now().UnixNano(), 0
	for _, t := range *g.roster.Load() {
		if t.available(now) {
			healthy++
		}
	}
	g.met.healthy.Set(float64(healthy))
}

// Status returns the state of every target, in the order they were given.
func (g *Group) Status() []EndpointStatus {
	now := time.Now().UnixNano()
	roster := *g.roster.Load()
	out := make([]EndpointStatus, len(roster))
	for i, t := range roster {
		out[i] = t.status(now)
	}
	return out
}

// Run checks the targets as configured and closes connections unused for too
// long. It returns nil once ctx is done or the group is closed, when all its
// goroutines have ended.
func (g *Group) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if g.cfg.Health.Interval > 0 {
		wg.Go(func() { g.watch(ctx) })
	}
	every := time.NewTicker(max(g.cfg.Timeouts.Idle/4, time.Second))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.shutdown:
			return nil
		case now := <-every.C:
			g.reap(now)
		}
	}
}

func (g *Group) reap(now time.Time) {
	if g.cfg.Timeouts.Idle == 0 {
		return
	}
	for _, t := range *g.roster.Load() {
		t.reap(now.Add(-g.cfg.Timeouts.Idle))
	}
	g.affinity.expire(now)
}

// Drain waits until nothing is in flight, tunnels included, and then closes
// the group; when ctx is done first it closes it at once. Requests that come
// meanwhile are still forwarded.
func (g *Group) Drain(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for g.active.Load() > 0 {
		select {
		case <-ctx.Done():
			return g.Close()
		case <-g.shutdown:
			return nil
		case <-tick.C:
		}
	}
	return g.Close()
}

// enter counts a call of Forward in; it reports false when the group is
// closed.
func (g *Group) enter() bool {
	if g.active.Add(1) < 0 {
		g.leave()
		return false
	}
	return true
}

func (g *Group) leave() {
	if g.active.Add(-1) == math.MinInt64 {
		g.quietOnce.Do(func() { close(g.quiet) })
	}
}

// Close ends everything: held requests are refused, those in flight and
// tunnels are cut, connections closed. It returns when the calls of Forward
// have returned. Closing twice is fine.
func (g *Group) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		<-g.quiet
		return nil
	}
	g.closed = true
	if g.active.Add(math.MinInt64) == math.MinInt64 {
		g.quietOnce.Do(func() { close(g.quiet) })
	}
	close(g.shutdown)
	close(g.changed)
	targets := slices.Clone(*g.roster.Load())
	for t := range g.retired {
		targets = append(targets, t)
	}
	for _, cancel := range g.cancels {
		cancel(errClosed)
	}
	g.mu.Unlock()
	for _, t := range targets {
		t.sever()
	}
	<-g.quiet
	return nil
}
