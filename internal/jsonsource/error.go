package jsonsource

import "fmt"

// Error says why a text is not JSON, or more of it than is read.
type Error struct {
	// Span is the character at which reading stopped; it is empty at the end of
	// the text.
	Span Span
	// Message says what is wrong in one lower-case sentence.
	Message string
	// Help says what to do, where there is something to do.
	Help string
}

// Error implements error as "line:column: message (help)".
func (e *Error) Error() string {
	s := fmt.Sprintf("%d:%d: %s", e.Span.Start.Line, e.Span.Start.Column, e.Message)
	if e.Help != "" {
		s += " (" + e.Help + ")"
	}
	return s
}
