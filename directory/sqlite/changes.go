package sqlite

import (
	"context"
	"database/sql"
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
