package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/berth-project/berth/directory"
)

// purgeBatch is how many rows of a kind one transaction forgets: a long one
// would keep everybody from signing out, and its own time is bounded too.
const purgeBatch = 10_000

// errNothing rolls a change back that turned out to be none.
var errNothing = errors.New("nothing to change")

// PurgeExpired implements [directory.Store].
func (s *Store) PurgeExpired(ctx context.Context, now time.Time) (total directory.Purged, err error) {
	for {
		p, err := s.purgeSome(ctx, now)
		if err != nil {
			return total, err
		}
		total.Grants += p.Grants
		total.Subscriptions += p.Subscriptions
		total.Revocations += p.Revocations
		total.Changes += p.Changes
		if max(p.Grants, p.Subscriptions, p.Revocations, p.Changes) < purgeBatch {
			return total, nil
		}
	}
}

// purgeSome is one transaction of a purge. Purging nothing is no change.
func (s *Store) purgeSome(ctx context.Context, now time.Time) (p directory.Purged, err error) {
	c := directory.Change{Action: directory.ActionPurge, Subject: "expired"}
	err = s.write(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		for _, step := range []struct {
			count *int64
			query string
		}{
			{&p.Grants, `DELETE FROM grants WHERE (user, tenant, role) IN
				(SELECT user, tenant, role FROM grants WHERE expires_at > 0 AND expires_at < ? LIMIT ?)`},
			{&p.Subscriptions, `DELETE FROM subscriptions WHERE (tenant, plan) IN
				(SELECT tenant, plan FROM subscriptions WHERE ends_at > 0 AND ends_at < ? LIMIT ?)`},
			{&p.Revocations, `DELETE FROM revocations WHERE session IN (SELECT session FROM revocations WHERE until < ? LIMIT ?)`},
		} {
			res, err := tx.ExecContext(ctx, step.query, now.UnixMilli(), purgeBatch)
			if err != nil {
				return err
			}
			if *step.count, err = res.RowsAffected(); err != nil {
				return err
			}
		}
		if p.Changes, err = trimChanges(ctx, tx, now); err != nil {
			return err
		}
		if p == (directory.Purged{}) {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		return directory.Purged{}, nil
	}
	return p, err
}
