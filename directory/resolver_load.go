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

// remember keeps an answer. When memory is full it drops what is void, and
// one arbitrary answer where nothing is.
func (r *Resolver) remember(userID string, c *cached) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.users[userID]; !known && len(r.users) >= r.cfg.MaxUsers {
		r.makeRoom()
	}
	r.users[userID] = c
}

func (r *Resolver) makeRoom() {
	current := r.generation.Load()
	for id, c := range r.users {
		if c.generation != current {
			delete(r.users, id)
		}
	}
	for id := range r.users {
		if len(r.users) < r.cfg.MaxUsers {
			return
		}
		delete(r.users, id)
	}
}

func (r *Resolver) loadRevoked(ctx context.Context) (*revocations, error) {
	generation := r.generation.Load()
	v, err := r.once(ctx, fmt.Sprintf("revocations %d", generation), func(ctx context.Context) (any, error) {
		rows, err := r.src.Revocations(ctx)
		if err != nil {
			return nil, err
		}
		list := &revocations{sessions: make(map[string]struct{}, len(rows)), generation: generation}
		for _, row := range rows {
			list.sessions[row.Session] = struct{}{}
		}
		r.revoked.Store(list)
		return list, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*revocations), nil
}
