package sqlite

import (
	"context"
	"database/sql"
	"fmt"

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

// aboutGrant is a change of what a user is in a tenant.
func aboutGrant(action string, g directory.Grant, detail string) directory.Change {
	return directory.Change{Action: action, Subject: g.User, User: g.User, Tenant: g.Tenant, Detail: detail}
}

// GrantRole implements [directory.Roles].
func (s *Store) GrantRole(ctx context.Context, g directory.Grant) error {
	if err := directory.CheckSlug("role", g.Role); err != nil {
		return err
	}
	c := aboutGrant("role.grant", g, detail(g.Role, g.ExpiresAt))
	return s.write(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		if err := needBoth(ctx, tx, g); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO grants (user, tenant, role, expires_at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at`, g.User, g.Tenant, g.Role, millis(g.ExpiresAt))
		return err
	})
}

// RevokeRole implements [directory.Roles].
func (s *Store) RevokeRole(ctx context.Context, g directory.Grant) error {
	c := aboutGrant("role.revoke", g, g.Role)
	return s.write(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		if err := needBoth(ctx, tx, g); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM grants WHERE user = ? AND tenant = ? AND role = ?`, g.User, g.Tenant, g.Role)
		return affected(res, err, fmt.Sprintf("role %s of user %s in tenant %s", g.Role, g.User, g.Tenant))
	})
}

// needBoth is ErrNotFound unless the user and the tenant of a grant exist.
func needBoth(ctx context.Context, tx *sql.Tx, g directory.Grant) error {
	if err := needUser(ctx, tx, g.User); err != nil {
		return err
	}
	return needTenant(ctx, tx, g.Tenant)
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

// Record implements [directory.Source]. It takes three queries however many
// tenants there are: each change in the directory makes everybody at work be
// read again.
func (s *Store) Record(ctx context.Context, userID string) (rec directory.Record, err error) {
	err = s.read(ctx, "user "+userID, func(ctx context.Context, tx *sql.Tx) error {
		if rec.User, err = scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = ?`, userID)); err != nil {
			return err
		}
		if err := recordGrants(ctx, tx, &rec); err != nil || len(rec.Grants) == 0 {
			return err
		}
		return recordPlans(ctx, tx, &rec)
	})
	return rec, err
}

// recordGrants reads the roles of the record's user and the tenants they are
// in.
func recordGrants(ctx context.Context, tx *sql.Tx, rec *directory.Record) error {
	rows, err := tx.QueryContext(ctx, `SELECT g.tenant, g.role, g.expires_at, t.name, t.created_at
		FROM grants g JOIN tenants t ON t.id = g.tenant WHERE g.user = ? ORDER BY g.tenant, g.role LIMIT ?`, rec.User.ID, maxGrants)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		g := directory.Grant{User: rec.User.ID}
		var expires, created int64
		var name string
		if err := rows.Scan(&g.Tenant, &g.Role, &expires, &name, &created); err != nil {
			return err
		}
		g.ExpiresAt = fromMillis(expires)
		rec.Grants = append(rec.Grants, g)
		if n := len(rec.Tenants); n == 0 || rec.Tenants[n-1].ID != g.Tenant {
			rec.Tenants = append(rec.Tenants, directory.Tenant{ID: g.Tenant, Name: name, CreatedAt: fromMillis(created)})
		}
	}
	return rows.Err()
}

// recordPlans reads what the record's tenants subscribe to. Both lists are
// sorted by tenant, so one pass joins them.
func recordPlans(ctx context.Context, tx *sql.Tx, rec *directory.Record) error {
	rows, err := tx.QueryContext(ctx, `SELECT tenant, plan, ends_at FROM subscriptions
		WHERE tenant IN (SELECT tenant FROM grants WHERE user = ?) ORDER BY tenant, plan`, rec.User.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	at := 0
	for rows.Next() {
		var tenant string
		var sub directory.Subscription
		var ends int64
		if err := rows.Scan(&tenant, &sub.Plan, &ends); err != nil {
			return err
		}
		sub.EndsAt = fromMillis(ends)
		for at < len(rec.Tenants) && rec.Tenants[at].ID < tenant {
			at++
		}
		if at < len(rec.Tenants) && rec.Tenants[at].ID == tenant {
			rec.Tenants[at].Plans = append(rec.Tenants[at].Plans, sub)
		}
	}
	return rows.Err()
}
