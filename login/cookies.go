package login

import (
	"errors"
	"strings"
)

// errAmbiguous means two different cookies of the session's name: somebody
// planted one, and there is no telling which.
var errAmbiguous = errors.New("two session cookies")

// findCookie returns the value of the cookie with that exact name in Cookie
// header lines (RFC 6265 section 4.2.1), "" when there is none. It allocates
// nothing.
func findCookie(lines []string, name string) (value string, err error) {
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			pair = strings.Trim(pair, " \t")
			if len(pair) <= len(name) || pair[len(name)] != '=' || pair[:len(name)] != name {
				continue
			}
			found := pair[len(name)+1:]
			if value != "" && found != value {
				return "", errAmbiguous
			}
			value = found
		}
	}
	return value, nil
}
