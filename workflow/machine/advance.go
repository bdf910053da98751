package machine

import (
	"github.com/berth-project/berth/workflow"
)

// advance draws every consequence of an event: who need wait no longer, who
// starts, whether the run has ended.
func (r *Run) advance(now int64) {
	for {
		r.drain(now)
		r.admit(now)
		if len(r.settled) == 0 && !r.conclude(now) {
			return
		}
	}
}

// drain lets those who wait for settled nodes know.
func (r *Run) drain(now int64) {
	for i := r.fresh; i > 0 && i < r.Plan.Len(); i++ {
		r.consider(i, now)
	}
	r.fresh = 0
	for k := 0; k < len(r.settled); k++ {
		r.nodeSettled(int(r.settled[k]), now)
	}
	r.settled = r.settled[:0]
}

func (r *Run) nodeSettled(i int, now int64) {
	s, n := &r.State.Steps[i], r.Plan.Node(i)
	if s.Status == StepFailed && r.State.Lease == nil {
		r.judgeFailure(i, now)
	}
	r.resolve(i, now)
	if r.State.Lease != nil { // its worker decides what comes of it
		return
	}
	if n.OnError >= 0 {
		r.consider(n.OnError, now)
	}
	if !n.Handler {
		return
	}
	for _, k := range n.Handles { // those who waited for what becomes of their failure
		if r.nodes[k].resolved || r.State.Steps[k].Status != StepFailed {
			continue
		}
		r.resolve(k, now)
		if r.fate(k) == bad {
			r.fail(k, now)
		}
	}
}

// judgeFailure decides what the failure of a step means: a handler is called,
// the run goes on, or the run fails.
func (r *Run) judgeFailure(i int, now int64) {
	s, n := &r.State.Steps[i], r.Plan.Node(i)
	if n.OnError >= 0 {
		if r.answers(n.OnError) {
			return
		}
		s.Reason = Unhandled
	}
	if !n.Step.OnError.Continue {
		r.fail(i, now)
	}
}

// answers reports whether a handler can still be called: it runs once, for
// those who failed before it began.
func (r *Run) answers(h int) bool {
	s := &r.State.Steps[h]
	return s.Attempt == 0 && s.Items == nil && (s.Status == StepWaiting || s.Status == StepReady)
}

// called reports whether a step that the handler handles has failed and
// waits for it.
func (r *Run) called(h *workflow.Node) bool {
	for _, k := range h.Handles {
		if s := &r.State.Steps[k]; s.Status == StepFailed && s.Reason != Unhandled {
			return true
		}
	}
	return false
}

// calls reports whether node i is a handler of the failure of k: it need not
// wait for others that it handles too.
func (r *Run) calls(k, i int) bool { return r.Plan.Node(k).OnError == i }

// resolve tells the dependents of a node, once, that they need not wait for
// it any longer.
func (r *Run) resolve(i int, now int64) {
	if r.nodes[i].resolved || !r.isResolved(i) {
		return
	}
	r.nodes[i].resolved = true
	for _, d := range r.Plan.Node(i).Dependents {
		if r.calls(i, d) {
			continue
		}
		if r.nodes[d].open--; r.nodes[d].open == 0 {
			r.consider(d, now)
		}
	}
}

// isResolved reports whether a node is settled and so is the handler of its
// failure.
func (r *Run) isResolved(i int) bool {
	s := &r.State.Steps[i]
	if !s.Status.Final() {
		return false
	}
	h := r.Plan.Node(i).OnError
	return s.Status != StepFailed || h < 0 || s.Reason == Unhandled || r.State.Steps[h].Status.Final()
}

// fate is what a settled step is to those who need it.
type fate uint8

const (
	good fate = iota // they can go on
	none             // it did not run, and that is no failure
	bad              // they cannot run
)

func (r *Run) fate(i int) fate {
	s, n := &r.State.Steps[i], r.Plan.Node(i)
	switch s.Status {
	case StepSucceeded:
		return good
	case StepFailed:
		handled := n.OnError >= 0 && s.Reason != Unhandled && r.fate(n.OnError) == good
		if handled || n.Step.OnError.Continue {
			return good
		}
	case StepSkipped:
		switch s.Reason {
		case ByHand:
			return good
		case When, Branch, Uncalled:
			return none
		}
	}
	return bad
}

// consider decides about a step whose needs are all resolved: it is skipped,
// or it may start.
func (r *Run) consider(i int, now int64) {
	s, n := &r.State.Steps[i], r.Plan.Node(i)
	if s.Status != StepWaiting || !r.decides(n) {
		return
	}
	if n.Handler && !r.called(n) {
		if r.allSettled(n.Handles) {
			r.skip(i, Uncalled, now)
		}
		return
	}
	if r.nodes[i].open > 0 {
		return
	}
	if s.Attempt == 0 && s.Items == nil && !r.wanted(i, now) {
		return
	}
	r.eligible.add(i)
	if !r.takesSlot(n) {
		r.parked = true
	}
}

// decides reports whether it is the machine that starts a step, and now.
func (r *Run) decides(n *workflow.Node) bool {
	return r.State.Status == Running && r.State.Lease == nil && n.Finally == (r.State.Verdict != 0)
}

func (r *Run) allSettled(nodes []int) bool {
	for _, k := range nodes {
		if !r.State.Steps[k].Status.Final() {
			return false
		}
	}
	return true
}

// wanted asks whether a step that has not run yet is to run: by what became
// of its needs, then by its condition.
func (r *Run) wanted(i int, now int64) bool {
	n := r.Plan.Node(i)
	if reason := r.blocked(n); reason != NoReason {
		r.skip(i, reason, now)
		return false
	}
	if n.Step.When == "" || n.WhenEach {
		return true
	}
	ok, err := r.Plan.When(i, r.scopeOf(nil, 0))
	if err != nil {
		r.failWhole(i, failureOf(err), now)
		return false
	}
	if !ok {
		r.skip(i, When, now)
	}
	return ok
}

// blocked says why the fate of its needs keeps a step from running: one of
// them failed; or all were skipped by a condition, where it has none itself.
func (r *Run) blocked(n *workflow.Node) Reason {
	goods, nones := 0, 0
	for _, k := range n.Needs {
		if r.calls(k, n.Index) {
			continue
		}
		switch r.fate(k) {
		case good:
			goods++
		case none:
			nones++
		case bad:
			return Upstream
		}
	}
	if goods == 0 && nones > 0 && n.Step.When == "" && !n.Handler {
		return Branch
	}
	return NoReason
}

// skip settles a node that does not run.
func (r *Run) skip(i int, why Reason, now int64) {
	s := &r.State.Steps[i]
	s.Reason, s.FinishedAt = why, now
	r.move(Ref{int32(i), -1}, s, StepSkipped)
}

// failWhole settles a node that fails before an attempt is made.
func (r *Run) failWhole(i int, f *Failure, now int64) {
	s := &r.State.Steps[i]
	s.Failure, s.FinishedAt = f, now
	r.move(Ref{int32(i), -1}, s, StepFailed)
}

// move puts a step or an item into a status and keeps what is counted.
func (r *Run) move(ref Ref, s *Step, to StepStatus) {
	from := s.Status
	s.Status = to
	r.note(ref, s)
	if ref.Item >= 0 || !r.forEach(int(ref.Node)) {
		r.count(ref, s, from, to)
	}
	if ref.Item >= 0 || from.Final() == to.Final() {
		return
	}
	p := phase(r.Plan.Node(int(ref.Node)))
	if to.Final() {
		r.open[p]--
		r.settled = append(r.settled, ref.Node)
	} else {
		r.open[p]++
	}
}

// count keeps what is counted of steps that can be executed.
func (r *Run) count(ref Ref, s *Step, from, to StepStatus) {
	r.slots += truth(holdsSlot(to)) - truth(holdsSlot(from))
	switch {
	case lives(to) && s.live == 0:
		r.live = append(r.live, ref)
		s.live = int32(len(r.live))
	case !lives(to) && s.live > 0:
		last := r.live[len(r.live)-1]
		r.live[s.live-1] = last
		r.Step(last).live = s.live
		r.live = r.live[:len(r.live)-1]
		s.live = 0
	}
	if ref.Item >= 0 {
		n := &r.nodes[ref.Node]
		n.busy += int32(truth(occupies(to)) - truth(occupies(from)))
		n.left += int32(truth(from.Final()) - truth(to.Final()))
	}
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
