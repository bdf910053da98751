package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

// Move carries an order out.
func (s *Store) Move(ctx context.Context, ask Ask, o bank.Order) (Answer[bank.Receipt], error) {
	if err := o.Check(); err != nil {
		return Answer[bank.Receipt]{}, err
	}
	return once(ctx, s, ask, o, func(ctx context.Context, tx *sql.Tx) (bank.Receipt, error) {
		return s.move(ctx, tx, ask.Caller, o)
	})
}

func (s *Store) move(ctx context.Context, tx *sql.Tx, c bank.Caller, o bank.Order) (bank.Receipt, error) {
	var none bank.Receipt
	payer, payee := o.Accounts()
	locked, err := s.lockBoth(ctx, tx, c.Tenant, payer, payee)
	if err != nil {
		return none, err
	}
	from, to := locked[payer], locked[payee]
	if from == nil || to == nil {
		return none, bank.RefuseUnknown("account")
	}
	if err := o.Apply(c, from, to); err != nil {
		return none, err
	}
	at, err := s.bookingTime(ctx, tx, from, to)
	if err != nil {
		return none, err
	}
	id := strings.ToLower(rand.Text()[:20])
	if _, err := tx.ExecContext(ctx, lines(
		"INSERT INTO movements (tenant, id, kind, amount, memo, by_user, at)",
		"VALUES ($1, $2, $3, $4, $5, $6, $7)"),
		c.Tenant, id, o.Kind, o.Amount, o.Memo, c.Email, stamp(at)); err != nil {
		return none, fmt.Errorf("insert movement: %w", err)
	}
	if err := enter(ctx, tx, from, side{id, -o.Amount, to.ID, at}); err != nil {
		return none, err
	}
	if err := enter(ctx, tx, to, side{id, o.Amount, from.ID, at}); err != nil {
		return none, err
	}
	asked := from
	if from.Cash() {
		asked = to
	}
	detail := fmt.Sprintf("%s %s", o.Amount, from.Currency)
	if o.Kind == bank.Transfer {
		detail += " to " + to.ID
	}
	if err := s.audit(ctx, tx, c, string(o.Kind), asked.ID, detail); err != nil {
		return none, err
	}
	return bank.Receipt{
		Movement: id, Kind: o.Kind, From: o.From, To: o.To, Amount: o.Amount, Currency: asked.Currency,
		Memo: o.Memo, Balance: asked.Balance, At: at,
	}, nil
}

// lockBoth reads two accounts and keeps others from changing them. Everybody
// locks in the order of ids, so nobody waits in a circle.
func (s *Store) lockBoth(ctx context.Context, tx *sql.Tx, tenant, a, b string) (map[string]*bank.Account, error) {
	rows, err := tx.QueryContext(ctx, selectAccount+"WHERE a.tenant = $1 AND a.id IN ($2, $3) ORDER BY a.id"+s.dialect.lockOf(), tenant, a, b)
	if err != nil {
		return nil, fmt.Errorf("lock accounts: %w", err)
	}
	defer rows.Close()
	locked := map[string]*bank.Account{}
	for rows.Next() {
		one, err := scanAccount(rows)
		if err != nil {
			return nil, err
		}
		locked[one.ID] = &one
	}
	return locked, rows.Err()
}

// bookingTime returns now, for two accounts that are locked. Where one of them
// has an entry that says it is later already, because a clock was set back or
// another machine's is ahead, it returns the time of that entry: entries follow
// each other in time as they do in number, so that a month begins with what the
// month before ended with.
func (s *Store) bookingTime(ctx context.Context, tx *sql.Tx, from, to *bank.Account) (time.Time, error) {
	var last int64
	err := tx.QueryRowContext(ctx, lines(
		"SELECT coalesce(max(at), 0) FROM entries",
		"WHERE tenant = $1 AND (account = $2 AND number = $3 OR account = $4 AND number = $5)"),
		from.Tenant, from.ID, from.Entries, to.ID, to.Entries).Scan(&last)
	if err != nil {
		return time.Time{}, fmt.Errorf("read last entries: %w", err)
	}
	return moment(max(last, stamp(s.now()))), nil
}

// side is what a movement means to one of its accounts.
type side struct {
	movement string
	change   bank.Amount
	other    string
	at       time.Time
}

// enter adds an entry to an account whose balance already has its new value.
func enter(ctx context.Context, tx *sql.Tx, a *bank.Account, sd side) error {
	a.Entries++
	if _, err := tx.ExecContext(ctx, lines(
		"INSERT INTO entries (tenant, account, number, movement, change, balance, other, at)",
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
		a.Tenant, a.ID, a.Entries, sd.movement, sd.change, a.Balance, sd.other, stamp(sd.at)); err != nil {
		return fmt.Errorf("insert entry: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE accounts SET balance = $3, entries = $4 WHERE tenant = $1 AND id = $2",
		a.Tenant, a.ID, a.Balance, a.Entries); err != nil {
		return fmt.Errorf("update balance: %w", err)
	}
	return nil
}

// selectEntry begins every query for entries. What follows must name the tenant.
const selectEntry = `SELECT e.number, e.movement, m.kind, e.change, e.balance, e.other, m.memo, e.at
FROM entries e JOIN movements m ON m.tenant = e.tenant AND m.id = e.movement WHERE e.tenant = $1 AND e.account = $2 `

func entryRow(rows *sql.Rows) (e bank.Entry, err error) {
	var at int64
	err = rows.Scan(&e.Number, &e.Movement, &e.Kind, &e.Change, &e.Balance, &e.Other, &e.Memo, &at)
	e.At = moment(at)
	return e, err
}

// Page is a part of a list that is read from its newest end.
type Page struct {
	// Before is the number of the entry the page ends before; 0 for the newest.
	Before int64
	// Limit is at most MaxPage.
	Limit int
}

// Entries returns entries of an account the caller sees, newest first.
func (s *Store) Entries(ctx context.Context, c bank.Caller, account string, p Page) ([]bank.Entry, error) {
	if _, err := s.Account(ctx, c, account); err != nil {
		return nil, err
	}
	found, err := query(ctx, s, entryRow, selectEntry+"AND (CAST($3 AS BIGINT) = 0 OR e.number < CAST($3 AS BIGINT)) ORDER BY e.number DESC LIMIT $4",
		c.Tenant, account, p.Before, min(max(p.Limit, 1), MaxPage))
	if err != nil {
		return nil, fmt.Errorf("list entries of %s of %s: %w", account, c.Tenant, err)
	}
	return found, nil
}

// Statement returns a month of an account, for those who may print it. The
// audit trail says that they did.
func (s *Store) Statement(ctx context.Context, c bank.Caller, account string, month time.Time) (bank.Statement, error) {
	var st bank.Statement
	var err error
	if st.Account, err = s.Account(ctx, c, account); err != nil {
		return st, err
	}
	if !c.MayPrint(st.Account) {
		return st, bank.RefuseRole("Statements are for the owner of an account and for managers.")
	}
	if st.Tenant, err = s.Tenant(ctx, c); err != nil {
		return st, err
	}
	st.Month = time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, time.UTC)
	end := st.Month.AddDate(0, 1, 0)
	st.Entries, err = query(ctx, s, entryRow, selectEntry+"AND e.at >= $3 AND e.at < $4 ORDER BY e.number",
		c.Tenant, account, stamp(st.Month), stamp(end))
	if err != nil {
		return st, fmt.Errorf("read entries of %s of %s: %w", account, c.Tenant, err)
	}
	if err := s.carry(ctx, c, &st); err != nil {
		return st, err
	}
	return st, s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.audit(ctx, tx, c, "statement", account, st.Month.Format("2006-01"))
	})
}

// carry finds the balances at the two ends of the month.
func (s *Store) carry(ctx context.Context, c bank.Caller, st *bank.Statement) error {
	if n := len(st.Entries); n > 0 {
		st.Opening = st.Entries[0].Balance - st.Entries[0].Change
		st.Closing = st.Entries[n-1].Balance
		return nil
	}
	last, err := query(ctx, s, entryRow, selectEntry+"AND e.at < $3 ORDER BY e.number DESC LIMIT 1",
		c.Tenant, st.Account.ID, stamp(st.Month))
	if len(last) == 1 {
		st.Opening, st.Closing = last[0].Balance, last[0].Balance
	}
	return err
}

// Flow is what came into an account and what went out of it.
type Flow struct {
	Account bank.Account
	In, Out bank.Amount // neither is below zero
}

// CashFlow returns the flow of the caller's own accounts, of up to [MaxPage] of
// them, since a time.
func (s *Store) CashFlow(ctx context.Context, c bank.Caller, since time.Time) ([]Flow, error) {
	c.Teller, c.Manager = false, false // who works for the bank would see all accounts
	accounts, err := s.Accounts(ctx, c, "")
	if err != nil {
		return nil, err
	}
	var flows []Flow
	for _, a := range accounts {
		sums, err := query(ctx, s, func(rows *sql.Rows) (f Flow, err error) { return f, rows.Scan(&f.In, &f.Out) }, lines(
			"SELECT CAST(coalesce(sum(CASE WHEN change > 0 THEN change END), 0) AS BIGINT),",
			"CAST(coalesce(sum(CASE WHEN change < 0 THEN -change END), 0) AS BIGINT)",
			"FROM entries WHERE tenant = $1 AND account = $2 AND at >= $3"), c.Tenant, a.ID, stamp(since))
		if err != nil {
			return nil, fmt.Errorf("sum entries of %s of %s: %w", a.ID, c.Tenant, err)
		}
		flows = append(flows, Flow{a, sums[0].In, sums[0].Out})
	}
	return flows, nil
}
