package catalog

// search finds a name in what is in order of its names without regard to case.
// The name goes to no function value, so that one made from bytes for the
// question stays on the stack.
func search[T any](sorted []T, name string, nameOf func(T) string) (int, bool) {
	low, high := 0, len(sorted)
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch c := compareFold(nameOf(sorted[middle]), name); {
		case c == 0:
			return middle, true
		case c < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, false
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
