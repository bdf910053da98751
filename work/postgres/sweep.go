package postgres

import (
	"context"
	"slices"
	"time"
)

const (
	sweepEvery   = 10 * time.Minute
	sweepAtOnce  = 500
	sweepPause   = 50 * time.Millisecond // between pages, for those who write
	sweepTimeout = 5 * time.Minute
	unusedFor    = 30 * 24 * hour // documents: long enough for whoever remembers that they are stored
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
		if err := s.sweepOnce(once); err != nil && ctx.Err() == nil {
			s.log.Warn("the work store was not swept", "error", err)
		}
		cancel()
	}
}

// dropDocuments deletes the first documents behind one that were last used
// before a time.
const dropDocuments = `WITH page AS (SELECT id FROM document WHERE id > $1 AND used < $2 ORDER BY id LIMIT $3)
	DELETE FROM document USING page WHERE document.id = page.id AND document.used < $2 RETURNING document.id`

// sweepOnce deletes documents that no run can refer to: they were last used
// before the oldest run began. It passes over the table once, in pages: whoever
// notes the use of a document waits for one of them at most.
func (s *Store) sweepOnce(ctx context.Context) error {
	before, err := single(ctx, s, `SELECT least(`+clock+` - $1, (SELECT created FROM run ORDER BY id LIMIT 1) - $2)`,
		[]any{int64(unusedFor), 2 * hour}, scalar[int64])
	if err != nil {
		return err
	}
	for last := int64(0); ; {
		gone, err := query(ctx, s, dropDocuments, []any{last, before, sweepAtOnce}, scalar[int64])
		s.docs.forget()
		if err != nil || len(gone) < sweepAtOnce {
			return err
		}
		last = slices.Max(gone)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sweepPause):
		}
	}
}
