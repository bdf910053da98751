package machine

import (
	"encoding/json"
	"slices"

	"github.com/berth-project/berth/workflow"
)

// Run is one run in memory: its plan, what it is and its state. It is not
// safe for concurrent use. State may be read at any time; only the methods
// change it, but for State.DeadlineAt, which may be set right after New.
type Run struct {
	Plan  *workflow.Plan
	Meta  Meta
	State State

	base    *workflow.Plan // without generated steps
	limits  Limits
	effects Effects
	changes []Ref

	// What follows is worked out from State and the plan.

	nodes    []node
	fresh    int     // the first of the nodes that were added just now; 0 for none
	settled  []int32 // nodes that were settled and whose dependents do not know yet
	live     []Ref   // ready, running, in backoff or sleeping
	open     [2]int  // nodes that are not settled: of the steps, and under finally
	slots    int     // of Limits.Parallel in use
	eligible nodeSet // nodes that wait for nothing but a slot
	parked   bool    // some of them need none: the run is or was paused
	deferred bool    // some may have been left to a further event, as this one took long
	unheard  int     // sub-workflows of which it is not known that they were submitted
	kept     int     // bytes of outputs and values, or more
	notes    int     // bytes of what stands in the blob because steps said it, or more
	beside   beside

	facts   workflow.RunFacts
	scope   workflow.Scope
	signals json.RawMessage // as the scope shows them; nil: to be made
}

// node is what is worked out for each node of the plan.
type node struct {
	open     int32 // needs that are not resolved
	left     int32 // items that are not settled
	busy     int32 // items ready, running or sleeping
	next     int32 // no item before this one can start
	resolved bool  // dependents need not wait for it
}

// New returns a run that is queued.
func New(plan *workflow.Plan, meta Meta, limits *Limits, now int64) *Run {
	r := &Run{Plan: plan, Meta: meta, base: plan, limits: limits.withDefaults()}
	r.State = State{Status: Queued, Attempt: 1, QueuedAt: now, Steps: make([]Step, plan.Len())}
	if d := plan.Document().Deadline; d > 0 {
		r.State.DeadlineAt = meta.Created + d.Std().Milliseconds()
	}
	r.effects.Changed = true
	r.derive()
	return r
}

// derive works out what is not stored.
func (r *Run) derive() {
	n := r.Plan.Len()
	r.nodes = make([]node, n)
	if r.live == nil {
		r.live = make([]Ref, 0, min(n, 16))
	}
	r.eligible.init(n)
	r.live, r.settled, r.open, r.slots, r.parked, r.fresh = r.live[:0], r.settled[:0], [2]int{}, 0, true, 0
	r.deferred, r.unheard, r.kept, r.notes = true, 0, 0, 0
	for i := range n {
		r.deriveNode(i)
	}
	for i := range n {
		r.nodes[i].resolved = r.isResolved(i)
	}
	for i := range n {
		for _, need := range r.Plan.Node(i).Needs {
			if !r.nodes[need].resolved && !r.calls(need, i) {
				r.nodes[i].open++
			}
		}
	}
	for i := range n {
		if r.mayStart(i) {
			r.eligible.add(i)
		}
	}
}

// deriveNode counts what one node has under way.
func (r *Run) deriveNode(i int) {
	s := &r.State.Steps[i]
	if !s.Status.Final() {
		r.open[phase(r.Plan.Node(i))]++
	}
	r.kept += s.keeps()
	if !r.forEach(i) {
		r.enlist(Ref{int32(i), -1}, s)
		return
	}
	for k := range s.Items {
		item := &s.Items[k]
		r.enlist(Ref{int32(i), int32(k)}, item)
		if !item.Status.Final() {
			r.nodes[i].left++
		}
		if occupies(item.Status) {
			r.nodes[i].busy++
		}
	}
}

func (r *Run) enlist(ref Ref, s *Step) {
	s.live = 0
	if lives(s.Status) {
		r.live = append(r.live, ref)
		s.live = int32(len(r.live))
	}
	if holdsSlot(s.Status) {
		r.slots++
	}
	r.notes += s.says()
	r.unheard += truth(r.isUnheard(ref, s))
}

// mayStart reports whether a node waits for a slot only. While a run is
// queued nobody does: Begin asks each node's condition first.
func (r *Run) mayStart(i int) bool {
	if r.State.Status != Running || r.State.Lease != nil || r.nodes[i].open > 0 {
		return false
	}
	n := r.Plan.Node(i)
	if n.Finally != (r.State.Verdict != 0) || n.Handler && !r.called(n) {
		return false
	}
	switch r.State.Steps[i].Status {
	case StepWaiting:
		return true
	case StepRunning:
		return r.forEach(i)
	}
	return false
}

// phase is 1 for steps under finally, 0 for the others.
func phase(n *workflow.Node) int {
	if n.Finally {
		return 1
	}
	return 0
}

func (r *Run) forEach(i int) bool { return r.Plan.Node(i).Step.ForEach != nil }

// occupies reports whether an item counts against for-each's limit.
func occupies(s StepStatus) bool { return s == StepReady || s == StepRunning || s == StepSleeping }

// Final reports whether the run has ended.
func (r *Run) Final() bool { return r.State.Status.Final() }

// Step returns the state of a step, of an item of it, or nil.
func (r *Run) Step(ref Ref) *Step {
	if ref.Node < 0 || int(ref.Node) >= len(r.State.Steps) {
		return nil
	}
	s := &r.State.Steps[ref.Node]
	if ref.Item < 0 {
		return s
	}
	if int(ref.Item) >= len(s.Items) {
		return nil
	}
	return &s.Items[ref.Item]
}

// leaf returns the state of what can be executed: an item, or a step without
// for-each; nil for anything else.
func (r *Run) leaf(ref Ref) *Step {
	s := r.Step(ref)
	if s == nil || ref.Item < 0 && r.forEach(int(ref.Node)) {
		return nil
	}
	return s
}

// Node returns the node of the plan, or nil.
func (r *Run) Node(ref Ref) *workflow.Node {
	if ref.Node < 0 || int(ref.Node) >= r.Plan.Len() {
		return nil
	}
	return r.Plan.Node(int(ref.Node))
}

// RefOf returns the place of a step by name, and of an item of it: -1 for a
// step without for-each, or for one as a whole.
func (r *Run) RefOf(name string, item int) (Ref, bool) {
	i, ok := r.Plan.Index(name)
	if !ok || item < -1 || r.State.Steps[i].Reason == Dropped {
		return Ref{-1, -1}, false
	}
	ref := Ref{int32(i), int32(min(item, 1<<31-1))}
	return ref, r.Step(ref) != nil
}

// RunningSteps returns what is leased at present, in the plan's order: nothing
// of a run that is leased as a whole.
func (r *Run) RunningSteps() []Ref {
	if r.State.Lease != nil {
		return nil
	}
	var running []Ref
	for _, ref := range r.live {
		if r.Step(ref).Status == StepRunning {
			running = append(running, ref)
		}
	}
	slices.SortFunc(running, compareRefs)
	return running
}

func compareRefs(a, b Ref) int {
	if a.Node != b.Node {
		return int(a.Node) - int(b.Node)
	}
	return int(a.Item) - int(b.Item)
}

// Percent returns how far the run is: 0 to 100, every step counting the same.
func (r *Run) Percent() float64 {
	if r.State.Status == Succeeded {
		return 100
	}
	sum, n := 0.0, 0
	for i := range r.State.Steps {
		if s := &r.State.Steps[i]; s.Reason != Dropped {
			sum += s.percent()
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (s *Step) percent() float64 {
	switch {
	case s.Status.Final():
		return 100
	case len(s.Items) == 0:
		return s.Percent
	}
	sum := 0.0
	for i := range s.Items {
		sum += s.Items[i].percent()
	}
	return sum / float64(len(s.Items))
}
