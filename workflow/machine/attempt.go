package machine

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/berth-project/berth/workflow"
)

// Claim leases a step that is ready: it counts the attempt and answers what
// the step is given and what an earlier attempt saved. When its references
// lead nowhere the step fails with code "reference", and that is the error.
func (r *Run) Claim(ref Ref, l Lease, now int64) (payload, saved json.RawMessage, err error) {
	s := r.leaf(ref)
	switch {
	case s == nil:
		return nil, nil, r.noStep(ref)
	case s.Status != StepReady:
		return nil, nil, r.refuse(fmt.Sprintf("its step %q is %v, not ready", r.Node(ref).Step.Name, s.Status))
	}
	r.begin(s, now)
	payload, err = r.payload(ref)
	if err != nil {
		r.failAttempt(ref, s, failureOf(err), now)
		r.advance(now)
		return nil, nil, err
	}
	s.Fence, s.Worker, s.LeaseUntil = l.Fence, l.Worker, l.Until
	s.TimeoutAt = r.timeout(ref, now)
	r.move(ref, s, StepRunning)
	return payload, s.Saved, nil
}

// begin counts an attempt and forgets what the last one told.
func (r *Run) begin(s *Step, now int64) {
	s.Attempt++
	s.StartedAt, s.FinishedAt, s.WakeAt = now, 0, 0
	s.Failure, s.Percent, s.Message = nil, 0, ""
}

func (r *Run) payload(ref Ref) (json.RawMessage, error) {
	return r.Plan.Payload(int(ref.Node), r.scopeAt(ref))
}

func (r *Run) timeout(ref Ref, now int64) int64 {
	if d := r.Node(ref).Step.Timeout; d > 0 {
		return now + max(1, d.Std().Milliseconds())
	}
	return 0
}

// holder returns the step whose current lease has the fence.
func (r *Run) holder(ref Ref, f Fence) (*Step, error) {
	s := r.leaf(ref)
	if s == nil {
		return nil, r.noStep(ref)
	}
	if f == 0 || s.Fence != f || s.Status != StepRunning {
		return nil, r.stale(ref, f)
	}
	return s, nil
}

func (r *Run) stale(ref Ref, f Fence) error {
	return fmt.Errorf("%w: run %v, step %q, fence %d", ErrStale, r.Meta.ID, r.Node(ref).Step.Name, f)
}

// Extend keeps a lease until a time, or as it is where that is sooner, and
// takes what the attempt reports.
func (r *Run) Extend(ref Ref, f Fence, until int64, rep Report, now int64) error {
	s, err := r.holder(ref, f)
	if err != nil {
		return err
	}
	if err := rep.check(); err != nil {
		return err
	}
	if s.LeaseUntil > 0 {
		s.LeaseUntil = max(s.LeaseUntil, until)
	}
	if rep.Saved != nil && !r.roomFor(len(rep.Saved)) {
		return fmt.Errorf("%w: the steps of the run have saved %d bytes for their next attempts, as many as are allowed", ErrInvalid, MaxNotes)
	}
	r.report(s, rep)
	r.note(ref, s)
	return nil
}

func (rep *Report) check() error {
	switch {
	case len(rep.Saved) > MaxSaved:
		return fmt.Errorf("%w: %d bytes to be saved for the next attempt, and %d are allowed: save a name for it", ErrInvalid, len(rep.Saved), MaxSaved)
	case rep.Saved != nil && !json.Valid(rep.Saved):
		return fmt.Errorf("%w: what is to be saved for the next attempt is no JSON", ErrInvalid)
	}
	return nil
}

func (r *Run) report(s *Step, rep Report) {
	if rep.Percent > 0 { // not for NaN
		s.Percent = math.Round(min(rep.Percent, 100)*100) / 100 // as it is stored
	}
	if text := clip(rep.Message, MaxMessage); text != "" && r.roomFor(len(text)) {
		s.Message = text
	}
	if rep.Saved != nil {
		s.Saved = rep.Saved
	}
}

// Complete records how an attempt ended, once: ErrStale says that the fence
// is not that of the current lease and that nothing was recorded. The same
// fence again, until the next attempt begins, answers nil and changes nothing.
// The output must not be changed afterwards.
func (r *Run) Complete(ref Ref, f Fence, o Outcome, now int64) error {
	s := r.leaf(ref)
	switch {
	case s == nil:
		return r.noStep(ref)
	case f == 0 || s.Fence != f:
		return r.stale(ref, f)
	case s.Status != StepRunning:
		return nil
	case o.Failure == nil && o.Until > 0:
		s.LeaseUntil = 0
		if s.TimeoutAt == 0 || o.Until < s.TimeoutAt {
			s.TimeoutAt = o.Until
		}
		r.note(ref, s)
		return nil
	case o.Failure != nil:
		r.failAttempt(ref, s, o.Failure, now)
	default:
		r.succeed(ref, s, o.Output, now)
	}
	r.advance(now)
	return nil
}

// succeed settles a step or an item with its output.
func (r *Run) succeed(ref Ref, s *Step, output json.RawMessage, now int64) {
	if f := r.wrong(output); f != nil {
		r.failAttempt(ref, s, f, now)
		return
	}
	if ref.Item < 0 {
		if f := r.generate(int(ref.Node), output, now); f != nil {
			r.failAttempt(ref, r.Step(ref), f, now)
			return
		}
		s = r.Step(ref) // its array may have grown
	}
	s.Output, s.Saved = output, nil
	r.kept += len(output)
	r.keepOutput(ref, s)
	r.settleLeaf(ref, s, StepSucceeded, now)
}

// succeedWhole settles a step with for-each all of whose items are settled.
func (r *Run) succeedWhole(i int, now int64) {
	ref := Ref{int32(i), -1}
	if r.Plan.Node(i).Step.Generate != nil {
		if f := r.generate(i, r.State.Steps[i].joined(), now); f != nil {
			r.failWhole(i, f, now)
			return
		}
	}
	s := r.Step(ref)
	s.FinishedAt = now
	r.move(ref, s, StepSucceeded)
}

// wrong says why an output cannot be taken.
func (r *Run) wrong(output json.RawMessage) *Failure {
	switch {
	case len(output) > r.limits.MaxOutput:
		return r.tooLong(len(output))
	case len(output) > 0 && !json.Valid(output):
		return &Failure{Code: CodeOutput, Message: "the output is no JSON"}
	}
	return r.noRoom(CodeOutput, len(output))
}

func (r *Run) tooLong(size int) *Failure {
	return &Failure{Code: CodeOutput, Fatal: true, Message: fmt.Sprintf(
		"the output has %d bytes, and %d are allowed: store it elsewhere and answer where", size, r.limits.MaxOutput)}
}

// settleLeaf settles a step without for-each, or an item.
func (r *Run) settleLeaf(ref Ref, s *Step, to StepStatus, now int64) {
	s.FinishedAt = now
	s.LeaseUntil, s.WakeAt, s.TimeoutAt = 0, 0, 0
	r.move(ref, s, to)
	if ref.Item >= 0 {
		r.itemSettled(ref, s, now)
	}
}

// failAttempt records a failure: the step waits for its next attempt, where
// its rule allows one, or has failed.
func (r *Run) failAttempt(ref Ref, s *Step, f *Failure, now int64) {
	s.Failures++
	s.Failure, s.FinishedAt = r.bounded(f), now
	retry := r.Node(ref).Retry
	if s.Failure.Fatal || r.stopping(ref) || !retry.Allows(s.Failures, s.Failure.Code) {
		r.settleLeaf(ref, s, StepFailed, now)
		return
	}
	r.replaced(ref, s, "attempt", now)
	s.LeaseUntil, s.TimeoutAt = 0, 0
	s.WakeAt = now + max(1, r.pause(retry, s.Failures, f.RetryAfter).Milliseconds())
	r.move(ref, s, StepBackoff)
}

func (r *Run) pause(rule *workflow.Retry, failures int, asked workflow.Duration) time.Duration {
	var random uint64
	if r.limits.Random != nil {
		random = r.limits.Random()
	}
	return rule.Delay(failures, asked, random)
}

// stopping reports whether no further attempt of a step may begin: its run,
// or another item of it, has failed for good.
func (r *Run) stopping(ref Ref) bool {
	if ref.Item >= 0 && r.State.Steps[ref.Node].Failure != nil {
		return true
	}
	return !r.Node(ref).Finally && r.State.Failure != nil
}

// Crash ends an attempt whose worker is known to be gone, as the end of its
// lease would: it is tried again, unless it crashed too often. ErrStale says
// that the fence is not that of the current lease.
func (r *Run) Crash(ref Ref, f Fence, message string, now int64) error {
	s, err := r.holder(ref, f)
	if err != nil {
		return err
	}
	r.crash(ref, s, message, now)
	r.advance(now)
	return nil
}

func (r *Run) crash(ref Ref, s *Step, message string, now int64) {
	s.Crashes++
	s.Fence, s.FinishedAt = 0, now
	s.Failure = &Failure{Code: CodeCrash, Message: clip(message, MaxMessage)}
	switch {
	case s.Crashes >= r.limits.MaxCrashes:
		s.Failure.Fatal = true
		s.Failure.Message += fmt.Sprintf("; given up after %d crashes", s.Crashes)
		r.settleLeaf(ref, s, StepFailed, now)
	case r.stopping(ref):
		r.settleLeaf(ref, s, StepFailed, now)
	default:
		r.replaced(ref, s, "crash", now)
		r.again(ref, s)
	}
}

// GiveBack ends a lease whose attempt was not begun: the step is ready again,
// and it was no attempt. ErrStale says that the fence is not that of the
// current lease.
func (r *Run) GiveBack(ref Ref, f Fence, now int64) error {
	s, err := r.holder(ref, f)
	if err != nil {
		return err
	}
	s.Attempt--
	s.Fence, s.Worker, s.StartedAt = 0, "", 0
	r.again(ref, s)
	if r.stopping(ref) {
		r.stopLeaf(ref, s, now)
	}
	r.advance(now)
	return nil
}
