// Package store keeps the ledger in SQLite or PostgreSQL. Both read the same
// SQL; where they differ, see dialect.
//
// Every query names the caller's tenant. A movement locks its accounts in the
// order of their ids, so that two of them never wait for each other, and writes
// balances, entries, the audit line and the answer to its idempotency key in
// one transaction.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

const (
	opTimeout  = 10 * time.Second
	busyMillis = 8000 // below opTimeout, so that the error says why
	maxConns   = 8
)

// Config says where the ledger is kept.
type Config struct {
	// URL of a PostgreSQL database; empty for SQLite.
	URL string
	// Directory holds the SQLite file, and is made where it is not there.
	Directory string
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Store is the ledger's database. It is safe for concurrent use, also by
// several processes.
type Store struct {
	writer, reader *sql.DB
	dialect        dialect
	now            func() time.Time

	mu      sync.Mutex // guards changed
	changed chan struct{}
}

// dialect is what differs between the two databases.
type dialect struct {
	name string
	// lock follows a SELECT of rows that will be changed. SQLite has one writer
	// at a time: its transactions begin as writers.
	lock string
	// migrating is run first in a migration, so that one process migrates and
	// others wait.
	migrating string
}

var (
	sqlite   = dialect{name: "sqlite"}
	postgres = dialect{name: "postgres", lock: " FOR UPDATE", migrating: "SELECT pg_advisory_xact_lock(7226173)"}
)

// Open opens the database of cfg. PostgreSQL is not connected to before it is
// needed.
func Open(cfg Config) (*Store, error) {
	s := &Store{now: cfg.Now, changed: make(chan struct{})}
	if s.now == nil {
		s.now = time.Now
	}
	if cfg.URL != "" {
		return s, s.openPostgres(cfg.URL)
	}
	return s, s.openSQLite(cfg.Directory)
}

func (s *Store) openPostgres(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		// The error of the parser would repeat the password.
		return errors.New("DATABASE_URL is not a URL that begins with postgres://; escape special characters of the password")
	}
	db, err := sql.Open("pgx", address)
	if err != nil {
		return errors.New("DATABASE_URL is not understood")
	}
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxLifetime(30 * time.Minute)
	s.writer, s.reader, s.dialect = db, db, postgres
	return nil
}

func (s *Store) openSQLite(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(dir, "ledger.db")
	var err error
	s.dialect = sqlite
	if s.writer, err = connect(file, 1, "_txlock=immediate&_pragma=journal_mode(WAL)"); err != nil {
		return err
	}
	s.reader, err = connect(file, maxConns, "_pragma=query_only(1)")
	return err
}

func connect(file string, conns int, options string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath()}
	u.RawQuery = fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&%s", busyMillis, options)
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close closes the database.
func (s *Store) Close() error {
	if s.reader == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// Ping asks whether the database answers and has been migrated.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	var n int
	return s.reader.QueryRowContext(ctx, "SELECT count(*) FROM tenants").Scan(&n)
}

// Changed returns a channel that is closed at the next change made by this
// process.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Store) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// update runs do in one transaction and announces the change once it stands.
func (s *Store) update(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect once committed
	if err := do(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.announce()
	return nil
}

// query runs one SELECT and collects its rows.
func query[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	rows, err := s.reader.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{} // an empty list is [] in JSON
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Times are stored in microseconds, the finer of what both databases and JSON
// agree on.
func stamp(t time.Time) int64   { return t.UnixMicro() }
func moment(us int64) time.Time { return time.UnixMicro(us).UTC() }

// flag is a condition as an argument of a query.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lines joins the parts of a query.
func lines(parts ...string) string { return strings.Join(parts, "\n") }
