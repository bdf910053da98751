package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"github.com/berth-project/berth/directory"
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
func (w *versionWatch) version(ctx context.Context) (directory.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil {
		conn, err := w.db.Conn(ctx)
		if err != nil {
			return directory.Version{}, err
		}
		w.conn = conn
		w.epoch++
	}
	v, err := versionOf(ctx, w.conn)
	if err != nil {
		_ = w.conn.Close() // the error that matters is the query's
		w.conn = nil
		return directory.Version{}, err
	}
	v.Commit = w.epoch<<32 | v.Commit&(1<<32-1)
	return v, nil
}

// versionOf reads both numbers in one transaction, so that they are of one
// moment.
func versionOf(ctx context.Context, conn *sql.Conn) (v directory.Version, err error) {
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return v, err
	}
	defer func() { _ = tx.Rollback() }()
	if err := tx.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&v.Commit); err != nil {
		return v, err
	}
	err = tx.QueryRowContext(ctx, `SELECT coalesce((SELECT max(id) FROM changes), 0)`).Scan(&v.Change)
	return v, err
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
