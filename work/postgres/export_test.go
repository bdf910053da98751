package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/store"
)

// SynchronousCommit is the setting of a connection that writes batches.
func SynchronousCommit(ctx context.Context, s *Store) (value string, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.writers)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, `SHOW synchronous_commit`).Scan(&value)
	return value, err
}

// SweepOnce is a pass of the sweeper.
func (s *Store) SweepOnce(ctx context.Context) error { return s.sweepOnce(ctx) }

// UnusedFor is how long a document stays that no run begins with.
const UnusedFor store.Millis = unusedFor
