package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/berth-project/berth/work/store"
)

const (
	closeTimeout = 2 * time.Second
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// writer is the connection of a shard. It is made when it is first needed, and
// anew after it broke.
type writer struct {
	mu     sync.Mutex // held by whoever writes
	config *pgx.ConnConfig
	conn   *pgx.Conn
	pause  backoff
	// written counts rows since the server planned the statements of conn.
	written int
}

// replanAfter is how many rows may be written with a plan: a table that was all
// but empty when it was made, and is read whole by it, is not large before the
// next is made.
const replanAfter = 1000

// count counts the rows of a batch that was written.
func (w *writer) count(b *store.Batch, replanned bool) {
	if replanned {
		w.written = 0
	}
	w.written += len(b.Inserts) + len(b.Updates) + len(b.Outputs) + len(b.History) + len(b.Logs) + len(b.Events)
}

// writer returns the writer of a shard.
func (s *Store) writer(shard int) *writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.shards[shard]
	if w == nil {
		w = &writer{config: s.writers}
		s.shards[shard] = w
	}
	return w
}

// connected returns a connection that was well when it was last used.
func (w *writer) connected(ctx context.Context) (*pgx.Conn, error) {
	if w.conn != nil && !w.conn.IsClosed() {
		return w.conn, nil
	}
	if err := w.pause.wait(ctx); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, w.config)
	if err != nil {
		w.pause.failed()
		return nil, err
	}
	w.pause = backoff{}
	w.conn = conn
	return conn, nil
}

// drop forgets a connection of which it is not known what state it is in.
func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = w.conn.Close(ctx) // it may be broken
	w.conn = nil
}

// undo ends a transaction that is not to be. A connection that cannot do that
// is dropped, and the server does it.
func (w *writer) undo(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if w.conn == nil || w.conn.IsClosed() {
		w.drop()
		return
	}
	if _, err := w.conn.Exec(ctx, `ROLLBACK`); err != nil {
		w.drop()
	}
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil || w.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := w.conn.Close(ctx)
	w.conn = nil
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("close the connection of a shard: %w", err)
	}
	return nil // a connection that was broken already is closed too
}

// backoff is a pause that grows with every failure.
type backoff struct{ last time.Duration }

func (b *backoff) failed() {
	b.last = min(max(2*b.last, firstPause), longestPause)
}

// wait waits as long as the last failure says, a little more or less.
func (b *backoff) wait(ctx context.Context) error {
	if b.last == 0 {
		return nil
	}
	t := time.NewTimer(b.last/2 + rand.N(b.last))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// violated reports whether an error is that of a constraint of a kind.
func violated(err error, code, name string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == code && (e.ConstraintName == name || e.ColumnName == name)
}

const (
	uniqueViolation  = "23505"
	notNullViolation = "23502"
)
