// Package sqlite keeps the facts of the work engine in an SQLite file.
//
// The file belongs to one process, which holds a lock on a file beside it.
// It is in WAL mode and every commit is synced: what was answered is there
// after a loss of power.
//
//	Flush, PutSetting, … → writer: takes all that wait, one transaction, one fsync → answers
//	List, Load, …        → readers: a few connections that cannot write
//	                       checkpointer: moves the log into the file, beside the writer
//
// One goroutine writes, over a connection whose statements stay prepared. It
// takes what waits when the last commit ended and commits it together, so that
// the shards of one engine share an fsync.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"

	"github.com/berth-project/berth/work/store"
)

const (
	busyMillis = 5000
	readers    = 4
)

// settings are those of one of the kinds of connections.
type settings struct {
	pragmas string // as in a query
	cache   int    // KiB of pages
	busy    int    // milliseconds to wait for a lock
}

func readerSettings() settings {
	return settings{pragmas: "_pragma=query_only(1)", cache: 4 << 10, busy: busyMillis}
}

// writerSettings make a new file one that can be shortened, and leave moving
// the log into it to the checkpointer.
func writerSettings() settings {
	return settings{
		pragmas: "_pragma=auto_vacuum(2)&_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(0)&_pragma=journal_size_limit(67108864)",
		cache:   16 << 10, busy: busyMillis,
	}
}

// checkpointerSettings wait for nobody: it would keep the writer waiting.
func checkpointerSettings() settings { return settings{cache: 1 << 10} }

// Config says where the file is.
type Config struct {
	// Path of the file; beside it are Path-wal, Path-shm and Path.lock. It is
	// made, readable by its owner alone, where there is none.
	Path string
	// Log is told of migrations and of what maintenance could not do; nil:
	// nobody is.
	Log *slog.Logger
	// Hook is called at the stages of each transaction that writes; for
	// tests. nil: none.
	Hook func(store.Stage) error
}

// Store is a store in an SQLite file. It implements [store.Store].
type Store struct {
	path   string
	log    *slog.Logger
	clock  clock
	lock   *lock
	writer *writer
	reader *sql.DB
	wake   chan int

	stop     context.CancelFunc
	upkeep   sync.WaitGroup
	closing  sync.Once
	closeErr error
}

// Open is Config{Path: path}.Open.
func Open(ctx context.Context, path string) (*Store, error) { return Config{Path: path}.Open(ctx) }

// Open opens the file and migrates it. It refuses a file that another process
// has open, or that a newer Berth wrote.
func (cfg Config) Open(ctx context.Context) (*Store, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open work store %s: %w", cfg.Path, err)
	}
	return s, nil
}

func open(ctx context.Context, cfg Config) (*Store, error) {
	if err := create(cfg.Path); err != nil {
		return nil, err
	}
	held, err := takeLock(cfg.Path + ".lock")
	if err != nil {
		return nil, err
	}
	s := &Store{path: cfg.Path, log: cfg.Log, clock: newClock(), lock: held, wake: make(chan int, 16)}
	if s.writer, err = newWriter(ctx, cfg); err != nil {
		return nil, errors.Join(err, held.release())
	}
	if s.reader, err = newReader(ctx, cfg.Path); err != nil {
		return nil, errors.Join(err, s.writer.close(), held.release())
	}
	upkeep, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.upkeep.Go(func() { s.checkpoints(upkeep) })
	s.upkeep.Go(func() { s.sweep(upkeep) })
	return s, nil
}

// create makes an empty file only its owner may read. SQLite gives its -wal
// and -shm files the same mode.
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

// connector opens connections of a kind.
func connector(path string, s settings) (driver.Connector, error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	u.RawQuery = fmt.Sprintf("%s&_pragma=busy_timeout(%d)&_pragma=synchronous(FULL)&_pragma=foreign_keys(0)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-%d)",
		s.pragmas, s.busy, s.cache)
	return sqlite.NewConnector(u.String())
}

func newReader(ctx context.Context, path string) (*sql.DB, error) {
	c, err := connector(path, readerSettings())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Wake implements [store.Store].
func (s *Store) Wake() <-chan int { return s.wake }

// hint is heard by whoever listens, if there is room.
func (s *Store) hint(shard int) {
	select {
	case s.wake <- shard:
	default:
	}
}

// Check implements [store.Store]: the file can be read, and the last
// transaction did not fail for want of a disk.
func (s *Store) Check(ctx context.Context) error {
	if err := s.writer.health(); err != nil {
		return fmt.Errorf("work store %s: the last write: %w", s.path, err)
	}
	if err := s.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("work store %s: %w", s.path, err)
	}
	return nil
}

// Close implements [store.Store]. It moves the log into the file.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.stop()
		s.upkeep.Wait()
		s.closeErr = errors.Join(s.reader.Close(), s.writer.close(), s.lock.release())
	})
	return s.closeErr
}
