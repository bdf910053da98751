package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Options say how an engine works. The zero value of each field but Store
// has a default.
type Options struct {
	Store store.Store
	// Node names this engine; no two that share a store may have the same
	// name at the same time. Default: host name, process id and chance.
	Node string
	// Addr is the URL under which other engines reach this one's API; "" when
	// they cannot.
	Addr string
	// Shards is how many there are, 1 to 64; the same for all engines of a
	// store, which keeps it: another number is refused as long as runs are not
	// finished, or stand in a shard that would be nobody's. Queues are spread over them, limits of tenants and pools hold
	// within one. Default 1.
	Shards int
	// Ownership is how long a shard stays this engine's when it falls silent;
	// default 10s.
	Ownership time.Duration
	// Executors execute steps in this process, by step type.
	Executors map[string]work.Executor
	// Local is how many slots of each pool this process has for them.
	Local map[string]int
	// Light are types of steps that cost next to nothing: those of a pool in
	// Local do not take its slots.
	Light []string
	// Send delivers an event to where it is to go; nil delivers nothing, and
	// keeps the events.
	Send outbox.Sender
	// Backoff says when a delivery that failed is tried again.
	Backoff outbox.Backoff
	// Source reads the queues of triggers; nil reads none.
	Source Source
	// Retention is how long finished runs are kept; default 7 days, failed
	// ones 30.
	Retention Retention
	Limits    machine.Limits
	// MaxDocument and MaxParams bound a submission, in bytes; default 1 MiB
	// and 256 KiB.
	MaxDocument, MaxParams int
	Logger                 *slog.Logger
	// Registry takes the engine's metrics; nil has none.
	Registry prometheus.Registerer
	// Now is the time in milliseconds since 1970.
	Now func() int64
}

// Retention is how long runs are kept once they are final; 0 means forever.
type Retention struct {
	Succeeded, Failed time.Duration
}

// Engine runs workflows. Its methods may be called from any goroutine.
type Engine struct {
	opt      Options
	store    store.Store
	log      *slog.Logger
	config   atomic.Pointer[config]
	plans    planCache
	loops    []*loop
	bus      bus
	local    localTasks
	outbox   deliveries
	grumbles complaints
	metrics  *metrics

	reload  sync.Mutex
	cancel  context.CancelFunc
	ctx     context.Context //nolint:containedctx // of the engine's own goroutines
	working sync.WaitGroup
}

// Open starts an engine. It owns shards as soon as they are free; Ready
// waits for that. Close stops it.
func Open(ctx context.Context, opt Options) (*Engine, error) {
	if opt.Store == nil {
		return nil, errors.New("engine: no store given")
	}
	if opt.Shards < 0 || opt.Shards > 64 {
		return nil, fmt.Errorf("engine: %d shards: there can be 1 to 64", opt.Shards)
	}
	opt.fill()
	e := &Engine{opt: opt, store: opt.Store, log: opt.Logger, plans: newPlanCache()}
	e.bus.init()
	if opt.Registry != nil {
		e.metrics = newMetrics(opt.Registry)
	}
	e.local.init(opt.Local, e.nudge)
	e.outbox.init(opt.Backoff)
	if err := e.readSettings(ctx); err != nil {
		return nil, fmt.Errorf("engine: read the settings: %w", err)
	}
	if err := e.agreeOnShards(ctx); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e.ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for n := range opt.Shards {
		e.loops = append(e.loops, newLoop(e, n))
	}
	for _, l := range e.loops {
		e.working.Go(func() { l.run(e.ctx) })
		e.working.Go(func() { l.renew(e.ctx) })
	}
	e.working.Go(func() { e.watchSettings(e.ctx) })
	e.working.Go(func() { e.deliver(e.ctx) })
	e.working.Go(func() { e.schedule(e.ctx) })
	e.working.Go(func() { e.receive(e.ctx) })
	e.working.Go(func() { e.retain(e.ctx) })
	e.working.Go(func() { e.measure(e.ctx) })
	return e, nil
}

func (o *Options) fill() {
	if o.Node == "" {
		host, _ := os.Hostname()
		o.Node = fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:6])
	}
	o.Shards = max(o.Shards, 1)
	o.Ownership = orElse(o.Ownership, 10*time.Second)
	o.MaxDocument = orElse(o.MaxDocument, 1<<20)
	o.MaxParams = orElse(o.MaxParams, 256<<10)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = func() int64 { return time.Now().UnixMilli() }
	}
	if o.Retention == (Retention{}) {
		o.Retention = Retention{Succeeded: 7 * 24 * time.Hour, Failed: 30 * 24 * time.Hour}
	}
	if o.Limits.Random == nil {
		o.Limits.Random = randomNumber
	}
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Drain stops handing out work and waits for the executors of this process
// until ctx ends; results are still taken.
func (e *Engine) Drain(ctx context.Context) error {
	for _, l := range e.loops {
		l.quiesce()
	}
	e.local.drain(ctx)
	return ctx.Err()
}

// Close stops handing out work, waits for the executors of this process until
// ctx ends, gives the shards back and returns. What had not finished by then
// is executed again by the next owner.
func (e *Engine) Close(ctx context.Context) error {
	_ = e.Drain(ctx) // what has not ended is executed again
	e.cancel()
	done := make(chan struct{})
	go func() { e.working.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("engine: close: %w", ctx.Err())
	}
}

// Ready waits until this engine owns all shards, or ctx ends: an *OwnerError then
// names one that it does not.
func (e *Engine) Ready(ctx context.Context) error {
	for _, l := range e.loops {
		select {
		case <-l.serving():
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", &OwnerError{Shard: l.n, Node: l.ownerName()}, ctx.Err())
		}
	}
	return nil
}

// Shard gives the loop of a run; nil when there is no such shard.
func (e *Engine) shardOf(id workflow.RunID) *loop {
	if n := shard.Place(id); n < len(e.loops) {
		return e.loops[n]
	}
	return nil
}

// nudge has the shards look whether they have use for slots that came free.
// The one whose task it was does so by itself.
func (e *Engine) nudge() {
	if len(e.loops) == 1 {
		return
	}
	for _, l := range e.loops {
		_ = l.send(op{do: (*shard.Core).Look, fail: func(error) {}}) // one that is busy looks soon
	}
}

// queueShard gives the loop of a queue: its name decides.
func (e *Engine) queueShard(name string) *loop {
	if len(e.loops) == 1 {
		return e.loops[0]
	}
	h := uint32(2166136261) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return e.loops[h%uint32(len(e.loops))] //nolint:gosec // at most 64
}
