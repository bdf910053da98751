package login

import (
	"net/url"
	"path"
	"strings"
)

const maxNext = 2048

// safeNext returns where to go after signing in: raw when it is a plain path
// of this site, with or without a query, and "/" for everything else. The
// sign-in and sign-out pages are no place to go on to.
//
// A browser reads a Location more generously than any server: it drops tabs
// and line ends, takes a backslash for a slash, and two slashes at the start
// for another host. Hence the short list of what may be in the path, which is
// what the gateway lets through anyway. A request target has no fragment, so a
// fragment is refused too.
func safeNext(raw string) string {
	const home = "/"
	if raw == "" || len(raw) > maxNext || raw[0] != '/' {
		return home
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '\\' || c == '#' {
			return home
		}
	}
	rawPath, _, _ := strings.Cut(raw, "?")
	decoded, err := url.PathUnescape(rawPath)
	if err != nil || strings.Contains(decoded, "//") || strings.ContainsAny(decoded, "\\;") || strings.ContainsFunc(decoded, control) {
		return home
	}
	clean := path.Clean(decoded)
	if clean != decoded && clean+"/" != decoded {
		return home // dot segments
	}
	if clean == DefaultSignInPath || clean == SignOutPath {
		return home
	}
	return raw
}

func control(r rune) bool { return r < ' ' || r == 0x7f }
