package pop

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/berth-project/berth/compat/pop/internal/field"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// Residents are the executors of the operations that POP's own executor executes
// itself, by type, for insights whose agendas Berth executes. They keep what
// operations generate in the store that the engine works on. POP's sample handler
// is in package builtin.
func Residents(st store.Store) map[string]work.Executor {
	return map[string]work.Executor{
		"updateAgenda":         resident(updatePayload),
		"logMessages":          resident(logMessages),
		"residentSample":       resident(resultPayload),
		translate.TypeGenerate: resident(documents{st}.generate),
	}
}

// resident makes an executor of a function of a task's payload.
func resident(do func(context.Context, work.Task, work.Reporter) (json.RawMessage, error)) work.Executor {
	return work.ExecutorFunc(func(ctx context.Context, task work.Task, report work.Reporter) work.Result {
		output, err := do(ctx, task, report)
		if err == nil {
			return work.Result{Output: output}
		}
		var kept *storeError
		return work.Result{Failure: &machine.Failure{Code: "payload", Message: err.Error(), Fatal: !errors.As(err, &kept)}}
	})
}

// storeError is an error that another attempt may not meet.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// updatePayload answers the operations and parameters that it is given: the step
// behind it adds them to the agenda.
func updatePayload(_ context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	var in struct {
		Operations []object.Operation `json:"operations"`
		Params     object.Params      `json:"params"`
		LogOnly    bool               `json:"logOnly"`
	}
	if err := field.Decode(task.With, &in); err != nil {
		return nil, err
	}
	if in.LogOnly {
		in.Operations = nil
	}
	out := struct {
		Operations []object.Operation `json:"operations"`
		Params     object.Params      `json:"params,omitempty"`
	}{in.Operations, in.Params}
	if out.Operations == nil {
		out.Operations = []object.Operation{}
	}
	return encode(out)
}

// logMessages logs.
func logMessages(_ context.Context, task work.Task, report work.Reporter) (json.RawMessage, error) {
	var in struct {
		Messages []string `json:"logMessages"`
	}
	if err := field.Decode(task.With, &in); err != nil {
		return nil, err
	}
	for _, message := range in.Messages {
		report.Log([]byte(message + "\n"))
	}
	return nil, nil
}

// resultPayload answers the part of its payload of that name.
func resultPayload(_ context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	var in struct {
		Result json.RawMessage `json:"resultPayload"`
	}
	err := field.Decode(task.With, &in)
	return in.Result, err
}

// generate answers the steps that an operation generates and keeps the operations
// in the agenda. Its run must be the agenda's: labels are anybody's to write.
func (d documents) generate(ctx context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	g, err := translate.Generate(task.With)
	if err != nil {
		return nil, err
	}
	o, _, err := d.load(ctx, object.KindAgenda, task.Labels[translate.LabelAgenda])
	if errors.Is(err, store.ErrNotFound) {
		return encode(g) // the agenda was deleted, its run goes on
	}
	if err != nil {
		return nil, &storeError{err}
	}
	a := o.(*object.Agenda)
	rec, err := d.loadRecord(ctx, a.ProgressID)
	if err != nil {
		return nil, &storeError{err}
	}
	if rec.Run != task.Run && !rec.Pending || a.CustomerID != task.Tenant {
		return nil, errImpostor
	}
	if _, err := d.grow(ctx, a.ID, g.Operations, g.Params, a.UpdatedTime); err != nil {
		return nil, &storeError{err}
	}
	return encode(g)
}

// lookUp is how long may be spent on finding the operation of a task.
const lookUp = 5 * time.Second

// Operations returns what finds the operation of a task in the store that the engine
// works on: handlers are told its name and id. nil is what it finds of a run that is
// no agenda's.
func Operations(st store.Store) func(work.Task) *object.Operation {
	d := documents{st}
	return func(task work.Task) *object.Operation {
		id := task.Labels[translate.LabelAgenda]
		if id == "" {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), lookUp)
		defer cancel()
		o, _, err := d.load(ctx, object.KindAgenda, id)
		if err != nil {
			return nil
		}
		a := o.(*object.Agenda)
		if a.CustomerID != task.Tenant {
			return nil // labels are anybody's to write
		}
		for i := range a.Operations {
			if translate.StepName(a.Operations[i].Name) == task.Step {
				return &a.Operations[i]
			}
		}
		return nil
	}
}
