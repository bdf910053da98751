// Package grammar reads what the fields of HTTP have in common: tokens, values,
// lists and weights (RFC 9110). The parts of the gateway read it in one way.
package grammar

import (
	"net/http"
	"strings"
)

// tokenBytes are the bytes of a token.
var tokenBytes = func() (t [256]bool) {
	const others = "!#$%&'*+-.^_`|~"
	for c := range t {
		b := byte(c)
		t[c] = '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z' && b < 0x80 || strings.IndexByte(others, b) >= 0
	}
	return t
}()

// TokenByte reports whether a token may hold a byte (RFC 9110 section 5.6.2).
func TokenByte(c byte) bool { return tokenBytes[c] }

// IsToken reports whether s is a token, as names of fields and methods are.
func IsToken(s string) bool {
	for i := range len(s) {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

// ValueByte reports whether a field value may hold a byte (RFC 9110 section
// 5.5): no control bytes but the tab.
func ValueByte(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' }

// IsValue reports whether s may stand in a field value.
func IsValue(s string) bool {
	for i := range len(s) {
		if !ValueByte(s[i]) {
			return false
		}
	}
	return true
}

// Length reads a Content-Length: digits only, at most 18 of them (RFC 9112
// section 6.3).
func Length(value string) (n int64, ok bool) {
	if value == "" || len(value) > 18 {
		return 0, false
	}
	for i := range len(value) {
		c := value[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// HasToken reports whether one of the lines of a field that is a list (RFC
// 9110 section 5.6.1) holds a token, without regard to case.
func HasToken(lines []string, token string) bool {
	for _, line := range lines {
		for line != "" {
			var item string
			item, line, _ = strings.Cut(line, ",")
			if strings.EqualFold(strings.Trim(item, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// AddVary adds the name of a field to Vary unless it is covered there.
func AddVary(h http.Header, name string) {
	lines := h["Vary"]
	if HasToken(lines, name) || HasToken(lines, "*") {
		return
	}
	h["Vary"] = append(lines[:len(lines):len(lines)], name)
}

// Weight reads a qvalue (RFC 9110 section 12.4.2) in thousandths.
func Weight(qvalue string) (weight int, ok bool) {
	whole, fraction, _ := strings.Cut(qvalue, ".")
	if len(fraction) > 3 || whole != "0" && whole != "1" {
		return 0, false
	}
	weight, scale := int(whole[0]-'0')*1000, 100
	for i := range len(fraction) {
		if fraction[i] < '0' || fraction[i] > '9' {
			return 0, false
		}
		weight += int(fraction[i]-'0') * scale
		scale /= 10
	}
	if weight > 1000 {
		return 0, false
	}
	return weight, true
}

// MediaRange takes an element of Accept apart (RFC 9110 section 12.5.1): the
// range in lower case without its parameters, and its weight in thousandths,
// 1000 when there is none, 0 when it cannot be read.
func MediaRange(element string) (kind string, weight int) {
	kind, params, _ := strings.Cut(element, ";")
	kind = strings.ToLower(strings.Trim(kind, " \t"))
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.Trim(param, " \t"), "=")
		if strings.EqualFold(strings.TrimRight(name, " \t"), "q") {
			if weight, ok := Weight(strings.TrimLeft(value, " \t")); ok {
				return kind, weight
			}
			return kind, 0
		}
	}
	return kind, 1000
}
