package expression

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
)

// Error is one thing wrong with an expression.
type Error struct {
	// Line and Column say where, in characters from 1; Offset in bytes from 0.
	Line, Column, Offset int
	Message              string
	// Help says what to do, where there is something to do.
	Help string
}

// Error implements error as "line:column: message (help)".
func (e *Error) Error() string {
	s := fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
	if e.Help != "" {
		s += " (" + e.Help + ")"
	}
	return s
}

// Errors is everything wrong with an expression.
type Errors []*Error

// Error implements error, a line for each.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

func compileErrors(kind Kind, text string, issues *cel.Issues) Errors {
	var errs Errors
	for _, e := range issues.Errors() {
		message, _, _ := strings.Cut(e.Message, " expecting ") // a list of all that may follow
		message = strings.Replace(message, "Syntax error", "syntax error", 1)
		if strings.Contains(message, "'<EOF>'") {
			message = "expression ends too early"
		}
		errs = append(errs, errorAt(text, e.Location, message, "variables are "+strings.Join(variables[kind], ", ")))
	}
	return errs
}

func errorAt(text string, at common.Location, message, help string) *Error {
	e := &Error{Line: 1, Column: 1, Message: message, Help: help}
	if at != nil && at.Line() > 0 {
		e.Line, e.Column = at.Line(), at.Column()+1
		e.Offset = offset(text, at.Line(), at.Column())
	}
	return e
}

// offset returns the byte at a line, from 1, and a column, in characters from 0.
func offset(text string, line, column int) int {
	start := 0
	for ; line > 1; line-- {
		next := strings.IndexByte(text[start:], '\n')
		if next < 0 {
			return len(text)
		}
		start += next + 1
	}
	for i := range text[start:] {
		if column == 0 {
			return start + i
		}
		column--
	}
	return len(text)
}
