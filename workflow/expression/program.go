package expression

import (
	"encoding/json"
	"errors"
)

// Kind is what an expression is for: it decides which variables there are and
// what it must yield.
type Kind uint8

// The kinds of expressions.
const (
	// When is a condition of a step: a bool over params, run, steps (by name:
	// output, status, error, attempts), signal, item and index.
	When Kind = iota
	// Match is a condition of a queue: a bool over run (workflow, version, tenant,
	// labels, priority), params and steps, a list with name and type of each.
	Match
	// Transform makes JSON of JSON: any value over input, and params and run
	// where there are any.
	Transform
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
type Program struct{ steps []string }

var errUnfinished = errors.New("expression: being written")

// Compile compiles an expression. The error is an [Errors], with the place of
// each problem in the text.
func Compile(kind Kind, text string) (*Program, error) { return nil, errUnfinished }

// Steps returns the names of the steps that a When expression refers to, sorted.
func (p *Program) Steps() []string { return p.steps }

// Uses reports whether the expression refers to a variable.
func (p *Program) Uses(variable string) bool { return false }

// Bool evaluates a When or Match expression.
func (p *Program) Bool(v Variables) (bool, error) { return false, errUnfinished }

// JSON evaluates any expression and returns its value as JSON.
func (p *Program) JSON(v Variables) (json.RawMessage, error) { return nil, errUnfinished }
