package workflow

import (
	"encoding/json"
)

// Document is a workflow as it is written: what a run of it does.
//
// In this file the comment of a field is its description in [Schema] and in
// docs/workflow.md.
type Document struct {
	// Name is what people and queues call the workflow: letters, digits, "_",
	// "-" and single points, 128 at most; "-" and "." do not come first.
	Name string `json:"name" format:"name" required:"true"`
	// Title is one line for people.
	Title string `json:"title,omitempty" max:"200"`
	// Version numbers the definition, from 1. 0 means it is not numbered: a
	// document that is submitted with its run, or one the engine numbers.
	Version int `json:"version,omitempty" min:"0" max:"2147483647"`
	// Input is a JSON Schema (2020-12) of the parameters. A run whose
	// parameters do not match is refused.
	Input json.RawMessage `json:"input,omitempty" kind:"schema"`
	// Params are the defaults of parameters. With "input" they are checked
	// against it as part of each run's parameters.
	Params map[string]json.RawMessage `json:"params,omitempty"`
	// Priority is that of runs which ask for none: 0 goes first, 9 last.
	// Default: 5.
	Priority *int `json:"priority,omitempty" min:"0" max:"9"`
	// Cost is what a run is expected to take, in slot-seconds: fair queues
	// charge it to the tenant when the run is picked and correct it when it has
	// ended. Default: 1.
	Cost float64 `json:"cost,omitempty" min:"0" max:"1e9"`
	// Deadline is how long after it was submitted a run may take, waiting
	// included. 0 means as long as it needs.
	Deadline Duration `json:"deadline,omitempty"`
	// StartWithin is how long a run may wait to be picked before it is given
	// up. 0 means as long as it needs.
	StartWithin Duration `json:"start-within,omitempty"`
	// Retry is the retry rule of steps that have none of their own.
	Retry *Retry `json:"retry,omitempty"`
	// Attempts is how often a run is tried as a whole; each further attempt
	// goes on from the steps that succeeded. Default: 1.
	Attempts int `json:"attempts,omitempty" min:"0" max:"1000"`
	// Key is a concurrency key: the queue says how many runs of one key run at
	// once ("per-key"); any number do where it does not. It may refer to params
	// and run.
	Key string `json:"key,omitempty" max:"1024"`
	// Labels are what runs can be found and matched by. Values may refer to
	// params and run.
	Labels map[string]string `json:"labels,omitempty"`
	// Callbacks say who is told of what becomes of a run.
	Callbacks []Callback `json:"callbacks,omitempty"`
	// Steps are what a run does. Their order is for people; "needs" and
	// references say what waits for what.
	Steps []Step `json:"steps" required:"true"`
	// Finally are steps that run when all others are settled, whatever became
	// of them. They may refer to any step and need only each other.
	Finally []Step `json:"finally,omitempty"`
	// Output is what the run answers when it succeeded: any JSON with
	// references. Without it a run answers null.
	Output json.RawMessage `json:"output,omitempty" kind:"template"`
}

// Step is one node of a workflow.
type Step struct {
	// Name is unique in the workflow, ignoring case: letters, digits, "_", "-"
	// and single points, 128 at most; "-" and "." do not come first.
	Name string `json:"name" format:"name" required:"true"`
	// Run is the type of the step: "shell", "http", "wait", "workflow", or any
	// other that an executor or a worker takes.
	Run string `json:"run" format:"type" required:"true"`
	// Title is one line for people.
	Title string `json:"title,omitempty" max:"200"`
	// With is what the step is given: any JSON with references.
	With json.RawMessage `json:"with,omitempty" kind:"template"`
	// Needs names steps that must be settled first. Steps this one refers to
	// need not be named.
	Needs []string `json:"needs,omitempty"`
	// When is a condition, a CEL expression over params, run, steps, signal,
	// item and index. The step is skipped where it is false. Where it looks
	// at item or index it is asked for each item of for-each.
	When string `json:"when,omitempty" kind:"expression"`
	// ForEach runs the step once for each item of an array.
	ForEach *ForEach `json:"for-each,omitempty"`
	// OnError is what the failure of the step means for the run. Default:
	// "fail".
	OnError OnError `json:"on-error,omitzero"`
	// Retry is when and how often a failed attempt is tried again. Default:
	// the workflow's.
	Retry *Retry `json:"retry,omitempty"`
	// Timeout is how long one attempt may take. 0 means as long as it needs.
	Timeout Duration `json:"timeout,omitempty"`
	// Lease is how long a worker may be silent before the attempt is taken to
	// have crashed. 0 means the engine's default.
	Lease Duration `json:"lease,omitempty"`
	// Pool names the workers that may execute the step. Default: the pool of
	// the queue.
	Pool string `json:"pool,omitempty" format:"type"`
	// Slots is how much of the pool an attempt takes. Default: 1.
	Slots int `json:"slots,omitempty" min:"0" max:"1000000"`
	// Key is a concurrency key of the step: the pool says how many attempts of
	// one key run at once ("per-key"); any number do where it does not. It may
	// hold references.
	Key string `json:"key,omitempty" max:"1024"`
	// Generate takes further steps from the output of this one.
	Generate *Generate `json:"generate,omitempty"`
}

// ForEach runs a step once for each item of an array. The output of the step
// is the array of the items' outputs, in the order of the items, null where
// an item was skipped or failed.
type ForEach struct {
	// In is the array, or one reference to it.
	In json.RawMessage `json:"in" kind:"template" required:"true"`
	// Limit is how many items run at once. 0 means no limit of its own.
	Limit int `json:"limit,omitempty" min:"0" max:"1000000"`
	// MaxItems is how many items there may be; more fail the step. Default:
	// 10000.
	MaxItems int `json:"max-items,omitempty" min:"0" max:"1000000"`
}

// Generate takes further steps from the output of a step. They are added to
// the run in the same transaction that records the output. A name that the same
// step generated before is not added again.
type Generate struct {
	// Steps is a JSON pointer (RFC 6901) to the array of steps in the output;
	// "" is the whole output.
	Steps string `json:"steps" format:"pointer" required:"true"`
	// Max is how many steps there may be; more fail the step. Default: 1000.
	Max int `json:"max,omitempty" min:"0" max:"10000"`
}

// Callback tells somebody what became of a run or its steps.
type Callback struct {
	// To is an http or https URL, or the name of a destination that the engine
	// knows. It may refer to params and run.
	To string `json:"to" max:"2048" required:"true"`
	// On lists kinds of events, where "*" stands for any text: "run.failed",
	// "run.*", "step.*". Default: every event that ends a run.
	On []string `json:"on,omitempty" format:"event"`
	// Secret names the setting that holds the key requests are signed with. It
	// is never the key itself.
	Secret string `json:"secret,omitempty" format:"type"`
}

// The defaults of what a document leaves out.
const (
	DefaultPriority    = 5
	DefaultCost        = 1.0
	DefaultMaxItems    = 10_000
	DefaultMaxGenerate = 1000
)
