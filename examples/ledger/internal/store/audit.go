package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

// audit writes down what is being done, in the transaction that does it.
func (s *Store) audit(ctx context.Context, tx *sql.Tx, c bank.Caller, action, account, detail string) error {
	_, err := tx.ExecContext(ctx, lines(
		"INSERT INTO audit (tenant, id, at, by_user, action, account, detail)",
		"VALUES ($1, $2, $3, $4, $5, $6, $7)"),
		c.Tenant, strings.ToLower(rand.Text()[:20]), stamp(s.now()), c.Email, action, account, detail)
	if err != nil {
		return fmt.Errorf("insert audit line: %w", err)
	}
	return nil
}

// Audit returns up to [MaxPage] lines of the tenant's audit trail, newest
// first, from the one before the given id; "" begins with the newest.
func (s *Store) Audit(ctx context.Context, c bank.Caller, before string) ([]bank.AuditLine, error) {
	if err := c.CheckAudit(); err != nil {
		return nil, err
	}
	found, err := query(ctx, s, auditRow, lines(
		"SELECT id, at, by_user, action, account, detail FROM audit WHERE tenant = $1",
		"AND ($2 = '' OR (at, id) < (SELECT b.at, b.id FROM audit b WHERE b.tenant = $1 AND b.id = $2))",
		"ORDER BY at DESC, id DESC LIMIT $3"), c.Tenant, before, MaxPage)
	if err != nil {
		return nil, fmt.Errorf("list audit trail of %s: %w", c.Tenant, err)
	}
	return found, nil
}

func auditRow(rows *sql.Rows) (l bank.AuditLine, err error) {
	var at int64
	err = rows.Scan(&l.ID, &at, &l.By, &l.Action, &l.Account, &l.Detail)
	l.At = moment(at)
	return l, err
}
