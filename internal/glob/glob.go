// Package glob matches texts against patterns in which "*" stands for any run
// of characters, also none, and "?" for exactly one. There are no escapes and
// no classes: it is the wildcard of the IAM language.
package glob

import "unicode/utf8"

// Match reports whether all of s matches the pattern, with regard to case. It
// takes at most len(pattern) times len(s) steps and allocates nothing.
func Match(pattern, s string) bool { return match(pattern, s, false) }

// MatchFold is [Match] without regard to the case of ASCII letters.
func MatchFold(pattern, s string) bool { return match(pattern, s, true) }

// Literal reports whether the pattern has no wildcard.
func Literal(pattern string) bool {
	for i := range len(pattern) {
		if pattern[i] == '*' || pattern[i] == '?' {
			return false
		}
	}
	return true
}

func match(pattern, s string, fold bool) bool {
	p, i := 0, 0
	star, retry := -1, 0 // behind the last star, and what it has not swallowed yet
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			p++
			star, retry = p, i
		case p < len(pattern) && pattern[p] == '?':
			_, n := utf8.DecodeRuneInString(s[i:])
			p, i = p+1, i+n
		case p < len(pattern) && same(pattern[p], s[i], fold):
			p, i = p+1, i+1
		case star >= 0:
			_, n := utf8.DecodeRuneInString(s[retry:])
			retry += n
			p, i = star, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func same(a, b byte, fold bool) bool {
	if fold {
		a, b = lower(a), lower(b)
	}
	return Same(a, b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
