package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/workflow/machine"
)

// Handlers make executors those of a worker that pulls its tasks over the API.
func Handlers(executors map[string]work.Executor) map[string]client.Handler {
	all := make(map[string]client.Handler, len(executors))
	for typ, e := range executors {
		all[typ] = func(ctx context.Context, t client.Task, r *client.Reporter) (any, error) {
			return handle(ctx, e, t, r)
		}
	}
	return all
}

func handle(ctx context.Context, e work.Executor, t client.Task, r *client.Reporter) (any, error) {
	task, err := taskOf(t)
	if err != nil {
		return nil, &client.Failure{Code: "task", Message: "the task cannot be read here: " + err.Error() + "; is the worker as new as the engine?"}
	}
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(causeOf(context.Cause(ctx))) })()
	result := e.Execute(own, task, reporter{r})
	switch {
	case result.Failure != nil:
		return nil, failureOf(result.Failure)
	case result.Deferred > 0:
		return nil, &client.Failure{Code: "deferred", Fatal: true, Message: fmt.Sprintf("a step of type %q that ends later can be executed only by the engine itself", t.Type)}
	}
	return result.Output, nil
}

// taskOf reads what a worker was given as the engine had it: their JSON is one.
func taskOf(t client.Task) (work.Task, error) {
	var task work.Task
	enc, err := json.Marshal(t)
	if err != nil {
		return task, err
	}
	return task, json.Unmarshal(enc, &task)
}

// causeOf says why a task ended in the words of package work.
func causeOf(cause error) error {
	switch {
	case errors.Is(cause, client.ErrLost):
		return work.ErrLeaseLost
	case errors.Is(cause, client.ErrTimeout):
		return work.ErrTimeout
	case errors.Is(cause, client.ErrStopping):
		return work.ErrStopping
	}
	return cause
}

func failureOf(f *machine.Failure) *client.Failure {
	return &client.Failure{Code: f.Code, Message: f.Message, Fatal: f.Fatal, Detail: f.Detail, RetryAfter: f.RetryAfter.Std()}
}

// reporter is the reporter of a worker as executors have it.
type reporter struct{ to *client.Reporter }

func (r reporter) Progress(percent float64, message string) { r.to.Progress(percent, message) }

func (r reporter) Save(state json.RawMessage) {
	_ = r.to.Save(state) // it is JSON, or is not kept
}

func (r reporter) Log(lines []byte) {
	for line := range strings.SplitSeq(strings.TrimSuffix(string(lines), "\n"), "\n") {
		r.to.Log(line)
	}
}
