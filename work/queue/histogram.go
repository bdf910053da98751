package queue

import "math/bits"

// histogram counts waits. Each doubling of the wait has eight buckets, so a
// wait read back is within 1/16 of what it was.
type histogram [256]uint32

// bucket is the place of a wait in milliseconds; half a year and more are one.
func bucket(wait int64) int {
	if wait < 8 {
		return int(max(0, wait))
	}
	octave := bits.Len64(uint64(wait)) - 4
	return min(octave*8+int(wait>>octave), len(histogram{})-1)
}

// wait is the middle of a bucket.
func (h *histogram) wait(bucket int) int64 {
	if bucket < 16 {
		return int64(bucket)
	}
	octave := bucket/8 - 1
	return int64(bucket%8+8)<<octave + int64(1)<<octave/2
}

// waits are the histograms of the last five to ten minutes.
type waits struct {
	period        int64
	last, current histogram
}

const period = 5 * minute

func (w *waits) add(now, wait int64) {
	w.turn(now)
	w.current[bucket(wait)]++
}

func (w *waits) turn(now int64) {
	p := now / period
	switch {
	case p <= w.period:
		return
	case p == w.period+1:
		w.last = w.current
	default:
		w.last = histogram{}
	}
	w.period, w.current = p, histogram{}
}

// quantiles are the waits below which those parts lie, which must grow; zeros
// when there were none.
func (w *waits) quantiles(now int64, parts ...float64) []int64 {
	w.turn(now)
	total := 0.0
	for i := range w.current {
		total += float64(w.current[i]) + float64(w.last[i])
	}
	result := make([]int64, len(parts))
	if total == 0 {
		return result
	}
	seen, next := 0.0, 0
	for i := range w.current {
		seen += float64(w.current[i]) + float64(w.last[i])
		for next < len(parts) && seen >= parts[next]*total {
			result[next] = w.current.wait(i)
			next++
		}
	}
	return result
}
