package process

import (
	"slices"
	"time"
)

// history decides about restarts from when an instance failed before.
type history struct {
	policy RestartPolicy
	row    int         // failures in a row
	recent []time.Time // failures within the window
}

// failed records that a program that ran from start to end has ended, and
// returns how long to wait with the next start and whether it is in a crash
// loop. random is in [0,1).
func (h *history) failed(start, end time.Time, random float64) (pause time.Duration, loop bool) {
	if end.Sub(start) >= h.policy.Window {
		h.row, h.recent = 0, nil
	}
	h.row++
	h.recent = append(h.recent, end)
	h.recent = slices.DeleteFunc(h.recent, func(t time.Time) bool { return end.Sub(t) > h.policy.Window })
	// Pauses of Max can be longer than the window: what has failed Limit times
	// in a row without ever staying up is in a loop too.
	loop = len(h.recent) >= h.policy.Limit || h.row >= h.policy.Limit
	pause = h.policy.Min
	for i := 1; i < h.row && pause < h.policy.Max; i++ {
		pause *= 2
	}
	if loop || pause > h.policy.Max {
		pause = h.policy.Max
	}
	return pause - time.Duration(random*float64(pause)/2), loop
}
