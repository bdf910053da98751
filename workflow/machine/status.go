package machine

import (
	"fmt"
	"slices"
	"strings"
)

// Status is where a run stands.
type Status uint8

// The states of a run. Those from Succeeded on are final until a reset.
const (
	Held      Status = iota + 1 // not to be queued yet: by request, or until its start time
	Queued                      // waits in its queue to be picked
	Running                     // picked; its steps run or wait
	Succeeded                   // every step did, or its failure was allowed for
	Failed                      // a step failed and nothing allowed for it
	Canceled                    // somebody asked for it
	TimedOut                    // its deadline passed
)

var statusNames = []string{"", "held", "queued", "running", "succeeded", "failed", "canceled", "timed-out"}

// Final reports whether nothing happens to the run any more, until a reset.
func (s Status) Final() bool { return s >= Succeeded }

// String returns the word for s.
func (s Status) String() string { return word(statusNames, uint8(s)) }

// ParseStatus reads the word for a status.
func ParseStatus(text string) (Status, error) {
	i, err := place("status of a run", statusNames, text)
	return Status(i), err
}

// MarshalText implements [encoding.TextMarshaler].
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Status) UnmarshalText(text []byte) (err error) {
	*s, err = ParseStatus(string(text))
	return err
}

// StepStatus is where a step, or one item of a step with for-each, stands.
type StepStatus uint8

// The states of a step. Those from StepSucceeded on are settled.
const (
	StepWaiting   StepStatus = iota // for the steps it needs, or for one of its run's slots
	StepReady                       // for somebody to execute it: an effect told the engine
	StepRunning                     // leased; with for-each: its items run
	StepBackoff                     // waits until WakeAt for its next attempt
	StepSleeping                    // a wait step or a sub-workflow: waits for WakeAt or an event
	StepSucceeded                   // it, or each of its items, did what it should
	StepFailed                      // and will not be tried again
	StepSkipped                     // Reason says why
	StepCanceled                    // its run was canceled, timed out or failed while it was under way
)

var stepStatusNames = []string{
	"waiting", "ready", "running", "backoff", "sleeping", "succeeded", "failed", "skipped", "canceled",
}

// Final reports whether nothing happens to the step any more, until a reset.
func (s StepStatus) Final() bool { return s >= StepSucceeded }

// String returns the word for s.
func (s StepStatus) String() string { return word(stepStatusNames, uint8(s)) }

// ParseStepStatus reads the word for a status.
func ParseStepStatus(text string) (StepStatus, error) {
	i, err := place("status of a step", stepStatusNames, text)
	return StepStatus(i), err
}

// MarshalText implements [encoding.TextMarshaler].
func (s StepStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *StepStatus) UnmarshalText(text []byte) (err error) {
	*s, err = ParseStepStatus(string(text))
	return err
}

// Reason says why a step was settled as it was, where its status alone does
// not tell.
type Reason uint8

// The reasons. The first five are of skipped steps.
const (
	NoReason  Reason = iota
	When             // its condition was false
	Branch           // what it needs was skipped, and it has no condition of its own
	Upstream         // what it needs failed, or its run did
	Uncalled         // a handler: no step it handles has failed
	ByHand           // somebody said so: those who need it go on
	Dropped          // a generated step whose generator was reset; it is no part of the run
	Unhandled        // a failed step whose handler had begun for another one before
)

var reasonNames = []string{"", "when", "branch", "upstream", "uncalled", "by-hand", "dropped", "unhandled"}

// String returns the word for r, "" for none.
func (r Reason) String() string { return word(reasonNames, uint8(r)) }

// MarshalText implements [encoding.TextMarshaler].
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *Reason) UnmarshalText(text []byte) error {
	i := slices.Index(reasonNames, string(text))
	if i < 0 {
		return fmt.Errorf("%.40q is no reason: write one of %s", text, strings.Join(reasonNames[1:], ", "))
	}
	*r = Reason(i)
	return nil
}

func word(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown-%d", i)
}

func place(what string, names []string, text string) (uint8, error) {
	i := slices.Index(names, text)
	if i < 0 || text == "" {
		return 0, fmt.Errorf("%.40q is no %s: write one of %s", text, what, strings.TrimPrefix(strings.Join(names, ", "), ", "))
	}
	return uint8(i), nil
}
