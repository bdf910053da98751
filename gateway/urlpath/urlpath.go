// Package urlpath turns the target of a request into one canonical path.
//
// A proxy that matches one reading of a path and forwards another can be
// walked around: its rules see "/public/..%2Fadmin" and its app sees "/admin".
// Here a target is decoded once, everything two programs could read in two
// ways is refused, and the rest is encoded again once; what is matched
// ([Path.Decoded]) and what is forwarded ([Path.Encoded]) are then the same
// path by construction.
package urlpath

import (
	"strings"
	"unicode/utf8"
)

// Code says why a target was refused. It is stable: logs, metrics and error
// pages show it.
type Code string

// The codes of refused targets.
const (
	// NotAbsolute: the target does not begin with "/".
	NotAbsolute Code = "path_not_absolute"
	// BadEncoding: "%" not followed by two hexadecimal digits.
	BadEncoding Code = "path_bad_encoding"
	// EncodedSlash: "%2F".
	EncodedSlash Code = "path_encoded_slash"
	// Backslash: "\" or "%5C", which some programs read as "/".
	Backslash Code = "path_backslash"
	// Control: a NUL or control byte, encoded or not.
	Control Code = "path_control_byte"
	// DotSegment: "." or ".." as a segment, encoded or not.
	DotSegment Code = "path_dot_segment"
	// Parameter: ";" (path parameters), encoded or not.
	Parameter Code = "path_parameter"
	// EmptySegment: "//", where slashes are not merged.
	EmptySegment Code = "path_empty_segment"
	// NotUTF8: bytes that are not UTF-8 once decoded.
	NotUTF8 Code = "path_not_utf8"
	// BadByte: a byte no target has as it is: a space, a quote, "<", ">", "`",
	// "{", "}", "#", or a bare byte above 0x7F. ("[", "]", "^" and "|" are
	// accepted, because browsers send them, and forwarded encoded.)
	BadByte Code = "path_bad_byte"
)

// Error is a refused target.
type Error struct {
	// Code says why.
	Code Code
}

// Error implements error.
func (e *Error) Error() string { return "request path: " + string(e.Code) }

// Options relax the canonical form.
type Options struct {
	// MergeSlashes reads "//" as "/" instead of refusing it; the forwarded
	// path is merged too. Default false.
	MergeSlashes bool
}

// Path is one canonical path.
type Path struct {
	// Decoded is the path without any percent-encoding: what routes and rules
	// match. It begins with "/".
	Decoded string
	// Encoded is Decoded encoded again once, with upper-case hexadecimal
	// digits: what is forwarded.
	Encoded string
	// RawQuery is what followed "?", byte for byte, without the "?".
	RawQuery string
	// HasQuery reports that there was a "?".
	HasQuery bool
}

// Target returns the path and the query as a request line carries them.
func (p Path) Target() string {
	if !p.HasQuery {
		return p.Encoded
	}
	return p.Encoded + "?" + p.RawQuery
}

// Canonical reads an origin-form target (RFC 9112 section 3.2.1). Its error is
// an *[Error]. A target that is canonical already costs no allocation.
func Canonical(target string) (Path, error) { return Options{}.Canonical(target) }

// Canonical is like the function of that name, under options.
func (o Options) Canonical(target string) (Path, error) {
	path, query, hasQuery := strings.Cut(target, "?")
	p := Path{Decoded: path, Encoded: path, RawQuery: query, HasQuery: hasQuery}
	if path == "" || path[0] != '/' {
		return Path{}, refused(NotAbsolute)
	}
	if !queryClean(query) {
		return Path{}, refused(BadByte)
	}
	plain, code := scan(path)
	if code != "" {
		return Path{}, refused(code)
	}
	if !plain {
		return o.decode(p)
	}
	if strings.Contains(path, "//") {
		if !o.MergeSlashes {
			return Path{}, refused(EmptySegment)
		}
		p.Decoded = mergeSlashes(path)
		p.Encoded = p.Decoded
	}
	if hasDotSegment(p.Decoded) {
		return Path{}, refused(DotSegment)
	}
	return p, nil
}

// Encode returns a decoded path as it is forwarded.
func Encode(decoded string) string {
	n := 0
	for i := range len(decoded) {
		if class[decoded[i]] != plainByte {
			n++
		}
	}
	if n == 0 {
		return decoded
	}
	b := make([]byte, 0, len(decoded)+2*n)
	for i := range len(decoded) {
		c := decoded[i]
		if class[c] == plainByte {
			b = append(b, c)
			continue
		}
		b = append(b, '%', upperHex[c>>4], upperHex[c&15])
	}
	return string(b)
}

// decode handles a path that is not plain.
func (o Options) decode(p Path) (Path, error) {
	decoded, code := unescape(p.Decoded)
	if code != "" {
		return Path{}, refused(code)
	}
	if !utf8.ValidString(decoded) {
		return Path{}, refused(NotUTF8)
	}
	if strings.Contains(decoded, "//") {
		if !o.MergeSlashes {
			return Path{}, refused(EmptySegment)
		}
		decoded = mergeSlashes(decoded)
	}
	if hasDotSegment(decoded) {
		return Path{}, refused(DotSegment)
	}
	p.Decoded = decoded
	p.Encoded = Encode(decoded)
	return p, nil
}

// scan looks at every byte of the undecoded path. plain says that it stands
// for itself: nothing in it is encoded or has to be.
func scan(path string) (plain bool, code Code) {
	plain = true
	for i := range len(path) {
		switch class[path[i]] {
		case plainByte:
		case percentByte, looseByte:
			plain = false
		default:
			return false, reason(path[i])
		}
	}
	return plain, ""
}

// unescape decodes once and refuses what decoding brings to light.
func unescape(path string) (string, Code) {
	b := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b = append(b, path[i])
			continue
		}
		if i+2 >= len(path) {
			return "", BadEncoding
		}
		hi, lo := unhex(path[i+1]), unhex(path[i+2])
		if hi < 0 || lo < 0 {
			return "", BadEncoding
		}
		c := byte(hi<<4 | lo)
		if code := hidden(c); code != "" {
			return "", code
		}
		b = append(b, c)
		i += 2
	}
	return string(b), ""
}

// hidden says why a byte may not be written encoded, "" when it may. "%3F" and
// "%23" may: they are encoded again when forwarded and never become
// delimiters.
func hidden(c byte) Code {
	switch {
	case c == '/':
		return EncodedSlash
	case c == '\\':
		return Backslash
	case c == ';':
		return Parameter
	case c < 0x20 || c == 0x7f:
		return Control
	}
	return ""
}

// reason says why a byte may not be in a target as it is.
func reason(c byte) Code {
	if code := hidden(c); code != "" {
		return code
	}
	return BadByte
}

func refused(c Code) error { return refusals[c] }

// refusals holds one error for each code, so that a flood of bad targets costs
// no allocation.
var refusals = map[Code]*Error{
	NotAbsolute: {NotAbsolute}, BadEncoding: {BadEncoding}, EncodedSlash: {EncodedSlash}, Backslash: {Backslash},
	Control: {Control}, DotSegment: {DotSegment}, Parameter: {Parameter}, EmptySegment: {EmptySegment},
	NotUTF8: {NotUTF8}, BadByte: {BadByte},
}

// hasDotSegment looks for a segment "." or "..".
func hasDotSegment(path string) bool {
	for i := 0; i < len(path); i++ {
		j := strings.Index(path[i:], "/.")
		if j < 0 {
			return false
		}
		i += j
		rest := path[i+2:]
		if rest == "" || rest[0] == '/' || rest == "." || strings.HasPrefix(rest, "./") {
			return true
		}
	}
	return false
}

func mergeSlashes(path string) string {
	b := make([]byte, 0, len(path))
	for i := range len(path) {
		if path[i] == '/' && len(b) > 0 && b[len(b)-1] == '/' {
			continue
		}
		b = append(b, path[i])
	}
	return string(b)
}

// queryClean refuses what would end the request line or split it. Everything
// else in a query is the app's.
func queryClean(q string) bool {
	for i := range len(q) {
		if c := q[i]; c <= 0x20 || c == 0x7f || c == '#' {
			return false
		}
	}
	return true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

const upperHex = "0123456789ABCDEF"

const (
	otherByte = iota
	plainByte
	percentByte
	looseByte // RFC 3986 wants it encoded, browsers do not
)

// class is RFC 3986 pchar and "/", without ";".
var class = [256]uint8{
	'/': plainByte, '-': plainByte, '.': plainByte, '_': plainByte, '~': plainByte, '!': plainByte, '$': plainByte,
	'&': plainByte, '\'': plainByte, '(': plainByte, ')': plainByte, '*': plainByte, '+': plainByte, ',': plainByte,
	'=': plainByte, ':': plainByte, '@': plainByte, '%': percentByte,
	'[': looseByte, ']': looseByte, '^': looseByte, '|': looseByte,
	'0': plainByte, '1': plainByte, '2': plainByte, '3': plainByte, '4': plainByte, '5': plainByte, '6': plainByte,
	'7': plainByte, '8': plainByte, '9': plainByte,
	'a': plainByte, 'b': plainByte, 'c': plainByte, 'd': plainByte, 'e': plainByte, 'f': plainByte, 'g': plainByte,
	'h': plainByte, 'i': plainByte, 'j': plainByte, 'k': plainByte, 'l': plainByte, 'm': plainByte, 'n': plainByte,
	'o': plainByte, 'p': plainByte, 'q': plainByte, 'r': plainByte, 's': plainByte, 't': plainByte, 'u': plainByte,
	'v': plainByte, 'w': plainByte, 'x': plainByte, 'y': plainByte, 'z': plainByte,
	'A': plainByte, 'B': plainByte, 'C': plainByte, 'D': plainByte, 'E': plainByte, 'F': plainByte, 'G': plainByte,
	'H': plainByte, 'I': plainByte, 'J': plainByte, 'K': plainByte, 'L': plainByte, 'M': plainByte, 'N': plainByte,
	'O': plainByte, 'P': plainByte, 'Q': plainByte, 'R': plainByte, 'S': plainByte, 'T': plainByte, 'U': plainByte,
	'V': plainByte, 'W': plainByte, 'X': plainByte, 'Y': plainByte, 'Z': plainByte,
}
