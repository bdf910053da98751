// Package memory keeps the facts of the work engine in memory: for tests,
// simulations and runs that need not outlive their process.
//
// A [Database] is what survives an engine, as a disk does; a [Store] is one
// engine's access to it. Several may be open at once, as with PostgreSQL. A
// Store can crash: what was committed is there for the next one, what was not
// is gone, and of what was under way the caller does not learn which.
package memory

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// ErrCrashed is what a store answers that crashed, or was closed.
var ErrCrashed = errors.New("the store is gone")

const maxPage = 10_000

// Database holds the facts.
type Database struct {
	now func() store.Millis

	mu        sync.Mutex // guards what follows
	owners    map[int]store.Owner
	documents map[store.Hash][]byte
	runs      map[workflow.RunID]*run
	order     []workflow.RunID // of runs, sorted
	keys      map[store.IdempotencyKey]workflow.RunID
	events    map[eventKey]store.Event
	ledgers   map[ledgerKey][]byte
	settings  map[settingKey]store.Setting
	version   int64 // of the settings that engines go by
	versions  int64 // of all settings
	stores    map[*Store]bool
}

// run is a run with what stands beside it.
type run struct {
	store.Record
	place   tables.Place
	outputs map[store.OutputKey][]byte
	history []machine.Entry
	logs    map[int64]store.Chunk
}

type (
	eventKey struct {
		shard int
		id    uint64
	}
	ledgerKey struct {
		shard int
		queue string
	}
	settingKey struct{ kind, id string }
)

// New returns an empty database whose clock is now; nil: the machine's.
func New(now func() store.Millis) *Database {
	if now == nil {
		now = func() store.Millis { return time.Now().UnixMilli() }
	}
	return &Database{
		now: now, owners: map[int]store.Owner{}, documents: map[store.Hash][]byte{}, runs: map[workflow.RunID]*run{},
		keys: map[store.IdempotencyKey]workflow.RunID{}, events: map[eventKey]store.Event{}, ledgers: map[ledgerKey][]byte{},
		settings: map[settingKey]store.Setting{}, stores: map[*Store]bool{},
	}
}

// Store is an engine's access to a database. It implements [store.Store].
type Store struct {
	db   *Database
	hook func(store.Stage) error
	wake chan int
	gone chan struct{}
	once sync.Once
}

// Open gives an engine access. hook is called at the stages of each
// transaction that writes runs or settings: what it answers at
// [store.Staged] becomes the answer and nothing is written; at
// [store.Committed] it is written all the same. It may wait, as a slow disk or
// a network does. nil: nothing is called.
func (d *Database) Open(hook func(store.Stage) error) *Store {
	s := &Store{db: d, hook: hook, wake: make(chan int, 16), gone: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stores[s] = true
	return s
}

// Crash ends the store as the death of its process does. Calls under way and
// later ones answer ErrCrashed.
func (s *Store) Crash() {
	s.once.Do(func() {
		close(s.gone)
		s.db.mu.Lock()
		defer s.db.mu.Unlock()
		delete(s.db.stores, s)
	})
}

// Close implements [store.Store].
func (s *Store) Close() error {
	s.Crash()
	return nil
}

// Wake implements [store.Store].
func (s *Store) Wake() <-chan int { return s.wake }

// Check implements [store.Store].
func (s *Store) Check(ctx context.Context) error { return s.alive(ctx) }

func (s *Store) alive(ctx context.Context) error {
	select {
	case <-s.gone:
		return ErrCrashed
	default:
		return ctx.Err()
	}
}

// read runs do while nothing changes.
func read[T any](ctx context.Context, s *Store, do func(*Database) (T, error)) (T, error) {
	var none T
	if err := s.alive(ctx); err != nil {
		return none, err
	}
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	return do(s.db)
}

// write runs do, which checks before it changes anything, between the stages.
func (s *Store) write(ctx context.Context, do func(*Database) error) error {
	if err := s.at(ctx, store.Staged); err != nil {
		return err
	}
	s.db.mu.Lock()
	err := do(s.db)
	s.db.mu.Unlock()
	if err != nil {
		return err
	}
	return s.at(context.WithoutCancel(ctx), store.Committed)
}

func (s *Store) at(ctx context.Context, stage store.Stage) error {
	if s.hook != nil {
		if err := s.hook(stage); err != nil {
			return err
		}
	}
	return s.alive(ctx)
}

// hint tells every open store to look.
func (d *Database) hint(shard int) {
	for s := range d.stores {
		select {
		case s.wake <- shard:
		default: // hints may be lost
		}
	}
}
