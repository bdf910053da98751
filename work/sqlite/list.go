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
		list, next, err = s.byID(ctx, &f, cursor, limit)
	}
	if err != nil {
		return nil, "", fmt.Errorf("list runs: %w", err)
	}
	return list, next, nil
}

func (s *Store) byID(ctx context.Context, f *store.Filter, cursor string, limit int) ([]store.Summary, string, error) {
	after, err := tables.IDCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	var list []store.Summary
	for {
		page, err := s.page(ctx, f, after, limit+1)
		if err != nil {
			return nil, "", err
		}
		for i := range page {
			if len(list) == limit && f.Match(&page[i]) {
				return list, list[limit-1].ID.String(), nil
			}
			if f.Match(&page[i]) {
				list = append(list, page[i])
			}
		}
		if len(page) <= limit {
			return list, "", nil
		}
		after = page[limit].ID
	}
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
		w := tables.NewWhere(dialect())
		above, below := from.Range(status)
		w.And("shard = " + w.Mark(int64(lane.Shard)))
		w.And("done > " + w.Mark(above) + " AND done < " + w.Mark(below))
		w.Filter(f)
		read := 0
		query := `SELECT ` + tables.SummaryColumns + ` FROM run WHERE ` + w.String() + ` ORDER BY done LIMIT ` + w.Mark(int64(limit))
		err := each(ctx, q, query, w.Args, func(scan func(...any) error) error {
			sum, done, err := tables.ScanSummary(scan)
			read++
			if f.Match(&sum) {
				lane.Runs = append(lane.Runs, tables.Placed{Summary: sum, Place: tables.FromDone(done)})
			}
			return err
		})
		if err != nil {
			return err
		}
		lane.Whole = lane.Whole && read < limit
	}
	return nil
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, f store.Filter, limit int) (int, error) {
	n, err := s.count(ctx, &f, limit)
	if err != nil {
		return 0, fmt.Errorf("count runs: %w", err)
	}
	return n, nil
}

func (s *Store) count(ctx context.Context, f *store.Filter, limit int) (n int, err error) {
	if f.Order == store.Finished {
		f.Statuses, f.Order = tables.Statuses(f), store.Newest
		if len(f.Statuses) == 0 {
			return 0, nil
		}
	}
	if !tables.Exact(f) {
		return s.countByHand(ctx, f, limit)
	}
	w := tables.NewWhere(dialect())
	w.Filter(f)
	w.Live(f)
	query := `SELECT count(*) FROM (SELECT 1 FROM run WHERE ` + w.String() + ` LIMIT ` + w.Mark(int64(limit)) + `)`
	err = s.reader.QueryRowContext(ctx, query, w.Args...).Scan(&n)
	return n, err
}

// countByHand counts what SQL cannot tell.
func (s *Store) countByHand(ctx context.Context, f *store.Filter, limit int) (n int, err error) {
	for cursor := ""; n < limit; {
		var list []store.Summary
		if list, cursor, err = s.byID(ctx, f, cursor, min(limit-n, maxPage)); err != nil {
			return 0, err
		}
		n += len(list)
		if cursor == "" {
			break
		}
	}
	return n, nil
}

// Expired implements [store.Store].
func (s *Store) Expired(ctx context.Context, shard int, before map[machine.Status]store.Millis, limit int) ([]workflow.RunID, error) {
	var ids []workflow.RunID
	for _, status := range tables.Final {
		until, ok := before[status]
		if !ok {
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
		if len(ids) == limit {
			break
		}
	}
	return ids, nil
}
