package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// versionWatch holds the one connection whose PRAGMA data_version is compared.
// The pragma's number changes when any other connection, of this process or
// another, commits; it means nothing across connections, so each reconnection
// starts a new epoch and counts as a change.
type versionWatch struct {
	db *sql.DB

	mu    sync.Mutex // guards conn and epoch
	conn  *sql.Conn
	epoch int64
}

func newVersionWatch(path string) (*versionWatch, error) {
	db, err := connect(path, 1, "_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	return &versionWatch{db: db}, nil
}

// version serialises callers: there is one connection, and each of them is
// bounded by opTimeout.
func (w *versionWatch) version(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil {
		conn, err := w.db.Conn(ctx)
		if err != nil {
			return 0, err
		}
		w.conn = conn
		w.epoch++
	}
	var v int64
	if err := w.conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&v); err != nil {
		_ = w.conn.Close() // the error that matters is the query's
		w.conn = nil
		return 0, err
	}
	return w.epoch<<32 | v&(1<<32-1), nil
}

func (w *versionWatch) close() error {
	w.mu.Lock()
	conn := w.conn
	w.conn = nil
	w.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // db.Close reports what is left
	}
	return w.db.Close()
}
