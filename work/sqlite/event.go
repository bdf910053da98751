package sqlite

import (
	"context"
	"fmt"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, shard int, now store.Millis, limit int) ([]store.Event, error) {
	list, err := s.eventsWhere(ctx, `shard = ? AND next_at <= ? AND dead IS NULL ORDER BY next_at, id LIMIT ?`, []any{shard, now, min(limit, maxPage)})
	if err != nil {
		return nil, fmt.Errorf("events of shard %d: %w", shard, err)
	}
	return list, nil
}

// Dead implements [store.Store].
func (s *Store) Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error) {
	dead, id, err := tables.EventCursor(cursor)
	if err != nil {
		return nil, "", fmt.Errorf("dead events: %w", err)
	}
	limit = min(max(limit, 1), maxPage)
	w := tables.NewWhere(dialect())
	w.Dead(f)
	w.And("(dead, id) < (" + w.Mark(dead) + ", " + w.Mark(id) + ")")
	list, err := s.eventsWhere(ctx, w.String()+` ORDER BY dead DESC, id DESC LIMIT `+w.Mark(int64(limit+1)), w.Args)
	if err != nil {
		return nil, "", fmt.Errorf("dead events: %w", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], tables.EventCursorAt(&list[limit-1]), nil
}

func (s *Store) eventsWhere(ctx context.Context, where string, args []any) ([]store.Event, error) {
	var list []store.Event
	err := s.each(ctx, `SELECT `+tables.EventColumns+` FROM event WHERE `+where, args, func(scan func(...any) error) error {
		e, err := tables.ScanEvent(scan)
		list = append(list, e)
		return err
	})
	return list, err
}
