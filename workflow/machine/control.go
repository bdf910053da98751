package machine

import "fmt"

// Hold keeps a queued run from its queue until a time, or, where that is 0,
// until it is released.
func (r *Run) Hold(until int64) {
	if r.State.Status != Queued {
		return
	}
	r.State.Status, r.State.WakeAt = Held, until
	r.effects.Changed = true
}

// Release lets a held run be queued.
func (r *Run) Release(now int64) {
	if r.State.Status != Held {
		return
	}
	r.State.Status, r.State.WakeAt, r.State.QueuedAt = Queued, 0, now
	r.effects.Changed, r.effects.Requeue = true, true
}

// Begin starts a run that was picked: the steps that are ready are effects.
func (r *Run) Begin(now int64) {
	if r.State.Status != Queued {
		return
	}
	r.State.Status = Running
	if r.State.StartedAt == 0 {
		r.State.StartedAt = now
	}
	r.effects.Changed = true
	r.wantChildren(now) // nobody may have been told while it was queued
	r.considerAll(now)
	r.advance(now)
}

func (r *Run) considerAll(now int64) {
	for i := range r.nodes {
		switch r.State.Steps[i].Status {
		case StepWaiting:
			r.consider(i, now)
		case StepRunning:
			r.reopen(i) // for-each: more items
		}
	}
}

// Recover is called when another engine takes over a run that it loaded: what
// the last one was told and may not have done is told again. Leases stand
// until they run out.
func (r *Run) Recover(now int64) {
	if r.State.Status != Running {
		return
	}
	for _, ref := range sorted(append([]Ref(nil), r.live...)) {
		if r.Step(ref).Status == StepReady {
			r.effects.Ready = append(r.effects.Ready, ref)
		}
	}
	r.wantChildren(now)
	r.advance(now)
}

// Pause lets no further step start; those that run end. A queued run is not
// to be picked.
func (r *Run) Pause(by string, now int64) error {
	if r.Final() {
		return r.refuse("there is nothing to pause")
	}
	if r.State.Paused {
		return nil
	}
	r.State.Paused = true
	r.tell(Entry{At: now, Kind: "pause", By: by}, nil)
	r.unready()
	return nil
}

// unready takes back what is ready and not leased.
func (r *Run) unready() {
	for _, ref := range sorted(append([]Ref(nil), r.live...)) {
		if s := r.Step(ref); s.Status == StepReady {
			r.withdraw(ref)
			r.again(ref, s)
		}
	}
}

// Unpause ends a pause.
func (r *Run) Unpause(by string, now int64) error {
	if r.Final() {
		return r.refuse("it is not paused")
	}
	if !r.State.Paused {
		return nil
	}
	r.State.Paused, r.parked = false, true
	r.tell(Entry{At: now, Kind: "resume", By: by}, nil)
	r.advance(now)
	return nil
}

// Cancel ends a run: leases are recalled, sub-workflows canceled, and the
// steps under finally run. Canceled again, those end too. A run that waits in
// its queue for another attempt stays there until it is picked, for the steps
// under finally.
func (r *Run) Cancel(by, reason string, now int64) error {
	if r.Final() {
		return r.refuse("it has ended")
	}
	r.tell(Entry{At: now, Kind: "cancel", By: by}, map[string]string{"reason": reason})
	f := &Failure{Code: CodeCanceled, Message: "canceled"}
	if by != "" {
		f.Message += " by " + by
	}
	if reason != "" {
		f.Message += ": " + reason
	}
	r.end(Canceled, f.bounded(), recallCanceled, now)
	return nil
}

// end ends a run early: what is not settled is canceled.
func (r *Run) end(verdict Status, f *Failure, why string, now int64) {
	r.effects.Changed = true
	first := r.State.Verdict == 0
	if first || r.State.Verdict == Succeeded {
		r.State.Verdict, r.State.Failure = verdict, f
		r.keepRunOutput(nil)
	}
	r.State.Paused = false
	r.cancelAll(0, why, now)
	alone := r.State.Lease != nil
	if alone {
		r.recall(Ref{-1, -1}, r.State.Lease.Fence, why)
		r.State.Lease = nil
	}
	if !first || alone || !r.begun() {
		r.cancelAll(1, why, now)
	}
	r.drain(now)
	if r.open[1] == 0 {
		r.finish(now)
		return
	}
	if r.State.Status == Held {
		r.Release(now)
	}
	if r.State.Status == Running {
		r.considerAll(now)
		r.advance(now)
	}
}

// begun reports whether any step of the run was ever started.
func (r *Run) begun() bool { return r.State.StartedAt != 0 || r.State.Attempt > 1 }

// cancelAll settles what is not settled of the steps, or of those under
// finally.
func (r *Run) cancelAll(p int, why string, now int64) {
	for i := range r.nodes {
		s := &r.State.Steps[i]
		if phase(r.Plan.Node(i)) != p || s.Status.Final() {
			continue
		}
		if len(s.Items) == 0 {
			r.cancelLeaf(Ref{int32(i), -1}, s, why, now)
			continue
		}
		for k := range s.Items {
			r.cancelLeaf(Ref{int32(i), int32(k)}, &s.Items[k], why, now)
		}
		if s := &r.State.Steps[i]; !s.Status.Final() {
			s.FinishedAt = now
			r.move(Ref{int32(i), -1}, s, StepCanceled)
		}
	}
}

func (r *Run) cancelLeaf(ref Ref, s *Step, why string, now int64) {
	if s.Status.Final() {
		return
	}
	r.release(ref, s, why)
	r.settleLeaf(ref, s, StepCanceled, now)
}

// release ends what a step has under way outside.
func (r *Run) release(ref Ref, s *Step, why string) {
	switch s.Status {
	case StepReady:
		r.withdraw(ref)
	case StepRunning:
		if s.Fence != 0 {
			r.recall(ref, s.Fence, why)
		}
		s.Fence = 0
	case StepSleeping:
		r.dropChild(ref, s)
	}
}

// SkipStep settles a step as skipped by hand: those who need it go on as if
// it had succeeded without output. A lease of it is recalled.
func (r *Run) SkipStep(name, by string, now int64) error {
	ref, ok := r.RefOf(name, -1)
	switch {
	case !ok:
		return r.noName(name)
	case r.Final():
		return r.refuse("reset or retry it, then skip the step while it waits")
	case r.State.Lease != nil:
		return r.refuse("worker " + r.State.Lease.Worker + " decides which steps run")
	}
	s := r.Step(ref)
	if s.Status.Final() {
		return r.refuse(fmt.Sprintf("its step %q is %v", name, s.Status))
	}
	r.tell(Entry{At: now, Kind: "skip", Step: name, By: by}, nil)
	r.skip(int(ref.Node), ByHand, now)
	r.advance(now)
	return nil
}
