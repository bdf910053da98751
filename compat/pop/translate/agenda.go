package translate

import (
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/workflow"
)

// The labels of a run that came of an agenda.
const (
	LabelAgenda   = "pop.agenda"
	LabelProgress = "pop.progress"
	LabelLink     = "pop.link"
	LabelCID      = "pop.cid"
	LabelExternal = "pop.external"
)

// documentName names the workflow of every agenda: POP's agendas have no name.
const documentName = "agenda"

// maxTitle is how long the title of a document may be.
const maxTitle = 200

// Workflow is an agenda in Berth's words. Agendas that differ in their ids and
// parameters alone have the same document.
type Workflow struct {
	Document *workflow.Document
	// Params are the agenda's, an object.
	Params json.RawMessage
	Labels map[string]string
	// Hold keeps the run from its queue.
	Hold bool
}

// Agenda says an agenda in Berth's words. It must be valid; the error names what
// Berth cannot say. One that does not say how often it may be tried is tried so
// many attempts.
func Agenda(a *object.Agenda, attempts int) (Workflow, error) {
	steps, err := Steps(a.Operations)
	if err != nil {
		return Workflow{}, err
	}
	params, err := json.Marshal(a.Params)
	if err != nil {
		return Workflow{}, fmt.Errorf("params: %w", err)
	}
	if a.Params == nil {
		params = json.RawMessage("{}")
	}
	w := Workflow{
		Document: &workflow.Document{
			Name: documentName, Title: cut(a.Title, maxTitle), Attempts: a.Params.Attempts(attempts), Steps: steps,
		},
		Params: params,
		Labels: map[string]string{LabelAgenda: a.ID},
		Hold:   a.Params.Has(object.ParamDoNotRun),
	}
	for label, value := range map[string]string{
		LabelProgress: a.ProgressID, LabelLink: a.LinkID, LabelCID: a.CID,
		LabelExternal: a.Params.Text(object.ParamExternalID),
	} {
		if value != "" {
			w.Labels[label] = value
		}
	}
	return w, nil
}

// Steps says operations in Berth's words. The error names what Berth cannot say.
func Steps(operations []object.Operation) ([]workflow.Step, error) {
	steps := make([]workflow.Step, 0, len(operations))
	for i := range operations {
		o := &operations[i]
		step, err := operationStep(o)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", o.Name, err)
		}
		steps = append(steps, step)
		more, err := generatorStep(o)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", o.Name, err)
		}
		if more != nil {
			steps = append(steps, *more)
		}
	}
	return steps, nil
}

func operationStep(o *object.Operation) (workflow.Step, error) {
	with, err := payload(o.Name, o.Payload)
	if err != nil {
		return workflow.Step{}, fmt.Errorf("payload: %w", err)
	}
	d, err := o.Dependencies(token.Native)
	if err != nil {
		return workflow.Step{}, fmt.Errorf("payload: %w", err)
	}
	step := workflow.Step{Name: StepName(o.Name), Run: StepType(o.Type), With: with}
	if step.Name != o.Name {
		step.Title = cut(o.Name, maxTitle)
	}
	for _, name := range d.DependsOn {
		step.Needs = append(step.Needs, StepName(name))
	}
	return step, nil
}

// cut shortens a text to so many bytes, whole characters only.
func cut(s string, most int) string {
	for len(s) > most {
		most--
		if s[most]&0xc0 != 0x80 {
			return s[:most]
		}
	}
	return s
}
