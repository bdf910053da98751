package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
)

// maxProblems is how many problems of one file are gathered.
const maxProblems = 500

// source is the text of a manifest and what was found out about it.
type source struct {
	file  string
	lines []string
	// spans says where each written field stands, by path.
	spans map[string]span
	// secrets says from which column on each line may hold a secret.
	secrets map[int]int
	// decoded is whether secrets is known: whether the file is YAML at all.
	decoded  bool
	problems diagnostic.List
	warnings diagnostic.List
}

// span is where a field is written. at is where a reader should look: the
// value of a scalar or list item, the key of anything larger.
type span struct{ key, at mark }

func newSource(file string, data []byte) *source {
	s := &source{file: file, spans: map[string]span{}, secrets: map[int]int{}}
	if len(data) > MaxBytes {
		return s
	}
	for line := range bytes.SplitSeq(trimBOM(data), []byte("\n")) {
		s.lines = append(s.lines, string(bytes.TrimSuffix(line, []byte("\r"))))
	}
	return s
}

func trimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// line returns the text of a line counted from 1, "" where there is none.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// clamp makes m a place that exists in the file.
func (s *source) clamp(m mark) mark {
	if m.line < 1 {
		return mark{}
	}
	m.line = min(m.line, max(1, len(s.lines)))
	n := len(s.line(m.line))
	m.column = min(max(1, m.column), n+1)
	m.width = max(1, min(m.width, n+1-m.column))
	return m
}

// locate returns where a path stands, or the nearest enclosing one that is
// written.
func (s *source) locate(path string) mark {
	for ; path != ""; path = parent(path) {
		if sp, ok := s.spans[path]; ok {
			return sp.at
		}
	}
	return mark{}
}

// written reports whether the field of a path is in the file.
func (s *source) written(path string) bool {
	_, ok := s.spans[path]
	return ok
}

// problem makes a problem at a place.
func (s *source) problem(at mark, code, format string, args ...any) *diagnostic.Problem {
	at = s.clamp(at)
	return &diagnostic.Problem{
		Code: code, Message: fmt.Sprintf(format, args...),
		File: s.file, Line: at.line, Column: at.column, Width: at.width,
	}
}

// add reports a problem at a place.
func (s *source) add(at mark, code, format string, args ...any) *diagnostic.Problem {
	p := s.problem(at, code, format, args...)
	if len(s.problems) < maxProblems {
		s.problems = append(s.problems, p)
	}
	return p
}

// at adds a problem with the field of a path.
func (s *source) at(path, code, format string, args ...any) *diagnostic.Problem {
	p := s.add(s.locate(path), code, format, args...)
	p.Path = path
	return p
}

// warn adds a warning about the field of a path.
func (s *source) warn(path, code, format string, args ...any) *diagnostic.Problem {
	p := s.problem(s.locate(path), code, format, args...)
	p.Path, p.Severity = path, diagnostic.Warning
	s.warnings = append(s.warnings, p)
	return p
}

// hide keeps what stands at a place, and to the right of it, out of excerpts.
func (s *source) hide(m mark, lines int) {
	for n := m.line; n < m.line+lines; n++ {
		column := 1
		if n == m.line {
			column = m.column
		}
		if was, ok := s.secrets[n]; !ok || column < was {
			s.secrets[n] = column
		}
	}
}

var (
	sensitiveKey = regexp.MustCompile(`(?i)[\w-]*(secret|passw|token|credential|private|api[-_]?key|dsn|auth)[\w-]*["']?\s*[:=]`)
	userinfo     = regexp.MustCompile(`://[^/\s]*@`)
	// harmlessKey is what looks like a sensitiveKey and is a key of ours that
	// holds no secret, or one that is merely turned on or off.
	harmlessKey = regexp.MustCompile(`^((pass-authorization|allow-private)\s*:|[\w-]+\s*:\s*(true|false)\s*([,}]|$))`)
)

// excerpt gives a problem the line it is on, unless the part up to the end of
// the caret may hold a secret.
func (s *source) excerpt(p *diagnostic.Problem) {
	text := s.line(p.Line)
	end := len(text)
	if column, ok := s.secrets[p.Line]; ok {
		end = min(end, column-1)
	}
	for _, loc := range sensitiveKey.FindAllStringIndex(text, -1) {
		if !harmlessKey.MatchString(text[loc[0]:]) {
			end = min(end, loc[1])
		}
	}
	if loc := userinfo.FindStringIndex(text); loc != nil {
		end = min(end, loc[0])
	}
	if p.Column-1+p.Width > end && end < len(text) {
		return
	}
	p.Source = text[:end]
}

// finish completes the problems and warnings, and returns the problems. After
// it s does not change, so that a manifest can be shared.
func (s *source) finish() diagnostic.List {
	excerpt := s.excerpt
	if !s.decoded && len(s.problems) > 0 {
		hidden := s.guessSecrets()
		excerpt = func(p *diagnostic.Problem) { s.guessExcerpt(p, hidden) }
	}
	complete(s.warnings, excerpt)
	complete(s.problems, excerpt)
	return s.problems
}

// complete gives problems their lines and puts them in the order of the file.
func complete(list diagnostic.List, excerpt func(*diagnostic.Problem)) {
	for _, p := range list {
		excerpt(p)
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
}

var (
	variableLine = regexp.MustCompile(`["']?\b[A-Z][A-Z0-9_]+["']?\s*[:=]`)
	plainEntry   = regexp.MustCompile(`^\s*(- )*["']?[\w./-]+["']?\s*(:|$)|^\s*- `)
)

// guessExcerpt is excerpt for a file that is not YAML, or not ours, in which it
// is not known what is a secret: anything within an environment, or that looks
// like a variable or the continuation of a text, might be.
func (s *source) guessExcerpt(p *diagnostic.Problem, hidden []bool) {
	text := s.line(p.Line)
	if text != "" && !hidden[p.Line-1] && plainEntry.MatchString(text) &&
		!variableLine.MatchString(text) && !sensitiveKey.MatchString(text) && !userinfo.MatchString(text) {
		p.Source = text
	}
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }
