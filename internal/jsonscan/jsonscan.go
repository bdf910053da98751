// Package jsonscan finds values in JSON without reading the rest of it: it looks for
// quotes and brackets only, allocates nothing, and what it finds is a part of what
// it was given.
//
//	name, ok := jsonscan.Member(raw, "name")
//
// The JSON is taken to be valid, as whoever took it in has checked it. In other
// text the functions find something or nothing, and never more than there is.
package jsonscan

import (
	"bytes"
	"encoding/json"
)

// Text is JSON as it comes.
type Text interface{ ~string | ~[]byte }

// skipSpace returns the first place from at on that is no blank.
func skipSpace[T Text](s T, at int) int {
	for at < len(s) && (s[at] == ' ' || s[at] == '\n' || s[at] == '\t' || s[at] == '\r') {
		at++
	}
	return at
}

// End returns where the value that begins at a place ends; the place itself
// where there is none.
func End[T Text](s T, at int) int {
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
func skipString[T Text](s T, at int) int {
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
func skipPlain[T Text](s T, at int) int {
	for at++; at < len(s); at++ {
		switch c := s[at]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', c == 'E', c == '+', c == '-', c == '.':
		default:
			return at
		}
	}
	return at
}

// Trim returns JSON without the blanks around it.
func Trim(raw json.RawMessage) json.RawMessage { return bytes.Trim(raw, " \t\r\n") }

// Member returns the value of a member of an object, false where there is none or
// the value is no object. Of a name that is there twice the last counts, as for
// encoding/json.
func Member(raw json.RawMessage, name string) (value json.RawMessage, found bool) {
	members(raw, func(quoted, v json.RawMessage) bool {
		if sameName(quoted, name) {
			value, found = v, true
		}
		return true
	})
	return value, found
}

// Members calls f with the members of an object, in order, until it says stop,
// and reports whether there is an object that was read to its end. A name that
// is there twice is told twice.
func Members(raw json.RawMessage, f func(name string, v json.RawMessage) bool) bool {
	return members(raw, func(quoted, v json.RawMessage) bool { return f(nameOf(quoted), v) })
}

func members(raw json.RawMessage, f func(quoted, v json.RawMessage) bool) bool {
	if raw = Trim(raw); len(raw) == 0 || raw[0] != '{' {
		return false
	}
	at := skipSpace(raw, 1)
	if at < len(raw) && raw[at] == '}' {
		return true
	}
	for at < len(raw) && raw[at] == '"' {
		end := skipString(raw, at)
		if end < 0 {
			return false
		}
		quoted := raw[at:end]
		at = skipSpace(raw, end)
		if at == len(raw) || raw[at] != ':' {
			return false
		}
		at = skipSpace(raw, at+1)
		if end = End(raw, at); end == at || !f(quoted, raw[at:end]) {
			return false
		}
		at = skipSpace(raw, end)
		if at < len(raw) && raw[at] == '}' {
			return true
		}
		if at == len(raw) || raw[at] != ',' {
			return false
		}
		at = skipSpace(raw, at+1)
	}
	return false
}

// sameName reports whether a quoted name spells name.
func sameName(quoted json.RawMessage, name string) bool {
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(plain, '\\') < 0 {
		return string(plain) == name
	}
	return nameOf(quoted) == name
}

// nameOf decodes a quoted name, "" where it is no JSON string.
func nameOf(quoted json.RawMessage) string {
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(plain, '\\') < 0 {
		return string(plain)
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it stays empty
	return s
}

// Element returns a value of an array, false where there is none or the value is no
// array.
func Element(raw json.RawMessage, index int) (value json.RawMessage, found bool) {
	Elements(raw, func(i int, v json.RawMessage) bool {
		if i == index {
			value, found = v, true
		}
		return i < index
	})
	return value, found
}

// Elements calls f with the values of an array until it says stop, and reports
// whether there is an array that was read to its end.
func Elements(raw json.RawMessage, f func(i int, v json.RawMessage) bool) bool {
	if raw = Trim(raw); len(raw) == 0 || raw[0] != '[' {
		return false
	}
	at := skipSpace(raw, 1)
	if at < len(raw) && raw[at] == ']' {
		return true
	}
	for i := 0; at < len(raw); i++ {
		end := End(raw, at)
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
