package sqlite

import (
	"context"
	"fmt"
	"strconv"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// maxPage bounds every list.
const maxPage = 10_000

func dialect() *tables.Dialect {
	return &tables.Dialect{
		Mark:     func(n int) string { return "?" + strconv.Itoa(n) },
		Contains: func(column, mark string) string { return "instr(" + column + ", " + mark + ") > 0" },
		Holds: func(column, mark string) string {
			return column + ` LIKE '%' || ` + mark + ` || '%' ESCAPE '\'`
		},
		Prefix: func(column, mark string) string {
			return "substr(" + column + ", 1, length(" + mark + ")) = " + mark
		},
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
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, err
	}
	query, args := tables.Page(dialect(), f, shards, after, limit)
	var list []store.Summary
	err = s.each(ctx, query, args, func(scan func(...any) error) error {
		sum, _, err := tables.ScanSummary(scan)
		list = append(list, sum)
		return err
	})
	return list, err
}

func (s *Store) shards(ctx context.Context) (list []int, err error) {
	err = s.each(ctx, `SELECT shard FROM owner`, nil, func(scan func(...any) error) error {
		var n int
		err := scan(&n)
		list = append(list, n)
		return err
	})
	return list, err
}

// finished reads runs in the order in which they became final.
func (s *Store) finished(ctx context.Context, f *store.Filter, cursor string, limit int) ([]store.Summary, string, error) {
	pos, err := tables.ParsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	var list []store.Summary
	err = s.moment(ctx, func(q querier) error {
		var lanes []tables.Lane
		err := each(ctx, q, `SELECT shard, seq FROM owner ORDER BY shard`, nil, func(scan func(...any) error) error {
			var shard int
			var seq int64
			err := scan(&shard, &seq)
			lanes = append(lanes, tables.Lane{Shard: shard, Whole: true, End: tables.EndOf(uint64(seq))})
			return err
		})
		if err != nil {
			return err
		}
		for i := range lanes {
			if err := fill(ctx, q, f, &lanes[i], pos[lanes[i].Shard], limit); err != nil {
				return err
			}
		}
		list = tables.Merge(lanes, pos, limit)
		return nil
	})
	return list, pos.String(), err
}

// fill reads the next runs of each status of one shard.
func fill(ctx context.Context, q querier, f *store.Filter, lane *tables.Lane, from tables.Place, limit int) error {
	for _, status := range tables.Statuses(f) {
		var found []tables.Placed
		query, args := tables.LaneQuery(dialect(), f, lane, from, status, limit)
		err := each(ctx, q, query, args, func(scan func(...any) error) error {
			p, err := tables.ScanPlaced(scan)
			found = append(found, p)
			return err
		})
		if err != nil {
			return err
		}
		lane.Add(f, found, limit)
	}
	return nil
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, f store.Filter, limit int) (int, error) {
	number := func(query string, args []any) (int, error) {
		var n int
		err := s.reader.QueryRowContext(ctx, query, args...).Scan(&n)
		return n, err
	}
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
		query := `SELECT id, coalesce(finished, 0) FROM run WHERE shard = ? AND done >= ? AND done < ? ORDER BY done LIMIT ?`
		late := false
		err := s.each(ctx, query, []any{shard, above, below, limit - len(ids)}, func(scan func(...any) error) error {
			var id, finished int64
			err := scan(&id, &finished)
			if late = late || finished >= until; !late {
				ids = append(ids, workflow.RunID(id))
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("expired runs of shard %d: %w", shard, err)
		}
	}
	return ids, nil
}
