package arn

import (
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/internal/glob"
)

// Match reports whether s matches the pattern by the rule of the ARN operators:
// both are cut at their first five colons and the six components are matched
// each by itself. A pattern or a text with fewer components matches nothing,
// not even itself.
func Match(pattern, s string) bool {
	p, n := Split(pattern)
	if n < len(p) {
		return false
	}
	t, n := Split(s)
	if n < len(t) {
		return false
	}
	for i := range p {
		if !glob.Match(p[i], t[i]) {
			return false
		}
	}
	return true
}

// MatchResource reports whether s matches the pattern by the rule of the
// element Resource. "*" matches everything, also the resource "*" of actions
// that have none. Otherwise the pattern's first five colons make six segments:
// in the last one wildcards stand for any character, in the others for any but
// a colon, save that a "*" which ends its segment may go on over colons.
//
// An ARN with fewer fields is that of [Complete].
//
// It takes on the order of len(pattern) times len(s) steps.
func MatchResource(pattern, s string) bool { return MatchSegments(Complete(pattern), s) }

// MatchSegments is [MatchResource] of a pattern that is not completed.
func MatchSegments(pattern, s string) bool {
	m := resourceMatch{star: -1, open: -1, resource: resourceStart(pattern)}
	ok, _ := m.run(pattern, s)
	return ok
}

// Complete returns a pattern of the element Resource with "*" for the fields
// behind its last, where it is an ARN that has fewer than six: the vendor takes
// arn:aws:sqs for arn:aws:sqs:*:*:* (IAM User Guide, "IAM identifiers"). Where a
// field ends with "*", which may go on over colons, that stands for what is not
// there, and the pattern is returned as it is.
func Complete(pattern string) string {
	fields, n := Split(pattern)
	if n == len(fields) || n == 1 || fields[0] != "arn" {
		return pattern
	}
	for _, f := range fields[:n] {
		if strings.HasSuffix(f, "*") {
			return pattern
		}
	}
	return pattern + strings.Repeat(":*", len(fields)-n)
}

// resourceStart returns where the segment behind the fifth colon begins, or the
// pattern's length where there are fewer colons.
func resourceStart(pattern string) int {
	colons := 0
	for i := range len(pattern) {
		if pattern[i] == ':' {
			if colons++; colons == 5 {
				return i + 1
			}
		}
	}
	return len(pattern)
}

// resourceMatch is the state of one match. As in [glob.Match] only the last
// star is ever given more text: whatever an earlier one could still take, the
// later one can take too. That does not hold for a star that must stop at a
// colon, so the last star that need not (open) is remembered besides; between
// stars that must stop the number of colons is fixed, and among those the last
// suffices again.
type resourceMatch struct {
	resource        int // where the pattern's last segment begins
	p, i            int // what is matched next
	star, retry     int // behind the last star, and what it has not taken yet
	open, openRetry int // the same of the last star that goes over colons
}

// run also returns how many steps it took.
func (m *resourceMatch) run(pattern, s string) (ok bool, steps int) {
	for ; m.i < len(s); steps++ {
		if !m.step(pattern, s) && !m.backtrack(pattern, s) {
			return false, steps
		}
	}
	for m.p < len(pattern) && pattern[m.p] == '*' {
		m.p++
	}
	return m.p == len(pattern), steps
}

// step matches one character, or notes a star.
func (m *resourceMatch) step(pattern, s string) bool {
	if m.p == len(pattern) {
		return false
	}
	switch c := pattern[m.p]; c {
	case '*':
		m.p++
		m.star, m.retry = m.p, m.i
		if m.crosses(pattern, m.p) {
			m.open, m.openRetry = m.p, m.i
		}
	case '?':
		if s[m.i] == ':' && m.p < m.resource {
			return false
		}
		_, n := utf8.DecodeRuneInString(s[m.i:])
		m.p, m.i = m.p+1, m.i+n
	default:
		if !glob.Same(c, s[m.i]) {
			return false
		}
		m.p, m.i = m.p+1, m.i+1
	}
	return true
}

// crosses reports whether the star before position p stands for colons too.
func (m *resourceMatch) crosses(pattern string, p int) bool {
	return p > m.resource || p == len(pattern) || pattern[p] == ':'
}

// backtrack gives the last star one more character, or, where that would be a
// colon it must not take, the last open one.
func (m *resourceMatch) backtrack(pattern, s string) bool {
	if m.star < 0 {
		return false
	}
	if m.star != m.open && s[m.retry] == ':' {
		if m.open < 0 {
			return false
		}
		m.star, m.retry = m.open, m.openRetry
	}
	_, n := utf8.DecodeRuneInString(s[m.retry:])
	m.retry += n
	if m.star == m.open {
		m.openRetry = m.retry
	}
	m.p, m.i = m.star, m.retry
	return true
}
