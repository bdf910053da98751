package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/berth-project/berth/directory"
)

func scanChange(row scanner) (directory.Change, error) {
	var c directory.Change
	var at int64
	err := row.Scan(&c.ID, &at, &c.Actor, &c.Action, &c.Subject, &c.User, &c.Tenant, &c.Detail)
	c.At = fromMillis(at)
	return c, err
}

// Changes implements [directory.Source].
func (s *Store) Changes(ctx context.Context, filter directory.ChangeFilter) (list []directory.Change, err error) {
	where, args := "id > ?", []any{filter.After}
	if filter.Before > 0 {
		where, args = where+" AND id < ?", append(args, filter.Before)
	}
	if filter.User != "" {
		where, args = where+" AND user = ?", append(args, filter.User)
	}
	if filter.Tenant != "" {
		where, args = where+" AND tenant = ?", append(args, filter.Tenant)
	}
	err = s.read(ctx, "changes", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, at, actor, action, subject, user, tenant, detail FROM changes
			WHERE `+where+` ORDER BY id DESC LIMIT ?`, append(args, limitOf(filter.Limit))...)
		list, err = collect(rows, err, scanChange)
		return err
	})
	return list, err
}

// record writes the audit line of a change and fills in what the store knows
// of it.
func record(ctx context.Context, tx *sql.Tx, c *directory.Change) error {
	c.At, c.Actor = time.Now().UTC().Truncate(time.Millisecond), directory.Actor(ctx)
	res, err := tx.ExecContext(ctx, `INSERT INTO changes (at, actor, action, subject, user, tenant, detail) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		millis(c.At), c.Actor, c.Action, c.Subject, c.User, c.Tenant, c.Detail)
	if err != nil {
		return err
	}
	c.ID, err = res.LastInsertId()
	return err
}

// detail is a role or a plan with its end, for the audit trail.
func detail(slug string, end time.Time) string {
	if end.IsZero() {
		return slug
	}
	return slug + " until " + end.UTC().Format(time.RFC3339)
}

// trimChanges forgets the oldest lines of the audit trail, at most purgeBatch
// of them. It looks at no more lines than it forgets, and one: they are in the
// order of time.
func trimChanges(ctx context.Context, tx *sql.Tx, now time.Time) (int64, error) {
	var oldest, newest int64
	var young sql.NullInt64 // the first line that is not too old
	err := tx.QueryRowContext(ctx, `SELECT coalesce((SELECT min(id) FROM changes), 0), coalesce((SELECT max(id) FROM changes), 0),
		(SELECT id FROM changes WHERE at >= ? ORDER BY id LIMIT 1)`, millis(now.Add(-directory.ChangesKept))).Scan(&oldest, &newest, &young)
	if err != nil {
		return 0, fmt.Errorf("changes: %w", err)
	}
	keep := newest + 1
	if young.Valid {
		keep = young.Int64
	}
	if newest-oldest >= directory.MaxChanges {
		keep = max(keep, newest-directory.MaxChanges+2) // leaves room for the line of this purge
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM changes WHERE id < ?`, min(keep, oldest+purgeBatch))
	if err != nil {
		return 0, fmt.Errorf("changes: %w", err)
	}
	return res.RowsAffected()
}
