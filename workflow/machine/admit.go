package machine

import "github.com/berth-project/berth/workflow"

// The types of steps that the machine itself executes: they take no slot.
const (
	TypeWait     = "wait"
	TypeWorkflow = "workflow"
)

func (r *Run) takesSlot(n *workflow.Node) bool {
	return n.Step.Run != TypeWait && n.Step.Run != TypeWorkflow
}

// admit starts what waits for nothing but a slot, in the plan's order.
func (r *Run) admit(now int64) {
	if r.State.Status != Running || r.State.Paused || r.State.Lease != nil {
		return
	}
	parked := false
	for i := r.eligible.from(0); i >= 0; i = r.eligible.from(i + 1) {
		if r.tired() {
			return
		}
		r.eligible.remove(i)
		if r.startNode(i, now) {
			continue
		}
		r.eligible.add(i)
		if !r.parked {
			return
		}
		parked = parked || !r.takesSlot(r.Plan.Node(i))
	}
	r.parked = parked
}

// startNode starts a step, or as many of its items as may start. It says
// false when more could start if there were slots.
func (r *Run) startNode(i int, now int64) bool {
	s := &r.State.Steps[i]
	switch {
	case s.Status.Final():
		return true
	case r.forEach(i):
		return r.startItems(i, now)
	case s.Status != StepWaiting:
		return true
	case r.full(r.Plan.Node(i)):
		return false
	}
	r.start(Ref{int32(i), -1}, s, now)
	return true
}

// full reports whether a step cannot start for want of a slot, or before more is
// known of the sub-workflows that are wanted.
func (r *Run) full(n *workflow.Node) bool {
	if n.Step.Run == TypeWorkflow {
		return r.unheard >= maxUnheard
	}
	return r.takesSlot(n) && r.slots >= r.limits.Parallel
}

// start begins a step or an item.
func (r *Run) start(ref Ref, s *Step, now int64) {
	n := r.Plan.Node(int(ref.Node))
	switch {
	case n.Step.Run == TypeWait:
		r.sleep(ref, s, now)
	case n.Step.Run == TypeWorkflow:
		r.summon(ref, s, now)
	default:
		if _, err := r.StepKey(ref); err != nil {
			r.begin(s, now)
			r.failAttempt(ref, s, failureOf(err), now)
			return
		}
		s.ReadyAt, s.WakeAt = now, 0
		r.move(ref, s, StepReady)
		r.effects.Ready = append(r.effects.Ready, ref)
	}
}

// again lets a step that has begun before, or was given back, wait for a slot.
func (r *Run) again(ref Ref, s *Step) {
	s.WakeAt, s.LeaseUntil, s.TimeoutAt = 0, 0, 0
	r.move(ref, s, StepWaiting)
	i := int(ref.Node)
	if ref.Item >= 0 {
		r.nodes[i].next = min(r.nodes[i].next, ref.Item)
	}
	r.reopen(i)
}

// reopen lets a node start when there is a slot, if it may.
func (r *Run) reopen(i int) {
	if r.mayStart(i) {
		r.eligible.add(i)
		r.parked = r.parked || !r.takesSlot(r.Plan.Node(i))
	}
}

// withdraw takes back what was told to be ready.
func (r *Run) withdraw(ref Ref) {
	for k, told := range r.effects.Ready {
		if told == ref {
			r.effects.Ready = append(r.effects.Ready[:k], r.effects.Ready[k+1:]...)
			return
		}
	}
	r.effects.Withdraw = append(r.effects.Withdraw, ref)
}
