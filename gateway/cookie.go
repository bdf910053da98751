package gateway

import (
	"net/http"
	"slices"
	"strings"
)

// cookieNames is which cookies belong to the gateway.
type cookieNames struct{ names []string }

// owns reports whether a cookie is the gateway's: one that is listed, or one
// whose name begins with "berth" after the prefixes of RFC 6265bis section
// 4.1.3. Case does not matter, because some servers compare without it.
func (c *cookieNames) owns(name string) bool {
	if slices.Contains(c.names, name) {
		return true
	}
	name = cutFold(cutFold(name, "__Host-"), "__Secure-")
	return len(name) >= 5 && strings.EqualFold(name[:5], "berth")
}

func cutFold(s, prefix string) string {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):]
	}
	return s
}

// among reports whether any of the Cookie lines holds a cookie that is the
// gateway's.
func (c *cookieNames) among(lines []string) bool {
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			if c.owns(cookieName(pair)) {
				return true
			}
		}
	}
	return false
}

// appendForeign appends one Cookie header line with the cookies that are not
// the gateway's, byte for byte; nothing when there are none.
func (c *cookieNames) appendForeign(b []byte, lines []string) []byte {
	start := len(b)
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			pair = strings.Trim(pair, " \t")
			if pair == "" || c.owns(cookieName(pair)) {
				continue
			}
			if len(b) == start {
				b = append(b, "Cookie: "...)
			} else {
				b = append(b, "; "...)
			}
			b = append(b, pair...)
		}
	}
	if len(b) > start {
		b = append(b, "\r\n"...)
	}
	return b
}

// scrubSetCookie removes the lines that would set a cookie of the gateway's.
func (c *cookieNames) scrubSetCookie(h http.Header) {
	lines := h["Set-Cookie"]
	bad := func(line string) bool {
		pair, _, _ := strings.Cut(line, ";")
		return c.owns(cookieName(pair))
	}
	if !slices.ContainsFunc(lines, bad) {
		return
	}
	if lines = slices.DeleteFunc(lines, bad); len(lines) == 0 {
		delete(h, "Set-Cookie")
		return
	}
	h["Set-Cookie"] = lines
}

// cookieName returns the name in "name=value".
func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.Trim(name, " \t")
}
