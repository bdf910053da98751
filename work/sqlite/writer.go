package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// writer is the one connection that writes, with its statements.
type writer struct {
	conn *sql.Conn
	fence, insert, update, finish, output, history, log, event, document,
	findDocument, key *sql.Stmt
}

// The statements of the hot path. A run that becomes final leaves its place
// in the order; a reset takes it away again.
const (
	sqlFence  = `UPDATE owner SET seq = ?2 WHERE shard = ?1 AND epoch = ?3 AND seq = ?2 - 1`
	sqlInsert = `INSERT INTO run(id, shard, tenant, queue, workflow, version, document, status, paused, priority, tag, cost, key, idem,
		created, wake, deadline, started, finished, done, failure, parent, pnode, pitem, labels, params, state)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(tenant, idem) WHERE idem IS NOT NULL DO NOTHING`
	sqlUpdate = `UPDATE run SET status=?2, paused=?3, priority=?4, queue=?5, tag=?6, wake=?7, started=?8, finished=?9, failure=?10,
		state=?11, done=?12 WHERE id=?1`
	sqlOutput   = `INSERT OR REPLACE INTO output(run, node, item, body) VALUES (?,?,?,?)`
	sqlHistory  = `INSERT INTO history(run, n, body) VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM history WHERE run = ?1), ?2)`
	sqlLog      = `INSERT OR REPLACE INTO log(run, seq, node, item, attempt, at, text) VALUES (?,?,?,?,?,?,?)`
	sqlEvent    = `INSERT INTO event(id, shard, run, tenant, kind, dest, body, created, try, next) VALUES (?,?,?,?,?,?,?,?,?,?)`
	sqlDocument = `INSERT INTO document(hash, body, used) VALUES (?,?,?) ON CONFLICT(hash) DO UPDATE SET used = excluded.used RETURNING id`
	sqlFind     = `SELECT id FROM document WHERE hash = ?`
	sqlKey      = `SELECT id FROM run WHERE tenant = ? AND idem = ?`
)

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&w.fence, sqlFence}, {&w.insert, sqlInsert}, {&w.update, sqlUpdate}, {&w.output, sqlOutput}, {&w.history, sqlHistory},
		{&w.log, sqlLog}, {&w.event, sqlEvent}, {&w.document, sqlDocument}, {&w.findDocument, sqlFind}, {&w.key, sqlKey},
	} {
		if *s.into, err = conn.PrepareContext(ctx, s.text); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return w, nil
}

func (w *writer) close() error { return w.conn.Close() }

// write runs do in a transaction.
func (s *Store) write(ctx context.Context, do func(*writer) error) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.w.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err = do(s.w); err == nil {
		_, err = s.w.conn.ExecContext(ctx, `COMMIT`)
	}
	if err != nil {
		_, _ = s.w.conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`) // there may be none to roll back
	}
	return err
}

// Flush implements [store.Store].
func (s *Store) Flush(ctx context.Context, b *store.Batch) (store.Outcome, error) {
	var out store.Outcome
	var again bool
	before := s.done
	err := s.write(ctx, func(w *writer) (err error) {
		if again, err = s.admit(ctx, w, b); err != nil || again {
			return err
		}
		out, err = s.put(ctx, w, b)
		return err
	})
	if err != nil {
		s.mu.Lock()
		s.done = before
		clear(s.docs)
		s.mu.Unlock()
		return store.Outcome{}, err
	}
	return out, nil
}

// admit checks that the batch is the owner's next one; again says that it
// was written before.
func (s *Store) admit(ctx context.Context, w *writer, b *store.Batch) (again bool, err error) {
	r, err := w.fence.ExecContext(ctx, b.Owner.Shard, int64(b.Seq), int64(b.Owner.Epoch)) //nolint:gosec // see Acquire
	if err != nil {
		return false, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return false, err
	}
	have, err := readOwner(ctx, w, b.Owner.Shard)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && have.Epoch != b.Owner.Epoch:
		return false, fmt.Errorf("shard %d: %w", b.Owner.Shard, store.ErrNotOwner)
	case err != nil:
		return false, err
	case have.Seq == b.Seq:
		return true, nil
	}
	return false, fmt.Errorf("shard %d: batch %d after %d: %w", b.Owner.Shard, b.Seq, have.Seq, store.ErrGap)
}

// put writes all of a batch.
func (s *Store) put(ctx context.Context, w *writer, b *store.Batch) (store.Outcome, error) {
	var out store.Outcome
	s.done++
	for _, d := range b.Documents {
		var id int64
		if err := w.document.QueryRowContext(ctx, d.Hash[:], d.Body, b.Now).Scan(&id); err != nil {
			return out, fmt.Errorf("document: %w", err)
		}
		s.docs[d.Hash] = id
	}
	for i := range b.Inserts {
		taken, err := s.insert(ctx, w, &b.Inserts[i])
		if err != nil {
			return out, fmt.Errorf("run %v: %w", b.Inserts[i].Meta.ID, err)
		}
		if taken != 0 {
			if out.Duplicates == nil {
				out.Duplicates = map[workflow.RunID]workflow.RunID{}
			}
			out.Duplicates[b.Inserts[i].Meta.ID] = taken
		}
	}
	for i := range b.Updates {
		u := &b.Updates[i]
		_, err := w.update.ExecContext(ctx, int64(u.ID), int(u.Status), flag(u.Paused), int(u.Priority), u.Queue, real(u.Tag), //nolint:gosec // 63 bits
			number(u.WakeAt), number(u.Started), number(u.Finished), text(u.Failure), u.State, s.place(u.Status))
		if err != nil {
			return out, fmt.Errorf("run %v: %w", u.ID, err)
		}
	}
	for _, part := range []func(context.Context, *writer, *store.Batch, store.Outcome) error{
		putOutputs, putHistory, putLogs, putEvents, putAcks, s.remove,
	} {
		if err := part(ctx, w, b, out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// place is a final run's number in the order of runs that became final.
func (s *Store) place(status machine.Status) any {
	if status.Final() {
		return s.done
	}
	return nil
}

// insert writes a new run, or finds the one that has its idempotency key.
func (s *Store) insert(ctx context.Context, w *writer, r *store.Record) (taken workflow.RunID, err error) {
	doc, ok := s.docs[r.Document]
	if !ok {
		if err := w.findDocument.QueryRowContext(ctx, r.Document[:]).Scan(&doc); err != nil {
			return 0, fmt.Errorf("its document: %w", err)
		}
		if len(s.docs) > 10_000 {
			clear(s.docs)
		}
		s.docs[r.Document] = doc
	}
	m := &r.Meta
	var labels any
	if len(m.Labels) > 0 {
		enc, err := json.Marshal(m.Labels)
		if err != nil {
			return 0, err
		}
		labels = string(enc)
	}
	var parent, pnode, pitem any
	if m.Parent != 0 {
		parent, pnode, pitem = int64(m.Parent), m.ParentStep.Node, m.ParentStep.Item //nolint:gosec // 63 bits
	}
	res, err := w.insert.ExecContext(ctx, int64(m.ID), r.Shard, m.Tenant, m.Queue, r.Workflow, number(int64(r.Version)), doc, int(r.Status), //nolint:gosec // 63 bits
		flag(r.Paused), int(m.Priority), real(r.Tag), real(r.Cost), text(r.Key), text(r.Idempotency), m.Created, number(r.WakeAt),
		number(r.Deadline), number(r.Started), number(r.Finished), s.place(r.Status), text(r.Failure), parent, pnode, pitem, labels,
		blob(m.Params), r.State)
	if err != nil {
		return 0, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return 0, err
	}
	err = w.key.QueryRowContext(ctx, m.Tenant, r.Idempotency).Scan(&taken)
	return taken, err
}

// The values below are NULL when they say nothing: a row is as short as it
// can be.

func flag(b bool) any {
	if b {
		return 1
	}
	return nil
}

func number(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func real(f float64) any {
	if f == 0 {
		return nil
	}
	return f
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func blob(b []byte) any {
	if len(b) == 0 || string(b) == "{}" {
		return nil
	}
	return b
}

func putOutputs(ctx context.Context, w *writer, b *store.Batch, out store.Outcome) error {
	for _, k := range b.DropOutputs {
		if _, err := w.conn.ExecContext(ctx, `DELETE FROM output WHERE run=? AND node=? AND item=?`, int64(k.Run), k.Node, k.Item); err != nil { //nolint:gosec // 63 bits
			return fmt.Errorf("output of run %v: %w", k.Run, err)
		}
	}
	for _, o := range b.Outputs {
		if lost(out, o.Run) {
			continue
		}
		if _, err := w.output.ExecContext(ctx, int64(o.Run), o.Node, o.Item, []byte(o.Body)); err != nil { //nolint:gosec // 63 bits
			return fmt.Errorf("output of run %v: %w", o.Run, err)
		}
	}
	return nil
}

// lost says that a run of the batch was not taken after all.
func lost(out store.Outcome, id workflow.RunID) bool {
	_, is := out.Duplicates[id]
	return is
}

func putHistory(ctx context.Context, w *writer, b *store.Batch, out store.Outcome) error {
	for _, h := range b.History {
		if lost(out, h.Run) {
			continue
		}
		body, err := json.Marshal(h.Entry)
		if err == nil {
			_, err = w.history.ExecContext(ctx, int64(h.Run), body) //nolint:gosec // 63 bits
		}
		if err != nil {
			return fmt.Errorf("history of run %v: %w", h.Run, err)
		}
	}
	return nil
}

func putLogs(ctx context.Context, w *writer, b *store.Batch, out store.Outcome) error {
	for _, l := range b.Logs {
		if lost(out, l.Run) {
			continue
		}
		if _, err := w.log.ExecContext(ctx, int64(l.Run), l.Seq, l.Node, l.Item, l.Attempt, l.At, l.Text); err != nil { //nolint:gosec // 63 bits
			return fmt.Errorf("log of run %v: %w", l.Run, err)
		}
	}
	return nil
}

func putEvents(ctx context.Context, w *writer, b *store.Batch, out store.Outcome) error {
	for _, e := range b.Events {
		if lost(out, e.Run) {
			continue
		}
		_, err := w.event.ExecContext(ctx, int64(e.ID), e.Shard, int64(e.Run), e.Tenant, e.Kind, e.To, []byte(e.Body), e.Created, e.Try, e.NextAt) //nolint:gosec // 63 bits
		if err != nil {
			return fmt.Errorf("event of run %v: %w", e.Run, err)
		}
	}
	return nil
}

func putAcks(ctx context.Context, w *writer, b *store.Batch, _ store.Outcome) error {
	for _, a := range b.Acks {
		var err error
		if a.Delivered || a.Drop {
			_, err = w.conn.ExecContext(ctx, `DELETE FROM event WHERE id = ?`, int64(a.ID)) //nolint:gosec // 63 bits
		} else {
			_, err = w.conn.ExecContext(ctx, `UPDATE event SET try=?, next=?, dead=?, error=? WHERE id = ?`,
				a.Try, a.NextAt, number(a.Dead), text(a.Error), int64(a.ID)) //nolint:gosec // 63 bits
		}
		if err != nil {
			return fmt.Errorf("event %d: %w", a.ID, err)
		}
	}
	return nil
}

// unusedFor is how long a document that no run uses stays: whoever has just
// written it may be about to submit a run of it without writing it again.
const unusedFor = 60 * 60 * 1000

// remove deletes runs with all that is kept of them, and documents that were
// theirs alone.
func (s *Store) remove(ctx context.Context, w *writer, b *store.Batch, _ store.Outcome) error {
	for _, id := range b.Delete {
		for _, table := range []string{`run WHERE id`, `output WHERE run`, `history WHERE run`, `log WHERE run`} {
			if _, err := w.conn.ExecContext(ctx, `DELETE FROM `+table+` = ?`, int64(id)); err != nil { //nolint:gosec // 63 bits
				return fmt.Errorf("delete run %v: %w", id, err)
			}
		}
	}
	if len(b.Delete) == 0 {
		return nil
	}
	clear(s.docs)
	_, err := w.conn.ExecContext(ctx, `DELETE FROM document WHERE used < ? AND NOT EXISTS (SELECT 1 FROM run WHERE run.document = document.id)`,
		b.Now-unusedFor)
	return err
}
