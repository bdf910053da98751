package upstream

import "github.com/berth-project/berth/gateway/grammar"

// validTarget accepts what may stand in a request line: neither a blank nor a
// control byte, and nothing after a fragment sign.
func validTarget(s string) bool {
	if s == "" || s[0] != '/' && s != "*" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// validHost keeps a Host to one line and one authority.
func validHost(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '/' || c == '@' || c == '#' || c == '?' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// validLines accepts complete header lines and nothing that could end the
// head early.
func validLines(b []byte) bool {
	for len(b) > 0 {
		name := 0
		for name < len(b) && grammar.TokenByte(b[name]) {
			name++
		}
		if name == 0 || name == len(b) || b[name] != ':' {
			return false
		}
		end := name + 1
		for end < len(b) && grammar.ValueByte(b[end]) {
			end++
		}
		if end+1 >= len(b) || b[end] != '\r' || b[end+1] != '\n' {
			return false
		}
		b = b[end+2:]
	}
	return true
}

// trimBlanks removes optional whitespace (RFC 9110 section 5.6.3) around s.
func trimBlanks(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
