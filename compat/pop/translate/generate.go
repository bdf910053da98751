package translate

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/workflow"
)

// TypeGenerate is the type of the step behind an operation that generates others:
// what executes it answers [Generate] of its "with".
const TypeGenerate = "pop.generate"

// typeUpdateAgenda is the type of operations that POP's executor itself takes for
// generators: their output is {"operations", "params"}.
const typeUpdateAgenda = "updateAgenda"

// generateInput is the "with" of a step of TypeGenerate.
type generateInput struct {
	// Operation is the one that generates.
	Operation  string          `json:"operation"`
	Operations json.RawMessage `json:"operations"`
	Params     json.RawMessage `json:"params,omitempty"`
}

// Generated is the output of a step of [TypeGenerate].
type Generated struct {
	// Steps are the operations in Berth's words; the run takes them from here.
	Steps []workflow.Step `json:"steps"`
	// Operations are those that came, each with the name of its generator.
	Operations []object.Operation `json:"operations"`
	// Params are parameters for the agenda.
	Params object.Params `json:"params,omitempty"`
}

// GeneratorName is the name of the step that generates on behalf of an operation.
func GeneratorName(operation string) string { return StepName(TypeGenerate + "." + operation) }

// generatorStep returns the step that generates on behalf of an operation, nil for
// one that does not.
func generatorStep(o *object.Operation) (*workflow.Step, error) {
	g, err := o.Generator()
	if err != nil {
		return nil, err
	}
	if g == nil && o.Type == typeUpdateAgenda {
		g = &object.Generator{OperationsPointer: "/operations", ParamsPointer: "/params"}
	}
	if g == nil || g.LogOnly {
		return nil, nil
	}
	in := generateInput{
		Operation:  escape(o.Name, false),
		Operations: json.RawMessage(quote("${" + outputOf(o.Name) + pointer(g.OperationsPointer) + "}")),
	}
	if g.ParamsPointer != "" {
		in.Params = json.RawMessage(quote("${" + outputOf(o.Name) + pointer(g.ParamsPointer) + " ?? {}}"))
	}
	with, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return &workflow.Step{
		Name: GeneratorName(o.Name), Run: TypeGenerate, Title: cut("operations of "+o.Name, maxTitle), With: with,
		Generate: &workflow.Generate{Steps: "/steps"},
	}, nil
}

// Generate answers a step of [TypeGenerate]: the operations in "with", in Berth's
// words. The error says what is wrong with them.
func Generate(with json.RawMessage) (Generated, error) {
	var in generateInput
	if err := json.Unmarshal(with, &in); err != nil {
		return Generated{}, fmt.Errorf("input of %s: %w", TypeGenerate, err)
	}
	var g Generated
	if err := json.Unmarshal(in.Operations, &g.Operations); err != nil {
		return Generated{}, fmt.Errorf("operations that %s generates: %w", in.Operation, err)
	}
	if len(in.Params) > 0 {
		if err := json.Unmarshal(in.Params, &g.Params); err != nil {
			return Generated{}, fmt.Errorf("parameters that %s generates: %w", in.Operation, err)
		}
	}
	parent := json.RawMessage(quote(in.Operation))
	for i := range g.Operations {
		o := &g.Operations[i]
		if o.Name == "" {
			return Generated{}, errors.New("operations that " + in.Operation + " generates must have names")
		}
		if o.Params == nil {
			o.Params = object.Params{}
		}
		o.Params[object.ParamGeneratedBy] = parent
	}
	var err error
	g.Steps, err = Steps(g.Operations)
	return g, err
}
