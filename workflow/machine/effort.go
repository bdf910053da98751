package machine

import "fmt"

// What an event may cost. Everybody waits while a machine works, so what many
// conditions and references take together is bounded, in bytes of JSON that take
// as long to read ([workflow.Scope].Work): about two nanoseconds each.
const (
	// maxWork is after how much no further item or step is started in the same
	// event: the next one, which NextWake asks for, goes on.
	maxWork = 64 << 20
	// maxConditions is after how much the conditions of steps fail, which have
	// to be asked when what they need is settled.
	maxConditions = 256 << 20
	// maxUnheard is how many sub-workflows may be wanted at once before it is
	// known that they were submitted: each wants its parameters kept until then.
	maxUnheard = 16
)

// tired reports whether starting goes on with the next event.
func (r *Run) tired() bool {
	if r.scope.Work <= maxWork {
		return false
	}
	r.deferred = true
	return true
}

// exhausted is the failure of a step whose condition is one too many.
func (r *Run) exhausted() *Failure {
	if r.scope.Work <= maxConditions {
		return nil
	}
	return &Failure{Code: CodeWork, Fatal: true, Message: fmt.Sprintf(
		"the conditions of the run that are decided together read %d MiB, and %d are allowed: let them look at smaller values", r.scope.Work>>20, maxConditions>>20)}
}

// startable reports whether something was left to be started by a further event.
func (r *Run) startable() bool {
	if !r.deferred || r.State.Status != Running || r.State.Paused || r.State.Lease != nil {
		return false
	}
	for i := r.eligible.from(0); i >= 0; i = r.eligible.from(i + 1) {
		if n := r.Plan.Node(i); !r.full(n) && r.hasMore(i) {
			return true
		}
	}
	r.deferred = false
	return false
}

// hasMore reports whether a node that is eligible, or an item of it, waits to be
// started.
func (r *Run) hasMore(i int) bool {
	s := &r.State.Steps[i]
	if !r.forEach(i) || s.Items == nil {
		return s.Status == StepWaiting
	}
	n, limit := &r.nodes[i], r.Plan.Node(i).Step.ForEach.Limit
	if s.Status.Final() || limit > 0 && int(n.busy) >= limit {
		return false
	}
	for k := int(n.next); k < len(s.Items); k++ {
		if s.Items[k].Status == StepWaiting {
			return true
		}
	}
	return false
}
