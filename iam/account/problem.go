package account

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/iam"
)

// Problem is something in a file of an export that could not be read. What it
// is about is then missing from the snapshot.
type Problem struct {
	// File is the name of the file; empty for the export as a whole.
	File string
	// At is the place; its line is 0 where the file as a whole is meant.
	At iam.Position
	// Message says in one lower-case sentence what is wrong.
	Message string
	// Help says what to do, where there is something to do.
	Help string
}

// Error implements error as "file:line:column: message (help)".
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
		if p.At.Line > 0 {
			fmt.Fprintf(&b, "%d:%d:", p.At.Line, p.At.Column)
		}
		b.WriteByte(' ')
	}
	b.WriteString(p.Message)
	if p.Help != "" {
		b.WriteString(" (" + p.Help + ")")
	}
	return b.String()
}

// Problems are all that could not be read. As an error it prints a line for each.
type Problems []Problem

// Error implements error.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
