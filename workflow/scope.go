package workflow

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Scope is what references and conditions of one run see. Values are JSON as it
// came, which is read only where something refers to it; it must be valid.
type Scope struct {
	// Params are the run's parameters, an object: what [Plan.Params] returned.
	Params json.RawMessage
	// Run is what the run is.
	Run *RunFacts
	// Steps tells what became of steps. It may be nil where nothing can refer
	// to a step: keys and labels of a run.
	Steps StepFacts
	// Item is the item of a for-each, nil outside of one; Index is its place.
	Item  json.RawMessage
	Index int
	// Signal has the signals the run was sent, an object of name to
	// {"data", "by", "at"}; of one name the last counts. nil means none.
	Signal json.RawMessage
	// Work adds up what references and conditions took that were evaluated with
	// the scope, in bytes of JSON that take as long to read: about two
	// nanoseconds each. Whoever evaluates many in a row can tell when to stop.
	Work int
	// event is what a [Template] refers to.
	event json.RawMessage
}

// RunFacts is what ${run…} and the run of conditions is.
type RunFacts struct {
	ID       RunID             `json:"id"`
	Tenant   string            `json:"tenant"`
	Workflow string            `json:"workflow"`
	Version  int               `json:"version"`
	Attempt  int               `json:"attempt"` // of the run as a whole, from 1
	Queue    string            `json:"queue"`
	Priority int               `json:"priority"`
	Labels   map[string]string `json:"labels"`
	Created  int64             `json:"created"` // milliseconds since 1970
}

// StepFacts tells what became of the steps of a run.
type StepFacts interface {
	// StepFact tells of the step at that index of the plan. It is asked for
	// settled steps, and for those that finally steps refer to.
	StepFact(i int) StepFact
}

// StepFact is what ${steps.NAME…} is.
type StepFact struct {
	// Output is nil where there is none.
	Output json.RawMessage
	// Status is "succeeded", "failed", "skipped" or "canceled"; a step that is
	// not settled has another word of the engine's.
	Status string
	// Error is an object with "code" and "message", nil unless it failed.
	Error json.RawMessage
	// Attempts is how many there were.
	Attempts int
}

// EvalError says why a reference or an expression has no value. Code is one for
// retry rules and people: "reference" or "expression".
type EvalError struct {
	Code string
	// Path names the text: "steps[2].with.url".
	Path string
	// Column is the place in the text, in characters from 1; 0 means the text
	// as a whole.
	Column  int
	Message string
	// Help says what to do, where there is something to do.
	Help string
}

// The codes of [EvalError].
const (
	CodeReference  = "reference"
	CodeExpression = "expression"
)

// Error implements error.
func (e *EvalError) Error() string {
	var b strings.Builder
	b.WriteString(e.Path)
	if e.Column > 0 {
		b.WriteString(" at " + strconv.Itoa(e.Column))
	}
	b.WriteString(": " + e.Message)
	if e.Help != "" {
		b.WriteString(" (" + e.Help + ")")
	}
	return b.String()
}
