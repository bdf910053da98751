package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Queued implements [store.Store].
func (s *Store) Queued(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Waiting, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT id, tenant, queue, key, priority, status, paused, tag, cost, created, deadline, wake
		FROM run WHERE shard = ? AND status <= 2 AND id > ? ORDER BY id LIMIT ?`, shard, int64(after), limit) //nolint:gosec // 63 bits
	if err != nil {
		return nil, err
	}
	list := make([]store.Waiting, 0, limit)
	defer func() { err = errors.Join(err, rows.Close()) }()
	names := map[string]string{} // tenants and queues come again and again
	for rows.Next() {
		var w store.Waiting
		var tenant, queue sql.RawBytes
		var key sql.NullString
		var tag, cost sql.NullFloat64
		var paused, deadline, wake sql.NullInt64
		if err := rows.Scan(&w.ID, &tenant, &queue, &key, &w.Priority, &w.Status, &paused, &tag, &cost, &w.Created, &deadline, &wake); err != nil {
			return nil, err
		}
		w.Tenant, w.Queue, w.Key = intern(names, tenant), intern(names, queue), key.String
		w.Paused, w.Tag, w.Cost, w.Deadline, w.WakeAt = paused.Int64 != 0, tag.Float64, cost.Float64, deadline.Int64, wake.Int64
		list = append(list, w)
	}
	return list, rows.Err()
}

func intern(names map[string]string, b []byte) string {
	if s, ok := names[string(b)]; ok {
		return s
	}
	s := string(b)
	names[s] = s
	return s
}

const recordColumns = `r.id, r.shard, r.tenant, r.queue, r.workflow, r.version, d.hash, r.status, r.paused, r.priority, r.tag, r.cost, r.key,
	r.idem, r.created, r.wake, r.deadline, r.started, r.finished, r.failure, r.parent, r.pnode, r.pitem, r.labels, r.params, r.state
	FROM run r JOIN document d ON d.id = r.document`

func scanRecord(rows *sql.Rows) (store.Record, error) {
	var r store.Record
	m := &r.Meta
	var hash []byte
	var key, idem, failure, labels sql.NullString
	var tag, cost sql.NullFloat64
	var version, paused, wake, deadline, started, finished, parent, pnode, pitem sql.NullInt64
	err := rows.Scan(&m.ID, &r.Shard, &m.Tenant, &m.Queue, &r.Workflow, &version, &hash, &r.Status, &paused, &m.Priority, &tag, &cost,
		&key, &idem, &m.Created, &wake, &deadline, &started, &finished, &failure, &parent, &pnode, &pitem, &labels, (*[]byte)(&m.Params), &r.State)
	if err != nil {
		return r, err
	}
	copy(r.Document[:], hash)
	r.Version, m.Workflow, m.Version = int(version.Int64), r.Workflow, int(version.Int64)
	r.Paused, r.Tag, r.Cost, r.Key, r.Idempotency = paused.Int64 != 0, tag.Float64, cost.Float64, key.String, idem.String
	r.WakeAt, r.Deadline, r.Started, r.Finished, r.Failure = wake.Int64, deadline.Int64, started.Int64, finished.Int64, failure.String
	m.Parent = workflow.RunID(parent.Int64)                                        //nolint:gosec // 63 bits
	m.ParentStep = machine.Ref{Node: int32(pnode.Int64), Item: int32(pitem.Int64)} //nolint:gosec // as written
	if labels.Valid {
		err = json.Unmarshal([]byte(labels.String), &m.Labels)
	}
	if m.Params == nil {
		m.Params = json.RawMessage(`{}`)
	}
	return r, err
}

// Started implements [store.Store].
func (s *Store) Started(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Record, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT `+recordColumns+` WHERE r.shard = ? AND r.status = 3 AND r.id > ? ORDER BY r.id LIMIT ?`,
		shard, int64(after), limit) //nolint:gosec // 63 bits
	if err != nil {
		return nil, err
	}
	recs, err := collect(rows, scanRecord)
	if err != nil {
		return nil, err
	}
	return recs, s.addOutputs(ctx, recs)
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, ids []workflow.RunID) ([]store.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT `+recordColumns+` WHERE r.id IN (`+list(ids)+`)`)
	if err != nil {
		return nil, err
	}
	recs, err := collect(rows, scanRecord)
	if err != nil {
		return nil, err
	}
	return recs, s.addOutputs(ctx, recs)
}

// list writes ids into a statement: numbers need no quoting.
func list(ids []workflow.RunID) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(uint64(id), 10))
	}
	return b.String()
}

func (s *Store) addOutputs(ctx context.Context, recs []store.Record) error {
	if len(recs) == 0 {
		return nil
	}
	ids := make([]workflow.RunID, len(recs))
	at := make(map[workflow.RunID]int, len(recs))
	for i := range recs {
		ids[i] = recs[i].Meta.ID
		at[ids[i]] = i
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT run, node, item, body FROM output WHERE run IN (`+list(ids)+`)`)
	if err != nil {
		return err
	}
	outs, err := collect(rows, func(r *sql.Rows) (o store.Output, err error) {
		err = r.Scan(&o.Run, &o.Node, &o.Item, (*[]byte)(&o.Body))
		return o, err
	})
	for _, o := range outs {
		i := at[o.Run]
		recs[i].Outputs = append(recs[i].Outputs, o)
	}
	return err
}

// Document implements [store.Store].
func (s *Store) Document(ctx context.Context, h store.Hash) ([]byte, error) {
	var body []byte
	err := s.reader.QueryRowContext(ctx, `SELECT body FROM document WHERE hash = ?`, h[:]).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("document %x: %w", h[:6], store.ErrNotFound)
	}
	return body, err
}

// Idempotent implements [store.Store].
func (s *Store) Idempotent(ctx context.Context, keys []store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error) {
	found := map[store.IdempotencyKey]workflow.RunID{}
	for _, k := range keys {
		var id workflow.RunID
		err := s.reader.QueryRowContext(ctx, sqlKey, k.Tenant, k.Key).Scan(&id)
		switch {
		case err == nil:
			found[k] = id
		case !errors.Is(err, sql.ErrNoRows):
			return nil, err
		}
	}
	return found, nil
}

// History implements [store.Store].
func (s *Store) History(ctx context.Context, id workflow.RunID) ([]machine.Entry, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT body FROM history WHERE run = ? ORDER BY n`, int64(id)) //nolint:gosec // 63 bits
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *sql.Rows) (e machine.Entry, err error) {
		var body []byte
		if err := r.Scan(&body); err != nil {
			return e, err
		}
		return e, json.Unmarshal(body, &e)
	})
}

// Logs implements [store.Store].
func (s *Store) Logs(ctx context.Context, k store.LogKey, after int64, limit int) ([]store.Chunk, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT seq, node, item, attempt, at, text FROM log WHERE run = ?1 AND seq > ?2
		AND (?3 = -1 OR node = ?3) AND (?4 = -2 OR item = ?4) AND (?5 = -1 OR attempt = ?5) ORDER BY seq LIMIT ?6`,
		int64(k.Run), after, k.Node, k.Item, k.Attempt, limit) //nolint:gosec // 63 bits
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *sql.Rows) (c store.Chunk, err error) {
		c.Run = k.Run
		err = r.Scan(&c.Seq, &c.Node, &c.Item, &c.Attempt, &c.At, &c.Text)
		return c, err
	})
}

const eventColumns = `id, shard, run, tenant, kind, dest, body, created, try, next, dead, error FROM event`

func scanEvent(r *sql.Rows) (e store.Event, err error) {
	var dead sql.NullInt64
	var text sql.NullString
	err = r.Scan(&e.ID, &e.Shard, &e.Run, &e.Tenant, &e.Kind, &e.To, (*[]byte)(&e.Body), &e.Created, &e.Try, &e.NextAt, &dead, &text)
	e.Dead, e.Error = dead.Int64, text.String
	return e, err
}

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, shard int, now int64, limit int) ([]store.Event, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT `+eventColumns+` WHERE shard = ? AND dead IS NULL AND next <= ? ORDER BY next LIMIT ?`,
		shard, now, limit)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanEvent)
}

// Dead implements [store.Store].
func (s *Store) Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error) {
	q := query{text: `SELECT ` + eventColumns + ` WHERE dead IS NOT NULL`}
	q.equal("tenant", f.Tenant)
	q.equal("dest", f.To)
	q.equal("kind", f.Kind)
	if f.Run != 0 {
		q.and("run = ?", int64(f.Run)) //nolint:gosec // 63 bits
	}
	if cursor != "" {
		id, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			return nil, "", errCursor(cursor)
		}
		q.and("id < ?", id)
	}
	rows, err := s.reader.QueryContext(ctx, q.text+` ORDER BY id DESC LIMIT ?`, append(q.args, limit)...)
	if err != nil {
		return nil, "", err
	}
	list, err := collect(rows, scanEvent)
	next := ""
	if len(list) == limit && limit > 0 {
		next = strconv.FormatUint(list[limit-1].ID, 10)
	}
	return list, next, err
}

// Expired implements [store.Store].
func (s *Store) Expired(ctx context.Context, shard int, before map[machine.Status]int64, limit int) ([]workflow.RunID, error) {
	var cond []string
	args := []any{shard}
	for status, at := range before {
		cond = append(cond, `status = ? AND finished < ?`)
		args = append(args, int(status), at)
	}
	if len(cond) == 0 {
		return nil, nil
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT id FROM run WHERE done IS NOT NULL AND shard = ? AND (`+strings.Join(cond, " OR ")+`)
		ORDER BY done LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *sql.Rows) (id workflow.RunID, err error) { err = r.Scan(&id); return id, err })
}
