package sqlite

import (
	"time"

	"github.com/berth-project/berth/work/store"
)

// clock tells the time as it was when the process began and how long it runs:
// leases do not end early when somebody sets the machine's clock.
type clock struct{ began time.Time }

func newClock() clock { return clock{time.Now()} }

func (c clock) now() store.Millis {
	return c.began.UnixMilli() + time.Since(c.began).Milliseconds()
}
