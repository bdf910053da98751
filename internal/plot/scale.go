package plot

import "math"

// scale turns values into places.
type scale struct {
	low, high float64 // of the values
	from, to  float64 // of the places
	log       bool
}

// at is the place of a value, as near as the scale goes.
func (s scale) at(x float64) float64 {
	low, high := s.low, s.high
	if s.log {
		low, high, x = math.Log10(low), math.Log10(high), math.Log10(max(x, low))
	}
	if high == low {
		return s.from
	}
	share := min(1, max(0, (x-low)/(high-low)))
	return s.from + share*(s.to-s.from)
}

// stepsOf are what round steps are multiples of, by unit.
var (
	decimalSteps = []float64{1, 2, 5, 10}
	timeSteps    = []float64{
		1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
		86400, 2 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 90 * 86400, 365 * 86400,
	}
)

// step is the least round step that is not below the one wanted.
func (u Unit) step(wanted float64) float64 {
	switch {
	case (u == Seconds || u == Clock) && wanted > 1:
		for _, s := range timeSteps {
			if s >= wanted {
				return s
			}
		}
	case u == Bytes && wanted > 1:
		unit := math.Pow(1024, math.Floor(math.Log2(wanted)/10))
		return unit * Number.step(wanted/unit)
	}
	power := math.Pow(10, math.Floor(math.Log10(wanted)))
	for _, s := range decimalSteps {
		if s*power >= wanted*(1-1e-9) {
			return s * power
		}
	}
	return 10 * power
}

// maxTicks bounds an axis, whatever its values.
const maxTicks = 24

// ticks are round values from low to high, about as many as wanted, and the step
// between them.
func (u Unit) ticks(low, high float64, wanted int) ([]float64, float64) {
	if !(high > low) || math.IsInf(high-low, 0) {
		return []float64{low}, 0
	}
	step := u.step((high - low) / float64(max(1, wanted)))
	var out []float64
	// Multiples, not sums, which drift. Adding nothing makes -0 a 0.
	for n := math.Ceil(low/step-1e-9) + 0; n*step <= high+step*1e-9 && len(out) < maxTicks; n++ {
		out = append(out, n*step)
	}
	return out, step
}

// logTicks are the powers of ten within, and what lies between them where there are
// few.
func logTicks(low, high float64) []float64 {
	var out []float64
	between := []float64{1}
	if high/low < 1000 {
		between = []float64{1, 2, 5}
	}
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)) && len(out) < maxTicks; e++ {
		for _, m := range between {
			if x := m * math.Pow(10, e); x >= low*(1-1e-9) && x <= high*(1+1e-9) {
				out = append(out, x)
			}
		}
	}
	return out
}

// roundUp is the first tick that is not below the value.
func (u Unit) roundUp(high float64, wanted int) float64 {
	if !(high > 0) || math.IsInf(high, 0) {
		return 1
	}
	step := u.step(high / float64(wanted))
	return math.Ceil(high/step-1e-9) * step
}
