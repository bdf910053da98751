// Package sqlite keeps the engine's facts in an SQLite file: for one engine at
// a time.
//
// The file is in WAL mode and every commit is synced (synchronous=FULL). One
// connection writes: each batch of a shard is one transaction. Others read.
// The log is copied into the file by a goroutine of its own, not by whoever
// happens to commit. A lock beside the file keeps a second process out.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/berth-project/berth/work/store"
)

const (
	busyMillis = 5000
	maxReaders = 4
)

// Store is an SQLite file. It implements [store.Store].
type Store struct {
	path   string
	db     *sql.DB // of the writer: one connection
	reader *sql.DB
	lock   *os.File
	start  time.Time // clock of leases: it does not jump
	wake   chan int

	mu    sync.Mutex     // the writer's
	held  map[int]uint64 // epochs of the leases this process gave, by shard
	w     *writer
	docs  map[store.Hash]int64 // rows of documents, as far as known
	done  int64                // the last number given to runs that became final
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// Open opens the file at path, makes it where there is none, and migrates it.
// It fails when another process has it open.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open work store: %w", err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open work store %s: %w", path, err)
	}
	s := &Store{path: path, lock: lock, start: time.Now(), wake: make(chan int), docs: map[store.Hash]int64{}}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open work store %s: %w", path, err), s.Close())
	}
	checkpoints, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = cancel
	s.ended.Go(func() { s.checkpoint(checkpoints) })
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o600) // params and outputs are its owner's alone
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if s.db, err = connect(s.path, 1, "_pragma=auto_vacuum(INCREMENTAL)&_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(0)"); err != nil {
		return err
	}
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	if s.w, err = newWriter(ctx, s.db); err != nil {
		return err
	}
	if err := s.w.conn.QueryRowContext(ctx, `SELECT coalesce(max(done), 0) FROM run`).Scan(&s.done); err != nil {
		return err
	}
	s.reader, err = connect(s.path, maxReaders, "_pragma=query_only(1)")
	return err
}

func connect(path string, conns int, options string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	u.RawQuery = fmt.Sprintf("%s&_pragma=busy_timeout(%d)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16384)",
		options, busyMillis)
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close closes the file. Nothing may be under way.
func (s *Store) Close() error {
	var errs []error
	if s.stop != nil {
		s.stop()
		s.ended.Wait()
	}
	if s.w != nil {
		errs = append(errs, s.w.close())
	}
	for _, db := range []*sql.DB{s.reader, s.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	errs = append(errs, s.lock.Close())
	return errors.Join(errs...)
}

const (
	checkpointEvery = 250 * time.Millisecond
	checkpointSize  = 4 << 20
	checkpointIdle  = 4 * time.Second
)

// checkpoint copies the log into the file when it is large, and empties it
// when nothing was written for a while.
func (s *Store) checkpoint(ctx context.Context) {
	t := time.NewTicker(checkpointEvery)
	defer t.Stop()
	var last int64
	var since time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			info, err := os.Stat(s.path + "-wal")
			if err != nil || info.Size() == 0 {
				continue
			}
			size := info.Size()
			if size != last {
				last, since = size, now
			}
			switch {
			case now.Sub(since) > checkpointIdle:
				s.tidy(ctx)
			case size > checkpointSize:
				_, _ = s.reader.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`) // the next one does what this one could not
			}
		}
	}
}

func (s *Store) tidy(ctx context.Context) {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	_, _ = s.w.conn.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	_, _ = s.w.conn.ExecContext(ctx, `PRAGMA incremental_vacuum(256)`)
}

// Check implements [store.Store].
func (s *Store) Check(ctx context.Context) error {
	var n int
	return s.reader.QueryRowContext(ctx, `SELECT 1`).Scan(&n)
}

// Wake implements [store.Store]: nobody else writes to the file.
func (s *Store) Wake() <-chan int { return s.wake }
