package directory

import "errors"

// Errors a [Store] and a [Resolver] return, wrapped with what was asked for.
var (
	// ErrNotFound means that the user, tenant, role or plan does not exist; the
	// error that wraps it names which: "tenant acme: not found".
	ErrNotFound = errors.New("not found")
	// ErrConflict means that something with this email or id exists already; the
	// error that wraps it names it: "tenant acme: exists already".
	ErrConflict = errors.New("exists already")
	// ErrUnavailable means that the store has not answered in time. Callers
	// treat nobody as signed in.
	ErrUnavailable = errors.New("directory unavailable")
)

// InvalidError says which field of a request breaks its grammar.
type InvalidError struct {
	// Field is "email", "tenant", "role", "plan", "name"…
	Field string
	// Message says what is wrong with it and what would be right.
	Message string
}

// Error implements error as "field: message".
func (e *InvalidError) Error() string { return e.Field + ": " + e.Message }
