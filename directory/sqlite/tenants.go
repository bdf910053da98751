package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/berth-project/berth/directory"
)

func scanTenant(row scanner) (directory.Tenant, error) {
	var t directory.Tenant
	var created int64
	err := row.Scan(&t.ID, &t.Name, &created)
	t.CreatedAt = fromMillis(created)
	return t, err
}

func scanSubscription(row scanner) (directory.Subscription, error) {
	var sub directory.Subscription
	var ends int64
	err := row.Scan(&sub.Plan, &ends)
	sub.EndsAt = fromMillis(ends)
	return sub, err
}

// aboutTenant is a change of one tenant.
func aboutTenant(action, id, detail string) directory.Change {
	return directory.Change{Action: action, Subject: id, Tenant: id, Detail: detail}
}

// CreateTenant implements [directory.Tenants].
func (s *Store) CreateTenant(ctx context.Context, id, name string) (directory.Tenant, error) {
	if err := directory.CheckSlug("tenant", id); err != nil {
		return directory.Tenant{}, err
	}
	if err := directory.CheckName(name); err != nil {
		return directory.Tenant{}, err
	}
	t := directory.Tenant{ID: id, Name: name, CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	err := s.write(ctx, aboutTenant("tenant.create", id, ""), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tenants (id, name, created_at) VALUES (?, ?, ?)`, id, name, millis(t.CreatedAt))
		return inserted(err, "tenant "+id)
	})
	if err != nil {
		return directory.Tenant{}, err
	}
	return t, nil
}

// Tenant implements [directory.Tenants].
func (s *Store) Tenant(ctx context.Context, id string) (t directory.Tenant, err error) {
	err = s.read(ctx, "tenant "+id, func(ctx context.Context, tx *sql.Tx) error {
		if t, err = scanTenant(tx.QueryRowContext(ctx, `SELECT id, name, created_at FROM tenants WHERE id = ?`, id)); err != nil {
			return err
		}
		t.Plans, err = plansOf(ctx, tx, id)
		return err
	})
	return t, err
}

// Tenants implements [directory.Tenants].
func (s *Store) Tenants(ctx context.Context, page directory.Page) (list []directory.Tenant, err error) {
	err = s.read(ctx, "tenants", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, name, created_at FROM tenants WHERE id > ? ORDER BY id LIMIT ?`, page.After, limitOf(page.Limit))
		if list, err = collect(rows, err, scanTenant); err != nil {
			return err
		}
		return addPlans(ctx, tx, list)
	})
	return list, err
}

func plansOf(ctx context.Context, tx *sql.Tx, tenant string) ([]directory.Subscription, error) {
	rows, err := tx.QueryContext(ctx, `SELECT plan, ends_at FROM subscriptions WHERE tenant = ? ORDER BY plan`, tenant)
	return collect(rows, err, scanSubscription)
}

func addPlans(ctx context.Context, tx *sql.Tx, list []directory.Tenant) error {
	for i := range list {
		var err error
		if list[i].Plans, err = plansOf(ctx, tx, list[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// DeleteTenant implements [directory.Tenants].
func (s *Store) DeleteTenant(ctx context.Context, id string) error {
	return s.write(ctx, aboutTenant("tenant.delete", id, ""), func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM tenants WHERE id = ?`, id)
		return affected(res, err, "tenant "+id)
	})
}

// Subscribe implements [directory.Tenants].
func (s *Store) Subscribe(ctx context.Context, tenant string, sub directory.Subscription) error {
	if err := directory.CheckSlug("plan", sub.Plan); err != nil {
		return err
	}
	return s.write(ctx, aboutTenant("plan.subscribe", tenant, detail(sub.Plan, sub.EndsAt)), func(ctx context.Context, tx *sql.Tx) error {
		if err := needTenant(ctx, tx, tenant); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO subscriptions (tenant, plan, ends_at) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET ends_at = excluded.ends_at`, tenant, sub.Plan, millis(sub.EndsAt))
		return err
	})
}

// Unsubscribe implements [directory.Tenants].
func (s *Store) Unsubscribe(ctx context.Context, tenant, plan string) error {
	return s.write(ctx, aboutTenant("plan.unsubscribe", tenant, plan), func(ctx context.Context, tx *sql.Tx) error {
		if err := needTenant(ctx, tx, tenant); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM subscriptions WHERE tenant = ? AND plan = ?`, tenant, plan)
		return affected(res, err, "plan "+plan+" of tenant "+tenant)
	})
}
