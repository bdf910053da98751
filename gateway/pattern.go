package gateway

import (
	"fmt"
	"strings"
)

// pattern is a compiled path pattern, in the language of package access: exact
// segments, {name} for one segment, "/**" for a path and everything below it.
type pattern struct {
	source string
	// literal is the part before the first {name} or "**", without the slash
	// that ends it: "/static" of "/static/**", "" of "/**".
	literal string
	// segments follow literal; an empty one is a parameter.
	segments []string
	// rest is whether the pattern ends in "**".
	rest bool
}

// parsePattern compiles a pattern.
func parsePattern(s string) (pattern, error) {
	if s == "" || s[0] != '/' {
		return pattern{}, fmt.Errorf("path %q: begins without a slash", s)
	}
	p := pattern{source: s}
	trimmed := strings.TrimSuffix(s[1:], "/")
	if trimmed == "" {
		return p, nil
	}
	parts := strings.Split(trimmed, "/")
	if parts[len(parts)-1] == "**" {
		p.rest = true
		parts = parts[:len(parts)-1]
	}
	for _, part := range parts {
		literal, err := parseSegment(part)
		if err != nil {
			return pattern{}, fmt.Errorf("path %q: %w", s, err)
		}
		if literal == "" || len(p.segments) > 0 {
			p.segments = append(p.segments, literal)
		} else {
			p.literal += "/" + literal
		}
	}
	return p, nil
}

// parseSegment returns the text of a literal segment, "" for a parameter.
func parseSegment(part string) (string, error) {
	switch {
	case part == "":
		return "", fmt.Errorf("empty segment")
	case part == "." || part == "..":
		return "", fmt.Errorf("dot segment")
	case len(part) > 2 && part[0] == '{' && part[len(part)-1] == '}':
		return "", nil
	case strings.ContainsAny(part, `{}*?#\;%`):
		return "", fmt.Errorf("segment %q: a parameter is a whole segment, ** comes last, and the path is written decoded", part)
	}
	return part, nil
}

// match reports whether a canonical, decoded path matches. A trailing slash
// makes no difference.
func (p *pattern) match(path string) bool {
	if !strings.HasPrefix(path, p.literal) {
		return false
	}
	rest := path[len(p.literal):]
	if rest != "" && rest[0] != '/' {
		return false
	}
	rest = strings.TrimPrefix(rest, "/")
	for _, want := range p.segments {
		if rest == "" {
			return false
		}
		var seg string
		seg, rest, _ = strings.Cut(rest, "/")
		if want != "" && want != seg {
			return false
		}
	}
	return p.rest || rest == ""
}

// below returns what of a matching path follows the literal part, without a
// leading slash; for an exact pattern without parameters the last segment.
func (p *pattern) below(path string) string {
	if !p.rest && len(p.segments) == 0 {
		return path[strings.LastIndexByte(path, '/')+1:]
	}
	return strings.TrimPrefix(path[len(p.literal):], "/")
}
