// Package diagnostic describes what is wrong with a file a person wrote: what,
// where and what to do next, and prints it with the offending line and a caret.
//
// Parsers return a [List]; commands print it with [Write] or as JSON.
package diagnostic

import (
	"fmt"
	"strings"
)

// Severity says how bad a problem is. The zero value is [Error].
type Severity uint8

// The severities.
const (
	// Error is a file that cannot be used.
	Error Severity = iota
	// Warning is what is allowed and probably not meant.
	Warning
	// Security is what works and is dangerous.
	Security
	// Suggestion is what could be better.
	Suggestion
)

// String returns the word a terminal shows.
func (s Severity) String() string {
	return [...]string{"error", "warning", "security", "suggestion"}[s]
}

// MarshalText implements [encoding.TextMarshaler].
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word that MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	for one := Error; one <= Suggestion; one++ {
		if one.String() == string(text) {
			*s = one
			return nil
		}
	}
	return fmt.Errorf("severity %.40q is not known", text)
}

// Problem is one thing wrong with one place of a file.
type Problem struct {
	// Severity is Error unless set.
	Severity Severity `json:"severity"`
	// Code is the stable name of the kind of problem, "B" and four digits, or
	// the name of a rule.
	Code string `json:"code"`
	// Message says what is wrong in one lower-case sentence. It never holds a
	// secret value.
	Message string `json:"message"`
	// File, Line and Column say where; Line and Column count from 1, Column in
	// bytes. Line 0 means the file as a whole.
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Width is how many bytes of the line the caret underlines, at least 1.
	Width int `json:"-"`
	// Label is a few words printed beside the caret.
	Label string `json:"-"`
	// Path names the field: "gateway.routes[2].process".
	Path string `json:"path,omitempty"`
	// Help says what to do, where there is something to do.
	Help string `json:"help,omitempty"`
	// Notes are further facts.
	Notes []string `json:"notes,omitempty"`
	// Source is the text of the line, empty where it may hold a secret.
	Source string `json:"-"`
}

// Error implements error as "file:line:column: message"; what was not read from a
// text has its path in place of line and column.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	switch {
	case p.Line > 0:
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	case p.Path != "" && p.File != "":
		b.WriteString(": " + p.Path)
	default:
		b.WriteString(p.Path)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Help != "" {
		b.WriteString(" (")
		b.WriteString(p.Help)
		b.WriteString(")")
	}
	return b.String()
}

// List is every problem of one pass, in the order of the file.
type List []*Problem

// Error implements error, a line for each problem.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, p := range l {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns l as an error, nil when it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}
