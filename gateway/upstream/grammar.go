package upstream

import "strings"

// tokenByte says which bytes make a token (RFC 9110 section 5.6.2), valueByte
// which make a field value or a line of ours (section 5.5): no control bytes
// but the tab.
var (
	tokenByte = tokenTable()
	valueByte = valueTable()
)

func tokenTable() (t [256]bool) {
	const others = "!#$%&'*+-.^_`|~"
	for c := range t {
		b := byte(c)
		t[c] = '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z' && b < 0x80 || strings.IndexByte(others, b) >= 0
	}
	return t
}

func valueTable() (t [256]bool) {
	for c := range t {
		t[c] = c == '\t' || c >= 0x20 && c != 0x7f
	}
	return t
}

func validToken(s string) bool {
	for i := range len(s) {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

func validValue(s string) bool {
	for i := range len(s) {
		if !valueByte[s[i]] {
			return false
		}
	}
	return true
}

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
		for name < len(b) && tokenByte[b[name]] {
			name++
		}
		if name == 0 || name == len(b) || b[name] != ':' {
			return false
		}
		end := name + 1
		for end < len(b) && valueByte[b[end]] {
			end++
		}
		if end+1 >= len(b) || b[end] != '\r' || b[end+1] != '\n' {
			return false
		}
		b = b[end+2:]
	}
	return true
}

// hasToken reports whether one of the comma-separated lists holds the token,
// without regard to case.
func hasToken(lists []string, token string) bool {
	for _, list := range lists {
		for list != "" {
			var item string
			item, list, _ = strings.Cut(list, ",")
			if strings.EqualFold(strings.Trim(item, " \t"), token) {
				return true
			}
		}
	}
	return false
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
