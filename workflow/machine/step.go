package machine

import (
	"encoding/json"

	"github.com/berth-project/berth/workflow"
)

// Ref names a step of a run by its place in the plan, and an item of it.
type Ref struct {
	Node int32
	Item int32 // -1 for a step without for-each, or for such a step as a whole
}

// Step is the state of a step, or of one item.
type Step struct {
	Status   StepStatus
	Reason   Reason
	Attempt  int    // attempts begun
	Failures int    // attempts that failed
	Crashes  int    // attempts whose lease ran out: counted apart
	Fence    Fence  // of the current lease, or of the last one if it told its result; 0 for none
	Worker   string // who had the last lease
	// Times in milliseconds since 1970; 0 means not yet, or never.
	ReadyAt, StartedAt, FinishedAt, LeaseUntil, WakeAt, TimeoutAt int64
	Percent                                                       float64 // 0 to 100, as last told
	Message                                                       string
	Saved                                                         json.RawMessage // what the executor keeps for the next attempt
	Output                                                        json.RawMessage // of a step with for-each: see Run.Output
	Failure                                                       *Failure        // of the last attempt that ended
	Child                                                         workflow.RunID  // of a sub-workflow
	Items                                                         []Step          // of a step with for-each, once it has begun
	Inputs                                                        []json.RawMessage

	noted        bool // among Run.changes
	stored       bool // its output stands beside the blob
	moved        bool // its output is among Run.beside.moved
	inputsStored bool
	inputsMoved  bool
	live         int32 // place in Run.live, from 1
}

// Failure is why an attempt, a step or a run failed.
type Failure struct {
	// Code is what retry rules match: "timeout", "exit.3", "http.503",
	// "crash", "reference", "canceled", or the executor's own.
	Code string `json:"code"`
	// Message is for people: what happened, and what to do where known.
	Message string `json:"message"`
	// Fatal means that no retry can help, whatever the rule says.
	Fatal bool `json:"fatal,omitempty"`
	// RetryAfter is how long the next attempt is to wait at least, where the
	// retry rule allows one: up to the rule's max-backoff, or an hour where it
	// has none. It is not kept: the step's wake-at has what came of it.
	RetryAfter workflow.Duration `json:"retry-after,omitempty"`
	// Detail is any JSON the executor adds: the last log lines, a body.
	Detail json.RawMessage `json:"detail,omitempty"`
	// Step names the step, in the failure of a run.
	Step string `json:"step,omitempty"`
}

// Error returns the code and the message.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// The codes of failures that the machine itself finds.
const (
	CodeTimeout  = "timeout"  // an attempt, a wait or a sub-workflow took too long; of a run: it was not picked in time
	CodeDeadline = "deadline" // the run's deadline passed
	CodeCrash    = "crash"    // the lease ran out too often
	CodeCanceled = "canceled" // the run, or the sub-workflow, was canceled
	CodeRejected = "rejected" // an approval was refused
	CodeOutput   = "output"   // it is no JSON, or too long
	CodeGenerate = "generate" // the steps it generated are wrong
	CodeItems    = "items"    // for-each has too many
	CodeWait     = "wait"     // a wait step does not say for what
	CodeStuck    = "stuck"    // steps wait for each other
	CodeWork     = "work"     // the conditions of many steps took too much together
)

// Fence names one lease: it grows with every lease of a shard, and over the
// shard's owners, so that two leases are never mistaken for each other. 0 is
// no lease.
type Fence uint64

// Lease is the right of a worker to a task or a whole run, until a time; 0
// means as long as the engine lives that gave it.
type Lease struct {
	Fence  Fence
	Worker string
	Until  int64
}

// Outcome is how an attempt ended: a failure, or an output.
type Outcome struct {
	Failure *Failure        `json:"failure,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
	// Until, when set, says that the result comes later with the same fence,
	// until then without heartbeats; at that time the attempt has timed out.
	Until int64 `json:"until,omitempty"`
}

// Report is what a running attempt told with its heartbeat.
type Report struct {
	Percent float64         `json:"percent,omitempty"`
	Message string          `json:"message,omitempty"`
	Saved   json.RawMessage `json:"saved,omitempty"`
}

// The bounds of what a report may hold: longer texts are cut, more to be
// saved is refused.
const (
	MaxMessage = 1 << 10
	MaxSaved   = 64 << 10
	MaxDetail  = 16 << 10
)

// holdsSlot reports whether a step counts against Limits.Parallel.
func holdsSlot(s StepStatus) bool { return s == StepReady || s == StepRunning }

// lives reports whether the engine or the clock will be heard of a step.
func lives(s StepStatus) bool { return s > StepWaiting && s < StepSucceeded }

// clip cuts a text to n bytes without cutting a character in two.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// bounded returns f cut to what is kept.
func (f *Failure) bounded() *Failure {
	b := *f
	b.RetryAfter = 0
	if b.Code == "" {
		b.Code = "failed"
	}
	b.Code, b.Message, b.Step = clip(b.Code, 100), clip(b.Message, 4*MaxMessage), clip(b.Step, workflow.MaxName)
	if len(b.Detail) > MaxDetail || !json.Valid(b.Detail) {
		b.Detail = nil
	}
	return &b
}
