package store

import (
	"encoding/json"
	"strings"
)

// Setting is a named JSON document: a definition, a queue, a pool, a tenant,
// a schedule, a subscription, or a compat package's own object.
type Setting struct {
	Kind, ID string
	Version  int64 // grows with each change
	Body     json.RawMessage
	Fields   map[string]string // what it can be found by
	Created  Millis            // kept when it is replaced
	Updated  Millis
}

// Private reports whether settings of a kind are somebody's own documents rather
// than what engines go by. Such a kind has a dot, behind the name of the package
// that keeps them: "pop.Agenda". Changes of them are neither counted by
// SettingsVersion nor hinted by Wake: there may be one for each run, and no engine
// has to read its settings for that.
func Private(kind string) bool { return strings.Contains(kind, ".") }

// Match reports whether the setting's fields have all the values in where.
func (s *Setting) Match(where map[string]string) bool {
	for name, want := range where {
		if got, ok := s.Fields[name]; !ok || got != want {
			return false
		}
	}
	return true
}
