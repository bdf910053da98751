package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Errors every store answers with.
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
	// Renew extends a lease; ErrNotOwner when it was lost.
	Renew(ctx context.Context, o Owner, ttl Millis) (Owner, error)
	// Release gives it back, so that another need not wait.
	Release(ctx context.Context, o Owner) error
	// Owners lists the owners of all shards, with those whose lease ran out.
	Owners(ctx context.Context) ([]Owner, error)

	// Flush writes a batch, all of it or nothing. ErrNotOwner when the owner's
	// epoch is not current; a batch whose Seq was written before by the same
	// epoch is not written again and answered as it was, without duplicates
	// listed if they are not known any more.
	Flush(ctx context.Context, b *Batch) (Outcome, error)

	// Queued gives the shard's runs that are Held or Queued, lean, in order of
	// (created, id), after the cursor.
	Queued(ctx context.Context, shard int, after workflow.RunID, limit int) ([]Waiting, error)
	// Started gives the shard's runs that are Running, whole.
	Started(ctx context.Context, shard int, after workflow.RunID, limit int) ([]Record, error)
	// Load gives runs whole, with their outputs, in any order; those that do
	// not exist are left out.
	Load(ctx context.Context, ids []workflow.RunID) ([]Record, error)
	// Document gives the canonical text of a workflow by its hash.
	Document(ctx context.Context, h Hash) ([]byte, error)
	// Idempotent gives the runs already submitted under these keys.
	Idempotent(ctx context.Context, keys []IdempotencyKey) (map[IdempotencyKey]workflow.RunID, error)

	// List gives runs by filter, newest first unless the filter says
	// otherwise, and the cursor of the next page, "" at the end.
	List(ctx context.Context, f Filter, cursor string, limit int) ([]Summary, string, error)
	// Count counts the runs of a filter, up to limit.
	Count(ctx context.Context, f Filter, limit int) (int, error)
	// History gives a run's history entries, oldest first.
	History(ctx context.Context, id workflow.RunID) ([]machine.Entry, error)
	// Logs gives log chunks of one attempt, or of all attempts of a step or of
	// the run where the key's parts are -1, after the cursor (Chunk.Seq).
	Logs(ctx context.Context, k LogKey, after int64, limit int) ([]Chunk, error)

	// Events gives outbox rows of the shard due at now, by NextAt.
	Events(ctx context.Context, shard int, now int64, limit int) ([]Event, error)
	// Dead gives events that were given up, newest first.
	Dead(ctx context.Context, f DeadFilter, cursor string, limit int) ([]Event, string, error)
	// Expired gives finished runs of the shard that finished before the time
	// of their state, oldest first: what retention may delete.
	Expired(ctx context.Context, shard int, before map[machine.Status]int64, limit int) ([]workflow.RunID, error)

	// Setting gives one named document.
	Setting(ctx context.Context, kind, id string) (Setting, error)
	// Settings lists the named documents of a kind whose fields have all the
	// values in where, by id after the cursor.
	Settings(ctx context.Context, kind string, where map[string]string, after string, limit int) ([]Setting, error)
	// PutSetting creates (version 0: it must not exist) or replaces (version
	// as read; -1: whatever is there) one and returns its new version.
	PutSetting(ctx context.Context, s Setting) (int64, error)
	// DeleteSetting deletes one of that version (-1: any).
	DeleteSetting(ctx context.Context, kind, id string, version int64) error
	// SettingsVersion grows with every change to any setting.
	SettingsVersion(ctx context.Context) (int64, error)

	// Wake hints that a shard's owner should look: another node changed a
	// setting or wants something. Hints may be lost.
	Wake() <-chan int
	// Check says whether the store answers: for health.
	Check(ctx context.Context) error
	Close() error
}

// Millis is a time or a duration in milliseconds.
type Millis = int64

// Hash is the SHA-256 of a workflow's canonical text.
type Hash [32]byte

// Owner is who may write to a shard.
type Owner struct {
	Shard int
	Node  string
	Addr  string
	Epoch uint64
	Seq   uint64 // of the last batch written in any epoch
	Until Millis // by the store's clock
}

// Record is a run whole.
type Record struct {
	Meta              machine.Meta
	Workflow          string // name of the definition or document
	Version           int    // of the definition; 0 for a document of its own
	Document          Hash
	Shard             int
	Status            machine.Status
	Paused            bool
	Tag               float64
	Cost              float64
	Key               string // concurrency key
	Idempotency       string
	WakeAt, Deadline  Millis // 0 none
	Started, Finished Millis
	Failure           string   // the failure's code, to filter by
	State             []byte   // machine.Run.AppendState
	Outputs           []Output // those not kept inline in State
}

// Waiting is what the order needs to know of a run that waits.
type Waiting struct {
	ID                        workflow.RunID
	Tenant, Queue, Key        string
	Priority                  uint8
	Status                    machine.Status
	Paused                    bool
	Tag, Cost                 float64
	Created, Deadline, WakeAt Millis
}

// Update is what changed of a run: the rest of its row stays.
type Update struct {
	ID                        workflow.RunID
	Status                    machine.Status
	Paused                    bool
	Priority                  uint8
	Queue                     string
	Tag                       float64
	WakeAt, Started, Finished Millis
	Failure                   string
	State                     []byte
}

// Output is a step's output too large to be kept inline.
type Output struct {
	Run        workflow.RunID
	Node, Item int32
	Body       json.RawMessage
}

// History is a line of a run's history.
type History struct {
	Run   workflow.RunID
	Entry machine.Entry
}

// Batch is one transaction of a shard's owner. The same run appears once in
// Inserts or Updates.
type Batch struct {
	Owner       Owner
	Seq         uint64 // Owner.Seq+1, +2, …
	Now         Millis
	Documents   []Document
	Inserts     []Record
	Updates     []Update
	Outputs     []Output // replace those of the same place
	DropOutputs []OutputKey
	History     []History
	Logs        []Chunk
	Events      []Event          // new outbox rows
	Acks        []Ack            // what became of deliveries
	Delete      []workflow.RunID // with their outputs, history and logs; documents nobody uses go in time
}

// Outcome says what of a batch did not happen though it was written.
type Outcome struct {
	// Duplicates: inserts whose idempotency key was taken meanwhile, with the
	// run that has it. Nothing of that insert's run was written (its History
	// and Events neither).
	Duplicates map[workflow.RunID]workflow.RunID
}

// Document is a workflow's canonical text; writing one that exists is no change.
type Document struct {
	Hash Hash
	Body []byte
}

// OutputKey names an output; Item -1 for a step without items.
type OutputKey struct {
	Run        workflow.RunID
	Node, Item int32
}

// IdempotencyKey is unique within a tenant, for as long as the run is kept.
type IdempotencyKey struct{ Tenant, Key string }

// LogKey names the log of an attempt; -1 in Node, Item or Attempt means all
// (Item: use -2 for all, as -1 is a step without items).
type LogKey struct {
	Run        workflow.RunID
	Node, Item int32
	Attempt    int
}

// Chunk is a piece of an attempt's log.
type Chunk struct {
	LogKey
	Seq  int64 // grows within a run
	At   Millis
	Text []byte
}

// Event is something that happened, to be told to one destination: a row of
// the outbox.
type Event struct {
	ID      uint64 // stable over redeliveries
	Shard   int
	Run     workflow.RunID
	Tenant  string
	Kind    string // "run.succeeded", "run.failed", "step.failed", …
	To      string // destination: a subscription's or endpoint's setting id, or an inline callback as JSON
	Body    json.RawMessage
	Created Millis
	Try     int
	NextAt  Millis
	Dead    Millis // when it was given up; 0 while it is tried
	Error   string // of the last try
}

// Ack says what became of an event: delivered (deleted), to be tried again,
// or dead.
type Ack struct {
	ID        uint64
	Delivered bool
	Drop      bool // a dead one is dropped by hand
	Try       int
	NextAt    Millis
	Dead      Millis
	Error     string
}

// DeadFilter narrows dead events.
type DeadFilter struct {
	Tenant, To, Kind string
	Run              workflow.RunID
}

// Filter narrows runs; zero fields do not.
type Filter struct {
	Tenants                []string // any of these; nil means all
	Queue, Workflow        string
	Version                int
	Statuses               []machine.Status
	Paused                 *bool
	Label                  map[string]string
	Parent                 workflow.RunID
	Idempotency            string
	Failure                string // code, or a prefix ending in *
	Text                   string // in the workflow's name, an id, a label's value
	CreatedFrom, CreatedTo Millis
	// Order is "" (newest first), "oldest", or "finished": in the order runs
	// became final, so that a reader who keeps the cursor sees every finished
	// run once.
	Order string
}

// Summary is a run in a list.
type Summary struct {
	ID                                 workflow.RunID
	Tenant, Queue, Workflow            string
	Version                            int
	Status                             machine.Status
	Paused                             bool
	Priority                           uint8
	Labels                             map[string]string
	Created, Started, Finished, WakeAt Millis
	Failure                            string
	Parent                             workflow.RunID
	Cost                               float64
}

// Setting is a named JSON document: a definition, a queue, a pool, a tenant,
// a schedule, a subscription, or a compat package's own object.
type Setting struct {
	Kind, ID         string
	Version          int64
	Body             json.RawMessage
	Fields           map[string]string // what it can be found by
	Created, Updated Millis
}
