package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// querier is a connection or a transaction of the readers.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls row for each row of a query, outside of a transaction.
func (s *Store) each(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) error {
	return each(ctx, s.reader, query, args, row)
}

func each(ctx context.Context, q querier, query string, args []any, row func(scan func(...any) error) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err says what was wrong
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// moment runs reads that must see the same moment.
func (s *Store) moment(ctx context.Context, do func(querier) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it wrote nothing
	return do(tx)
}

// in writes numbers as the list of an IN. They are numbers: nothing needs to
// be quoted.
func in(ids []workflow.RunID) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d", int64(id))
	}
	return b.String()
}

// Started implements [store.Store].
func (s *Store) Started(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Record, error) {
	recs, err := s.records(ctx, `shard = ? AND status = ? AND done IS NULL AND run.id > ? ORDER BY run.id LIMIT ?`,
		[]any{shard, int64(machine.Running), int64(after), limit})
	if err != nil {
		return nil, fmt.Errorf("runs of shard %d that run: %w", shard, err)
	}
	return recs, nil
}

// maxLoad is how many runs one statement reads.
const maxLoad = 500

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, ids []workflow.RunID) ([]store.Record, error) {
	var all []store.Record
	for len(ids) > 0 {
		n := min(maxLoad, len(ids))
		recs, err := s.records(ctx, `run.id IN (`+in(ids[:n])+`)`, nil)
		if err != nil {
			return nil, fmt.Errorf("load runs: %w", err)
		}
		all, ids = append(all, recs...), ids[n:]
	}
	return all, nil
}

// records reads runs with their outputs.
func (s *Store) records(ctx context.Context, where string, args []any) ([]store.Record, error) {
	var recs []store.Record
	err := s.moment(ctx, func(q querier) error {
		err := each(ctx, q, `SELECT `+tables.RecordColumns+` FROM run LEFT JOIN document ON document.id = run.document WHERE `+where, args,
			func(scan func(...any) error) error {
				r, err := tables.ScanRecord(scan)
				recs = append(recs, r)
				return err
			})
		if err != nil {
			return err
		}
		for rest := recs; len(rest) > 0; {
			n := min(maxLoad, len(rest))
			if err := attach(ctx, q, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	return recs, err
}

// attach reads the outputs of runs.
func attach(ctx context.Context, q querier, recs []store.Record) error {
	at := make(map[workflow.RunID]*store.Record, len(recs))
	ids := make([]workflow.RunID, len(recs))
	for i := range recs {
		ids[i] = recs[i].Meta.ID
		at[ids[i]] = &recs[i]
	}
	return each(ctx, q, `SELECT run, node, item, body FROM output WHERE run IN (`+in(ids)+`) ORDER BY run, node, item`, nil,
		func(scan func(...any) error) error {
			var run int64
			var body []byte
			var o store.Output
			err := scan(&run, &o.Node, &o.Item, &body)
			o.Run, o.Body = workflow.RunID(run), body
			if r := at[o.Run]; r != nil {
				tables.Attach(r, o)
			}
			return err
		})
}

// Ledgers implements [store.Store].
func (s *Store) Ledgers(ctx context.Context, shard int) ([]store.Ledger, error) {
	var list []store.Ledger
	err := s.each(ctx, `SELECT queue, body FROM ledger WHERE shard = ? ORDER BY queue`, []any{shard}, func(scan func(...any) error) error {
		l, err := tables.ScanLedger(scan)
		list = append(list, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledgers of shard %d: %w", shard, err)
	}
	return list, nil
}

// Document implements [store.Store].
func (s *Store) Document(ctx context.Context, h store.Hash) ([]byte, error) {
	var body []byte
	err := s.reader.QueryRowContext(ctx, `SELECT body FROM document WHERE hash = ?`, h[:]).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("document %x: %w", h[:6], err)
	}
	return body, nil
}

// Idempotent implements [store.Store].
func (s *Store) Idempotent(ctx context.Context, keys []store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error) {
	found := make(map[store.IdempotencyKey]workflow.RunID)
	if len(keys) == 0 {
		return found, nil
	}
	const size = 200
	for len(keys) > 0 {
		n := min(size, len(keys))
		args := make([]any, 0, 2*n)
		for _, k := range keys[:n] {
			args = append(args, tables.Escape(k.Tenant), tables.Escape(k.Key))
		}
		query := `SELECT tenant, idempotency, run.id FROM (VALUES ` + strings.Repeat(`(?, ?), `, n-1) + `(?, ?)) k
			JOIN run ON run.tenant = k.column1 AND run.idempotency = k.column2`
		err := s.each(ctx, query, args, func(scan func(...any) error) error {
			var k store.IdempotencyKey
			var id int64
			err := scan(&k.Tenant, &k.Key, &id)
			found[store.IdempotencyKey{Tenant: tables.Unescape(k.Tenant), Key: tables.Unescape(k.Key)}] = workflow.RunID(id)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("idempotency keys: %w", err)
		}
		keys = keys[n:]
	}
	return found, nil
}
