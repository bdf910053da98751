package queue

import "math"

// quantum is the grain of virtual time. Every charge is a multiple of it, so
// that sums of charges are exact in any order: up to 2^33 units a float64
// holds them without rounding, and what a restart computes from stored tags
// is what memory had. Beyond that rounding returns, by parts in 2^53.
const quantum = 1.0 / (1 << 20)

// epoch is the virtual time a queue begins with: 0 means no tag.
const epoch = 1

// charge is how far a cost moves a tenant's tag on.
func charge(cost, weight float64) float64 {
	return max(quantum, quantize(cost/weight))
}

func quantize(v float64) float64 { return math.Round(v/quantum) * quantum }
