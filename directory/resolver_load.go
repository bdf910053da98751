package directory

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// once runs load for all callers that ask for the same key at the same time.
// It is not cut short when the first of them goes away.
func (r *Resolver) once(ctx context.Context, key string, load func(context.Context) (any, error)) (any, error) {
	ch := r.flight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return load(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	case res := <-ch:
		if res.Err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, res.Err)
		}
		return res.Val, nil
	}
}

// load reads one user. The generation is read before the store, so that a
// change during the read voids its result; it is part of the key, so that a
// caller after the change does not join a read from before it.
func (r *Resolver) load(ctx context.Context, userID string) (*cached, error) {
	generation := r.generation.Load()
	v, err := r.once(ctx, fmt.Sprintf("user %d %s", generation, userID), func(ctx context.Context) (any, error) {
		now := r.cfg.Now()
		c := &cached{generation: generation, until: now.Add(r.cfg.TTL)}
		rec, err := r.src.Record(ctx, userID)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, err
		default:
			c.identity = NewIdentity(rec, now)
			c.until = earlier(c.until, c.identity.ValidUntil)
		}
		r.remember(userID, c)
		return c, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*cached), nil
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// remember keeps an answer, and drops an arbitrary one where memory is full.
func (r *Resolver) remember(userID string, c *cached) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users[userID] == nil && len(r.users) >= r.cfg.MaxUsers {
		id, _ := anyOf(r.users)
		delete(r.users, id)
	}
	r.users[userID] = c
}

// loadStanding reads one session. The number of revocations is read before
// the store, for the same two reasons as the generation in load.
func (r *Resolver) loadStanding(ctx context.Context, sessionID string) (*Standing, error) {
	seen := r.revocations.Load()
	v, err := r.once(ctx, fmt.Sprintf("session %d %s", seen, sessionID), func(ctx context.Context) (any, error) {
		st := &Standing{until: r.cfg.Now().Add(r.cfg.TTL)}
		var err error
		if st.revoked, err = r.src.SessionRevoked(ctx, sessionID); err != nil {
			return nil, err
		}
		r.track(sessionID, st, seen)
		return st, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*Standing), nil
}

// track keeps the standing of a session, unless any session ended while it was
// read. One that is kept no longer is void: whoever holds it would not hear of
// a revocation.
func (r *Resolver) track(sessionID string, st *Standing, seen uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.revocations.Load() != seen {
		st.void.Store(true)
		return
	}
	old := r.sessions[sessionID]
	if old == nil && len(r.sessions) >= r.cfg.MaxSessions {
		var id string
		id, old = anyOf(r.sessions)
		delete(r.sessions, id)
	}
	if old != nil {
		old.void.Store(true)
	}
	r.sessions[sessionID] = st
}

// anyOf returns an arbitrary entry.
func anyOf[V any](m map[string]V) (key string, value V) {
	for key, value = range m {
		break
	}
	return key, value
}
