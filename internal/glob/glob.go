// Package glob matches texts against patterns in which "*" stands for any run
// of characters, also none, and "?" for exactly one. There are no escapes and
// no classes: it is the wildcard of the IAM language.
package glob

import "unicode/utf8"

// Match reports whether all of s matches the pattern, with regard to case. It
// takes on the order of len(pattern) times len(s) steps at most, and allocates
// nothing.
func Match(pattern, s string) bool {
	ok, _ := match(pattern, s, false)
	return ok
}

// MatchFold is [Match] without regard to the case of ASCII letters.
func MatchFold(pattern, s string) bool {
	ok, _ := match(pattern, s, true)
	return ok
}

// Literal reports whether the pattern has no wildcard.
func Literal(pattern string) bool {
	for i := range len(pattern) {
		if pattern[i] == '*' || pattern[i] == '?' {
			return false
		}
	}
	return true
}

// match also returns how many steps it took. Only the last star is ever given
// more text: whatever an earlier one could still take, the last one can too. It
// is given each character once, and then at most the rest of the pattern is
// looked at.
func match(pattern, s string, fold bool) (ok bool, steps int) {
	p, i := 0, 0
	star, retry := -1, 0 // behind the last star, and what it has not swallowed yet
	for ; i < len(s); steps++ {
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
			return false, steps
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern), steps
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
