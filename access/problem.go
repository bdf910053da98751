package access

import (
	"fmt"
	"strings"
)

// Error is one thing wrong with one field of one rule.
type Error struct {
	// Rule is the index of the rule in the list given to [Compile], -1 for the
	// list as a whole.
	Rule int `json:"rule"`
	// Field names the field within the rule: "path", "methods[0]",
	// "allow.any[1].role".
	Field string `json:"field"`
	// Line and Column point into the field when it is an expression, both
	// counted from 1, columns in characters; 0 for the field as a whole.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Help says what to do, where there is something to do.
	Help string `json:"help,omitempty"`
}

// Error implements error: "rule 3: allow.when:1:5: message (help)", the rule
// counted from 1 as people do.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Rule >= 0 {
		fmt.Fprintf(&b, "rule %d: ", e.Rule+1)
	}
	if e.Field != "" {
		b.WriteString(e.Field)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.Help != "" {
		fmt.Fprintf(&b, " (%s)", e.Help)
	}
	return b.String()
}

// Errors is everything wrong with a list of rules, in the order of the rules.
type Errors []*Error

// Error implements error, a line for each problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.Is and errors.As the problems.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, p := range e {
		errs[i] = p
	}
	return errs
}

// collector gathers the problems of one rule.
type collector struct {
	rule int
	errs *Errors
}

func (c collector) add(field, help, format string, args ...any) {
	*c.errs = append(*c.errs, &Error{Rule: c.rule, Field: field, Message: fmt.Sprintf(format, args...), Help: help})
}
