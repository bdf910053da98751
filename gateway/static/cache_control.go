package static

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// immutable is what names with a content hash get.
const immutable = "public, max-age=31536000, immutable"

// CacheRule gives a Cache-Control value to paths.
type CacheRule struct {
	// Match is a pattern for the path below Root: "*" and "?" match within a
	// segment, "[a-z]" one of some characters, "**" as a whole segment any
	// number of segments. A pattern without a slash is matched against the last
	// segment only.
	Match string
	// Value is the header's value.
	Value string
}

func (c CacheRule) validate() error {
	if c.Match == "" {
		return errors.New("match is empty")
	}
	if _, err := path.Match(c.Match, ""); err != nil {
		return fmt.Errorf("match %q: %w", c.Match, err)
	}
	if c.Value == "" || strings.ContainsFunc(c.Value, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return fmt.Errorf("value %q is not a header value", c.Value)
	}
	return nil
}

// matches reports whether the rule is for a path below the root.
func (c CacheRule) matches(name string) bool {
	if !strings.Contains(c.Match, "/") && c.Match != "**" {
		name = path.Base(name)
	}
	return matchSegments(strings.TrimPrefix(c.Match, "/"), name)
}

// matchSegments compares segment by segment. Patterns come from the manifest
// and are short, so trying every length for "**" is fine.
func matchSegments(pattern, name string) bool {
	head, rest, more := strings.Cut(pattern, "/")
	if head == "**" {
		if !more {
			return true
		}
		for {
			if matchSegments(rest, name) {
				return true
			}
			_, after, ok := strings.Cut(name, "/")
			if !ok {
				return false
			}
			name = after
		}
	}
	segment, after, deeper := strings.Cut(name, "/")
	if ok, err := path.Match(head, segment); err != nil || !ok || more != deeper {
		return false
	}
	return !more || matchSegments(rest, after)
}

// cacheControl is the value for a path below the root, "" for none.
func (h *Handler) cacheControl(name string) string {
	for _, rule := range h.cfg.CacheControl {
		if rule.matches(name) {
			return rule.Value
		}
	}
	if h.cfg.Immutable && hashed(path.Base(name)) {
		return immutable
	}
	return ""
}

// hashed reports whether a file name holds a content hash as bundlers write it:
// a part between dots or dashes, neither the first nor the ending, of at least
// eight letters and digits with some of both: app.3f2a91bc.js,
// index-BdX3kd9a.css, app.3f2a91bc.js.map.
func hashed(base string) bool {
	parts := strings.FieldsFunc(base, func(r rune) bool { return r == '.' || r == '-' })
	for i, part := range parts {
		if i > 0 && i < len(parts)-1 && isHash(part) {
			return true
		}
	}
	return false
}

// isHash reports whether a part of a name looks like a hash and not a word or a
// date.
func isHash(token string) bool {
	letters, digits := 0, 0
	for _, c := range token {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
			letters++
		default:
			return false
		}
	}
	return letters+digits >= 8 && letters > 0 && digits > 0
}
