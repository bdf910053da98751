package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Verify looks over the whole ledger and says what does not add up: a balance
// that is not the sum of its account's entries, entries that are missing, a
// movement or a tenant whose entries do not add up to nothing.
func (s *Store) Verify(ctx context.Context) ([]string, error) {
	accounts, err := query(ctx, s, finding("account %s of %s does not equal its entries"), lines(
		"SELECT a.id, a.tenant FROM accounts a WHERE a.balance <>",
		"(SELECT coalesce(sum(e.change), 0) FROM entries e WHERE e.tenant = a.tenant AND e.account = a.id)",
		"OR a.entries <> (SELECT count(*) FROM entries e WHERE e.tenant = a.tenant AND e.account = a.id)"))
	if err != nil {
		return nil, fmt.Errorf("verify accounts: %w", err)
	}
	movements, err := query(ctx, s, finding("movement %s of %s does not add up to nothing"), lines(
		"SELECT m.id, m.tenant FROM movements m LEFT JOIN entries e ON e.tenant = m.tenant AND e.movement = m.id",
		"GROUP BY m.id, m.tenant HAVING count(e.change) <> 2 OR sum(e.change) <> 0"))
	if err != nil {
		return nil, fmt.Errorf("verify movements: %w", err)
	}
	return append(accounts, movements...), nil
}

func finding(format string) func(*sql.Rows) (string, error) {
	return func(rows *sql.Rows) (string, error) {
		var what, tenant string
		err := rows.Scan(&what, &tenant)
		return fmt.Sprintf(format, what, tenant), err
	}
}
