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
	// TTL is how long an identity, or the standing of a session, is used
	// without reading it again even when nothing seems to have changed.
	// Default 1 minute.
	TTL time.Duration
	// Poll is how often the store is asked whether another process changed
	// it. Default 1 second.
	Poll time.Duration
	// MaxStale is how long the resolver answers from memory after the store
	// last answered. Default 10 seconds.
	MaxStale time.Duration
	// MaxUsers bounds the identities in memory. Default 10,000.
	MaxUsers int
	// MaxSessions bounds the sessions in memory. Default 10,000.
	MaxSessions int
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (c ResolverConfig) withDefaults() ResolverConfig {
	c.TTL = cmp.Or(c.TTL, time.Minute)
	c.Poll = cmp.Or(c.Poll, time.Second)
	c.MaxStale = cmp.Or(c.MaxStale, 10*time.Second)
	c.MaxUsers = cmp.Or(c.MaxUsers, 10_000)
	c.MaxSessions = cmp.Or(c.MaxSessions, 10_000)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Resolver answers from memory who users are and which sessions are revoked.
// It works without Run, by asking the store when its knowledge is older than
// MaxStale; Run keeps that from ever being a request's business.
//
// A session that ends early voids what is known of itself alone: anybody may
// sign out as often as they like, and nobody else is read again. Any other
// change in the directory voids everything, for only operators make those.
type Resolver struct {
	src Source
	cfg ResolverConfig
	log *slog.Logger

	generation  atomic.Uint64 // grows when any identity may have changed
	revocations atomic.Uint64 // grows when any session may have ended; written under mu
	freshUntil  atomic.Int64  // unix nanoseconds: until when memory may be believed
	flight      singleflight.Group

	mu       sync.RWMutex // guards all below
	users    map[string]*cached
	sessions map[string]*Standing
	version  Version
}

type cached struct {
	identity   *Identity // nil: no such user
	generation uint64
	until      time.Time
}

// Standing says whether a session was ended early. A caller may keep it until
// it is void.
type Standing struct {
	revoked bool
	until   time.Time
	void    atomic.Bool
}

// Revoked reports whether the session was ended early.
func (s *Standing) Revoked() bool { return s.revoked }

// Void reports whether the resolver has to be asked again. It costs one atomic
// load.
func (s *Standing) Void() bool { return s.void.Load() }

// NewResolver returns a resolver over a store. It reads nothing yet.
func NewResolver(src Source, cfg ResolverConfig, log *slog.Logger) *Resolver {
	r := &Resolver{
		src: src, cfg: cfg.withDefaults(), log: log,
		users: make(map[string]*cached), sessions: make(map[string]*Standing),
	}
	r.generation.Store(1)
	src.OnChange(r.apply)
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

// apply voids what a change may have made untrue.
func (r *Resolver) apply(c Change) {
	switch c.Action {
	case ActionRevokeSession:
		r.voidSession(c.Subject)
	case ActionSetPassword, ActionPurge: // no answer holds a password, or what has ended
	default:
		r.Invalidate()
	}
}

func (r *Resolver) voidSession(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.revocations.Add(1)
	if st := r.sessions[id]; st != nil {
		st.void.Store(true)
		delete(r.sessions, id)
	}
}

// Invalidate makes every answer given so far void. Changes made through the
// store void by themselves what they must.
func (r *Resolver) Invalidate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generation.Add(1)
	r.revocations.Add(1)
	for _, st := range r.sessions {
		st.void.Store(true)
	}
	clear(r.sessions)
}

// Generation is a number that changes when an identity given earlier may be
// void. A caller that keeps identities compares it, which costs one atomic
// load.
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

// Standing returns whether a session was ended early. It allocates nothing
// when the answer is in memory. The error is ErrUnavailable.
func (r *Resolver) Standing(ctx context.Context, sessionID string) (*Standing, error) {
	now := r.cfg.Now()
	if err := r.ensureFresh(ctx, now); err != nil {
		return nil, err
	}
	r.mu.RLock()
	st := r.sessions[sessionID]
	r.mu.RUnlock()
	if st == nil || !now.Before(st.until) {
		return r.loadStanding(ctx, sessionID)
	}
	return st, nil
}

func (r *Resolver) ensureFresh(ctx context.Context, now time.Time) error {
	if now.UnixNano() < r.freshUntil.Load() {
		return nil
	}
	return r.refresh(ctx)
}

// refresh asks the store for its version and voids what changed since.
func (r *Resolver) refresh(ctx context.Context) error {
	asked := r.cfg.Now()
	_, err := r.once(ctx, "version", func(ctx context.Context) (any, error) {
		v, err := r.src.Version(ctx)
		if err != nil {
			return nil, err
		}
		if err := r.catchUp(ctx, v); err != nil {
			return nil, err
		}
		// The order matters: a caller that sees the new freshness must see
		// the new generation.
		r.freshUntil.Store(asked.Add(r.cfg.MaxStale).UnixNano())
		return nil, nil
	})
	return err
}

// maxNews is how many changes are looked at one by one.
const maxNews = 1000

// catchUp voids what changed since the version before. Where the audit trail
// does not say what that was, everything may have changed.
func (r *Resolver) catchUp(ctx context.Context, v Version) error {
	r.mu.RLock()
	before := r.version
	r.mu.RUnlock()
	if v == before {
		return nil
	}
	var news []Change
	if before.Change > 0 && v.Change > before.Change {
		var err error
		if news, err = r.src.Changes(ctx, ChangeFilter{After: before.Change, Limit: maxNews}); err != nil {
			return err
		}
	}
	if len(news) == 0 || len(news) == maxNews {
		r.Invalidate()
	} else {
		for _, c := range news {
			r.apply(c)
		}
	}
	r.mu.Lock()
	r.version = v
	r.mu.Unlock()
	return nil
}
