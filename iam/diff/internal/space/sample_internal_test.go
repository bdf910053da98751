package space

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/berth-project/berth/iam"
)

// TestNumbersFallBetween checks that of any bounds there is a sample below,
// between and above, and one on each.
func TestNumbersFallBetween(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	vocabulary := []string{
		"0", "-0", "1", "10", "1e1", "1.0e1", "-3", "-3.25", "0.5", ".5", "5.", "1e9", "1000000000.1", "1e20", "100000000000000000000.5",
		"-1e20", "1e-20", "0.00000000000000000001", "1e-999999999", "-1e999999999", "12345678901234567890.123456789", "+7", "7.0000001",
	}
	for range 2000 {
		var bounds []string
		for range 1 + random.IntN(5) {
			bounds = append(bounds, vocabulary[random.IntN(len(vocabulary))])
		}
		got := samples(iam.NumericFamily, bounds)
		slices.SortFunc(bounds, compared)
		inside := func(low, high string) bool {
			return slices.ContainsFunc(got, func(s string) bool {
				_, ok := iam.CompareNumbers(s, s)
				return ok && (low == "" || compared(low, s) < 0) && (high == "" || compared(s, high) < 0)
			})
		}
		for i, b := range bounds {
			below := ""
			if i > 0 {
				below = bounds[i-1]
			}
			if below == "" || compared(below, b) < 0 {
				if !inside(below, b) {
					t.Fatalf("no sample of %q is between %q and %q: %q", bounds, below, b, got)
				}
			}
		}
		if !inside(bounds[len(bounds)-1], "") {
			t.Fatalf("no sample of %q is above: %q", bounds, got)
		}
	}
}

func compared(a, b string) int {
	n, _ := iam.CompareNumbers(a, b)
	return n
}

func TestDatesFallBetween(t *testing.T) {
	t.Parallel()
	bounds := []string{"2024-06-01T12:00:00Z", "2024-06-01T12:00:01Z", "1717243202", "2024-06-02", "0000-01-01", "9999-12-31T23:59:59Z"}
	got := samples(iam.DateFamily, bounds)
	for _, low := range bounds {
		for _, high := range bounds {
			a, _ := iam.ParseDate(low)
			b, _ := iam.ParseDate(high)
			found := slices.ContainsFunc(got, func(s string) bool {
				d, ok := iam.ParseDate(s)
				return ok && d.After(a) && d.Before(b)
			})
			if a.Before(b) && !found {
				t.Errorf("no sample is between %s and %s: %q", low, high, got)
			}
		}
	}
}

// TestAddressesFallBetween checks that every combination of ranges that an
// address can be in has a sample.
func TestAddressesFallBetween(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 3))
	for range 500 {
		var ranges []string
		for range 1 + random.IntN(4) {
			bits := 24 + random.IntN(9)
			ranges = append(ranges, fmt.Sprintf("192.0.2.%d/%d", random.IntN(256), bits))
		}
		sorts := func(addresses []string) []string {
			var out []string
			for _, a := range addresses {
				addr, err := netip.ParseAddr(a)
				if err != nil {
					continue
				}
				word := ""
				for _, r := range ranges {
					p, _ := iam.ParseIPRange(r)
					word += fmt.Sprint(p.Contains(addr))
				}
				out = append(out, word)
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
		all := []string{"198.51.100.1"}
		for i := range 256 {
			all = append(all, fmt.Sprintf("192.0.2.%d", i))
		}
		if got, want := sorts(samples(iam.IPFamily, ranges)), sorts(all); !slices.Equal(got, want) {
			t.Fatalf("samples of %q are in %q, want %q", ranges, got, want)
		}
	}
}
