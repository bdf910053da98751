package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/secret"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

const userColumns = `id, email, name, disabled, created_at, sessions_not_before`

// scanner is *sql.Row and *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

func scanUser(row scanner) (directory.User, error) {
	var u directory.User
	var created, notBefore int64
	err := row.Scan(&u.ID, &u.Email, &u.Name, &u.Disabled, &created, &notBefore)
	u.CreatedAt, u.SessionsNotBefore = fromMillis(created), fromMillis(notBefore)
	return u, err
}

// collect scans every row of a query.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func limitOf(n int) int { return max(1, min(cmp.Or(n, defaultLimit), maxLimit)) }

// aboutUser is a change of one user.
func aboutUser(action, id string) directory.Change {
	return directory.Change{Action: action, Subject: id, User: id}
}

// CreateUser implements [directory.Users].
func (s *Store) CreateUser(ctx context.Context, email, name string) (directory.User, error) {
	email, err := directory.NormalizeEmail(email)
	if err != nil {
		return directory.User{}, err
	}
	if err := directory.CheckName(name); err != nil {
		return directory.User{}, err
	}
	u := directory.User{ID: directory.NewUserID(), Email: email, Name: name, CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	err = s.write(ctx, directory.Change{Action: "user.create", Subject: u.ID, User: u.ID, Detail: email}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO users (id, email, name, created_at) VALUES (?, ?, ?, ?)`,
			u.ID, u.Email, u.Name, millis(u.CreatedAt))
		return inserted(err, "user "+email)
	})
	if err != nil {
		return directory.User{}, err
	}
	return u, nil
}

// User implements [directory.Users].
func (s *Store) User(ctx context.Context, id string) (u directory.User, err error) {
	err = s.read(ctx, "user "+id, func(ctx context.Context, tx *sql.Tx) error {
		u, err = scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = ?`, id))
		return err
	})
	return u, err
}

// UserByEmail implements [directory.Users]. An error other than ErrNotFound
// leaves the address out: it is logged, and people type passwords into the
// field of the email.
func (s *Store) UserByEmail(ctx context.Context, email string) (u directory.User, err error) {
	if email, err = directory.NormalizeEmail(email); err != nil {
		return u, err
	}
	err = s.read(ctx, "user by email", func(ctx context.Context, tx *sql.Tx) error {
		u, err = scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE email = ?`, email))
		return err
	})
	if errors.Is(err, directory.ErrNotFound) {
		err = notFound("user " + email)
	}
	return u, err
}

// Users implements [directory.Users].
func (s *Store) Users(ctx context.Context, page directory.Page) (list []directory.User, err error) {
	err = s.read(ctx, "users", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+userColumns+` FROM users WHERE id > ? ORDER BY id LIMIT ?`, page.After, limitOf(page.Limit))
		list, err = collect(rows, err, scanUser)
		return err
	})
	return list, err
}

// DisableUser implements [directory.Users].
func (s *Store) DisableUser(ctx context.Context, id string) error {
	return s.write(ctx, aboutUser("user.disable", id), func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE users SET disabled = 1, sessions_not_before = max(sessions_not_before, ?) WHERE id = ?`, nextSecond(), id)
		return affected(res, err, "user "+id)
	})
}

// EnableUser implements [directory.Users].
func (s *Store) EnableUser(ctx context.Context, id string) error {
	return s.write(ctx, aboutUser("user.enable", id), func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE users SET disabled = 0 WHERE id = ?`, id)
		return affected(res, err, "user "+id)
	})
}

// DeleteUser implements [directory.Users].
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	return s.write(ctx, aboutUser("user.delete", id), func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM users WHERE id = ?`, id)
		return affected(res, err, "user "+id)
	})
}

// PasswordHash implements [directory.Users].
func (s *Store) PasswordHash(ctx context.Context, userID string) (secret.String, error) {
	var hash string
	err := s.read(ctx, "user "+userID, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT password_hash FROM users WHERE id = ?`, userID).Scan(&hash)
	})
	return secret.New(hash), err
}

// SetPasswordHash implements [directory.Users].
func (s *Store) SetPasswordHash(ctx context.Context, userID string, hash secret.String) error {
	return s.write(ctx, aboutUser(directory.ActionSetPassword, userID), func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE users SET password_hash = ? WHERE id = ?`, hash.Reveal(), userID)
		return affected(res, err, "user "+userID)
	})
}

// nextSecond is now, rounded up to a whole second: sealed sessions carry whole
// seconds, and one signed in earlier within this second must not count.
func nextSecond() int64 { return time.Now().Truncate(time.Second).Add(time.Second).UnixMilli() }
