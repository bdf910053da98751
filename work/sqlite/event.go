package sqlite

import (
	"context"
	"fmt"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, shard int, now store.Millis, limit int) ([]store.Event, error) {
	list, err := s.eventsOf(ctx, `SELECT `+tables.EventColumns+` FROM event WHERE shard = ? AND next_at <= ? AND dead IS NULL
		ORDER BY next_at, id LIMIT ?`, []any{shard, now, min(limit, maxPage)})
	if err != nil {
		return nil, fmt.Errorf("events of shard %d: %w", shard, err)
	}
	return list, nil
}

// Dead implements [store.Store].
func (s *Store) Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error) {
	limit = min(max(limit, 1), maxPage)
	query, args, err := tables.DeadPage(dialect(), f, cursor, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("dead events: %w", err)
	}
	list, err := s.eventsOf(ctx, query, args)
	if err != nil {
		return nil, "", fmt.Errorf("dead events: %w", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], tables.EventCursorAt(&list[limit-1]), nil
}

// ExpiredEvents implements [store.Store]. The index of what is dead has all
// shards: the + keeps SQLite from reading the shard's whole outbox instead.
func (s *Store) ExpiredEvents(ctx context.Context, shard int, before store.Millis, limit int) ([]uint64, error) {
	var ids []uint64
	err := s.each(ctx, `SELECT id FROM event WHERE +shard = ? AND dead < ? AND dead IS NOT NULL ORDER BY dead, id LIMIT ?`,
		[]any{shard, before, min(limit, maxPage)}, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			ids = append(ids, uint64(id))
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("expired events of shard %d: %w", shard, err)
	}
	return ids, nil
}

func (s *Store) eventsOf(ctx context.Context, query string, args []any) ([]store.Event, error) {
	var list []store.Event
	err := s.each(ctx, query, args, func(scan func(...any) error) error {
		e, err := tables.ScanEvent(scan)
		list = append(list, e)
		return err
	})
	return list, err
}
