package plot

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNumbersAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unit    Unit
		x, step float64
		want    string
	}{
		{Number, 0, 0, "0"},
		{Number, 1.5, 0, "1.5"},
		{Number, 0.25, 0.05, "0.25"},
		{Number, 12345, 0, "12.3k"},
		{Number, 9000, 1000, "9000"},
		{Number, 3e6, 1e6, "3M"},
		{Number, -4e9, 0, "-4G"},
		{Seconds, 0, 0, "0"},
		{Seconds, 0.00025, 0, "250µs"},
		{Seconds, 0.0015, 0, "1.5ms"},
		{Seconds, 12, 0, "12s"},
		{Seconds, 60, 60, "1m"},
		{Seconds, 90, 30, "1m30s"},
		{Seconds, 7200, 0, "2h"},
		{Seconds, 5400, 0, "1h30m"},
		{Seconds, 3 * 86400, 0, "3d"},
		{Seconds, -90, 0, "-1m30s"},
		{Bytes, 512, 0, "512 B"},
		{Bytes, 1536, 0, "1.5 KiB"},
		{Bytes, 3 << 30, 0, "3 GiB"},
		{Percent, 0.5, 0.25, "50 %"},
		{Percent, 0.0123, 0, "1.23 %"},
		{Clock, 1772712000, 60, "12:00"},
		{Clock, 1772712001, 1, "12:00:01"},
		{Clock, 1772712001.25, 0.25, "12:00:01.250"},
		{Clock, 1772712000, 86400, "Mar 5"},
	} {
		if got := c.unit.format(c.x, c.step); got != c.want {
			t.Errorf("format(%d, %v, %v) = %q, want %q", c.unit, c.x, c.step, got, c.want)
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unit      Unit
		low, high float64
		wanted    int
		want      []float64
	}{
		{Number, 0, 10, 4, []float64{0, 5, 10}},
		{Number, 0, 1, 4, []float64{0, 0.5, 1}},
		{Number, -3, 7, 5, []float64{-2, 0, 2, 4, 6}},
		{Seconds, 0, 95, 8, []float64{0, 15, 30, 45, 60, 75, 90}},
		{Seconds, 0, 7200, 4, []float64{0, 1800, 3600, 5400, 7200}},
		{Bytes, 0, 4 << 20, 4, []float64{0, 1 << 20, 2 << 20, 3 << 20, 4 << 20}},
		{Clock, 1772712000 - 100, 1772712000 + 500, 4, []float64{1772712000, 1772712300}},
		{Number, 5, 5, 4, []float64{5}},
		{Number, 0, math.Inf(1), 4, []float64{0}},
	} {
		if got, _ := c.unit.ticks(c.low, c.high, c.wanted); !cmp.Equal(c.want, got) {
			t.Errorf("ticks(%d, %v, %v) = %v, want %v", c.unit, c.low, c.high, got, c.want)
		}
	}
	if got, want := logTicks(0.001, 10), []float64{0.001, 0.01, 0.1, 1, 10}; !closeTo(got, want) {
		t.Errorf("logTicks = %v, want %v", got, want)
	}
	if got, want := logTicks(1, 10), []float64{1, 2, 5, 10}; !closeTo(got, want) {
		t.Errorf("logTicks = %v, want %v", got, want)
	}
}

func closeTo(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-9 {
			return false
		}
	}
	return true
}
