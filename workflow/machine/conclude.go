package machine

// conclude ends a phase of the run whose steps are all settled. It says
// whether there is more to be done.
func (r *Run) conclude(now int64) bool {
	switch {
	case r.State.Status != Running || r.State.Lease != nil:
		return false
	case r.State.Verdict == 0 && r.open[0] > 0:
		return r.unstick(0, now)
	case r.State.Verdict == 0:
		return r.decide(now)
	case r.open[1] > 0:
		return r.unstick(1, now)
	}
	r.finish(now)
	return false
}

// unstick ends a phase in which steps wait only for each other, which a plan
// should not allow.
func (r *Run) unstick(p int, now int64) bool {
	if len(r.live) > 0 || r.eligible.from(0) >= 0 {
		return false
	}
	for i := range r.nodes { // its handler waits for what waits for it
		if p == 0 && r.State.Steps[i].Status == StepFailed && !r.nodes[i].resolved {
			r.fail(i, now)
		}
	}
	if p == 0 && r.State.Failure == nil {
		r.State.Failure = &Failure{Code: CodeStuck, Message: "the steps that are left wait for each other"}
	}
	for i := range r.nodes {
		if phase(r.Plan.Node(i)) == p && !r.State.Steps[i].Status.Final() {
			r.skip(i, Upstream, now)
		}
	}
	return true
}

// decide finds the verdict when all steps but those under finally are
// settled. It says false when the run is to be tried again.
func (r *Run) decide(now int64) bool {
	for i := range r.nodes { // as the worker of a whole run left it
		if r.State.Failure == nil && r.State.Steps[i].Status == StepFailed && r.fate(i) == bad {
			r.fail(i, now)
		}
	}
	if r.State.Failure == nil {
		r.answer()
	}
	verdict := Succeeded
	if r.State.Failure != nil {
		if r.mayTryAgain() {
			r.tryAgain(now)
			return false
		}
		verdict = Failed
	}
	r.State.Verdict = verdict
	r.considerAll(now)
	return true
}

// mayTryAgain reports whether a failed run has an attempt left.
func (r *Run) mayTryAgain() bool {
	return r.State.Attempt < r.Plan.Document().Attempts && !r.State.Failure.Fatal
}

// answer works out the run's output, or fails it.
func (r *Run) answer() {
	output, err := r.Plan.Output(r.scopeOf(nil, 0))
	f := r.wrong(output)
	if err != nil {
		f = failureOf(err)
	}
	if f != nil {
		r.State.Failure = f
		return
	}
	r.keepRunOutput(output)
}

// finish makes the verdict the run's status.
func (r *Run) finish(now int64) {
	st := &r.State
	if st.Verdict == Succeeded {
		for i := range r.nodes {
			if r.Plan.Node(i).Finally && st.Steps[i].Status == StepFailed && r.fate(i) == bad {
				st.Verdict, st.Failure = Failed, r.runFailure(i)
				r.keepRunOutput(nil)
				break
			}
		}
	}
	st.Status, st.FinishedAt, st.Paused, st.WakeAt = st.Verdict, now, false, 0
	r.effects.Finished, r.effects.Changed = true, true
}

// runFailure is the failure of a run for that of its step.
func (r *Run) runFailure(i int) *Failure {
	f := *r.State.Steps[i].Failure
	f.Step = r.Plan.Node(i).Step.Name
	return &f
}

// fail lets a step's failure be the run's: nothing new starts but the steps
// under finally, and what runs ends.
func (r *Run) fail(i int, now int64) {
	if r.State.Failure != nil || r.Plan.Node(i).Finally {
		return
	}
	r.State.Failure = r.runFailure(i)
	for k := range r.nodes {
		s := &r.State.Steps[k]
		switch {
		case r.Plan.Node(k).Finally || s.Status.Final():
		case !r.forEach(k):
			r.stopLeaf(Ref{int32(k), -1}, s, now)
		case s.Items != nil:
			r.stopItems(k, now)
		default:
			r.skip(k, Upstream, now)
		}
	}
}

// stopLeaf keeps a step from starting, or from another attempt. A sub-workflow
// that runs ends, as an attempt does.
func (r *Run) stopLeaf(ref Ref, s *Step, now int64) {
	switch s.Status {
	case StepReady:
		r.withdraw(ref)
	case StepSleeping:
		if r.Node(ref).Step.Run == TypeWorkflow {
			return
		}
	case StepWaiting, StepBackoff:
	default:
		return
	}
	to := StepCanceled
	switch {
	case s.Status == StepSleeping:
	case s.Failure != nil:
		to = StepFailed
	case s.Attempt == 0:
		to, s.Reason = StepSkipped, Upstream
	}
	r.settleLeaf(ref, s, to, now)
}

// tryAgain queues a failed run for its next attempt.
func (r *Run) tryAgain(now int64) {
	r.tell(Entry{At: now, Kind: "requeue", Attempt: r.State.Attempt}, map[string]*Failure{"failure": r.State.Failure})
	r.resetUnfinished(now)
	r.queueAgain(now)
}
