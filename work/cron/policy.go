package cron

import (
	"fmt"
	"slices"
	"time"
)

// MaxMissed is how many missed times [All] makes up for: the newest.
const MaxMissed = 100

// Grace is how late a time may be found due and not count as missed.
const Grace = time.Minute

// Missed says what happens with the times that passed while nobody looked:
// the engine was down, or the schedule paused.
type Missed string

// What happens with missed times.
const (
	Skip   Missed = "skip"   // nothing
	Latest Missed = "latest" // one run, for the last of them; the default
	All    Missed = "all"    // a run for each, at most MaxMissed
)

// Check reports whether m is one of the values above, or empty.
func (m Missed) Check() error {
	switch m {
	case "", Skip, Latest, All:
		return nil
	}
	return fmt.Errorf("missed: %.40q is not allowed: write skip, latest or all", string(m))
}

// Due returns the moments, oldest first, for which a run is to be started
// now: those after last, the newest one that has been dealt with, up to now. A
// schedule that was just made has dealt with the time it was made at.
func Due(s Schedule, missed Missed, last, now time.Time) []time.Time {
	since := last
	if missed == Skip && now.Add(-Grace).After(last) {
		since = now.Add(-Grace)
	}
	most := 1
	if missed == All {
		most = MaxMissed
	}
	var due []time.Time
	for at := s.Previous(now.Add(1)); at.After(since) && len(due) < most; at = s.Previous(at) {
		due = append(due, at)
	}
	slices.Reverse(due)
	return due
}

// Overlap says what happens when a time is due while runs of the schedule are
// not finished.
type Overlap string

// What happens while earlier runs are not finished.
const (
	Allow         Overlap = "allow"          // the run is started beside them; the default
	SkipRun       Overlap = "skip"           // no run for this time
	QueueOne      Overlap = "queue-one"      // one run waits until they are finished; further times are skipped
	CancelRunning Overlap = "cancel-running" // they are canceled, the run is started
)

// Check reports whether o is one of the values above, or empty.
func (o Overlap) Check() error {
	switch o {
	case "", Allow, SkipRun, QueueOne, CancelRunning:
		return nil
	}
	return fmt.Errorf("overlap: %.40q is not allowed: write allow, skip, queue-one or cancel-running", string(o))
}

// Decision is what to do for a time that is due.
type Decision int

// What to do for a time that is due.
const (
	Start          Decision = iota // start the run
	Drop                           // start none
	Wait                           // start the run when the others are finished
	CancelAndStart                 // cancel the others, start the run
)

// Decide says what to do for a due time while that many runs of the schedule
// run, and that many wait because of an earlier Wait.
func (o Overlap) Decide(running, waiting int) Decision {
	switch {
	case running == 0 && waiting == 0:
		return Start
	case o == SkipRun, o == QueueOne && waiting > 0:
		return Drop
	case o == QueueOne:
		return Wait
	case o == CancelRunning:
		return CancelAndStart
	}
	return Start
}
