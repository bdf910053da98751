package arn

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestStepsAreBounded matches what makes matching slow: a star that must stop at
// colons behind one that need not, which is tried anew at every colon.
func TestStepsAreBounded(t *testing.T) {
	t.Parallel()
	const n = 2048
	most := 0
	check := func(pattern, s string) {
		m := resourceMatch{star: -1, open: -1, resource: resourceStart(pattern)}
		ok, steps := m.run(pattern, s)
		most = max(most, steps)
		// An open star is tried at each colon of the text, and those behind it
		// look at no more than five segments then.
		if bound := 6 * (len(pattern) + 1) * (len(s) + 1); steps > bound {
			t.Errorf("MatchSegments(%.40q of %d, %.40q of %d) = %v in %d steps, want at most %d", pattern, len(pattern), s, len(s), ok, steps, bound)
		}
	}
	as, colons := strings.Repeat("a", n), strings.Repeat(":", n)
	check("*:*"+strings.Repeat("a", n/2)+"b:c", strings.Repeat(strings.Repeat("a", 63)+":", n/64))
	check("*:a*"+strings.Repeat("a?", 20)+"b:c", strings.Repeat(strings.Repeat("a", 63)+":", n/64))
	check("*:"+strings.Repeat("*a", n/4)+"b:c", strings.Repeat(strings.Repeat("a", 1023)+":", 2))
	check("*:*:*:*:*:*"+strings.Repeat("a", n/2)+"b", "a:a:a:a:a:"+as)
	check("*:*:*:*:*:"+strings.Repeat("*a", n/2), "a:a:a:a:a:"+as)
	check("*:*a:*a:*a:*:x", colons)
	check("*:*:*:*:x", colons)
	check(strings.Repeat("*", n), colons)
	check(strings.Repeat("*", n-1)+"b", as)
	if quadratic := n * n / 8; most < quadratic {
		t.Errorf("the worst takes %d steps: these are no slow patterns", most)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		check(word(random, "aab:*?*:", 24), word(random, "aab::", 64))
	}
}

func word(random *rand.Rand, alphabet string, most int) string {
	b := make([]byte, random.IntN(most))
	for i := range b {
		b[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(b)
}
