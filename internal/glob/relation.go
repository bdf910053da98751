package glob

// Covers reports whether the pattern matches all that another pattern matches.
// It is right whenever it says so, and misses covers that only hold because
// several wildcards of the pattern share the work ("*?" covers "?*"). It takes
// at most the product of the two lengths in steps.
func Covers(pattern, other string) bool { return covers(pattern, other, false) }

// CoversFold is [Covers] without regard to the case of ASCII letters.
func CoversFold(pattern, other string) bool { return covers(pattern, other, true) }

// covers matches the other pattern as a text, in which a "*" is a character that
// only "*" matches.
func covers(pattern, other string, fold bool) bool {
	p, i := 0, 0
	star, retry := -1, 0
	for i < len(other) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			p++
			star, retry = p, i
		case p < len(pattern) && pattern[p] == '?' && other[i] != '*':
			p, i = p+1, i+width(other, i)
		case p < len(pattern) && pattern[p] != '?' && same(pattern[p], other[i], fold) && other[i] != '*' && other[i] != '?':
			p, i = p+1, i+1
		case star >= 0:
			retry += width(other, retry)
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

// Overlap reports whether some text matches both patterns. It takes the product
// of the two lengths in steps and the length of the second in memory.
func Overlap(a, b string) bool { return overlap(a, b, false) }

// OverlapFold is [Overlap] without regard to the case of ASCII letters.
func OverlapFold(a, b string) bool { return overlap(a, b, true) }

// overlap walks both patterns at once: reach[j] says whether one text can lead
// to before p[i] and to before q[j].
func overlap(a, b string, fold bool) bool {
	p, q := []rune(a), []rune(b)
	reach, next := make([]bool, len(q)+1), make([]bool, len(q)+1)
	reach[0] = true
	for i := 0; ; i++ {
		clear(next)
		for j := range reach {
			if !reach[j] {
				continue
			}
			inP, inQ := i < len(p), j < len(q)
			// A "*" stands for nothing, or for what the other pattern goes on with.
			if inP && (p[i] == '*' || inQ && q[j] == '*') {
				next[j] = true
			}
			if inQ && (q[j] == '*' || inP && p[i] == '*') {
				reach[j+1] = true
			}
			if inP && inQ && alike(p[i], q[j], fold) {
				next[j+1] = true
			}
		}
		if i == len(p) {
			return reach[len(q)]
		}
		reach, next = next, reach
	}
}

// alike reports whether one character can stand for both places.
func alike(a, b rune, fold bool) bool {
	if a == '*' || b == '*' {
		return false
	}
	return a == '?' || b == '?' || a == b || fold && a < 0x80 && b < 0x80 && same(byte(a), byte(b), true)
}

// continues reports whether c is a byte of a character other than its first.
func continues(c byte) bool { return c&0xc0 == 0x80 }

// width is the length in bytes of the character at i.
func width(s string, i int) int {
	n := 1
	for i+n < len(s) && continues(s[i+n]) {
		n++
	}
	return n
}
