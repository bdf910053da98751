package machine

import (
	"encoding/json"
	"fmt"
)

// A run whose queue is delegated is leased as a whole: its worker decides by
// itself which steps run, and reports what becomes of them.

// StepReport is what the worker of a whole run tells of a step.
type StepReport struct {
	Step     string          `json:"step"`
	Status   StepStatus      `json:"status"`            // "waiting" takes an earlier report back
	Attempt  int             `json:"attempt,omitempty"` // at most MaxAttempt; 0: they are counted here
	Started  int64           `json:"started,omitempty"` // ms; 0: now
	Finished int64           `json:"finished,omitempty"`
	Percent  float64         `json:"percent,omitempty"`
	Message  string          `json:"message,omitempty"`
	Saved    json.RawMessage `json:"saved,omitempty"`
	Output   json.RawMessage `json:"output,omitempty"`
	Failure  *Failure        `json:"failure,omitempty"`
}

// MaxAttempt is the highest number that the worker of a whole run may give an
// attempt of a step.
const MaxAttempt = 1_000_000

// LeaseRun gives the whole run to a worker. What was ready or asleep waits
// again, as the worker decides about it now.
func (r *Run) LeaseRun(l Lease, now int64) error {
	switch {
	case r.State.Status != Queued && r.State.Status != Running:
		return r.refuse("it cannot be leased")
	case r.State.Lease != nil:
		return r.refuse("worker " + r.State.Lease.Worker + " has it")
	case len(r.RunningSteps()) > 0:
		return r.refuse("steps of it are leased one by one")
	}
	r.State.Status, r.State.Lease = Running, &l
	if r.State.StartedAt == 0 {
		r.State.StartedAt = now
	}
	r.effects.Changed = true
	r.unstart()
	return nil
}

// unstart lets every step that is not settled wait.
func (r *Run) unstart() {
	for _, ref := range sorted(append([]Ref(nil), r.live...)) {
		s := r.Step(ref)
		r.release(ref, s, recallReset)
		s.Fence, s.LeaseUntil, s.WakeAt, s.TimeoutAt = 0, 0, 0, 0
		r.move(ref, s, StepWaiting)
	}
	for i := range r.State.Steps {
		if s := &r.State.Steps[i]; s.Status == StepRunning && s.Items == nil { // for-each, as reported
			r.move(Ref{int32(i), -1}, s, StepWaiting)
		}
	}
	r.derive()
}

// holdsRun checks the fence of a lease of the whole run.
func (r *Run) holdsRun(f Fence) error {
	if l := r.State.Lease; f == 0 || l == nil || l.Fence != f {
		return fmt.Errorf("%w: run %v, fence %d", ErrStale, r.Meta.ID, f)
	}
	return nil
}

// ExtendRun keeps the lease of a whole run until a time.
func (r *Run) ExtendRun(f Fence, until, _ int64) error {
	if err := r.holdsRun(f); err != nil {
		return err
	}
	l := *r.State.Lease
	l.Until = max(l.Until, until)
	r.State.Lease = &l
	r.effects.Changed = true
	return nil
}

// ReportStep takes what the worker of a whole run tells of a step.
func (r *Run) ReportStep(f Fence, rep StepReport, now int64) error {
	if err := r.holdsRun(f); err != nil {
		return err
	}
	ref, ok := r.RefOf(rep.Step, -1)
	if !ok {
		return r.noName(rep.Step)
	}
	if err := r.checkStepReport(ref, rep); err != nil {
		return err
	}
	if rep.Status == StepSucceeded {
		if f := r.generate(int(ref.Node), rep.Output, now); f != nil {
			return fmt.Errorf("%w: step %q: %s", ErrInvalid, rep.Step, f.Message)
		}
	}
	s := r.Step(ref)
	if s.Items != nil { // its worker sees to the items
		r.clearNode(int(ref.Node), now)
		r.derive()
	}
	r.reported(ref, s, rep, now)
	r.report(s, rep.told())
	r.note(ref, s)
	r.drain(now)
	return nil
}

// told is what a step's own worker would tell with a heartbeat.
func (rep *StepReport) told() Report {
	return Report{Percent: rep.Percent, Message: rep.Message, Saved: rep.Saved}
}

// checkStepReport says what is wrong with a report of a step.
func (r *Run) checkStepReport(ref Ref, rep StepReport) error {
	if r.State.Verdict != 0 && !r.Node(ref).Finally {
		return r.refuse(fmt.Sprintf("it is ending as %v, and its step %q is settled", r.State.Verdict, rep.Step))
	}
	told := rep.told()
	if err := told.check(); err != nil {
		return err
	}
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%w: step %q: %s", ErrInvalid, rep.Step, fmt.Sprintf(format, args...))
	}
	if wrong := r.wrong(rep.Output); wrong != nil {
		return invalid("%s", wrong.Message)
	}
	if rep.Attempt < 0 || rep.Attempt > MaxAttempt {
		return invalid("attempt %d: 1 to %d can be reported; left out, they are counted here", rep.Attempt, MaxAttempt)
	}
	if rep.Status > StepCanceled || lives(rep.Status) && rep.Status != StepRunning {
		return invalid("it is said to be %v: only waiting, running and what is settled can be reported", rep.Status)
	}
	return nil
}

func (r *Run) reported(ref Ref, s *Step, rep StepReport, now int64) {
	if rep.Status != StepWaiting && (s.Status == StepWaiting || rep.Status == StepRunning && s.Status != StepRunning) {
		if s.Attempt > 0 {
			r.replaced(ref, s, "attempt", now)
		}
		r.begin(s, now)
	}
	if rep.Attempt > 0 {
		s.Attempt = rep.Attempt
	}
	if rep.Started > 0 {
		s.StartedAt = rep.Started
	}
	s.Worker, s.Fence, s.Failure, s.Reason, s.Output = r.State.Lease.Worker, 0, nil, NoReason, nil
	if rep.Status.Final() {
		s.FinishedAt = now
		if rep.Finished > 0 {
			s.FinishedAt = rep.Finished
		}
		s.Output = rep.Output
		r.kept += len(rep.Output)
	}
	r.keepOutput(ref, s)
	switch rep.Status {
	case StepFailed:
		if rep.Failure == nil {
			rep.Failure = &Failure{Code: "failed", Message: rep.Message}
		}
		s.Failure = r.bounded(rep.Failure)
	case StepSkipped:
		s.Reason = ByHand
	}
	r.move(ref, s, rep.Status)
}

// CompleteRun records how a worker says that the whole run ended. What it did
// not report is skipped. The same fence again answers nil and changes nothing.
func (r *Run) CompleteRun(f Fence, o Outcome, now int64) error {
	if f != 0 && r.State.Lease == nil && r.State.LastLease == f {
		return nil
	}
	if err := r.holdsRun(f); err != nil {
		return err
	}
	if wrong := r.wrong(o.Output); wrong != nil {
		return fmt.Errorf("%w: %s", ErrInvalid, wrong.Message)
	}
	r.State.LastLease, r.effects.Changed = f, true
	if o.Failure != nil && r.State.Verdict == 0 {
		r.State.Failure = o.Failure.bounded()
		if r.mayTryAgain() {
			r.State.Lease = nil
			r.tryAgain(now)
			return nil
		}
	}
	r.unstart()
	for i := range r.nodes {
		if !r.State.Steps[i].Status.Final() {
			r.skip(i, ByHand, now)
		}
	}
	r.drain(now)
	r.State.Lease = nil
	r.concludeWhole(o, now)
	return nil
}

func (r *Run) concludeWhole(o Outcome, now int64) {
	switch {
	case r.State.Verdict != 0: // it was canceled before it was leased
	case o.Failure != nil:
		r.State.Verdict = Failed
	default:
		r.State.Verdict = Succeeded
		if len(o.Output) > 0 {
			r.keepRunOutput(o.Output)
		} else if r.answer(); r.State.Failure != nil {
			r.State.Verdict = Failed
		}
	}
	r.State.Status, r.State.FinishedAt, r.State.Paused = r.State.Verdict, now, false
	r.effects.Finished = true
}

// GiveBackRun ends the lease of a whole run that was not begun, or that its
// worker cannot go on with: it is queued again.
func (r *Run) GiveBackRun(f Fence, now int64) error {
	if err := r.holdsRun(f); err != nil {
		return err
	}
	r.unlease(now)
	return nil
}

func (r *Run) unlease(now int64) {
	r.State.Lease = nil
	r.State.Status, r.State.QueuedAt = Queued, now
	r.effects.Requeue, r.effects.Changed = true, true
	r.unstart()
}

// loseRun ends a lease of the whole run that ran out: the run is queued again
// with the steps that are settled as they are, unless that happened too often.
func (r *Run) loseRun(now int64) {
	l := *r.State.Lease
	r.State.Crashes++
	r.recall(Ref{-1, -1}, l.Fence, recallCrash)
	r.tell(Entry{At: now, Kind: "crash", By: l.Worker}, nil)
	if r.State.Crashes < r.limits.MaxCrashes {
		r.unlease(now)
		return
	}
	r.end(Failed, &Failure{Code: CodeCrash, Fatal: true, Message: fmt.Sprintf(
		"worker %s was not heard of until the end of its lease; given up after %d crashes", l.Worker, r.State.Crashes)}, recallCrash, now)
}
