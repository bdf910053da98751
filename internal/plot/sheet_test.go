package plot

import (
	"fmt"
	"math"
	"regexp"
	"testing"
)

var pair = regexp.MustCompile(`\.plot (\S+)[^{]*\{ color: light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`)

// TestColoursStandOut: WCAG 2.2, 1.4.11, wants 3 for what is not text.
func TestColoursStandOut(t *testing.T) {
	t.Parallel()
	found := 0
	for _, m := range pair.FindAllStringSubmatch(sheet, -1) {
		found++
		if c := contrast(m[2], "ffffff"); c < 3 {
			t.Errorf("%s has a contrast of %.2f on white, want 3", m[1], c)
		}
		if c := contrast(m[3], "0e1116"); c < 3 {
			t.Errorf("%s has a contrast of %.2f on dark, want 3", m[1], c)
		}
	}
	if found != MaxSeries+6 {
		t.Errorf("%d colours were found, want those of %d series and six classes", found, MaxSeries)
	}
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(hex string) float64 {
	var c [3]int
	_, _ = fmt.Sscanf(hex, "%02x%02x%02x", &c[0], &c[1], &c[2])
	sum := 0.0
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
