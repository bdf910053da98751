package directory

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// loadTimeout bounds one read of the store on behalf of a request.
const loadTimeout = 3 * time.Second

// ResolverConfig tunes a [Resolver]. The zero value is good.
type ResolverConfig struct {
	// TTL is how long an identity is used without reading it again even when
	// nothing seems to have changed. Default 1 minute.
	TTL time.Duration
	// Poll is how often the store is asked whether another process changed
	// it. Default 1 second.
	Poll time.Duration
	// MaxStale is how long the resolver answers from memory after the store
	// last answered. Default 10 seconds.
	MaxStale time.Duration
	// MaxUsers bounds the identities in memory. Default 10,000.
	MaxUsers int
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (c ResolverConfig) withDefaults() ResolverConfig {
	c.TTL = cmp.Or(c.TTL, time.Minute)
	c.Poll = cmp.Or(c.Poll, time.Second)
	c.MaxStale = cmp.Or(c.MaxStale, 10*time.Second)
	c.MaxUsers = cmp.Or(c.MaxUsers, 10_000)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Resolver answers from memory who users are and which sessions are revoked.
// It works without Run, by asking the store when its knowledge is older than
// MaxStale; Run keeps that from ever being a request's business.
type Resolver struct {
	src Source
	cfg ResolverConfig
	log *slog.Logger

	generation atomic.Uint64 // grows when anything may have changed
	freshUntil atomic.Int64  // unix nanoseconds: until when memory may be believed
	revoked    atomic.Pointer[revocations]
	flight     singleflight.Group

	mu      sync.RWMutex // guards the two below
	users   map[string]*cached
	version int64
}

type cached struct {
	identity   *Identity // nil: no such user
	generation uint64
	until      time.Time
}

type revocations struct {
	sessions   map[string]struct{}
	generation uint64
}

// NewResolver returns a resolver over a store. It reads nothing yet.
func NewResolver(src Source, cfg ResolverConfig, log *slog.Logger) *Resolver {
	r := &Resolver{src: src, cfg: cfg.withDefaults(), log: log, users: make(map[string]*cached)}
	r.generation.Store(1)
	src.OnChange(r.Invalidate)
	return r
}

// Run asks the store every Poll whether it changed, until ctx ends. It returns
// nil.
func (r *Resolver) Run(ctx context.Context) error {
	tick := time.NewTicker(r.cfg.Poll)
	defer tick.Stop()
	ok := true
	for {
		err := r.refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if ok != (err == nil) {
			ok = err == nil
			r.report(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// report says once that the store went away, and once that it is back.
func (r *Resolver) report(err error) {
	if err != nil {
		r.log.Error("directory is not answering", "error", err)
		return
	}
	r.log.Info("directory answers again")
}

// Invalidate makes every answer given so far void. Changes made through the
// store do it by themselves.
func (r *Resolver) Invalidate() { r.generation.Add(1) }

// Generation is a number that changes when earlier answers may be void. A
// caller that keeps answers compares it, which costs one atomic load.
func (r *Resolver) Generation() uint64 { return r.generation.Load() }

// FreshUntil is the moment, in Unix nanoseconds, until which answers kept by a
// caller may be used while the store stays silent.
func (r *Resolver) FreshUntil() int64 { return r.freshUntil.Load() }

// Identity returns who a user is now. It allocates nothing when the answer is
// in memory. The error is ErrNotFound or ErrUnavailable.
func (r *Resolver) Identity(ctx context.Context, userID string) (*Identity, error) {
	now := r.cfg.Now()
	if err := r.ensureFresh(ctx, now); err != nil {
		return nil, err
	}
	r.mu.RLock()
	c := r.users[userID]
	r.mu.RUnlock()
	if c == nil || c.generation != r.generation.Load() || !now.Before(c.until) {
		var err error
		if c, err = r.load(ctx, userID); err != nil {
			return nil, err
		}
	}
	if c.identity == nil {
		return nil, fmt.Errorf("user %s: %w", userID, ErrNotFound)
	}
	return c.identity, nil
}

// Revoked reports whether a session was ended early. The error is
// ErrUnavailable.
func (r *Resolver) Revoked(ctx context.Context, sessionID string) (bool, error) {
	if err := r.ensureFresh(ctx, r.cfg.Now()); err != nil {
		return false, err
	}
	list := r.revoked.Load()
	if list == nil || list.generation != r.generation.Load() {
		var err error
		if list, err = r.loadRevoked(ctx); err != nil {
			return false, err
		}
	}
	_, found := list.sessions[sessionID]
	return found, nil
}

func (r *Resolver) ensureFresh(ctx context.Context, now time.Time) error {
	if now.UnixNano() < r.freshUntil.Load() {
		return nil
	}
	return r.refresh(ctx)
}

// refresh asks the store for its version and voids what is in memory when it
// moved.
func (r *Resolver) refresh(ctx context.Context) error {
	asked := r.cfg.Now()
	_, err := r.once(ctx, "version", func(ctx context.Context) (any, error) {
		v, err := r.src.Version(ctx)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		moved := v != r.version
		r.version = v
		r.mu.Unlock()
		if moved {
			r.Invalidate()
		}
		// The order matters: a caller that sees the new freshness must see
		// the new generation.
		r.freshUntil.Store(asked.Add(r.cfg.MaxStale).UnixNano())
		return nil, nil
	})
	return err
}
