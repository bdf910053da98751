package store

import (
	"context"
	"errors"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Errors every store answers with. Any other error says that the store cannot
// be reached or is out of order: whether a batch was written is then not
// known, and sending it again finds out.
var (
	// ErrNotFound: no such run or document.
	ErrNotFound = errors.New("not found")
	// ErrNotOwner: the shard belongs to another node or a later epoch; nothing
	// was written.
	ErrNotOwner = errors.New("the shard is owned by another")
	// ErrVersion: the document has another version; nothing was written.
	ErrVersion = errors.New("version differs")
	// ErrGap: a batch's number does not follow the last one; nothing was written.
	ErrGap = errors.New("batch out of order")
	// ErrExists: a batch inserts a run whose id is taken; nothing was written.
	ErrExists = errors.New("exists already")
	// ErrCursor: the cursor is not one that this list gave.
	ErrCursor = errors.New("not a cursor of this list")
)

// Store keeps the facts. Its methods may be called from several goroutines;
// Flush is called by one goroutine per shard. Every method returns when its
// effect is durable: it would be there after a loss of power.
type Store interface {
	// Acquire takes the shard for node for ttl if nobody holds it, its lease
	// ran out, or node holds it, and raises the epoch. addr is where other
	// nodes reach this one. ErrNotOwner: somebody else holds it; the Owner
	// says who.
	Acquire(ctx context.Context, shard int, node, addr string, ttl Millis) (Owner, error)
	// Renew extends a lease; ErrNotOwner when it was lost. One that ran out
	// and that nobody took is not lost.
	Renew(ctx context.Context, o Owner, ttl Millis) (Owner, error)
	// Release gives it back, so that another need not wait. One that was lost
	// is left as it is.
	Release(ctx context.Context, o Owner) error
	// Owners lists the owners of all shards, by shard, with those whose lease
	// ran out.
	Owners(ctx context.Context) ([]Owner, error)

	// Flush writes a batch, all of it or nothing. ErrNotOwner when the owner's
	// epoch is not current; a batch whose Seq was the last one written by the
	// same epoch is not written again and answered as it was.
	//
	// ErrNotFound when the document of an insert is neither stored nor among
	// the batch's Documents: it was there when the run was submitted, and went
	// because nobody had used it for long. Nothing was written. To try again as
	// it is would fail for ever: the batch is sent again under its number with
	// the documents of all its Inserts, and what was believed to be stored is
	// believed no longer.
	Flush(ctx context.Context, b *Batch) (Outcome, error)

	// Queued gives the shard's runs that are Held or Queued, lean, in order of
	// their ids and so of their creation, after the cursor.
	Queued(ctx context.Context, shard int, after workflow.RunID, limit int) ([]Waiting, error)
	// Started gives the shard's runs that are Running, whole, in order of
	// their ids.
	Started(ctx context.Context, shard int, after workflow.RunID, limit int) ([]Record, error)
	// Load gives runs whole, with their outputs, in any order; those that do
	// not exist are left out.
	Load(ctx context.Context, ids []workflow.RunID) ([]Record, error)
	// Ledgers gives the ledgers of the shard's queues, by queue.
	Ledgers(ctx context.Context, shard int) ([]Ledger, error)
	// Document gives the canonical text of a workflow by its hash.
	Document(ctx context.Context, h Hash) ([]byte, error)
	// Idempotent gives the runs already submitted under these keys.
	Idempotent(ctx context.Context, keys []IdempotencyKey) (map[IdempotencyKey]workflow.RunID, error)

	// List gives runs by filter, newest first unless the filter says
	// otherwise, and the cursor of the next page, "" at the end. Of the order
	// "finished" the cursor is never "": what finishes later comes after it.
	List(ctx context.Context, f Filter, cursor string, limit int) ([]Summary, string, error)
	// Count counts the runs of a filter, up to limit.
	Count(ctx context.Context, f Filter, limit int) (int, error)
	// History gives a run's history entries, oldest first.
	History(ctx context.Context, id workflow.RunID) ([]machine.Entry, error)
	// Logs gives log chunks of one attempt, or of all attempts of a step or of
	// the run where the key's parts say so, after the cursor (Chunk.Seq).
	Logs(ctx context.Context, k LogKey, after int64, limit int) ([]Chunk, error)

	// Events gives outbox rows of the shard due at now, by NextAt, then ID.
	Events(ctx context.Context, shard int, now Millis, limit int) ([]Event, error)
	// Dead gives events that were given up, newest first.
	Dead(ctx context.Context, f DeadFilter, cursor string, limit int) ([]Event, string, error)
	// ExpiredEvents gives the shard's events that were given up before a time,
	// longest ago first: what retention may drop, see Ack.Drop.
	ExpiredEvents(ctx context.Context, shard int, before Millis, limit int) ([]uint64, error)
	// Expired gives finished runs of the shard that finished before the time
	// of their state, oldest first within a state: what retention may delete.
	Expired(ctx context.Context, shard int, before map[machine.Status]Millis, limit int) ([]workflow.RunID, error)

	// Setting gives one named document.
	Setting(ctx context.Context, kind, id string) (Setting, error)
	// Settings lists the named documents of a kind whose fields have all the
	// values in where, by id after the cursor.
	Settings(ctx context.Context, kind string, where map[string]string, after string, limit int) ([]Setting, error)
	// PutSetting creates (version 0: it must not exist) or replaces (version
	// as read; -1: whatever is there) one and returns its new version.
	PutSetting(ctx context.Context, s Setting) (int64, error)
	// DeleteSetting deletes one of that version (-1: any). ErrNotFound when
	// there is none.
	DeleteSetting(ctx context.Context, kind, id string, version int64) error
	// SettingsVersion grows with every change to any setting that is not
	// [Private].
	SettingsVersion(ctx context.Context) (int64, error)

	// Wake hints that somebody should look: a shard was given back, or, with
	// [AllShards], a setting changed that is not [Private]. Hints may be lost, or come of one's own
	// doing.
	Wake() <-chan int
	// Check says whether the store answers: for health.
	Check(ctx context.Context) error
	// Close waits for what is under way. Nothing may be called after it.
	Close() error
}

// AllShards is the hint of Wake that no shard alone is meant.
const AllShards = -1

// Millis is a time since 1970 or a duration in milliseconds.
type Millis = int64
