package store

import (
	"encoding/json"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Record is a run whole. What it says twice is kept once: Meta has the same
// Workflow and Version.
type Record struct {
	Meta        machine.Meta
	Workflow    string // name of the definition or document
	Version     int    // of the definition; 0 for a document of its own
	Document    Hash   // of the workflow's text, see Store.Document
	Shard       int
	Status      machine.Status
	Paused      bool
	Tag         float64 // place in the fair order
	Cost        float64 // expected slot-seconds
	Key         string  // concurrency key
	Idempotency string  // the caller's key, "" for none
	WakeAt      Millis  // 0 for none
	Deadline    Millis  // 0 for none
	Enqueued    Millis  // when it began to wait in its queue; 0: when it was created
	Started     Millis  // 0 while it never was
	Finished    Millis  // 0 while it is not
	Failure     string  // the failure's code, to filter by
	State       []byte  // machine.Run.AppendState
	Outputs     []Output
}

// Waiting is what the order needs to know of a run that waits.
type Waiting struct {
	ID       workflow.RunID
	Tenant   string
	Queue    string
	Key      string
	Priority uint8
	Status   machine.Status
	Paused   bool
	Tag      float64
	Cost     float64
	Created  Millis
	Enqueued Millis // as of Record
	Deadline Millis
	WakeAt   Millis
	Started  Millis // 0: it never was; else steps of it may be leased still
}

// Update is what changed of a run: the rest of its row stays.
type Update struct {
	ID       workflow.RunID
	Status   machine.Status
	Paused   bool
	Priority uint8
	Queue    string
	Tag      float64
	WakeAt   Millis
	Deadline Millis // 0 for none
	Enqueued Millis // 0: when it was created
	Started  Millis
	Finished Millis
	Failure  string
	State    []byte
}

// Output is a step's output too large to be kept inline in a run's state.
type Output struct {
	Run        workflow.RunID
	Node, Item int32
	Body       json.RawMessage
}

// OutputKey names an output; Item -1 for a step without items.
type OutputKey struct {
	Run        workflow.RunID
	Node, Item int32
}

// History is a line of a run's history.
type History struct {
	Run   workflow.RunID
	Entry machine.Entry
}

// Ledger is what the order of a queue remembers of who had how much, in a form
// that the order alone reads. A Body of nil deletes it.
type Ledger struct {
	Queue string
	Body  []byte
}

// Hash is the SHA-256 of a workflow's canonical text.
type Hash [32]byte

// Document is a workflow's canonical text; writing one that exists is no change.
type Document struct {
	Hash Hash
	Body []byte
}

// IdempotencyKey is unique within a tenant, for as long as the run is kept.
type IdempotencyKey struct{ Tenant, Key string }
