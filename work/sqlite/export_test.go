package sqlite

import (
	"context"

	"github.com/berth-project/berth/work/store"
)

// SweepOnce is a pass of the sweeper at a time.
func (s *Store) SweepOnce(ctx context.Context, now store.Millis) error { return s.sweepOnce(ctx, now) }

// UnusedFor is how long a document stays that no run begins with.
const UnusedFor = unusedFor
