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
	sweepTimeout = 30 * time.Second
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
// before the oldest run began. It gives back pages that nothing uses.
func (s *Store) sweepOnce(ctx context.Context, now store.Millis) error {
	before := now - unusedFor
	var oldest *int64
	if err := s.reader.QueryRowContext(ctx, `SELECT min(id) FROM run`).Scan(&oldest); err != nil {
		return err
	}
	if oldest != nil {
		before = min(before, workflow.RunID(*oldest).Millis()-2*hour)
	}
	err := s.writer.write(ctx, func(w *writer) error {
		_, err := w.dropDocuments.run(before, int64(sweepAtOnce))
		w.docs.forget()
		return err
	})
	if err != nil {
		return err
	}
	var spare int
	if err := s.reader.QueryRowContext(ctx, `PRAGMA freelist_count`).Scan(&spare); err != nil || spare < sparePages {
		return err
	}
	return s.writer.write(ctx, func(w *writer) error { return w.givePagesBack(ctx) })
}

// givePagesBack shortens the file a little.
func (w *writer) givePagesBack(ctx context.Context) error {
	return script(ctx, w.conn, `PRAGMA incremental_vacuum(1024)`)
}
