package lint

import (
	"slices"

	"github.com/berth-project/berth/iam"
)

// Severity is what kind of finding it is. The order is from bad to mild.
type Severity uint8

// The severities, as the vendor's policy validation divides them.
const (
	// Error is a policy the vendor refuses, or one that cannot work.
	Error Severity = iota
	// Security is a policy that works and grants what is dangerous.
	Security
	// Warning is a policy that probably does something else than meant.
	Warning
	// Suggestion is a policy that could be better.
	Suggestion
)

var severityNames = [...]string{"error", "security", "warning", "suggestion"}

// String returns the severity's word.
func (s Severity) String() string { return severityNames[s] }

// MarshalText implements [encoding.TextMarshaler].
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity returns the severity of a word.
func ParseSeverity(word string) (Severity, bool) {
	i := slices.Index(severityNames[:], word)
	return Severity(max(i, 0)), i >= 0
}

// Level is how much a finding matters. The order is from bad to mild.
type Level uint8

// The levels.
const (
	Critical Level = iota
	High
	Medium
	Low
	Info
)

var levelNames = [...]string{"critical", "high", "medium", "low", "info"}

// String returns the level's word.
func (l Level) String() string { return levelNames[l] }

// MarshalText implements [encoding.TextMarshaler].
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// ParseLevel returns the level of a word.
func ParseLevel(word string) (Level, bool) {
	i := slices.Index(levelNames[:], word)
	return Level(max(i, 0)), i >= 0
}

// Finding is one thing found at one place of a document.
type Finding struct {
	// Code is the stable name of the rule.
	Code     string
	Severity Severity
	Level    Level
	// Policy is the place of the policy among those judged together; 0 where
	// there is one.
	Policy int
	// Path names the element: "Statement[0].Action[1]", "$" for the document.
	Path string
	// Span is where the element stands in the text the policy was read from.
	Span iam.Span
	// Message says in one lower-case sentence what is found here.
	Message string
	// Detail says more, such as what a pattern expands to.
	Detail string
	// Help says what to do.
	Help string
	// Fix is the change that would mend it; nil where a person must decide.
	Fix *Fix
}

// Fix is a change of the document.
type Fix struct {
	// Description says in a few words what is changed.
	Description string `json:"description"`
	// Safe fixes change nothing of what the document grants and denies.
	Safe bool `json:"safe"`
	// Patch are the changes, in order (JSON Patch, RFC 6902). The paths are right
	// both one after the other and all at once: what is removed from a list is
	// removed from behind.
	Patch []Operation `json:"patch"`
}

// Operation is one operation of a JSON Patch.
type Operation struct {
	// Op is "add", "remove", "replace" or "move".
	Op string `json:"op"`
	// From is where "move" takes the value: another member of the same object.
	From string `json:"from,omitempty"`
	// Path is a JSON Pointer (RFC 6901) into the document.
	Path string `json:"path"`
	// Value is what "add" and "replace" put there.
	Value any `json:"value,omitempty"`
}
