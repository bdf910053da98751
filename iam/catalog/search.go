package catalog

import "slices"

// search finds a name in what is in order of its names without regard to case.
func search[T any](sorted []T, name string, nameOf func(T) string) (int, bool) {
	return slices.BinarySearchFunc(sorted, name, func(t T, name string) int { return compareFold(nameOf(t), name) })
}

// compareFold compares without regard to the case of ASCII letters.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// equalFold is [strings.EqualFold] for ASCII: no other letter is taken for one
// of a name.
func equalFold(a, b string) bool { return len(a) == len(b) && compareFold(a, b) == 0 }
