package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// Options are what some of the steps need; those whose part is missing are
// refused.
type Options struct {
	// Submit takes the runs that steps of type "submit" ask for.
	Submit func(ctx context.Context, s work.Submission) (work.Receipt, error)
	// HTTP executes the steps of type "http".
	HTTP work.Executor
	// JQ lets steps of type "transform" use jq, for at most this long each. A jq
	// program is stopped when its time is over; how much memory it may take
	// until then is not bounded, so give it to tenants you trust, and little
	// time. 0 refuses jq; CEL is always there, and is bounded in all it does.
	JQ time.Duration
}

// Executor executes the built-in steps. It implements [work.Executor].
type Executor struct {
	opts     Options
	steps    map[string]step
	programs programs
}

// step executes the tasks of one type.
type step func(ctx context.Context, task work.Task, report work.Reporter) (json.RawMessage, error)

// New returns an executor.
func New(opts Options) *Executor {
	e := &Executor{opts: opts}
	e.steps = map[string]step{
		"noop":      noop,
		"log":       logMessages,
		"transform": e.transform,
		"choice":    e.choice,
		"fail":      fail,
		"sample":    sample,
	}
	if opts.Submit != nil {
		e.steps["submit"] = e.submit
	}
	return e
}

// Types returns the step types it executes, sorted.
func (e *Executor) Types() []string {
	types := slices.Collect(maps.Keys(e.steps))
	if e.opts.HTTP != nil {
		types = append(types, "http")
	}
	slices.Sort(types)
	return types
}

// Light says whether steps of a type cost next to nothing, whatever they are
// told to do: they need not wait for a slot that a program could have.
func (e *Executor) Light(typ string) bool {
	switch typ {
	case "noop", "log", "choice", "fail", "submit":
		return true
	case "transform":
		return e.opts.JQ == 0
	}
	return false
}

// Execute executes a task.
func (e *Executor) Execute(ctx context.Context, task work.Task, report work.Reporter) work.Result {
	if task.Type == "http" && e.opts.HTTP != nil {
		return e.opts.HTTP.Execute(ctx, task, report)
	}
	do, ok := e.steps[task.Type]
	if !ok {
		return work.Result{Failure: &machine.Failure{
			Code: "refused", Fatal: true, Message: fmt.Sprintf("step type %q is not available here", task.Type),
		}}
	}
	output, err := do(ctx, task, report)
	if err == nil {
		return work.Result{Output: output}
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return work.Result{Failure: &f.Failure}
	}
	return work.Result{Failure: &machine.Failure{Code: "with", Fatal: true, Message: fmt.Sprintf("%s: %v", task.Type, err)}}
}

// failure is an error that says how the step failed; any other means that its
// "with" is wrong.
type failure struct{ machine.Failure }

// Error implements error.
func (f *failure) Error() string { return f.Message }

func failed(code, format string, args ...any) error {
	return &failure{machine.Failure{Code: code, Message: fmt.Sprintf(format, args...)}}
}

func failedForGood(code, format string, args ...any) error {
	return &failure{machine.Failure{Code: code, Message: fmt.Sprintf(format, args...), Fatal: true}}
}

// within says where in a "with" an error is.
func within(place string, err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		f.Message = place + ": " + f.Message
		return f
	}
	return fmt.Errorf("%s: %w", place, err)
}

// null is the output of a step that has none.
var null = json.RawMessage("null")

func orNull(value json.RawMessage) json.RawMessage {
	if len(value) == 0 {
		return null
	}
	return value
}
