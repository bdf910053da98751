// Package sqlite keeps a directory in an SQLite file.
//
// The file is in WAL mode, so other processes (berth user …) may change it
// while a gateway reads. One connection of this process writes; a few read;
// one does nothing but notice that the file changed (PRAGMA data_version
// compares only with itself, so it needs a connection of its own). Each commit
// is synced: a revoked session must stay revoked after a power cut.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/berth-project/berth/directory"
)

const (
	opTimeout  = 5 * time.Second
	busyMillis = 4000 // below opTimeout, so that the error says why
	maxReaders = 4
)

// Store is a directory in an SQLite file. It implements [directory.Store].
type Store struct {
	writer, reader *sql.DB
	watch          *versionWatch
	log            *slog.Logger

	mu        sync.Mutex // guards listeners
	listeners []func(directory.Change)
}

// Open opens the file at path, makes it (readable by its owner alone) where
// there is none, and migrates it. It refuses a file written by a newer Berth.
func Open(path string, log *slog.Logger) (*Store, error) {
	if err := create(path); err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	s := &Store{log: log}
	var err error
	if s.writer, err = connect(path, 1, "_txlock=immediate&_pragma=journal_mode(WAL)"); err == nil {
		err = patiently(s.migrate)
	}
	if err == nil {
		s.reader, err = connect(path, maxReaders, "_pragma=query_only(1)")
	}
	if err == nil {
		err = patiently(func() (err error) {
			s.watch, err = newVersionWatch(path)
			return err
		})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open directory %s: %w", path, err), s.Close())
	}
	return s, nil
}

// patiently tries again what SQLite refuses at once while another process opens
// or closes the file: its busy timeout does not cover the change of the journal
// mode, nor the end of the last connection.
func patiently(do func() error) error {
	for end := time.Now().Add(busyMillis * time.Millisecond); ; time.Sleep(20 * time.Millisecond) {
		err := do()
		busy, ok := errors.AsType[*sqlite.Error](err)
		if !ok || busy.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(end) {
			return err
		}
	}
}

// create makes an empty file only its owner may read: it will hold password
// hashes. SQLite gives its -wal and -shm files the same mode.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func connect(path string, conns int, options string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	u.RawQuery = fmt.Sprintf("%s&_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)", options, busyMillis)
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close closes the file. Operations under way end first.
func (s *Store) Close() error {
	var errs []error
	if s.watch != nil {
		errs = append(errs, s.watch.close())
	}
	for _, db := range []*sql.DB{s.reader, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Version implements [directory.Source].
func (s *Store) Version(ctx context.Context) (directory.Version, error) { return s.watch.version(ctx) }

// OnChange implements [directory.Source].
func (s *Store) OnChange(changed func(directory.Change)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, changed)
}

func (s *Store) notify(c directory.Change) {
	s.mu.Lock()
	listeners := s.listeners
	s.mu.Unlock()
	for _, changed := range listeners {
		changed(c)
	}
}

// write runs one change and its audit line in one transaction, then tells the
// listeners. Nothing is told when the transaction did not commit.
func (s *Store) write(ctx context.Context, c directory.Change, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s %s: %w", c.Action, c.Subject, translate(err))
	}
	defer func() { _ = tx.Rollback() }() // no effect once committed
	if err := do(ctx, tx); err != nil {
		if errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrConflict) {
			return err // it names what is missing or there, which need not be the subject
		}
		return fmt.Errorf("%s %s: %w", c.Action, c.Subject, translate(err))
	}
	if err := record(ctx, tx, &c); err != nil {
		return fmt.Errorf("%s %s: %w", c.Action, c.Subject, translate(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s %s: %w", c.Action, c.Subject, translate(err))
	}
	s.notify(c)
	return nil
}

// read runs one read in one transaction, so that what it sees is of one
// moment.
func (s *Store) read(ctx context.Context, what string, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("%s: %w", what, translate(err))
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(ctx, tx); err != nil {
		return fmt.Errorf("%s: %w", what, translate(err))
	}
	return nil
}

// translate turns what the database says into the directory's own errors.
func translate(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return directory.ErrNotFound
	}
	return err
}

// inserted turns "there is one" into ErrConflict of what was to be made:
// "tenant acme: exists already".
func inserted(err error, what string) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("%s: %w", what, directory.ErrConflict)
		}
	}
	return err
}

// affected turns "no row matched" into ErrNotFound of what was to be changed.
func affected(res sql.Result, err error, what string) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return notFound(what)
	}
	return err
}

// notFound is ErrNotFound of one thing: "tenant acme: not found".
func notFound(what string) error { return fmt.Errorf("%s: %w", what, directory.ErrNotFound) }

// needUser is ErrNotFound unless the user exists.
func needUser(ctx context.Context, tx *sql.Tx, id string) error {
	return need(tx.QueryRowContext(ctx, `SELECT 1 FROM users WHERE id = ?`, id), "user "+id)
}

// needTenant is ErrNotFound unless the tenant exists.
func needTenant(ctx context.Context, tx *sql.Tx, id string) error {
	return need(tx.QueryRowContext(ctx, `SELECT 1 FROM tenants WHERE id = ?`, id), "tenant "+id)
}

func need(row scanner, what string) error {
	var one int
	err := row.Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound(what)
	}
	return err
}

// millis is how a time is kept: 0 is never. What ended in 1970 or before is
// kept as the first moment after that: it has ended, and must not read as never.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(1, t.UnixMilli())
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
