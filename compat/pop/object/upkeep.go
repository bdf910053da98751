package object

import "time"

// The original's defaults of what keeps agendas going and storage small.
const (
	// DefaultMaximumAttempts is how often an agenda is tried that does not say.
	DefaultMaximumAttempts = 3
	// MostAttempts is how often an agenda is tried whatever it says.
	MostAttempts = 20
	// ReclaimAge is how long an executor may be silent before its agenda has
	// failed: what the original deploys.
	ReclaimAge = 5 * time.Minute
	// ReapAge is how long objects are kept after their last change.
	ReapAge = 3 * 24 * time.Hour
	// ReportInterval is how often an executor reports.
	ReportInterval = 5 * time.Second
	// PollWait is how long a request for agendas waits for one.
	PollWait = 5 * time.Second
)

// TimedOut is the diagnostic message of an agenda whose executor fell silent.
const TimedOut = "AgendaProgress timed out."

// Attempts is how often an agenda with these parameters is tried in all: otherwise
// is of one that does not say.
func (p Params) Attempts(otherwise int) int {
	n, ok := p.Int(ParamMaximumAttempts)
	if !ok {
		n = otherwise
	}
	return min(max(n, 1), MostAttempts)
}

// RetryDue reports whether an agenda that is complete is to be run again: it
// failed, and has attempts left.
func (p *Progress) RetryDue() bool {
	completed, most := 1, DefaultMaximumAttempts
	if p.AttemptsCompleted != nil {
		completed = *p.AttemptsCompleted
	}
	if p.MaximumAttempts != nil {
		most = *p.MaximumAttempts
	}
	return p.State == Complete && p.StateMessage == Failed && completed < min(most, MostAttempts)
}

// ReclaimDue reports whether the executor of an agenda has been silent for longer
// than age.
func (p *Progress) ReclaimDue(now time.Time, age time.Duration) bool {
	return p.State == Executing && p.UpdatedTime < now.Add(-age).UnixMilli()
}

// ReapDue reports whether an object was last changed longer than age ago.
func (c *Common) ReapDue(now time.Time, age time.Duration) bool {
	return c.UpdatedTime < now.Add(-age).UnixMilli()
}

// ReapDue reports whether the agenda was complete and unchanged for longer than
// age. The original deletes the progress of those that wait or run as well.
func (p *Progress) ReapDue(now time.Time, age time.Duration) bool {
	return p.State == Complete && p.Common.ReapDue(now, age)
}
