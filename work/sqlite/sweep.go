package sqlite

import (
	"context"
	"time"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

const (
	sweepEvery   = 10 * time.Minute
	sweepAtOnce  = 500
	unusedFor    = 30 * 24 * hour // documents: long enough for whoever remembers that they are stored
	sparePages   = 4096           // that nothing uses and that may stay
	sweepTimeout = 5 * time.Minute
	sweepPause   = 20 * time.Millisecond // between pages, for those who write
)

// sweep deletes in time what nobody refers to, until ctx ends.
func (s *Store) sweep(ctx context.Context) {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		once, cancel := context.WithTimeout(ctx, sweepTimeout)
		if err := s.sweepOnce(once, s.clock.now()); err != nil && ctx.Err() == nil {
			s.log.Warn("the work store was not swept", "error", err)
		}
		cancel()
	}
}

// sweepOnce deletes documents that no run can refer to: they were last used
// before the oldest run began. It passes over the table once, in pages, so that
// nobody waits long who writes. It gives back pages that nothing uses.
func (s *Store) sweepOnce(ctx context.Context, now store.Millis) error {
	before := now - unusedFor
	var oldest *int64
	if err := s.reader.QueryRowContext(ctx, `SELECT min(id) FROM run`).Scan(&oldest); err != nil {
		return err
	}
	if oldest != nil {
		before = min(before, workflow.RunID(*oldest).Millis()-2*hour)
	}
	for last, more := int64(0), true; more; {
		var err error
		if last, more, err = s.sweepPage(ctx, last, before); err != nil {
			return err
		}
	}
	var spare int
	if err := s.reader.QueryRowContext(ctx, `PRAGMA freelist_count`).Scan(&spare); err != nil || spare < sparePages {
		return err
	}
	return s.writer.write(ctx, func(w *writer) error { return w.givePagesBack(ctx) })
}

// sweepPage deletes the first documents behind one that were last used before a
// time. It returns the last of them, and whether there may be more.
func (s *Store) sweepPage(ctx context.Context, after int64, before store.Millis) (last int64, more bool, err error) {
	var ids []int64
	err = s.each(ctx, `SELECT id FROM document WHERE id > ? AND used < ? ORDER BY id LIMIT ?`, []any{after, before, sweepAtOnce},
		func(scan func(...any) error) error {
			err := scan(&last)
			ids = append(ids, last)
			return err
		})
	if err != nil || len(ids) == 0 {
		return 0, false, err
	}
	err = s.writer.write(ctx, func(w *writer) error {
		defer w.docs.forget()
		for _, id := range ids {
			if _, err := w.dropDocument.run(id, before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(ids) < sweepAtOnce {
		return 0, false, err
	}
	select {
	case <-ctx.Done():
		return 0, false, ctx.Err()
	case <-time.After(sweepPause):
		return last, true, nil
	}
}

// givePagesBack shortens the file a little.
func (w *writer) givePagesBack(ctx context.Context) error {
	return script(ctx, w.conn, `PRAGMA incremental_vacuum(1024)`)
}
