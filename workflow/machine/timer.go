package machine

import (
	"fmt"
	"slices"
)

// NextWake returns when Wake has something to do, in milliseconds since 1970:
// the earliest end of a lease, a pause, a sleep, a timeout, the deadline or
// the hold; 0 for never. A time that is long over asks to go on at once: the
// last event had more to start than one may.
func (r *Run) NextWake() int64 {
	if r.Final() {
		return 0
	}
	if r.startable() {
		return 1
	}
	next := r.pickBy()
	if r.State.Status == Held {
		next = r.State.WakeAt
	}
	if r.State.Verdict == 0 {
		next = earlier(next, r.State.DeadlineAt)
	}
	if r.State.Lease != nil {
		next = earlier(next, r.State.Lease.Until)
	}
	for _, ref := range r.live {
		next = earlier(next, r.Step(ref).due())
	}
	return next
}

// due returns when a step has something to do by itself.
func (s *Step) due() int64 {
	switch s.Status {
	case StepRunning:
		return earlier(s.LeaseUntil, s.TimeoutAt)
	case StepBackoff, StepSleeping:
		return earlier(s.WakeAt, s.TimeoutAt)
	}
	return 0
}

// pickBy returns until when a queue must have picked the run, 0 for any time.
func (r *Run) pickBy() int64 {
	within := r.Plan.Document().StartWithin
	if within <= 0 || r.State.Status != Queued || r.State.StartedAt != 0 || r.State.Verdict != 0 {
		return 0
	}
	return after(r.State.QueuedAt, within)
}

// Wake does everything that is due.
func (r *Run) Wake(now int64) {
	due := func(at int64) bool { return at > 0 && at <= now }
	if r.Final() {
		return
	}
	if r.State.Verdict == 0 && due(r.State.DeadlineAt) {
		r.tell(Entry{At: now, Kind: "deadline"}, nil)
		r.end(TimedOut, &Failure{Code: CodeDeadline, Message: "its deadline passed"}, recallDeadline, now)
		return
	}
	if due(r.pickBy()) {
		r.end(TimedOut, &Failure{Code: CodeTimeout, Message: fmt.Sprintf(
			"no queue picked it within %v", r.Plan.Document().StartWithin)}, recallTimeout, now)
		return
	}
	if r.State.Status == Held && due(r.State.WakeAt) {
		r.Release(now)
	}
	if r.State.Lease != nil && due(r.State.Lease.Until) {
		r.loseRun(now)
		return
	}
	var refs []Ref
	for _, ref := range r.live {
		if due(r.Step(ref).due()) {
			refs = append(refs, ref)
		}
	}
	for _, ref := range sorted(refs) {
		if s := r.Step(ref); due(s.due()) { // its neighbour's end may have ended it
			r.wakeStep(ref, s, now)
		}
	}
	if len(refs) > 0 || r.startable() {
		r.advance(now)
	}
}

func (r *Run) wakeStep(ref Ref, s *Step, now int64) {
	switch s.Status {
	case StepBackoff:
		r.again(ref, s)
	case StepSleeping:
		r.wakeSleeper(ref, s, now)
	case StepRunning:
		f := s.Fence
		s.Fence = 0 // its result comes too late
		if s.TimeoutAt > 0 && s.TimeoutAt <= now && (s.LeaseUntil == 0 || s.TimeoutAt <= s.LeaseUntil) {
			r.recall(ref, f, recallTimeout)
			r.failAttempt(ref, s, &Failure{Code: CodeTimeout, Message: "it took longer than " + between(s.StartedAt, s.TimeoutAt)}, now)
			return
		}
		r.recall(ref, f, recallCrash)
		r.crash(ref, s, "worker "+s.Worker+" was not heard of until the end of its lease", now)
	}
}

func sorted(refs []Ref) []Ref {
	slices.SortFunc(refs, compareRefs)
	return refs
}
