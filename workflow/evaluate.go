package workflow

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/internal/jsonscan"
	"github.com/berth-project/berth/workflow/expression"
)

// Payload returns what the step is given: its "with", references replaced; nil
// when it has none. Where the step is for-each the scope has an item. Without
// references the answer is the document's own bytes, which callers must not
// change. Errors are an [*EvalError].
func (p *Plan) Payload(i int, s *Scope) (json.RawMessage, error) { return p.nodes[i].with.render(s) }

// When evaluates the condition of a step; without one it is true. Errors are an
// [*EvalError].
func (p *Plan) When(i int, s *Scope) (bool, error) {
	n := p.nodes[i]
	if n.when == nil {
		return true, nil
	}
	yes, work, err := n.when.Condition(&whenVariables{node: n, scope: s})
	s.Work += work
	if err != nil {
		return false, &EvalError{Code: CodeExpression, Path: n.Step.Name + ".when", Message: err.Error()}
	}
	return yes, nil
}

// Items returns the items of a for-each step. Errors are an [*EvalError], also
// when there are more items than the step allows.
func (p *Plan) Items(i int, s *Scope) ([]json.RawMessage, error) {
	n := p.nodes[i]
	if n.items == nil {
		return nil, nil
	}
	raw, err := n.items.render(s)
	if err != nil {
		return nil, err
	}
	fail := func(message, help string) error {
		return &EvalError{Code: CodeReference, Path: n.Step.Name + ".for-each.in", Message: message, Help: help}
	}
	most := n.Step.ForEach.MaxItems
	if most == 0 {
		most = DefaultMaxItems
	}
	if raw = jsonscan.Trim(raw); len(raw) == 0 || raw[0] != '[' {
		return nil, fail("the items are "+what(raw)+", not an array", "")
	}
	items := []json.RawMessage{}
	whole := jsonscan.Elements(raw, func(_ int, v json.RawMessage) bool {
		items = append(items, v)
		return len(items) <= most
	})
	switch {
	case len(items) > most:
		return nil, fail(fmt.Sprintf("there are more than the %d items allowed", most), "raise max-items, or hand on fewer")
	case !whole:
		return nil, fail("the items are not JSON", "")
	}
	return items, nil
}

// what names the kind of a value.
func what(raw json.RawMessage) string {
	switch {
	case len(raw) == 0:
		return "nothing"
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "an array"
	case string(raw) == "null":
		return "null"
	}
	return kindOf(raw)
}

// The bounds of texts once their references are replaced, in bytes: no less than
// those of the texts as they are written, in characters.
const (
	maxKey         = 4 * 1024
	maxDestination = 4 * 2048
)

// maxLabels bounds the labels of a run together, in bytes: every list of runs has
// them.
const maxLabels = 64 << 10

// Key returns the concurrency key of a step, "" for none. Errors are an
// [*EvalError].
func (p *Plan) Key(i int, s *Scope) (string, error) { return p.nodes[i].key.renderText(s, maxKey) }

// RunKey returns the concurrency key of a run, "" for none. The scope needs
// params and run only. Errors are an [*EvalError].
func (p *Plan) RunKey(s *Scope) (string, error) { return p.key.renderText(s, maxKey) }

// Labels returns the labels the document gives a run. The scope needs params and
// run only. Errors are an [*EvalError].
func (p *Plan) Labels(s *Scope) (map[string]string, error) {
	if len(p.labels) == 0 {
		return nil, nil
	}
	out, size := make(map[string]string, len(p.labels)), 0
	for _, l := range p.labels {
		text, err := l.value.renderText(s, 4*maxLabel)
		if err != nil {
			return nil, err
		}
		out[l.name] = text
		size += len(l.name) + len(text)
	}
	if size > maxLabels {
		return nil, &EvalError{
			Code: CodeReference, Path: "labels", Message: fmt.Sprintf("they have %d bytes together, and %d are allowed", size, maxLabels),
			Help: "keep in labels what runs are found by, the rest in params",
		}
	}
	return out, nil
}

// Callbacks returns the callbacks of a run, references replaced. The scope needs
// params and run only. Those whose references lead nowhere are left out, and told
// of by the error: one or several [*EvalError], joined.
func (p *Plan) Callbacks(s *Scope) ([]Callback, error) {
	var out []Callback
	var errs []error
	for i, one := range p.doc.Callbacks {
		to, err := p.callbacks[i].renderText(s, maxDestination)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		one.To = to
		out = append(out, one)
	}
	return out, errors.Join(errs...)
}

// Output returns what a run that succeeded answers, null where the document does
// not say. Errors are an [*EvalError].
func (p *Plan) Output(s *Scope) (json.RawMessage, error) {
	if p.output == nil {
		return json.RawMessage("null"), nil
	}
	return p.output.render(s)
}

// whenVariables are what a condition sees.
type whenVariables struct {
	node  *Node
	scope *Scope
}

var _ expression.Variables = (*whenVariables)(nil)

// Variable implements [expression.Variables].
func (v *whenVariables) Variable(name string) (any, bool) {
	s := v.scope
	switch name {
	case "params":
		return orEmpty(s.Params), true
	case "signal":
		return orEmpty(s.Signal), true
	case "run":
		return s.Run.variable(), s.Run != nil
	case "steps":
		return v.steps(), s.Steps != nil
	case "item":
		return s.Item, s.Item != nil
	case "index":
		return int64(s.Index), s.Item != nil
	}
	return nil, false
}

// orEmpty returns an object in any case.
func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// steps returns the steps that the condition refers to.
func (v *whenVariables) steps() map[string]any {
	if v.scope.Steps == nil {
		return nil
	}
	out := make(map[string]any, len(v.node.whenSteps))
	for _, ref := range v.node.whenSteps {
		f := v.scope.Steps.StepFact(ref.node)
		out[ref.name] = map[string]any{"output": f.Output, "status": f.Status, "error": f.Error, "attempts": int64(f.Attempts)}
	}
	return out
}

func (r *RunFacts) variable() map[string]any {
	if r == nil {
		return nil
	}
	return map[string]any{
		"id": r.ID.String(), "tenant": r.Tenant, "workflow": r.Workflow, "version": int64(r.Version), "attempt": int64(r.Attempt),
		"queue": r.Queue, "priority": int64(r.Priority), "labels": r.Labels, "created": r.Created,
	}
}
