package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/berth-project/berth/directory"
)

const maxSessionID = 128

func scanRevocation(row scanner) (directory.Revocation, error) {
	var r directory.Revocation
	var until, at int64
	err := row.Scan(&r.Session, &r.User, &until, &at)
	r.Until, r.At = fromMillis(until), fromMillis(at)
	return r, err
}

// RevokeSession implements [directory.Revocations].
func (s *Store) RevokeSession(ctx context.Context, r directory.Revocation) error {
	if r.Session == "" || len(r.Session) > maxSessionID {
		return &directory.InvalidError{Field: "session", Message: "must be a session id"}
	}
	if r.Until.IsZero() {
		return &directory.InvalidError{Field: "until", Message: "must say when the session would have ended"}
	}
	return s.write(ctx, change{"session.revoke", r.Session, r.User}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO revocations (session, user, until, at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET until = max(until, excluded.until)`, r.Session, r.User, millis(r.Until), time.Now().UnixMilli())
		return err
	})
}

// RevokeSessionsOf implements [directory.Revocations].
func (s *Store) RevokeSessionsOf(ctx context.Context, userID string) error {
	return s.write(ctx, change{"session.revoke_all", userID, ""}, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE users SET sessions_not_before = max(sessions_not_before, ?) WHERE id = ?`, nextSecond(), userID)
		return affected(res, err, "user "+userID)
	})
}

// Revocations implements [directory.Revocations]. It is not limited: leaving
// one out would bring a session back. Purging bounds it.
func (s *Store) Revocations(ctx context.Context) (list []directory.Revocation, err error) {
	err = s.read(ctx, "revocations", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT session, user, until, at FROM revocations ORDER BY session`)
		list, err = collect(rows, err, scanRevocation)
		return err
	})
	return list, err
}

// errNothing rolls a change back that turned out to be none.
var errNothing = errors.New("nothing to change")

// PurgeExpired implements [directory.Store]. Purging nothing is no change, so
// that nobody is read again because of it.
func (s *Store) PurgeExpired(ctx context.Context, now time.Time) (p directory.Purged, err error) {
	err = s.write(ctx, change{"purge", "expired", ""}, func(ctx context.Context, tx *sql.Tx) error {
		for _, step := range []struct {
			count *int64
			query string
		}{
			{&p.Grants, `DELETE FROM grants WHERE expires_at > 0 AND expires_at < ?`},
			{&p.Subscriptions, `DELETE FROM subscriptions WHERE ends_at > 0 AND ends_at < ?`},
			{&p.Revocations, `DELETE FROM revocations WHERE until < ?`},
		} {
			res, err := tx.ExecContext(ctx, step.query, now.UnixMilli())
			if err != nil {
				return err
			}
			if *step.count, err = res.RowsAffected(); err != nil {
				return err
			}
		}
		if p == (directory.Purged{}) {
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errNothing) {
		return p, nil
	}
	return p, err
}

// Changes implements [directory.Store].
func (s *Store) Changes(ctx context.Context, limit int) (list []directory.Change, err error) {
	err = s.read(ctx, "changes", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, at, actor, action, subject, detail FROM changes ORDER BY id DESC LIMIT ?`, limitOf(limit))
		list, err = collect(rows, err, func(row scanner) (directory.Change, error) {
			var c directory.Change
			var at int64
			err := row.Scan(&c.ID, &at, &c.Actor, &c.Action, &c.Subject, &c.Detail)
			c.At = fromMillis(at)
			return c, err
		})
		return err
	})
	return list, err
}
