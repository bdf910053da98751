package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/with"
)

// maxOutput bounds what a transform yields, in bytes.
const maxOutput = 1 << 20

// Transform is the "with" of a step of type "transform". One of CEL and JQ says
// what becomes of the input.
type Transform struct {
	// Input is what it works on: any JSON.
	Input json.RawMessage `json:"input,omitempty"`
	// CEL is an expression over input.
	CEL string `json:"cel,omitempty"`
	// JQ is a jq program. It has to yield one value.
	JQ string `json:"jq,omitempty"`
}

func (e *Executor) transform(ctx context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	var t Transform
	if err := with.Decode(task.With, &t); err != nil {
		return nil, err
	}
	var output json.RawMessage
	var err error
	switch {
	case (t.CEL == "") == (t.JQ == ""):
		return nil, errors.New("want one of cel and jq")
	case t.CEL != "":
		output, err = e.evaluate(t.CEL, t.Input)
	case e.opts.JQ == 0:
		return nil, failedForGood("refused", "jq is not allowed here: use cel")
	default:
		ctx, cancel := context.WithTimeout(ctx, e.opts.JQ)
		defer cancel()
		output, err = query(ctx, t.JQ, t.Input)
	}
	if err == nil && len(output) > maxOutput {
		return nil, failedForGood("limit.output", "the output has %d bytes, more than the %d allowed", len(output), maxOutput)
	}
	return output, err
}

// evaluate returns the value of a CEL expression over input.
func (e *Executor) evaluate(text string, input json.RawMessage) (json.RawMessage, error) {
	program, err := e.programs.compile(text)
	if err != nil {
		return nil, fmt.Errorf("cel: %w", err)
	}
	value, err := program.JSON(variables{orNull(input)})
	if err != nil {
		return nil, failedForGood("transform", "%s: %v", text, err)
	}
	return value, nil
}

// variables give an expression its input.
type variables struct{ input json.RawMessage }

// Variable implements [expression.Variables].
func (v variables) Variable(name string) (any, bool) {
	if name == "input" {
		return v.input, true
	}
	return nil, false
}

// Choice is the "with" of a step of type "choice". Its output names the first
// case that holds: {"case": "…"}.
type Choice struct {
	// Input is what the conditions look at: any JSON.
	Input json.RawMessage `json:"input,omitempty"`
	// Cases are tried in their order.
	Cases []Case `json:"cases"`
	// Default is the name of what is left when none holds. Without it the step
	// then fails.
	Default string `json:"default,omitempty"`
}

// Case is a name and when it is chosen.
type Case struct {
	// Name is what the output has.
	Name string `json:"name"`
	// If is a CEL expression over input that is true or false.
	If string `json:"if"`
}

// maxCases bounds the work of a choice.
const maxCases = 100

func (e *Executor) choice(_ context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	var c Choice
	if err := with.Decode(task.With, &c); err != nil {
		return nil, err
	}
	if len(c.Cases) == 0 || len(c.Cases) > maxCases {
		return nil, fmt.Errorf("cases: %d are there, want 1 to %d", len(c.Cases), maxCases)
	}
	for i, option := range c.Cases {
		if option.Name == "" {
			return nil, fmt.Errorf("cases[%d]: it has no name", i)
		}
		value, err := e.evaluate(option.If, c.Input)
		if err != nil {
			return nil, within(fmt.Sprintf("case %q", option.Name), err)
		}
		switch {
		case bytes.Equal(value, []byte("true")):
			return chosen(option.Name)
		case !bytes.Equal(value, []byte("false")):
			return nil, failedForGood("transform", "case %q: %s yields %.60s, not true or false", option.Name, option.If, value)
		}
	}
	if c.Default == "" {
		return nil, failedForGood("no-case", "none of the %d cases holds, and there is no default", len(c.Cases))
	}
	return chosen(c.Default)
}

func chosen(name string) (json.RawMessage, error) {
	return json.Marshal(map[string]string{"case": name})
}
