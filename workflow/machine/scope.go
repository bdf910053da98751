package machine

import (
	"encoding/json"
	"errors"

	"github.com/berth-project/berth/workflow"
)

// scopeAt returns what a step or an item may refer to.
func (r *Run) scopeAt(ref Ref) *workflow.Scope {
	if ref.Item < 0 {
		return r.scopeOf(nil, 0)
	}
	return r.scopeOf(r.input(ref), int(ref.Item))
}

// input returns the value of an item.
func (r *Run) input(ref Ref) json.RawMessage {
	s := &r.State.Steps[ref.Node]
	if ref.Item < 0 || int(ref.Item) >= len(s.Inputs) {
		return nil
	}
	return s.Inputs[ref.Item]
}

// scopeOf returns the scope of an item. It is good until the next call.
func (r *Run) scopeOf(item json.RawMessage, index int) *workflow.Scope {
	doc := r.Plan.Document()
	r.facts = workflow.RunFacts{
		ID: r.Meta.ID, Tenant: r.Meta.Tenant, Workflow: doc.Name, Version: doc.Version, Attempt: r.State.Attempt,
		Queue: r.Meta.Queue, Priority: int(r.Meta.Priority), Labels: r.Meta.Labels, Created: r.Meta.Created,
	}
	if r.Meta.Workflow != "" {
		r.facts.Workflow, r.facts.Version = r.Meta.Workflow, r.Meta.Version
	}
	r.scope = workflow.Scope{
		Params: r.Meta.Params, Run: &r.facts, Steps: (*stepFacts)(r), Item: item, Index: index, Signal: r.signalFacts(), Work: r.scope.Work,
	}
	return &r.scope
}

// stepFacts is the run as references see its steps.
type stepFacts Run

// StepFact implements workflow.StepFacts.
func (f *stepFacts) StepFact(i int) workflow.StepFact {
	r := (*Run)(f)
	s := &r.State.Steps[i]
	fact := workflow.StepFact{Output: r.Output(Ref{int32(i), -1}), Status: s.Status.String(), Attempts: s.Attempt}
	if s.Failure != nil && s.Status == StepFailed {
		fact.Error, _ = json.Marshal(map[string]string{"code": s.Failure.Code, "message": s.Failure.Message})
	}
	return fact
}

// Output returns the output of a step or an item, nil where it has none; that
// of a step with for-each is put together from its items'.
func (r *Run) Output(ref Ref) json.RawMessage {
	s := r.Step(ref)
	if s == nil {
		return nil
	}
	if s.Output == nil && s.Status == StepSucceeded && s.Items != nil {
		s.Output = s.joined()
	}
	return s.Output
}

// StepKey returns the concurrency key of a step or an item, "" for none.
func (r *Run) StepKey(ref Ref) (string, error) {
	if r.Step(ref) == nil {
		return "", r.noStep(ref)
	}
	if r.Node(ref).Step.Key == "" {
		return "", nil
	}
	return r.Plan.Key(int(ref.Node), r.scopeAt(ref))
}

// signalFacts shows the signals: of one name the last counts.
func (r *Run) signalFacts() json.RawMessage {
	if len(r.State.Signals) == 0 {
		return nil
	}
	if r.signals == nil {
		last := make(map[string]Signal, len(r.State.Signals))
		for _, s := range r.State.Signals {
			s.Taken, s.Data = false, orNull(s.Data)
			last[s.Name] = s
		}
		r.signals, _ = json.Marshal(last) // data was checked when it came
	}
	return r.signals
}

func orNull(data json.RawMessage) json.RawMessage {
	if len(data) == 0 {
		return json.RawMessage("null")
	}
	return data
}

// failureOf is the failure of a step whose references or condition have no
// value. No attempt could change that.
func failureOf(err error) *Failure {
	f := &Failure{Code: workflow.CodeReference, Message: err.Error(), Fatal: true}
	if e, ok := errors.AsType[*workflow.EvalError](err); ok {
		f.Code = e.Code
	}
	return f.bounded()
}
