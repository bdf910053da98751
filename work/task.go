package work

import (
	"context"
	"encoding/json"
	"time"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Task is one attempt of one step, leased to whoever executes it. Its JSON is
// what external workers receive.
type Task struct {
	Run     workflow.RunID `json:"run"`
	Step    string         `json:"step"`
	Item    int            `json:"item"`    // place in the array of for-each, -1 for a step without one
	Attempt int            `json:"attempt"` // of the step within RunAttempt, from 1
	// RunAttempt counts how often the run as a whole was queued, from 1: after
	// a reset or a retry of the run attempts count from 1 again.
	RunAttempt int               `json:"run-attempt"`
	Fence      machine.Fence     `json:"fence"` // must come back with every report
	Type       string            `json:"type"`  // what the step runs: the document's "run"
	Workflow   string            `json:"workflow"`
	Tenant     string            `json:"tenant"`
	Queue      string            `json:"queue"`
	Pool       string            `json:"pool"`
	Labels     map[string]string `json:"labels,omitempty"`
	// With is the step's "with", references replaced.
	With json.RawMessage `json:"with,omitempty"`
	// State is what an earlier attempt left with Reporter.Save: an external
	// job's name to attach to again, for example.
	State json.RawMessage `json:"state,omitempty"`
	// Lease is how long the task is the worker's after each heartbeat.
	Lease workflow.Duration `json:"lease"`
	// Timeout is how long the attempt may take in all; 0 means no limit.
	Timeout workflow.Duration `json:"timeout,omitempty"`
	// Key is the same for every attempt of this step run, and another once the
	// run was reset or retried: an idempotency key for the world outside.
	Key string `json:"key"`
	// Slots is how many of the worker's slots it takes.
	Slots int `json:"slots,omitempty"`
}

// Result is how an attempt ended.
type Result struct {
	// Failure is why it failed; nil means it succeeded.
	Failure *machine.Failure `json:"failure,omitempty"`
	// Output is the step's output: any JSON, null when it has none.
	Output json.RawMessage `json:"output,omitempty"`
	// Deferred says that the attempt goes on elsewhere and that its result
	// comes later, with the same fence, through Engine.Complete; until then
	// nobody heartbeats, and it is given up at the end of this time.
	Deferred time.Duration `json:"-"`
}

// Reporter takes what an attempt tells while it runs. Its methods may be
// called from several goroutines and never wait for storage.
type Reporter interface {
	// Progress tells how far it is: 0 to 100, and a word for people.
	Progress(percent float64, message string)
	// Save keeps state for the next attempt; the last value counts.
	Save(state json.RawMessage)
	// Log appends lines to the attempt's log. Secrets are the caller's to hide.
	Log(lines []byte)
}

// Executor executes the tasks of some step types in this process or elsewhere.
//
// Execute returns when the attempt has ended. ctx ends when the task's time
// is over, when the run was canceled, when the lease was lost, or when the
// engine stops; the executor must then stop whatever it started, and its
// result is not used in the lease's case. context.Cause(ctx) says which:
// ErrTimeout, ErrCanceled, ErrLeaseLost (ErrShardLost is one) or ErrStopping.
type Executor interface {
	Execute(ctx context.Context, task Task, report Reporter) Result
}

// ExecutorFunc makes a function an Executor.
type ExecutorFunc func(ctx context.Context, task Task, report Reporter) Result

// Execute calls f.
func (f ExecutorFunc) Execute(ctx context.Context, task Task, report Reporter) Result {
	return f(ctx, task, report)
}
