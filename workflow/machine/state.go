package machine

import (
	"encoding/json"

	"github.com/berth-project/berth/workflow"
)

// State is everything about a run that changes; it is stored as a blob.
type State struct {
	Status  Status
	Paused  bool
	Attempt int // of the run as a whole, from 1
	Crashes int // leases of the whole run that ran out
	// Verdict is what Status will be once the steps under finally are
	// settled; 0 while the others are not.
	Verdict Status
	// Times in milliseconds since 1970; 0 means not yet. WakeAt is when a
	// held run is released, ResetAt when somebody last reset it: the time its
	// deadline counts from.
	QueuedAt, StartedAt, FinishedAt, WakeAt, DeadlineAt, ResetAt int64
	Steps                                                        []Step // in the plan's order; generated steps follow
	Failure                                                      *Failure
	Output                                                       json.RawMessage
	Signals                                                      []Signal
	// Generated are the steps that came while it ran, with the step that made them.
	Generated []Generated
	// Lease is set while the whole run is leased to one worker, which then
	// decides by itself which steps run.
	Lease *Lease
	// LastLease is the fence of a lease of the whole run that told its result.
	LastLease Fence
}

// Signal is what somebody told a run: an approval, an event.
type Signal struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data,omitempty"`
	By   string          `json:"by,omitempty"`
	At   int64           `json:"at"`
	// Taken: a step that waited for it has it.
	Taken bool `json:"taken,omitempty"`
}

// Generated are steps that a step added to its run.
type Generated struct {
	Parent int32           // -1: they came from outside
	Steps  json.RawMessage // array of workflow.Step
}

// Meta is what a run is, apart from its state; it does not change.
type Meta struct {
	ID       workflow.RunID
	Tenant   string
	Queue    string
	Priority uint8
	Labels   map[string]string
	Params   json.RawMessage
	Created  int64
	// Workflow and Version are the definition's; empty, the document's count.
	Workflow string
	Version  int
	// Parent and ParentStep are the run and the step that submitted it, for a
	// sub-workflow.
	Parent     workflow.RunID
	ParentStep Ref
}

// Limits bound what one run may become; zero values mean the defaults.
type Limits struct {
	MaxSteps int // with generated ones; default 10,000
	MaxItems int // of a for-each; default 10,000
	// MaxAllItems is how many items all for-each of a run may have; default
	// 100,000.
	MaxAllItems int
	MaxOutput   int // bytes of one output; default 1 MiB
	// MaxKept is how many bytes all outputs, and all values of for-each, of a
	// run may have; default 64 MiB.
	MaxKept    int
	MaxCrashes int // of a step before it is given up as poison; default 3
	Parallel   int // steps of one run ready or running at once; default 50
	// Random drives jitter; nil means none. Given the same numbers a run
	// does the same.
	Random func() uint64
}

// The defaults of Limits, and what has no setting.
const (
	DefaultMaxSteps    = 10_000
	DefaultMaxItems    = 10_000
	DefaultMaxAllItems = 100_000
	DefaultMaxOutput   = 1 << 20
	DefaultMaxKept     = 64 << 20
	DefaultMaxCrashes  = 3
	DefaultParallel    = 50
	MaxSignals         = 1000     // of a run; older ones that were taken make room
	MaxSignal          = 64 << 10 // bytes of one signal's data
)

// withDefaults returns l with its zero values replaced.
func (l *Limits) withDefaults() Limits {
	var d Limits
	if l != nil {
		d = *l
	}
	for _, f := range []struct {
		field *int
		value int
	}{
		{&d.MaxSteps, DefaultMaxSteps},
		{&d.MaxItems, DefaultMaxItems},
		{&d.MaxAllItems, DefaultMaxAllItems},
		{&d.MaxOutput, DefaultMaxOutput},
		{&d.MaxKept, DefaultMaxKept},
		{&d.MaxCrashes, DefaultMaxCrashes},
		{&d.Parallel, DefaultParallel},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return d
}
