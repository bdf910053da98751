package source

import (
	"bytes"
	"strings"
)

// region is a part of a text that looks like a JSON object, whole or broken.
type region struct {
	start, end int
	// closed is set where the braces match.
	closed bool
	// policies are the outermost objects in it that are meant as policies or
	// statements by the names they have.
	policies []part
}

// part is an object within a region.
type part struct{ start, end int }

// scanner finds regions. It looks at each byte of the text once, whatever the
// text is: a region ends where its braces match, or else at the first line that
// cannot be JSON, and the search goes on behind it.
type scanner struct {
	text []byte
	at   int

	frames   []frame
	marked   int // open frames with a Statement
	policies []part
	indent   int // of the line on which the region begins
}

// frame is an open object.
type frame struct {
	start                    int
	statement, effect, other bool
}

// maxFrames is how deep the objects of a region may nest.
const maxFrames = 1_000

// next returns the next region.
func (s *scanner) next() (region, bool) {
	for s.at < len(s.text) {
		i := bytes.IndexByte(s.text[s.at:], '{')
		if i < 0 {
			break
		}
		s.at += i
		if s.opens() {
			return s.region(), true
		}
		s.at++
	}
	return region{}, false
}

// opens reports whether the brace that is next begins something like JSON: a
// name in quotes of any kind, or a comment where one would be.
func (s *scanner) opens() bool {
	rest := s.text[s.at+1:]
	// A run of blanks is looked at once for each brace before it, and no other
	// brace is between.
	rest = bytes.TrimLeft(rest, " \t\r\n\u00a0")
	return quoted(rest) > 0 || bytes.HasPrefix(rest, []byte("//")) || bytes.HasPrefix(rest, []byte("/*"))
}

// quotes are what people and word processors put around names.
var quotes = [][]byte{[]byte(`"`), []byte(`'`), []byte("“"), []byte("”"), []byte("„"), []byte("‘"), []byte("’"), []byte("«")}

// quoted returns the length of the quote the text begins with, or 0.
func quoted(b []byte) int {
	for _, q := range quotes {
		if bytes.HasPrefix(b, q) {
			return len(q)
		}
	}
	return 0
}

// region takes the region that begins here.
func (s *scanner) region() region {
	start := s.at
	s.frames, s.policies, s.marked = s.frames[:0], nil, 0
	s.indent = s.column(start)
	closed := false
	for s.at < len(s.text) && !closed {
		switch c := s.text[s.at]; {
		case c == '"':
			s.str()
		case c == '{':
			if len(s.frames) == maxFrames {
				return s.broken(start)
			}
			s.frames = append(s.frames, frame{start: s.at})
			s.at++
		case c == '}':
			s.at++
			closed = s.pop()
		case c == '\n':
			if !s.goesOn() {
				return s.broken(start)
			}
		case letter(c):
			s.word()
		default:
			s.at++
		}
	}
	if !closed {
		return s.broken(start)
	}
	return region{start: start, end: s.at, closed: true, policies: s.policies}
}

// column returns how far a place is indented in its line.
func (s *scanner) column(at int) int {
	line := bytes.LastIndexByte(s.text[max(0, at-1000):at], '\n')
	if line < 0 {
		return min(at, 1000)
	}
	return at - max(0, at-1000) - line - 1
}

// str takes a string. One that does not end on its line ends there.
func (s *scanner) str() {
	start := s.at + 1
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '"':
			s.mark(s.text[start:s.at])
			s.at++
			return
		case '\\':
			s.at++
			if s.at < len(s.text) && s.text[s.at] == '\n' {
				return
			}
		case '\n':
			return
		}
	}
	s.at = min(s.at, len(s.text))
}

// word takes a word outside of strings. Between quotes that are not JSON's it
// may be a name.
func (s *scanner) word() {
	start := s.at
	for s.at < len(s.text) && letter(s.text[s.at]) {
		s.at++
	}
	if before := s.text[max(0, start-3):start]; bytes.HasSuffix(before, []byte("'")) || len(before) == 3 && quoted(before) == 3 {
		s.mark(s.text[start:s.at])
	}
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// mark notes a name of the innermost object.
func (s *scanner) mark(name []byte) {
	if len(s.frames) == 0 {
		return
	}
	f := &s.frames[len(s.frames)-1]
	switch string(name) {
	case "Statement":
		if !f.statement {
			f.statement = true
			s.marked++
		}
	case "Effect":
		f.effect = true
	case "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal":
		f.other = true
	}
}

// pop closes the innermost object and reports whether it was the outermost.
func (s *scanner) pop() bool {
	f := s.frames[len(s.frames)-1]
	s.frames = s.frames[:len(s.frames)-1]
	if f.statement {
		s.marked--
	}
	s.keep(f, s.at)
	return len(s.frames) == 0
}

// keep notes an object that is meant as a policy, or as a statement that is in
// none.
func (s *scanner) keep(f frame, end int) {
	if !f.statement && (!f.effect || !f.other || s.marked > 0) {
		return
	}
	for n := len(s.policies); n > 0 && s.policies[n-1].start > f.start; n-- {
		s.policies = s.policies[:n-1]
	}
	s.policies = append(s.policies, part{f.start, end})
}

// goesOn takes the blank up to the next line that has something and reports
// whether it can go on with JSON. A brace no deeper than the one the region
// began with, where no value can begin, begins another document.
func (s *scanner) goesOn() bool {
	line, end := s.at+1, s.at
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		if s.text[s.at] == '\n' {
			line = s.at + 1
		}
		s.at++
	}
	rest := s.text[s.at:]
	switch {
	case len(rest) == 0:
		return false
	case rest[0] == '{':
		before := s.text[max(0, end-1000):end]
		if i := bytes.LastIndex(before, []byte(" //")); i > bytes.LastIndexByte(before, '\n') {
			before = before[:i]
		}
		before = bytes.TrimRight(before, " \t\r\n")
		return s.at-line > s.indent || len(before) > 0 && strings.IndexByte(",[:", before[len(before)-1]) >= 0
	case strings.IndexByte("}[]\",:'0123456789<$", rest[0]) >= 0, quoted(rest) > 0:
		return true
	case bytes.HasPrefix(rest, []byte("//")), bytes.HasPrefix(rest, []byte("/*")), bytes.HasPrefix(rest, []byte("...")), bytes.HasPrefix(rest, []byte("…")):
		return true
	}
	for _, literal := range []string{"true", "false", "null"} {
		if after, ok := bytes.CutPrefix(rest, []byte(literal)); ok && (len(after) == 0 || !letter(after[0])) {
			return true
		}
	}
	return false
}

// broken ends a region whose braces do not match. Objects that are still open
// end with it.
func (s *scanner) broken(start int) region {
	end := start + len(bytes.TrimRight(s.text[start:s.at], " \t\r\n"))
	for len(s.frames) > 0 {
		f := s.frames[len(s.frames)-1]
		s.frames = s.frames[:len(s.frames)-1]
		if f.statement {
			s.marked--
		}
		s.keep(f, end)
	}
	s.at = max(s.at, start+1)
	return region{start: start, end: end, policies: s.policies}
}
