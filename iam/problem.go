package iam

import (
	"fmt"
	"strings"
)

// Position is a place in a document.
type Position struct {
	// Offset counts bytes from 0; Line and Column (in bytes) count from 1.
	Offset, Line, Column int
}

// String returns "line:column".
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Span is a part of a document, from the first byte to behind the last.
type Span struct {
	Start, End Position
}

// Problem is one thing that keeps a document from being a policy.
type Problem struct {
	// Code is the stable name of the kind of problem. Where the vendor's policy
	// validation (Access Analyzer) has a code for it, it is that.
	Code string
	// Path names the element: "Statement[0].Action[1]", "$" for the document.
	Path string
	// Span is where the element stands.
	Span Span
	// Message says what is wrong in one lower-case sentence.
	Message string
	// Help says what to do, where there is something to do.
	Help string
	// Tolerated problems do not keep a lenient reader from using the document.
	Tolerated bool
}

// Error implements error as "line:column: CODE: message".
func (p Problem) Error() string {
	s := fmt.Sprintf("%s: %s: %s", p.Span.Start, p.Code, p.Message)
	if p.Help != "" {
		s += " (" + p.Help + ")"
	}
	return s
}

// Problems are all that is wrong with a document, in its order. As an error it
// prints a line for each.
type Problems []Problem

// Error implements error.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
