package language

// Bits is a set of small numbers.
type Bits []uint64

// NewBits returns an empty set for numbers below n.
func NewBits(n int) Bits { return make(Bits, (n+63)/64) }

// Add puts a number into the set.
func (b Bits) Add(i int) { b[i/64] |= 1 << (i % 64) }

// Has reports whether the number is in the set.
func (b Bits) Has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }

// Within reports whether everything in b is in c too.
func (b Bits) Within(c Bits) bool {
	for i, w := range b {
		if w&^c[i] != 0 {
			return false
		}
	}
	return true
}

// Union returns what is in either.
func (b Bits) Union(c Bits) Bits {
	out := make(Bits, len(b))
	for i := range b {
		out[i] = b[i] | c[i]
	}
	return out
}

// Key returns the set as a key for maps.
func (b Bits) Key() string {
	out := make([]byte, 0, 8*len(b))
	for _, w := range b {
		for range 8 {
			out = append(out, byte(w))
			w >>= 8
		}
	}
	return string(out)
}
