package postgres

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// maxPage bounds every list.
const maxPage = 10_000

func dialect() *tables.Dialect {
	return &tables.Dialect{
		Mark:     func(n int) string { return "$" + strconv.Itoa(n) },
		Contains: func(column, mark string) string { return "position(" + mark + "::text IN " + column + ") > 0" },
		Holds: func(column, mark string) string {
			return "lower(" + column + ") LIKE lower('%' || " + mark + `::text || '%' COLLATE "C")`
		},
		Prefix: func(column, mark string) string { return "starts_with(" + column + ", " + mark + "::text)" },
	}
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, f store.Filter, cursor string, limit int) (list []store.Summary, next string, err error) {
	limit = min(max(limit, 1), maxPage)
	if f.Order == store.Finished {
		list, next, err = s.finished(ctx, &f, cursor, limit)
	} else {
		list, next, err = tables.Pages(&f, cursor, limit, s.pages(ctx, &f))
	}
	if err != nil {
		return nil, "", fmt.Errorf("list runs: %w", err)
	}
	return list, next, nil
}

func (s *Store) pages(ctx context.Context, f *store.Filter) func(workflow.RunID, int) ([]store.Summary, error) {
	return func(after workflow.RunID, limit int) ([]store.Summary, error) { return s.page(ctx, f, after, limit) }
}

// page reads runs behind one of them, where 0 is none.
func (s *Store) page(ctx context.Context, f *store.Filter, after workflow.RunID, limit int) ([]store.Summary, error) {
	shards, err := query(ctx, s, `SELECT shard FROM owner`, nil, scalar[int])
	if err != nil {
		return nil, err
	}
	text, args := tables.Page(dialect(), f, shards, after, limit)
	return query(ctx, s, text, args, scanSummary)
}

func scanSummary(scan func(...any) error) (store.Summary, error) {
	sum, _, err := tables.ScanSummary(scan)
	return sum, err
}

// finished reads runs in the order in which they became final.
func (s *Store) finished(ctx context.Context, f *store.Filter, cursor string, limit int) ([]store.Summary, string, error) {
	from, err := tables.ParsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	var pos tables.Position
	var list []store.Summary
	err = s.moment(ctx, func(tx pgx.Tx) error {
		pos = maps.Clone(from)
		lanes, err := collect(ctx, tx, `SELECT shard, seq FROM owner ORDER BY shard`, nil, func(scan func(...any) error) (tables.Lane, error) {
			var seq int64
			l := tables.Lane{Whole: true}
			err := scan(&l.Shard, &seq)
			l.End = tables.EndOf(uint64(seq))
			return l, err
		})
		if err == nil {
			err = fill(ctx, tx, f, lanes, pos, limit)
		}
		if err == nil {
			list = tables.Merge(lanes, pos, limit)
		}
		return err
	})
	return list, pos.String(), err
}

// fill reads the next runs of each shard and status, in one pipeline.
func fill(ctx context.Context, tx pgx.Tx, f *store.Filter, lanes []tables.Lane, pos tables.Position, limit int) error {
	var batch pgx.Batch
	for i := range lanes {
		lane := &lanes[i]
		for _, status := range tables.Statuses(f) {
			text, args := tables.LaneQuery(dialect(), f, lane, pos[lane.Shard], status, limit)
			batch.Queue(text, args...).Query(func(rows pgx.Rows) error {
				found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (tables.Placed, error) { return tables.ScanPlaced(row.Scan) })
				lane.Add(f, found, limit)
				return err
			})
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, f store.Filter, limit int) (int, error) {
	number := func(text string, args []any) (int, error) { return single(ctx, s, text, args, scalar[int]) }
	n, err := tables.Count(&f, limit, dialect(), number, s.pages(ctx, &f))
	if err != nil {
		return 0, fmt.Errorf("count runs: %w", err)
	}
	return n, nil
}

// Expired implements [store.Store].
func (s *Store) Expired(ctx context.Context, shard int, before map[machine.Status]store.Millis, limit int) ([]workflow.RunID, error) {
	var ids []workflow.RunID
	for _, status := range tables.Final {
		until, ok := before[status]
		if !ok || len(ids) >= limit {
			continue
		}
		above, below := tables.Place(0).Range(status)
		found, err := query(ctx, s, `SELECT id, coalesce(finished, 0) FROM run WHERE shard = $1 AND done >= $2 AND done < $3 ORDER BY done LIMIT $4`,
			[]any{shard, above, below, limit - len(ids)}, func(scan func(...any) error) (v [2]int64, err error) {
				err = scan(&v[0], &v[1])
				return v, err
			})
		if err != nil {
			return nil, fmt.Errorf("expired runs of shard %d: %w", shard, err)
		}
		for _, v := range found {
			if v[1] >= until {
				break
			}
			ids = append(ids, workflow.RunID(v[0]))
		}
	}
	return ids, nil
}
