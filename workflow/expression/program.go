package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Kind is what an expression is for: it decides which variables there are and
// what it must yield.
type Kind uint8

// The kinds of expressions.
const (
	// When is a condition of a step: a bool over params, run, steps (by name:
	// output, status, error, attempts), signal, item and index. A fact that is not
	// there is null.
	When Kind = iota
	// Match is a condition of a queue: a bool over run (workflow, version, tenant,
	// labels, priority), params, and steps, a list with name and type of each.
	Match
	// Transform makes JSON of JSON: any value over input, and over params and
	// run where there are any.
	Transform
	kinds
)

// Variables gives an expression what it asks for. A value is nil, a bool, an
// int64, a float64, a string, a slice or a map of those, or a json.RawMessage,
// which is decoded where the expression looks at it.
type Variables interface {
	// Variable returns the variable of that name; false means that there is
	// none, and evaluating fails.
	Variable(name string) (any, bool)
}

// Program is a compiled expression. It is immutable and may be evaluated by many
// goroutines at once.
type Program struct {
	text    string
	program cel.Program
	uses    []string
	steps   []StepRef
}

// StepRef is a step that a When expression refers to.
type StepRef struct {
	Name string
	// Offset is where the name, or what stands for it, is in the expression, in
	// bytes.
	Offset int
}

// Compile compiles an expression. The error is an [Errors], with the place of
// each problem in the text.
func Compile(kind Kind, text string) (*Program, error) {
	switch {
	case kind >= kinds:
		return nil, fmt.Errorf("no kind of expression has the number %d", kind)
	case strings.TrimSpace(text) == "":
		return nil, Errors{{Line: 1, Column: 1, Message: "expression is empty"}}
	case len(text) > MaxBytes:
		return nil, Errors{{Line: 1, Column: 1, Message: fmt.Sprintf("expression is longer than %d bytes", MaxBytes)}}
	}
	env, err := environments[kind]()
	if err != nil {
		return nil, Errors{{Line: 1, Column: 1, Message: "expressions are not available: " + err.Error()}}
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, compileErrors(kind, text, issues)
	}
	if out := ast.OutputType(); kind != Transform && !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return nil, Errors{{Line: 1, Column: 1, Message: "expression yields " + out.String() + ", not a bool", Help: "compare it with something"}}
	}
	p := &Program{text: text}
	loops, errs := p.inspect(kind, ast)
	if len(errs) > 0 {
		return nil, errs
	}
	if p.program, err = env.Program(ast, limits(kind, loops)...); err != nil {
		return nil, Errors{{Line: 1, Column: 1, Message: err.Error()}}
	}
	return p, nil
}

// String returns the expression as it was written.
func (p *Program) String() string { return p.text }

// Steps returns the steps that a When expression refers to, by name, each once.
// Callers must not change them.
func (p *Program) Steps() []StepRef { return p.steps }

// Uses reports whether the expression refers to a variable.
func (p *Program) Uses(variable string) bool { return slices.Contains(p.uses, variable) }

// Bool evaluates a When or Match expression. It is an error if the value is
// anything but true or false.
func (p *Program) Bool(v Variables) (bool, error) {
	yes, _, err := p.Condition(v)
	return yes, err
}

// Condition is Bool, and tells how much work it was, in bytes of JSON that take
// as long to read.
func (p *Program) Condition(v Variables) (yes bool, work int, err error) {
	out, work, err := p.eval(v)
	if err != nil {
		return false, work, err
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, work, fmt.Errorf("expression yields %s, not a bool: compare it with something", out.Type().TypeName())
	}
	return bool(b), work, nil
}

// JSON evaluates any expression and returns its value as JSON.
func (p *Program) JSON(v Variables) (json.RawMessage, error) {
	out, _, err := p.eval(v)
	if err != nil {
		return nil, err
	}
	w := writer{}
	if err := w.value(out, 0); err != nil {
		return nil, err
	}
	return w.out, nil
}

// bytesPerCost is how much JSON can be read in the time that one of CEL's units
// takes.
const bytesPerCost = 100

func (p *Program) eval(v Variables) (out ref.Val, work int, err error) {
	a := activation{variables: v, adapter: adapter{&budget{maxRead}}}
	out, details, err := p.program.Eval(&a)
	work = maxRead - a.adapter.budget.left
	if cost := details.ActualCost(); cost != nil {
		work += bytesPerCost * int(min(*cost, maxCost[Transform]))
	}
	switch {
	case a.adapter.budget.over(), errors.Is(err, errCost):
		return nil, work, errCost
	case err == nil:
		return out, work, nil
	case a.err != nil:
		return nil, work, a.err
	case strings.Contains(err.Error(), "cost limit exceeded"), strings.Contains(err.Error(), "memory limit exceeded"):
		return nil, work, errCost
	case strings.Contains(err.Error(), "no such key"), strings.Contains(err.Error(), "no such attribute"):
		return nil, work, fmt.Errorf("%w (test it with has(), or write .?name.orValue(…))", err)
	}
	return nil, work, err
}

var errCost = errors.New("expression takes too much work: it goes over lists that are too long, or over a list within a list")

// activation gives CEL the variables, each converted once.
type activation struct {
	variables Variables
	adapter   adapter
	known     []variable
	err       error
}

type variable struct {
	name  string
	value ref.Val
}

// Parent implements [cel.Activation].
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName implements [cel.Activation].
func (a *activation) ResolveName(name string) (any, bool) {
	for _, v := range a.known {
		if v.name == name {
			return v.value, true
		}
	}
	v, ok := a.variables.Variable(name)
	if !ok {
		if a.err == nil {
			a.err = fmt.Errorf("%s is not there: the expression is evaluated where there is none", name)
		}
		return nil, false
	}
	value := a.adapter.NativeToValue(v)
	a.known = append(a.known, variable{name, value})
	return value, true
}
