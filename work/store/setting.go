package store

import "encoding/json"

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

// Match reports whether the setting's fields have all the values in where.
func (s *Setting) Match(where map[string]string) bool {
	for name, want := range where {
		if got, ok := s.Fields[name]; !ok || got != want {
			return false
		}
	}
	return true
}
