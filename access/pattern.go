package access

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxPatternBytes    = 4096
	maxPatternSegments = 64
	maxNameBytes       = 64
	maxPathSegments    = 256
)

// segment is one part of a pattern: a literal, or a parameter when name is set.
type segment struct {
	literal string
	name    string
}

// pattern is a compiled path pattern.
type pattern struct {
	segments []segment
	// rest is whether the pattern ends in "**".
	rest bool
}

// patternError is what is wrong with a path pattern.
type patternError struct{ message, help string }

func (e *patternError) Error() string { return e.message }

func badPattern(help, format string, args ...any) error {
	return &patternError{message: fmt.Sprintf(format, args...), help: help}
}

// parsePattern compiles a path pattern.
func parsePattern(path string) (pattern, error) {
	switch {
	case path == "":
		return pattern{}, badPattern(`write "/**" for every path`, "path is empty")
	case path[0] != '/':
		return pattern{}, badPattern(`write "/`+path+`"`, "path does not start with a slash")
	case len(path) > maxPatternBytes:
		return pattern{}, badPattern("", "path is longer than %d bytes", maxPatternBytes)
	case !utf8.ValidString(path):
		return pattern{}, badPattern("", "path is not UTF-8")
	}
	trimmed := strings.TrimSuffix(path[1:], "/")
	if trimmed == "" {
		if path != "/" {
			return pattern{}, badPattern("", "path has an empty segment")
		}
		return pattern{}, nil
	}
	return parseSegments(strings.Split(trimmed, "/"))
}

func parseSegments(parts []string) (pattern, error) {
	var p pattern
	if len(parts) > maxPatternSegments {
		return p, badPattern("", "path has more than %d segments", maxPatternSegments)
	}
	for i, part := range parts {
		if part == "**" {
			if i != len(parts)-1 {
				return p, badPattern("use {name} for one segment", `"**" is not the last segment`)
			}
			p.rest = true
			return p, nil
		}
		s, err := parseSegment(part)
		if err != nil {
			return p, err
		}
		if s.name != "" && p.parameter(s.name) >= 0 {
			return p, badPattern("give each parameter its own name", "parameter %q is in the path twice", s.name)
		}
		p.segments = append(p.segments, s)
	}
	return p, nil
}

func parseSegment(part string) (segment, error) {
	switch part {
	case "":
		return segment{}, badPattern("", "path has an empty segment")
	case ".", "..":
		return segment{}, badPattern("requests arrive with dot segments refused", "path has a %q segment", part)
	}
	if len(part) > 1 && part[0] == '{' && part[len(part)-1] == '}' {
		name := part[1 : len(part)-1]
		if !validName(name) {
			return segment{}, badPattern("a name is letters, digits and underscores and begins with a letter", "%q is not a parameter name", name)
		}
		return segment{name: name}, nil
	}
	for _, r := range part {
		if help, bad := badRune(r); bad {
			return segment{}, badPattern(help, "%q cannot stand in a path segment", r)
		}
	}
	return segment{literal: part}, nil
}

// badRune reports the characters that no canonical path has, or that almost
// certainly mean something else to whoever wrote them.
func badRune(r rune) (help string, bad bool) {
	switch r {
	case '{', '}':
		return "a parameter is a whole segment: /{name}/", true
	case '*':
		return "use {name} for one segment, or /** at the end", true
	case '?', '#':
		return "a rule matches the path only, not the query or the fragment", true
	case '\\', ';':
		return "requests with it are refused before any rule", true
	}
	return "control characters are refused before any rule", r < 0x20 || r == 0x7f
}

// validName reports whether s may name a path parameter.
func validName(s string) bool {
	if s == "" || len(s) > maxNameBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return true
}

// parameter returns the index of the segment that binds name, -1 when none.
func (p pattern) parameter(name string) int {
	for i, s := range p.segments {
		if s.name == name && name != "" {
			return i
		}
	}
	return -1
}

// parameters returns the names the pattern binds, in order.
func (p pattern) parameters() []string {
	var names []string
	for _, s := range p.segments {
		if s.name != "" {
			names = append(names, s.name)
		}
	}
	return names
}

// matches is matching as the package comment tells it, one rule at a time. The
// trie answers the same question for all rules at once; Explain and the tests
// hold the two against each other.
func (p pattern) matches(path string) bool {
	rest, ok := canonical(path)
	if !ok {
		return false
	}
	for _, s := range p.segments {
		if rest == "" {
			return false
		}
		var seg string
		seg, rest = nextSegment(rest)
		if s.name == "" && s.literal != seg {
			return false
		}
	}
	return p.rest || rest == ""
}

// covers reports whether every path q matches is one p matches.
func (p pattern) covers(q pattern) bool {
	if len(p.segments) > len(q.segments) || !p.rest && (q.rest || len(p.segments) != len(q.segments)) {
		return false
	}
	for i, s := range p.segments {
		if s.name == "" && s.literal != q.segments[i].literal {
			return false
		}
	}
	return true
}

// canonical returns path without its slashes at either end, and whether rules
// may be asked about it at all: the gateway lets no other path come here, and
// should one come, refusing it is the safe answer.
func canonical(path string) (string, bool) {
	if path == "" || path[0] != '/' {
		return "", false
	}
	path = path[1:]
	for rest, n := path, 0; rest != ""; n++ {
		var seg string
		if seg, rest = nextSegment(rest); seg == "" || seg == "." || seg == ".." || n == maxPathSegments {
			return "", false
		}
	}
	return strings.TrimSuffix(path, "/"), true
}

// nextSegment cuts the first segment off a path without a leading slash.
func nextSegment(path string) (seg, rest string) {
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return path, ""
}

// segmentAt returns the nth segment of a canonical path.
func segmentAt(path string, n int) string {
	seg, rest := nextSegment(path[1:])
	for ; n > 0; n-- {
		seg, rest = nextSegment(rest)
	}
	return seg
}
