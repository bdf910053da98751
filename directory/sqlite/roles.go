package sqlite

import (
	"context"
	"database/sql"

	"github.com/berth-project/berth/directory"
)

const maxGrants = 10_000

func scanGrant(row scanner) (directory.Grant, error) {
	var g directory.Grant
	var expires int64
	err := row.Scan(&g.User, &g.Tenant, &g.Role, &expires)
	g.ExpiresAt = fromMillis(expires)
	return g, err
}

// GrantRole implements [directory.Roles].
func (s *Store) GrantRole(ctx context.Context, g directory.Grant) error {
	if err := directory.CheckSlug("role", g.Role); err != nil {
		return err
	}
	c := change{"role.grant", g.User, g.Tenant + " " + detail(g.Role, g.ExpiresAt)}
	return s.write(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO grants (user, tenant, role, expires_at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at`, g.User, g.Tenant, g.Role, millis(g.ExpiresAt))
		return err
	})
}

// RevokeRole implements [directory.Roles].
func (s *Store) RevokeRole(ctx context.Context, g directory.Grant) error {
	c := change{"role.revoke", g.User, g.Tenant + " " + g.Role}
	return s.write(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		return affected(tx.ExecContext(ctx, `DELETE FROM grants WHERE user = ? AND tenant = ? AND role = ?`, g.User, g.Tenant, g.Role))
	})
}

// Grants implements [directory.Roles].
func (s *Store) Grants(ctx context.Context, filter directory.GrantFilter) (list []directory.Grant, err error) {
	err = s.read(ctx, "grants", func(ctx context.Context, tx *sql.Tx) error {
		list, err = grants(ctx, tx, filter)
		return err
	})
	return list, err
}

// grants has a query of its own for each filter, so that each uses an index.
func grants(ctx context.Context, tx *sql.Tx, filter directory.GrantFilter) ([]directory.Grant, error) {
	where, args := "1", []any{}
	if filter.User != "" {
		where, args = where+" AND user = ?", append(args, filter.User)
	}
	if filter.Tenant != "" {
		where, args = where+" AND tenant = ?", append(args, filter.Tenant)
	}
	rows, err := tx.QueryContext(ctx, `SELECT user, tenant, role, expires_at FROM grants
		WHERE `+where+` ORDER BY user, tenant, role LIMIT ?`, append(args, maxGrants)...)
	return collect(rows, err, scanGrant)
}

// Record implements [directory.Source].
func (s *Store) Record(ctx context.Context, userID string) (rec directory.Record, err error) {
	err = s.read(ctx, "user "+userID, func(ctx context.Context, tx *sql.Tx) error {
		if rec.User, err = scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = ?`, userID)); err != nil {
			return err
		}
		if rec.Grants, err = grants(ctx, tx, directory.GrantFilter{User: userID}); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT id, name, created_at FROM tenants
			WHERE id IN (SELECT tenant FROM grants WHERE user = ?) ORDER BY id`, userID)
		if rec.Tenants, err = collect(rows, err, scanTenant); err != nil {
			return err
		}
		return addPlans(ctx, tx, rec.Tenants)
	})
	return rec, err
}
