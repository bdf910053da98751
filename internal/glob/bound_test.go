package glob

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestStepsAreBounded matches what makes matching slow: stars that are given one
// character after the other, each with most of the pattern behind it to fail in.
func TestStepsAreBounded(t *testing.T) {
	t.Parallel()
	const n = 2048
	as := strings.Repeat("a", n)
	most := 0
	check := func(pattern, s string) {
		ok, steps := match(pattern, s, false)
		most = max(most, steps)
		if bound := (len(pattern) + 1) * (len(s) + 1); steps > bound {
			t.Errorf("match(%.20q of %d, %.20q of %d) = %v in %d steps, want at most %d", pattern, len(pattern), s, len(s), ok, steps, bound)
		}
	}
	check(strings.Repeat("*a", n/2), as)
	check(strings.Repeat("*a", n/2)+"b", as)
	check(strings.Repeat("*", n-1)+"b", as)
	check("*"+strings.Repeat("a", n/2)+"b", as)
	check("*"+strings.Repeat("a?", n/4)+"b*", as)
	check("*"+strings.Repeat("a", n/2)+"?b?"+strings.Repeat("*a", 100), as)
	check("*"+strings.Repeat("?", n/2)+"b", as)
	check("*"+strings.Repeat("é", n/4)+"b", strings.Repeat("é", n/2))
	if quadratic := n * n / 8; most < quadratic {
		t.Errorf("the worst takes %d steps: these are no slow patterns", most)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		check(word(random, "ab*?", 24), word(random, "ab", 48))
	}
}

func word(random *rand.Rand, alphabet string, most int) string {
	b := make([]byte, random.IntN(most))
	for i := range b {
		b[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(b)
}
