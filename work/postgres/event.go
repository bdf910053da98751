package postgres

import (
	"context"
	"fmt"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, shard int, now store.Millis, limit int) ([]store.Event, error) {
	list, err := query(ctx, s, `SELECT `+tables.EventColumns+` FROM event WHERE shard = $1 AND next_at <= $2 AND dead IS NULL
		ORDER BY next_at, id LIMIT $3`, kept(shard, now, min(limit, maxPage)), tables.ScanEvent)
	if err != nil {
		return nil, fmt.Errorf("events of shard %d: %w", shard, err)
	}
	return list, nil
}

// ExpiredEvents implements [store.Store].
func (s *Store) ExpiredEvents(ctx context.Context, shard int, before store.Millis, limit int) ([]uint64, error) {
	ids, err := query(ctx, s, `SELECT id FROM event WHERE shard = $1 AND dead < $2 AND dead IS NOT NULL ORDER BY dead, id LIMIT $3`,
		[]any{shard, before, min(limit, maxPage)}, scalar[int64])
	if err != nil {
		return nil, fmt.Errorf("expired events of shard %d: %w", shard, err)
	}
	return column(ids, func(id int64) uint64 { return uint64(id) }), nil
}

// Dead implements [store.Store].
func (s *Store) Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error) {
	limit = min(max(limit, 1), maxPage)
	text, args, err := tables.DeadPage(dialect(), f, cursor, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("dead events: %w", err)
	}
	list, err := query(ctx, s, text, args, tables.ScanEvent)
	if err != nil {
		return nil, "", fmt.Errorf("dead events: %w", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], tables.EventCursorAt(&list[limit-1]), nil
}
