package workflow

import (
	"bytes"
	"encoding/json"
)

// This file finds values in JSON without reading the rest of it. The JSON is
// taken to be valid, as an engine checks what it takes in; in other text the
// functions find something or nothing, and never more than there is.

// text is JSON as it comes.
type text interface{ ~string | ~[]byte }

// skipSpace returns the first place from at on that is no blank.
func skipSpace[T text](s T, at int) int {
	for at < len(s) && (s[at] == ' ' || s[at] == '\n' || s[at] == '\t' || s[at] == '\r') {
		at++
	}
	return at
}

// skipValue returns where the value that begins at a place ends; the place itself
// where there is none.
func skipValue[T text](s T, at int) int {
	start := at
	for depth := 0; at < len(s); {
		switch c := s[at]; c {
		case '"':
			end := skipString(s, at)
			if end < 0 {
				return start
			}
			at = end
		case '{', '[':
			depth++
			at++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return start
			}
			at++
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return start
			}
			at++
			continue
		default:
			at = skipPlain(s, at)
		}
		if depth == 0 {
			return at
		}
	}
	return start
}

// skipString returns what is behind the string that begins at a place, -1 where
// it does not end.
func skipString[T text](s T, at int) int {
	for at++; at < len(s); at++ {
		switch s[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return -1
}

// skipPlain returns what is behind a number, true, false or null. It takes at least
// one byte.
func skipPlain[T text](s T, at int) int {
	for at++; at < len(s); at++ {
		switch c := s[at]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', c == 'E', c == '+', c == '-', c == '.':
		default:
			return at
		}
	}
	return at
}

// lookup follows a path into a value; false where it leads nowhere. Of a name that
// is there twice the last counts, as for encoding/json.
func lookup(raw json.RawMessage, path []segment) (json.RawMessage, bool) {
	raw = trim(raw)
	for _, s := range path {
		found := false
		switch {
		case len(raw) == 0:
		case raw[0] == '{' && (s.name != "" || s.index < 0):
			raw, found = member(raw, s.name)
		case raw[0] == '[' && s.index >= 0:
			raw, found = element(raw, s.index)
		}
		if !found {
			return nil, false
		}
	}
	return raw, len(raw) > 0
}

func trim(raw json.RawMessage) json.RawMessage { return bytes.Trim(raw, " \t\r\n") }

// member returns the value of a member of an object.
func member(raw json.RawMessage, name string) (value json.RawMessage, found bool) {
	for at := skipSpace(raw, 1); at < len(raw) && raw[at] == '"'; {
		end := skipString(raw, at)
		if end < 0 {
			break
		}
		matches := sameName(raw[at:end], name)
		at = skipSpace(raw, end)
		if at == len(raw) || raw[at] != ':' {
			break
		}
		at = skipSpace(raw, at+1)
		if end = skipValue(raw, at); end == at {
			break
		}
		if matches {
			value, found = raw[at:end], true
		}
		if at = skipSpace(raw, end); at == len(raw) || raw[at] != ',' {
			break
		}
		at = skipSpace(raw, at+1)
	}
	return value, found
}

// sameName reports whether a quoted name spells name.
func sameName(quoted json.RawMessage, name string) bool {
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(plain, '\\') < 0 {
		return string(plain) == name
	}
	var s string
	return json.Unmarshal(quoted, &s) == nil && s == name
}

// element returns a value of an array.
func element(raw json.RawMessage, index int) (value json.RawMessage, found bool) {
	eachElement(raw, func(i int, v json.RawMessage) bool {
		if i == index {
			value, found = v, true
		}
		return i < index
	})
	return value, found
}

// eachElement calls f with the values of an array until it says stop, and reports
// whether the array was read to its end.
func eachElement(raw json.RawMessage, f func(i int, v json.RawMessage) bool) bool {
	at := skipSpace(raw, 1)
	if at < len(raw) && raw[at] == ']' {
		return true
	}
	for i := 0; at < len(raw); i++ {
		end := skipValue(raw, at)
		if end == at || !f(i, raw[at:end]) {
			return false
		}
		at = skipSpace(raw, end)
		if at < len(raw) && raw[at] == ']' {
			return true
		}
		if at == len(raw) || raw[at] != ',' {
			return false
		}
		at = skipSpace(raw, at+1)
	}
	return false
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
