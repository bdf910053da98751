package machine

import (
	"errors"
	"fmt"
)

// Errors of events that change nothing.
var (
	// ErrStale: the fence is not that of the current lease.
	ErrStale = errors.New("stale fence: the lease was lost or given to another")
	// ErrNoStep: the run has no such step, or no such item of it.
	ErrNoStep = errors.New("no such step")
	// ErrState: where the run or the step stands does not allow it.
	ErrState = errors.New("not now")
	// ErrInvalid: what was sent is wrong; the text says how.
	ErrInvalid = errors.New("invalid")
	// ErrCorrupt: the blob is no state of this run.
	ErrCorrupt = errors.New("the stored state cannot be read")
)

func (r *Run) refuse(what string) error {
	return fmt.Errorf("%w: run %v is %v: %s", ErrState, r.Meta.ID, r.State.Status, what)
}

func (r *Run) noStep(ref Ref) error {
	return fmt.Errorf("%w: run %v has none at %d, item %d", ErrNoStep, r.Meta.ID, ref.Node, ref.Item)
}

func (r *Run) noName(name string) error {
	return fmt.Errorf("%w: run %v has none called %q", ErrNoStep, r.Meta.ID, name)
}
