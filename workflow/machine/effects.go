package machine

import (
	"encoding/json"

	"github.com/berth-project/berth/workflow"
)

// Effects is what events made of a run asks of the engine. The engine takes
// it with Run.Effects after each batch of events.
type Effects struct {
	Ready    []Ref            // steps to be dispatched when a slot is free
	Recall   []Recall         // leases to be called back: the attempt must stop
	Withdraw []Ref            // steps that were Ready and no longer are
	Children []Child          // sub-workflows to be submitted, or asked how they are
	Cancel   []workflow.RunID // sub-workflows to be canceled
	History  []Entry
	Finished bool // the run became final in this batch
	Requeue  bool // the run is Queued again: a reset, a crash of its whole lease, another attempt
	Changed  bool // State differs from what was stored
}

// Recall names a lease that ends early and why.
type Recall struct {
	Ref    Ref // both -1 for the lease of the whole run
	Fence  Fence
	Reason string // "timeout", "deadline", "canceled", "crash", "reset", "skipped"
}

// The reasons of a recall.
const (
	recallTimeout  = "timeout"
	recallDeadline = "deadline"
	recallCanceled = "canceled"
	recallCrash    = "crash"
	recallReset    = "reset"
	recallSkipped  = "skipped"
)

// Child is a run that a step of type "workflow" wants.
type Child struct {
	Ref  Ref
	Key  string          // idempotency key: the same for the same attempt of the step
	With json.RawMessage // {workflow, version, params, queue, …}, references replaced
	// Run is the one that was submitted already, 0 for none: the step waits for
	// it, and may have missed its end.
	Run workflow.RunID
}

// Entry is one line of a run's history: an attempt that was replaced, or
// something that leaves no trace in State. Attempts that were not replaced,
// and the states' times, stand in State.
type Entry struct {
	At int64 `json:"at"`
	// Kind is "attempt" (one that another follows), "crash", "requeue",
	// "deadline", "hold", "release", "pause", "resume", "cancel", "signal",
	// "reset", "retry", "skip", "extend".
	Kind    string          `json:"kind"`
	Step    string          `json:"step,omitempty"`
	Item    *int            `json:"item,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	By      string          `json:"by,omitempty"`
	Detail  json.RawMessage `json:"detail,omitempty"` // for "attempt": AttemptDetail
}

// AttemptDetail is the detail of an Entry of kind "attempt" or "crash".
type AttemptDetail struct {
	Started  int64    `json:"started,omitempty"`
	Finished int64    `json:"finished,omitempty"`
	Worker   string   `json:"worker,omitempty"`
	Status   string   `json:"status,omitempty"` // of an attempt that was reset
	Failure  *Failure `json:"failure,omitempty"`
}

// Effects returns what the events since the last call ask of the engine, and
// forgets it.
func (r *Run) Effects() Effects {
	e := r.effects
	r.effects = Effects{}
	r.scope.Work = 0
	return e
}

// Changes returns the steps and items whose status or report changed since
// the last call, each once: for those who watch.
func (r *Run) Changes() []Ref {
	c := r.changes[:0]
	for _, ref := range r.changes {
		if s := r.Step(ref); s != nil { // a reset may have dropped it
			s.noted = false
			c = append(c, ref)
		}
	}
	r.changes = nil
	return c
}

func (r *Run) note(ref Ref, s *Step) {
	r.effects.Changed = true
	if !s.noted {
		s.noted = true
		if r.changes == nil {
			r.changes = make([]Ref, 0, 4) // enough for most events
		}
		r.changes = append(r.changes, ref)
	}
}

func (r *Run) recall(ref Ref, f Fence, reason string) {
	r.effects.Recall = append(r.effects.Recall, Recall{Ref: ref, Fence: f, Reason: reason})
}

// tell adds a line to the history. Detail is any value that is JSON, or nil.
func (r *Run) tell(e Entry, detail any) {
	r.effects.Changed = true
	if detail != nil {
		e.Detail, _ = json.Marshal(detail) // plain structs and maps of texts
	}
	r.effects.History = append(r.effects.History, e)
}

// replaced keeps an attempt that another follows in the history.
func (r *Run) replaced(ref Ref, s *Step, kind string, now int64) {
	e := Entry{At: now, Kind: kind, Step: r.Plan.Node(int(ref.Node)).Step.Name, Attempt: s.Attempt}
	if ref.Item >= 0 {
		item := int(ref.Item)
		e.Item = &item
	}
	d := AttemptDetail{Started: s.StartedAt, Finished: s.FinishedAt, Worker: s.Worker, Failure: s.Failure}
	if s.Failure == nil {
		d.Status = s.Status.String()
	}
	r.tell(e, d)
}
