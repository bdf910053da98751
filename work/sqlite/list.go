package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// query is a statement in the making.
type query struct {
	text string
	args []any
}

func (q *query) and(cond string, args ...any) {
	q.text += " AND " + cond
	q.args = append(q.args, args...)
}

func (q *query) equal(column, value string) {
	if value != "" {
		q.and(column+" = ?", value)
	}
}

func errCursor(cursor string) error {
	return fmt.Errorf("%w: cursor %.60q is none that was given", store.ErrNotFound, cursor)
}

// conditions of a filter, on the table run.
func conditions(f store.Filter) query {
	q := query{text: `WHERE 1`}
	if f.Tenants != nil {
		marks := strings.TrimSuffix(strings.Repeat("?,", len(f.Tenants)), ",")
		args := make([]any, len(f.Tenants))
		for i, t := range f.Tenants {
			args[i] = t
		}
		q.and("tenant IN ("+marks+")", args...)
	}
	q.equal("queue", f.Queue)
	q.equal("workflow", f.Workflow)
	q.equal("idem", f.Idempotency)
	if f.Version != 0 {
		q.and("version = ?", f.Version)
	}
	if len(f.Statuses) > 0 {
		words := make([]string, len(f.Statuses))
		for i, s := range f.Statuses {
			words[i] = strconv.Itoa(int(s))
		}
		q.and("status IN (" + strings.Join(words, ",") + ")")
	}
	if f.Paused != nil {
		q.and("coalesce(paused, 0) = ?", *f.Paused)
	}
	if f.Parent != 0 {
		q.and("parent = ?", int64(f.Parent)) //nolint:gosec // 63 bits
	}
	if prefix, ok := strings.CutSuffix(f.Failure, "*"); ok {
		q.and("substr(failure, 1, ?) = ?", len([]rune(prefix)), prefix)
	} else {
		q.equal("failure", f.Failure)
	}
	for k, v := range f.Label {
		q.and("EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)", k, v)
	}
	if f.CreatedFrom != 0 {
		q.and("created >= ?", f.CreatedFrom)
	}
	if f.CreatedTo != 0 {
		q.and("created < ?", f.CreatedTo)
	}
	q.contains(f.Text)
	return q
}

// contains looks for a text in the workflow's name, a label's value or as an id.
func (q *query) contains(text string) {
	if text == "" {
		return
	}
	if id, err := workflow.ParseRunID(text); err == nil {
		q.and("id = ?", int64(id)) //nolint:gosec // 63 bits
		return
	}
	q.and("(instr(lower(workflow), lower(?)) > 0 OR EXISTS (SELECT 1 FROM json_each(labels) WHERE instr(lower(value), lower(?)) > 0))", text, text)
}

const summaryColumns = `id, tenant, queue, workflow, version, status, paused, priority, labels, created, started, finished, wake, failure, parent,
	cost, done FROM run `

type listed struct {
	store.Summary
	done int64
}

func scanSummary(r *sql.Rows) (l listed, err error) {
	var labels, failure sql.NullString
	var version, paused, started, finished, wake, parent, done sql.NullInt64
	var cost sql.NullFloat64
	err = r.Scan(&l.ID, &l.Tenant, &l.Queue, &l.Workflow, &version, &l.Status, &paused, &l.Priority, &labels, &l.Created, &started,
		&finished, &wake, &failure, &parent, &cost, &done)
	if err != nil {
		return l, err
	}
	l.Version, l.Paused, l.Started, l.Finished = int(version.Int64), paused.Int64 != 0, started.Int64, finished.Int64
	l.WakeAt, l.Failure, l.Cost, l.done = wake.Int64, failure.String, cost.Float64, done.Int64
	l.Parent = workflow.RunID(parent.Int64) //nolint:gosec // 63 bits
	if labels.Valid {
		err = json.Unmarshal([]byte(labels.String), &l.Labels)
	}
	return l, err
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, f store.Filter, cursor string, limit int) ([]store.Summary, string, error) {
	q := conditions(f)
	order, err := q.page(f.Order, cursor)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT `+summaryColumns+q.text+order+` LIMIT ?`, append(q.args, limit)...)
	if err != nil {
		return nil, "", err
	}
	found, err := collect(rows, scanSummary)
	if err != nil {
		return nil, "", err
	}
	list := make([]store.Summary, len(found))
	for i := range found {
		list[i] = found[i].Summary
	}
	if len(found) == 0 {
		if f.Order == "finished" {
			return list, cursor, nil // more may finish: the reader goes on from here
		}
		return list, "", nil
	}
	last := found[len(found)-1]
	switch {
	case f.Order == "finished":
		return list, strconv.FormatInt(last.done, 10) + "." + strconv.FormatUint(uint64(last.ID), 10), nil
	case len(found) == limit:
		return list, strconv.FormatUint(uint64(last.ID), 10), nil
	}
	return list, "", nil
}

// page adds what a cursor and an order mean.
func (q *query) page(order, cursor string) (string, error) {
	switch order {
	case "finished":
		q.and("done IS NOT NULL")
		if cursor != "" {
			d, i, ok := strings.Cut(cursor, ".")
			done, err := strconv.ParseInt(d, 10, 64)
			id, err2 := strconv.ParseInt(i, 10, 64)
			if !ok || err != nil || err2 != nil {
				return "", errCursor(cursor)
			}
			q.and("(done, id) > (?, ?)", done, id)
		}
		return " ORDER BY done, id", nil
	case "oldest":
		return " ORDER BY id", q.beyond(">", cursor)
	}
	return " ORDER BY id DESC", q.beyond("<", cursor)
}

func (q *query) beyond(op, cursor string) error {
	if cursor == "" {
		return nil
	}
	id, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return errCursor(cursor)
	}
	q.and("id "+op+" ?", id)
	return nil
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, f store.Filter, limit int) (int, error) {
	q := conditions(f)
	var n int
	err := s.reader.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM run `+q.text+` LIMIT ?)`, append(q.args, limit)...).Scan(&n)
	return n, err
}
