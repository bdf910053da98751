package machine

import (
	"slices"
)

// Reset makes steps run again, with all that depend on them; nil means every
// step. What its run could not do before because of a failure is reset too,
// as are the steps under finally. Generated steps are dropped when the step
// that made them is reset. Leases of what is reset are recalled. A run that
// runs or has ended is queued again.
func (r *Run) Reset(names []string, by string, now int64) error {
	reset, drop, err := r.resetClosure(names)
	if err != nil {
		return err
	}
	left, err := r.prune(drop)
	if err != nil {
		return err
	}
	again := make([]bool, r.Plan.Len())
	for _, i := range reset {
		again[i] = true
	}
	for i := range again {
		status := r.State.Steps[i].Status
		if status.Final() && r.fate(i) == bad && r.State.Steps[i].Reason != Dropped {
			again[i] = true
		}
	}
	for _, i := range drop {
		again[i] = false
	}
	r.tell(Entry{At: now, Kind: "reset", By: by}, map[string][]string{"steps": names})
	r.resetNodes(again, false, now)
	for _, i := range drop {
		r.clearNode(i, now)
	}
	r.take(left)
	r.requeueByHand(now)
	return nil
}

// resetClosure says what is reset and what is dropped, by place.
func (r *Run) resetClosure(names []string) (reset, drop []int, err error) {
	for _, name := range names {
		if _, ok := r.RefOf(name, -1); !ok {
			return nil, nil, r.noName(name)
		}
	}
	if names == nil {
		for i := range r.State.Steps {
			if n := r.Plan.Node(i); n.Parent < 0 && r.State.Steps[i].Reason != Dropped {
				names = append(names, n.Step.Name)
			}
		}
	}
	return r.Plan.ResetClosure(names)
}

// RetryFailed queues a run that ended without success again; the steps and
// items that succeeded stay as they are.
func (r *Run) RetryFailed(by string, now int64) error {
	if !r.Final() || r.State.Status == Succeeded {
		return r.refuse("only a run that failed, was canceled or timed out can be retried")
	}
	r.tell(Entry{At: now, Kind: "retry", By: by}, nil)
	r.resetUnfinished(now)
	r.requeueByHand(now)
	return nil
}

// resetUnfinished resets what failed, was canceled, or was skipped because of
// that.
func (r *Run) resetUnfinished(now int64) {
	again := make([]bool, r.Plan.Len())
	for i := range again {
		s := &r.State.Steps[i]
		again[i] = s.Reason != Dropped && (!s.Status.Final() || s.Status == StepFailed || r.fate(i) == bad)
	}
	r.resetNodes(again, true, now)
}

// resetNodes resets the nodes, the handlers they may call again, whatever was
// skipped behind them, and the steps under finally. With items kept, a step
// with for-each goes on where it was, unless what it needs is reset.
func (r *Run) resetNodes(again []bool, keepItems bool, now int64) {
	var todo []int
	for i := range again {
		if n := r.Plan.Node(i); again[i] || n.Finally && r.State.Steps[i].Reason != Dropped {
			again[i] = true
			todo = append(todo, i)
		}
	}
	mark := func(i int) {
		if !again[i] {
			again[i] = true
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		n := r.Plan.Node(todo[0])
		todo = todo[1:]
		if n.OnError >= 0 {
			mark(n.OnError)
		}
		for _, d := range n.Dependents {
			if s := &r.State.Steps[d]; s.Status == StepSkipped && s.Reason != ByHand && s.Reason != Dropped {
				mark(d)
			}
		}
	}
	for i := range again {
		if !again[i] {
			continue
		}
		needs := r.Plan.Node(i).Needs
		if keepItems && r.State.Steps[i].unfinished() && !slices.ContainsFunc(needs, func(k int) bool { return again[k] }) {
			r.clearItems(i, now)
		} else {
			r.clearNode(i, now)
		}
	}
}

// clearNode makes a node as if it had never run.
func (r *Run) clearNode(i int, now int64) {
	s := &r.State.Steps[i]
	for k := range s.Items {
		r.clearLeaf(Ref{int32(i), int32(k)}, &s.Items[k], now)
	}
	r.clearLeaf(Ref{int32(i), -1}, s, now)
}

func (r *Run) clearLeaf(ref Ref, s *Step, now int64) {
	r.release(ref, s, recallReset)
	if s.Attempt > 0 && s.Items == nil {
		r.replaced(ref, s, "attempt", now)
	}
	r.forget(ref, s)
	r.note(ref, s)
	*s = Step{noted: s.noted}
}

// unfinished reports whether some item of the step is to run again. A step
// that failed though none is has items whose outputs are wrong together.
func (s *Step) unfinished() bool {
	return slices.ContainsFunc(s.Items, func(item Step) bool { return !item.done() })
}

// done reports whether an item need not run again.
func (s *Step) done() bool {
	return s.Status == StepSucceeded || s.Status == StepSkipped && s.Reason == When
}

// clearItems makes a step with for-each go on with its items that did not
// succeed.
func (r *Run) clearItems(i int, now int64) {
	s := &r.State.Steps[i]
	for k := range s.Items {
		if item := &s.Items[k]; !item.done() {
			r.clearLeaf(Ref{int32(i), int32(k)}, item, now)
		}
	}
	s.Status, s.Reason, s.Failure, s.FinishedAt, s.Output = StepWaiting, NoReason, nil, 0, nil
	r.note(Ref{int32(i), -1}, s)
}

// requeueByHand queues a run that somebody reset: its deadline counts anew.
func (r *Run) requeueByHand(now int64) {
	st := &r.State
	if st.Lease != nil {
		r.recall(Ref{-1, -1}, st.Lease.Fence, recallReset)
		st.Lease = nil
		r.derive()
		r.unstart()
	}
	if st.DeadlineAt > 0 {
		since := st.ResetAt
		if since == 0 {
			since = r.Meta.Created
		}
		st.DeadlineAt = now + max(1, st.DeadlineAt-since)
	}
	st.ResetAt, st.Crashes = now, 0
	if st.Status == Held || st.Status == Queued {
		st.Verdict, st.Failure = 0, nil
		r.settleAfterReset()
		return
	}
	st.StartedAt = 0
	r.queueAgain(now)
}

// queueAgain puts a run back into its queue, for its next attempt.
func (r *Run) queueAgain(now int64) {
	st := &r.State
	st.Status, st.Verdict, st.Failure, st.FinishedAt, st.QueuedAt = Queued, 0, nil, 0, now
	st.Attempt++
	r.keepRunOutput(nil)
	r.effects.Requeue, r.effects.Changed, r.effects.Finished = true, true, false
	r.settleAfterReset()
}

// settleAfterReset takes back what was ready and works out the rest anew.
func (r *Run) settleAfterReset() {
	for i := range r.State.Steps {
		s := &r.State.Steps[i]
		r.takeBack(Ref{int32(i), -1}, s)
		for k := range s.Items {
			r.takeBack(Ref{int32(i), int32(k)}, &s.Items[k])
		}
	}
	r.derive()
}

func (r *Run) takeBack(ref Ref, s *Step) {
	if s.Status == StepReady {
		r.withdraw(ref)
		s.Status = StepWaiting
		r.note(ref, s)
	}
}
