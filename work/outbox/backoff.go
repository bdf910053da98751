package outbox

import (
	"math"
	"time"
)

// Backoff says when a delivery that did not succeed is tried again. The zero
// value has the defaults: 20 tries over about two days.
type Backoff struct {
	// First is the wait after the first try. Default 5s.
	First time.Duration
	// Factor is how many times longer each further wait is. Default 2.
	Factor float64
	// Max is the longest wait. Default 6h.
	Max time.Duration
	// Jitter is the share of each wait that chance may take off, 0 to 1, so
	// that what failed together is not tried together again. Default 0.25;
	// negative is none.
	Jitter float64
	// Tries is how often a delivery is tried in all. Default 20; negative is
	// without end.
	Tries int
}

// Next returns how long to wait after a failed try, counted from 1, and whether
// to try again at all. asked is what the receiver asked for with Retry-After,
// which no chance shortens; more than Max is not granted. random is in [0,1).
func (b Backoff) Next(try int, asked time.Duration, random float64) (wait time.Duration, again bool) {
	b = b.complete()
	if b.Tries > 0 && try >= b.Tries {
		return 0, false
	}
	full := float64(b.First) * math.Pow(b.Factor, float64(max(try, 1)-1))
	full = min(full, float64(b.Max)) // also of what is no longer finite
	wait = time.Duration(full * (1 - b.Jitter*random))
	return min(max(wait, asked), b.Max), true
}

// Span is the longest time over which a delivery is tried; 0 is without
// end, or nearly.
func (b Backoff) Span() time.Duration {
	var span time.Duration
	for try := 1; ; try++ {
		wait, again := b.Next(try, 0, 0)
		if !again {
			return span
		}
		if b.Tries < 0 || try > 10_000 || span > math.MaxInt64/2 {
			return 0
		}
		span += wait
	}
}

func (b Backoff) complete() Backoff {
	if b.First <= 0 {
		b.First = 5 * time.Second
	}
	if !(b.Factor >= 1) {
		b.Factor = 2
	}
	if b.Max <= 0 {
		b.Max = 6 * time.Hour
	}
	switch {
	case b.Jitter == 0:
		b.Jitter = 0.25
	case !(b.Jitter > 0):
		b.Jitter = 0
	}
	b.Jitter = min(b.Jitter, 1)
	if b.Tries == 0 {
		b.Tries = 20
	}
	return b
}
