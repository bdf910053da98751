package postgres

import (
	"context"
	"time"
)

const (
	sweepEvery   = 10 * time.Minute
	sweepTimeout = 30 * time.Second
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

// sweepOnce deletes documents that no run can refer to: they were last used
// before the oldest run began.
func (s *Store) sweepOnce(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM document WHERE id IN (
			SELECT id FROM document WHERE used < least(`+clock+` - $1, (SELECT created FROM run ORDER BY id LIMIT 1) - $2) LIMIT 500)`,
		int64(unusedFor), 2*hour)
	s.docs.forget()
	return err
}
