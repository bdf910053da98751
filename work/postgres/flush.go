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
)

// Flush implements [store.Store].
func (s *Store) Flush(ctx context.Context, b *store.Batch) (store.Outcome, error) {
	w := s.writer(b.Owner.Shard)
	w.mu.Lock()
	defer w.mu.Unlock()
	out, err := s.flush(ctx, w, b)
	if err != nil {
		return store.Outcome{}, fmt.Errorf("flush batch %d of shard %d: %w", b.Seq, b.Owner.Shard, err)
	}
	return out, nil
}

// attempts is how often a batch is sent whose idempotency keys are taken and
// free again.
const attempts = 5

func (s *Store) flush(ctx context.Context, w *writer, b *store.Batch) (out store.Outcome, err error) {
	for range attempts {
		if out, err = s.try(ctx, w, b); !errors.Is(err, errKeyFreed) {
			break
		}
	}
	return out, err
}

func (s *Store) try(ctx context.Context, w *writer, b *store.Batch) (store.Outcome, error) {
	p := &pipeline{b: b, docs: s.docs.of(b), replan: w.written >= replanAfter}
	if err := p.queue(); err != nil {
		return store.Outcome{}, err
	}
	conn, err := w.connected(ctx)
	if err != nil {
		return store.Outcome{}, err
	}
	err = p.send(ctx, conn)
	var missing []workflow.RunID
	if err == nil && p.unmet {
		missing, err = p.missing(ctx, conn)
	}
	if err != nil {
		w.undo(ctx)
		if errors.Is(err, errUnfenced) {
			return s.remember(ctx, b)
		}
		if errors.Is(err, store.ErrNotFound) {
			s.docs.forget()
		}
		return store.Outcome{}, err
	}
	if err := s.at(store.Staged); err != nil {
		w.undo(ctx)
		return store.Outcome{}, err
	}
	if _, err := conn.Exec(ctx, `COMMIT`); err != nil {
		w.drop() // whether it was committed is not known
		return store.Outcome{}, fmt.Errorf("commit: %w", err)
	}
	s.docs.keep(p.docs, b.Now)
	w.count(b, p.replan)
	return store.Outcome{Duplicates: p.duplicates, Missing: missing}, s.at(store.Committed)
}

// fence finds the owner's row only where the batch is its next.
const fence = `UPDATE owner SET seq = $1 WHERE shard = $2 AND epoch = $3 AND seq = $1 - 1`

// errUnfenced: the batch is not the owner's next.
var errUnfenced = errors.New("not the owner's next batch")

// pipeline is a batch as statements, and what reads the answer of each.
type pipeline struct {
	b          *store.Batch
	docs       wanted
	batch      pgx.Batch
	final      int  // runs that became final
	replan     bool // the server is to plan its statements anew
	unmet      bool // an update met no run
	duplicates map[workflow.RunID]workflow.RunID
}

func (p *pipeline) queue() error {
	b := p.b
	p.batch.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	p.batch.Queue(fence, int64(b.Seq), b.Owner.Shard, int64(b.Owner.Epoch))
	if p.replan {
		p.batch.Queue(`DISCARD PLANS`)
	}
	p.documents()
	for _, part := range []func() error{p.inserts, p.updates, p.outputs, p.history, p.logs, p.events} {
		if err := part(); err != nil {
			return err
		}
	}
	p.ledgers()
	p.deletes()
	return nil
}

// send executes all statements and reads their answers in order. The first
// that failed says why.
func (p *pipeline) send(ctx context.Context, conn *pgx.Conn) error {
	res := conn.SendBatch(ctx, &p.batch)
	err := p.answers(res)
	if closed := res.Close(); err == nil {
		err = closed
	}
	return err
}

func (p *pipeline) answers(res pgx.BatchResults) error {
	if _, err := res.Exec(); err != nil { // BEGIN
		return err
	}
	tag, err := res.Exec() // the fence
	if err != nil {
		return err
	}
	if tag.RowsAffected() != 1 {
		return errUnfenced
	}
	for _, q := range p.batch.QueuedQueries[2:] {
		if q.Fn == nil {
			if _, err := res.Exec(); err != nil {
				return answer(err)
			}
			continue
		}
		if err := q.Fn(res); err != nil {
			return answer(err)
		}
	}
	return nil
}

// answer turns the database's word into the store's.
func answer(err error) error {
	switch {
	case violated(err, uniqueViolation, "run_pkey"):
		return fmt.Errorf("run: %w: %w", store.ErrExists, err)
	case violated(err, notNullViolation, "document"):
		return fmt.Errorf("document: %w: a batch must bring the documents of its runs", store.ErrNotFound)
	}
	return err
}

// remember answers a batch that is not the owner's next: it was written
// before, or is refused.
func (s *Store) remember(ctx context.Context, b *store.Batch) (store.Outcome, error) {
	o, err := s.owner(ctx, b.Owner.Shard)
	switch {
	case err != nil:
		return store.Outcome{}, err
	case o.Epoch != b.Owner.Epoch:
		return store.Outcome{}, fmt.Errorf("epoch %d, not %d: %w", o.Epoch, b.Owner.Epoch, store.ErrNotOwner)
	case o.Seq != b.Seq:
		return store.Outcome{}, fmt.Errorf("behind batch %d: %w", o.Seq, store.ErrGap)
	}
	return retried(ctx, s, func() (out store.Outcome, err error) {
		keyed := keyedOf(b.Inserts)
		if len(keyed) > 0 {
			rows, err := s.pool.Query(ctx, findDuplicates, keyed.args()...)
			if err != nil {
				return out, err
			}
			if out.Duplicates, err = readDuplicates(rows); err != nil {
				return out, err
			}
		}
		var ids []workflow.RunID
		for _, r := range keyed {
			if _, ok := out.Duplicates[r.Meta.ID]; !ok {
				ids = append(ids, r.Meta.ID)
			}
		}
		for i := range b.Updates {
			ids = append(ids, b.Updates[i].ID)
		}
		out.Missing, err = missing(ctx, s.pool, b, ids)
		return out, err
	})
}

// missing finds the runs updated that are not there.
func (p *pipeline) missing(ctx context.Context, conn *pgx.Conn) ([]workflow.RunID, error) {
	return missing(ctx, conn, p.b, column(p.b.Updates, func(u store.Update) workflow.RunID { return u.ID }))
}

// findMissing finds those of a list that are not runs of a shard.
const findMissing = `SELECT u.id FROM unnest($1::bigint[]) WITH ORDINALITY AS u (id, n)
	LEFT JOIN run ON run.id = u.id AND run.shard = $2 WHERE run.id IS NULL ORDER BY u.n`

// missing finds those of a list that are not runs of the batch's shard, unless
// the batch deletes them.
func missing(ctx context.Context, q querier, b *store.Batch, ids []workflow.RunID) ([]workflow.RunID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := q.Query(ctx, findMissing, numbers(ids), b.Owner.Shard)
	if err != nil {
		return nil, err
	}
	gone, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	list := column(gone, func(id int64) workflow.RunID { return workflow.RunID(id) })
	return slices.DeleteFunc(list, func(id workflow.RunID) bool { return slices.Contains(b.Delete, id) }), err
}

// keyed are inserts that have an idempotency key.
type keyed []*store.Record

func keyedOf(recs []store.Record) (list keyed) {
	for i := range recs {
		if recs[i].Idempotency != "" {
			list = append(list, &recs[i])
		}
	}
	return list
}

// findDuplicates finds the runs that have the keys of others.
const findDuplicates = `SELECT k.id, run.id FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k (id, tenant, idempotency)
	LEFT JOIN run ON run.tenant = k.tenant AND run.idempotency = k.idempotency WHERE coalesce(run.id, k.id) <> k.id`

func (k keyed) args() []any {
	return []any{
		column(k, func(r *store.Record) int64 { return int64(r.Meta.ID) }),
		column(k, func(r *store.Record) string { return tables.Escape(r.Meta.Tenant) }),
		column(k, func(r *store.Record) string { return tables.Escape(r.Idempotency) }),
	}
}

func readDuplicates(rows pgx.Rows) (map[workflow.RunID]workflow.RunID, error) {
	var dups map[workflow.RunID]workflow.RunID
	defer rows.Close()
	for rows.Next() {
		var id, other int64
		if err := rows.Scan(&id, &other); err != nil {
			return nil, err
		}
		if dups == nil {
			dups = make(map[workflow.RunID]workflow.RunID)
		}
		dups[workflow.RunID(id)] = workflow.RunID(other)
	}
	return dups, rows.Err()
}

// column gathers one value of each row: statements take columns as arrays.
func column[R, V any](rows []R, value func(R) V) []V {
	list := make([]V, len(rows))
	for i, r := range rows {
		list[i] = value(r)
	}
	return list
}
