package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

// MaxPage is the longest list one call returns.
const MaxPage = 200

// selectAccount begins every query for accounts. What follows must name the
// tenant.
const selectAccount = `SELECT a.tenant, a.id, a.name, a.owner, t.currency, a.balance, a.status, a.opened_at, a.entries
FROM accounts a JOIN tenants t ON t.id = a.tenant `

func scanAccount(row interface{ Scan(...any) error }) (bank.Account, error) {
	var a bank.Account
	var opened int64
	err := row.Scan(&a.Tenant, &a.ID, &a.Name, &a.Owner, &a.Currency, &a.Balance, &a.Status, &opened, &a.Entries)
	a.OpenedAt = moment(opened)
	return a, err
}

func accountRow(rows *sql.Rows) (bank.Account, error) { return scanAccount(rows) }

// visible limits a query to what the caller sees, see [bank.Caller.Sees]. It
// takes the tenant, the owner and whether the caller is staff as $1 to $3.
const visible = "WHERE a.tenant = $1 AND a.id <> 'cash' AND (a.owner = $2 OR $3 = 1) "

func visibleTo(c bank.Caller) []any {
	owner := ""
	if c.Customer {
		owner = c.Email
	}
	return []any{c.Tenant, owner, flag(c.Staff())}
}

// Tenant returns the caller's bank.
func (s *Store) Tenant(ctx context.Context, c bank.Caller) (bank.Tenant, error) {
	found, err := query(ctx, s, func(rows *sql.Rows) (t bank.Tenant, err error) {
		return t, rows.Scan(&t.ID, &t.Name, &t.Currency)
	}, "SELECT id, name, currency FROM tenants WHERE id = $1", c.Tenant)
	if err != nil {
		return bank.Tenant{}, fmt.Errorf("read tenant %s: %w", c.Tenant, err)
	}
	if len(found) == 0 {
		return bank.Tenant{}, bank.RefuseUnknown("bank")
	}
	return found[0], nil
}

// Accounts returns up to [MaxPage] accounts the caller sees, by id, from the
// one after the given id.
func (s *Store) Accounts(ctx context.Context, c bank.Caller, after string) ([]bank.Account, error) {
	all, err := query(ctx, s, accountRow, selectAccount+visible+"AND a.id > $4 ORDER BY a.id LIMIT $5",
		append(visibleTo(c), after, MaxPage)...)
	if err != nil {
		return nil, fmt.Errorf("list accounts of %s: %w", c.Tenant, err)
	}
	return all, nil
}

// Account returns one account the caller sees.
func (s *Store) Account(ctx context.Context, c bank.Caller, id string) (bank.Account, error) {
	found, err := query(ctx, s, accountRow, selectAccount+visible+"AND a.id = $4", append(visibleTo(c), id)...)
	if err != nil {
		return bank.Account{}, fmt.Errorf("read account %s of %s: %w", id, c.Tenant, err)
	}
	if len(found) == 0 || !c.Sees(found[0]) {
		return bank.Account{}, bank.RefuseUnknown("account")
	}
	return found[0], nil
}

// OpenAccount opens an account, with nothing in it.
func (s *Store) OpenAccount(ctx context.Context, ask Ask, o bank.Opening) (Answer[bank.Account], error) {
	o = o.Normalize()
	if err := ask.Caller.CheckOpening(o); err != nil {
		return Answer[bank.Account]{}, err
	}
	return once(ctx, s, ask, o, func(ctx context.Context, tx *sql.Tx) (bank.Account, error) {
		id := strings.ToLower(rand.Text()[:12])
		made, err := insertAccount(ctx, tx, bank.Account{
			Tenant: ask.Caller.Tenant, ID: id, Name: o.Name, Owner: o.Owner, Status: bank.Open, OpenedAt: s.now(),
		})
		if err != nil {
			return bank.Account{}, err
		}
		if !made {
			return bank.Account{}, fmt.Errorf("account id %s is taken", id)
		}
		if err := s.audit(ctx, tx, ask.Caller, "open account", id, o.Name+" of "+o.Owner); err != nil {
			return bank.Account{}, err
		}
		return readAccount(ctx, tx, ask.Caller.Tenant, id, "")
	})
}

// insertAccount reports false where there is an account of this id.
func insertAccount(ctx context.Context, tx *sql.Tx, a bank.Account) (made bool, err error) {
	done, err := tx.ExecContext(ctx, lines(
		"INSERT INTO accounts (tenant, id, name, owner, status, balance, entries, opened_at)",
		"VALUES ($1, $2, $3, $4, $5, 0, 0, $6) ON CONFLICT DO NOTHING"),
		a.Tenant, a.ID, a.Name, a.Owner, a.Status, stamp(a.OpenedAt))
	if err != nil {
		return false, fmt.Errorf("insert account: %w", err)
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

func readAccount(ctx context.Context, tx *sql.Tx, tenant, id, lock string) (bank.Account, error) {
	a, err := scanAccount(tx.QueryRowContext(ctx, selectAccount+"WHERE a.tenant = $1 AND a.id = $2"+lock, tenant, id))
	if errors.Is(err, sql.ErrNoRows) {
		return a, bank.RefuseUnknown("account")
	}
	return a, err
}

// lockOf is the lock of a query over selectAccount: the account, not the tenant
// that it is joined with.
func (d dialect) lockOf() string {
	if d.lock == "" {
		return ""
	}
	return d.lock + " OF a"
}

// SetStatus freezes, opens again or closes an account.
func (s *Store) SetStatus(ctx context.Context, c bank.Caller, id string, to bank.Status) (bank.Account, error) {
	var a bank.Account
	err := s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		if a, err = readAccount(ctx, tx, c.Tenant, id, s.dialect.lockOf()); err != nil {
			return err
		}
		if !c.Sees(a) {
			return bank.RefuseUnknown("account")
		}
		if err := c.CheckStatus(a, to); err != nil || a.Status == to {
			return err
		}
		a.Status = to
		if _, err := tx.ExecContext(ctx, "UPDATE accounts SET status = $3 WHERE tenant = $1 AND id = $2", c.Tenant, id, to); err != nil {
			return err
		}
		return s.audit(ctx, tx, c, "set status", id, string(to))
	})
	if err != nil {
		return bank.Account{}, fmt.Errorf("set status of account %s of %s: %w", id, c.Tenant, err)
	}
	return a, nil
}

// AddTenant makes a bank with its cash account, where it is not there.
func (s *Store) AddTenant(ctx context.Context, t bank.Tenant) error {
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO tenants (id, name, currency) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", t.ID, t.Name, t.Currency)
		if err != nil {
			return fmt.Errorf("add tenant %s: %w", t.ID, err)
		}
		_, err = insertAccount(ctx, tx, bank.Account{Tenant: t.ID, ID: bank.CashAccount, Name: "Cash", Status: bank.Open, OpenedAt: s.now()})
		return err
	})
}

// Provision opens an account under a given id, empty, where it is not there. It
// is for bringing accounts along from elsewhere.
func (s *Store) Provision(ctx context.Context, a bank.Account) error {
	a.Status = bank.Open
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := insertAccount(ctx, tx, a)
		return err
	})
}
