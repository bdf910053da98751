package tables

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// PostgreSQL keeps no NUL and nothing but UTF-8 in a text, and labels are kept
// as one text in which separators have a meaning. What stands in the way is
// escaped: escape, "x" and two hexadecimal digits of the byte.
const (
	escape    = '\x1d'
	keyMark   = '\x1e' // before a label's key, and at the end
	valueMark = '\x1f' // before its value
)

// Escape returns s as a text every database keeps. Two texts are equal if
// and only if their escapes are.
func Escape(s string) string {
	if clean(s, "\x00\x1d") {
		return s
	}
	return string(appendEscaped(nil, s, "\x00\x1d"))
}

func clean(s, special string) bool { return !strings.ContainsAny(s, special) && utf8.ValidString(s) }

func appendEscaped(b []byte, s, special string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r < utf8.RuneSelf && strings.IndexByte(special, byte(r)) >= 0 {
			b = fmt.Appendf(b, "%cx%02x", escape, s[i])
		} else {
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return b
}

// Unescape returns what was escaped.
func Unescape(s string) string {
	at := strings.IndexByte(s, escape)
	if at < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:at]...)
	for i := at; i < len(s); i++ {
		if s[i] == escape && len(s) >= i+4 {
			if v, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b = append(b, byte(v))
				i += 3
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
