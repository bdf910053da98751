package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/berth-project/berth/directory"
)

const maxSessionID = 128

// RevokeSession implements [directory.Revocations].
func (s *Store) RevokeSession(ctx context.Context, r directory.Revocation) error {
	if r.Session == "" || len(r.Session) > maxSessionID {
		return &directory.InvalidError{Field: "session", Message: "must be a session id"}
	}
	if r.Until.IsZero() {
		return &directory.InvalidError{Field: "until", Message: "must say when the session would have ended"}
	}
	c := directory.Change{Action: directory.ActionRevokeSession, Subject: r.Session, User: r.User}
	return s.write(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO revocations (session, user, until, at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET until = max(until, excluded.until)`, r.Session, r.User, millis(r.Until), time.Now().UnixMilli())
		return err
	})
}

// RevokeSessionsOf implements [directory.Revocations].
func (s *Store) RevokeSessionsOf(ctx context.Context, userID string) error {
	return s.write(ctx, aboutUser("session.revoke_all", userID), func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE users SET sessions_not_before = max(sessions_not_before, ?) WHERE id = ?`, nextSecond(), userID)
		return affected(res, err, "user "+userID)
	})
}

// SessionRevoked implements [directory.Source].
func (s *Store) SessionRevoked(ctx context.Context, sessionID string) (revoked bool, err error) {
	err = s.read(ctx, "session "+sessionID, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM revocations WHERE session = ?)`, sessionID).Scan(&revoked)
	})
	return revoked, err
}
