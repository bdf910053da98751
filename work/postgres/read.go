package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, q querier, query string, args []any, scan func(func(...any) error) (T, error)) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return scan(row.Scan) })
}

// moment runs reads that must see the same moment; perhaps twice.
func (s *Store) moment(ctx context.Context, do func(pgx.Tx) error) error {
	_, err := retried(ctx, s, func() (struct{}, error) {
		return struct{}{}, pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
	})
	return err
}

// kept are the arguments of a statement that is always the same: it stays
// prepared, and its answers come in binary form.
func kept(args ...any) []any {
	return append([]any{pgx.QueryExecModeCacheStatement}, args...)
}

func numbers(ids []workflow.RunID) []int64 {
	return column(ids, func(id workflow.RunID) int64 { return int64(id) })
}

// Queued implements [store.Store].
func (s *Store) Queued(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Waiting, error) {
	names := map[string]string{}
	list, err := query(ctx, s, `SELECT id, status, paused, priority, tenant, queue, coalesce(key, ''), tag, cost, created,
		coalesce(enqueued, 0), coalesce(deadline, 0), coalesce(wake_at, 0), coalesce(started, 0) FROM run WHERE shard = $1 AND done IS NULL AND status <= $2 AND id > $3 ORDER BY id LIMIT $4`,
		kept(shard, int(machine.Queued), int64(after), limit), func(scan func(...any) error) (store.Waiting, error) {
			var w store.Waiting
			var id int64
			var status, paused, priority int16
			err := scan(&id, &status, &paused, &priority, &w.Tenant, &w.Queue, &w.Key, &w.Tag, &w.Cost, &w.Created,
				&w.Enqueued, &w.Deadline, &w.WakeAt, &w.Started)
			w.ID, w.Status, w.Paused, w.Priority = workflow.RunID(id), machine.Status(status), paused != 0, uint8(priority)
			intern(names, &w.Tenant, &w.Queue, &w.Key)
			return w, err
		})
	if err != nil {
		return nil, fmt.Errorf("runs of shard %d that wait: %w", shard, err)
	}
	return list, nil
}

// intern gives equal texts one place in memory: a million runs have few
// tenants.
func intern(names map[string]string, texts ...*string) {
	for _, t := range texts {
		s, ok := names[*t]
		if !ok {
			s = tables.Unescape(*t)
			names[*t] = s
		}
		*t = s
	}
}

// Started implements [store.Store].
func (s *Store) Started(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Record, error) {
	recs, err := s.records(ctx, `shard = $1 AND done IS NULL AND status = $2 AND run.id > $3 ORDER BY run.id LIMIT $4`,
		kept(shard, int(machine.Running), int64(after), limit))
	if err != nil {
		return nil, fmt.Errorf("runs of shard %d that run: %w", shard, err)
	}
	return recs, nil
}

// maxLoad is how many runs one statement reads.
const maxLoad = 1000

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, ids []workflow.RunID) ([]store.Record, error) {
	var all []store.Record
	for len(ids) > 0 {
		n := min(maxLoad, len(ids))
		recs, err := s.records(ctx, `run.id = ANY ($1::bigint[])`, kept(numbers(ids[:n])))
		if err != nil {
			return nil, fmt.Errorf("load runs: %w", err)
		}
		all, ids = append(all, recs...), ids[n:]
	}
	return all, nil
}

// records reads runs with their outputs.
func (s *Store) records(ctx context.Context, where string, args []any) (recs []store.Record, err error) {
	err = s.moment(ctx, func(tx pgx.Tx) (err error) {
		recs, err = collect(ctx, tx, `SELECT `+tables.RecordColumns+` FROM run LEFT JOIN document ON document.id = run.document WHERE `+where, args, tables.ScanRecord)
		if err != nil || len(recs) == 0 {
			return err
		}
		return attach(ctx, tx, recs)
	})
	return recs, err
}

// attach reads the outputs of runs.
func attach(ctx context.Context, tx pgx.Tx, recs []store.Record) error {
	at := make(map[workflow.RunID]*store.Record, len(recs))
	ids := make([]workflow.RunID, len(recs))
	for i := range recs {
		ids[i] = recs[i].Meta.ID
		at[ids[i]] = &recs[i]
	}
	outputs, err := collect(ctx, tx, `SELECT run, node, item, body FROM output WHERE run = ANY ($1::bigint[]) ORDER BY run, node, item`, kept(numbers(ids)), scanOutput)
	for _, o := range outputs {
		if r := at[o.Run]; r != nil {
			tables.Attach(r, o)
		}
	}
	return err
}

func scanOutput(scan func(...any) error) (o store.Output, err error) {
	var run int64
	var body []byte
	err = scan(&run, &o.Node, &o.Item, &body)
	o.Run, o.Body = workflow.RunID(run), body
	return o, err
}

// Ledgers implements [store.Store].
func (s *Store) Ledgers(ctx context.Context, shard int) ([]store.Ledger, error) {
	list, err := query(ctx, s, `SELECT queue, body FROM ledger WHERE shard = $1 ORDER BY queue`, kept(shard), tables.ScanLedger)
	if err != nil {
		return nil, fmt.Errorf("ledgers of shard %d: %w", shard, err)
	}
	return list, nil
}

// Document implements [store.Store].
func (s *Store) Document(ctx context.Context, h store.Hash) ([]byte, error) {
	body, err := single(ctx, s, `SELECT body FROM document WHERE hash = $1`, []any{h[:]}, scalar[[]byte])
	if errors.Is(err, pgx.ErrNoRows) {
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
	_, err := query(ctx, s, `SELECT run.tenant, run.idempotency, run.id FROM unnest($1::text[], $2::text[]) AS k (tenant, idempotency)
		JOIN run ON run.tenant = k.tenant AND run.idempotency = k.idempotency`,
		kept(
			column(keys, func(k store.IdempotencyKey) string { return tables.Escape(k.Tenant) }),
			column(keys, func(k store.IdempotencyKey) string { return tables.Escape(k.Key) }),
		),
		func(scan func(...any) error) (id int64, err error) {
			var k store.IdempotencyKey
			err = scan(&k.Tenant, &k.Key, &id)
			found[store.IdempotencyKey{Tenant: tables.Unescape(k.Tenant), Key: tables.Unescape(k.Key)}] = workflow.RunID(id)
			return id, err
		})
	if err != nil {
		return nil, fmt.Errorf("idempotency keys: %w", err)
	}
	return found, nil
}

// History implements [store.Store].
func (s *Store) History(ctx context.Context, id workflow.RunID) ([]machine.Entry, error) {
	list, err := query(ctx, s, `SELECT entry FROM history WHERE run = $1 ORDER BY n`, []any{int64(id)}, func(scan func(...any) error) ([]machine.Entry, error) {
		var text []byte
		if err := scan(&text); err != nil {
			return nil, err
		}
		return tables.ParseEntries(text)
	})
	if err != nil {
		return nil, fmt.Errorf("history of run %v: %w", id, err)
	}
	return slices.Concat(list...), nil
}

// Logs implements [store.Store].
func (s *Store) Logs(ctx context.Context, k store.LogKey, after int64, limit int) ([]store.Chunk, error) {
	w := tables.NewWhere(dialect())
	w.Log(k, after)
	text := `SELECT ` + tables.LogColumns + ` FROM log WHERE ` + w.String() + ` ORDER BY seq LIMIT ` + w.Mark(int64(min(limit, maxPage)))
	list, err := query(ctx, s, text, w.Args, tables.ScanLog)
	if err != nil {
		return nil, fmt.Errorf("log of run %v: %w", k.Run, err)
	}
	return list, nil
}
