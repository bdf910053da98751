package workflow

import (
	"encoding/json"

	"github.com/berth-project/berth/internal/jsonscan"
)

// lookup follows a path into a value; false where it leads nowhere.
func lookup(raw json.RawMessage, path []segment) (json.RawMessage, bool) {
	return follow(raw, path, new(int))
}

// follow is lookup that adds to searched how much JSON it looked at, each time
// it did, and leads nowhere when that is too much.
func follow(raw json.RawMessage, path []segment, searched *int) (json.RawMessage, bool) {
	raw = jsonscan.Trim(raw)
	for _, s := range path {
		if *searched += len(raw); *searched > maxSearched {
			return nil, false
		}
		found := false
		switch {
		case len(raw) > 0 && raw[0] == '[' && s.index >= 0:
			raw, found = jsonscan.Element(raw, s.index)
		case s.name != "" || s.index < 0:
			raw, found = jsonscan.Member(raw, s.name)
		}
		if !found {
			return nil, false
		}
	}
	return raw, len(raw) > 0
}

// quoteJSON returns a text as a JSON string, with nothing escaped that need not
// be.
func quoteJSON(s string) string { return string(appendQuoted(nil, s)) }

func appendQuoted(b []byte, s string) []byte {
	return append(appendEscaped(append(b, '"'), s), '"')
}

// appendEscaped appends a text as it stands between the quotes of a JSON string.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
