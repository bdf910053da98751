package machine

import (
	"encoding/json"
)

// expand works out the items of a step with for-each. It says false when the
// step is settled with that: it has none, or they cannot be told.
func (r *Run) expand(i int, now int64) bool {
	s := &r.State.Steps[i]
	s.ReadyAt, s.StartedAt = now, now
	s.Attempt++
	inputs, err := r.Plan.Items(i, r.scopeOf(nil, 0))
	if err != nil {
		r.failWhole(i, failureOf(err), now)
		return false
	}
	f := r.tooMany(len(inputs))
	if f == nil {
		f = r.noRoom(CodeItems, inputsSize(inputs))
	}
	if f != nil {
		r.failWhole(i, f, now)
		return false
	}
	s.Inputs, s.Items = inputs, make([]Step, len(inputs))
	r.kept += s.inputsSize()
	n := &r.nodes[i]
	n.left, n.busy, n.next = int32(len(inputs)), 0, 0
	r.keepInputs(i, s)
	r.move(Ref{int32(i), -1}, s, StepRunning)
	if len(inputs) == 0 {
		r.itemsDone(i, now)
		return false
	}
	return true
}

// startItems starts items of a step up to its limit and the run's slots. It
// says false when only the slots keep it from starting more.
func (r *Run) startItems(i int, now int64) bool {
	s, node := &r.State.Steps[i], r.Plan.Node(i)
	if r.full(node) {
		return false
	}
	if s.Items == nil && !r.expand(i, now) {
		return true
	}
	if s.Status == StepWaiting { // it goes on after a reset
		r.move(Ref{int32(i), -1}, s, StepRunning)
	}
	n := &r.nodes[i]
	limit := int32(min(node.Step.ForEach.Limit, 1<<31-1))
	for int(n.next) < len(s.Items) && s.Status == StepRunning {
		k := n.next
		item, ref := &s.Items[k], Ref{int32(i), k}
		if item.Status != StepWaiting {
			n.next++
			continue
		}
		if limit > 0 && n.busy >= limit {
			return true // the end of an item will ask again
		}
		if r.full(node) || r.tired() {
			return false
		}
		if node.WhenEach && item.Attempt == 0 && !r.itemWanted(ref, item, now) {
			continue
		}
		r.start(ref, item, now)
	}
	return true
}

// itemWanted asks the condition of one item.
func (r *Run) itemWanted(ref Ref, item *Step, now int64) bool {
	ok, err := r.Plan.When(int(ref.Node), r.scopeAt(ref))
	switch {
	case err != nil:
		item.Failure = failureOf(err)
		r.settleLeaf(ref, item, StepFailed, now)
	case !ok:
		item.Reason = When
		r.settleLeaf(ref, item, StepSkipped, now)
	}
	return err == nil && ok
}

// itemSettled draws the consequences of the end of an item for its step.
func (r *Run) itemSettled(ref Ref, item *Step, now int64) {
	i := int(ref.Node)
	s, n := &r.State.Steps[i], r.Plan.Node(i)
	if item.Status == StepFailed && !n.Step.OnError.Continue && s.Failure == nil {
		s.Failure = item.Failure
		r.stopItems(i, now)
	}
	switch {
	case s.Status.Final():
	case r.nodes[i].left == 0:
		r.itemsDone(i, now)
	default:
		r.reopen(i)
	}
}

// stopItems lets no further item start; those that run end.
func (r *Run) stopItems(i int, now int64) {
	s := &r.State.Steps[i]
	for k := range s.Items {
		r.stopLeaf(Ref{int32(i), int32(k)}, &s.Items[k], now)
	}
}

// itemsDone settles a step all of whose items are settled.
func (r *Run) itemsDone(i int, now int64) {
	s, ref := &r.State.Steps[i], Ref{int32(i), -1}
	if s.Failure != nil {
		s.FinishedAt = now
		r.move(ref, s, StepFailed)
		return
	}
	for k := range s.Items {
		if item := &s.Items[k]; item.Status == StepCanceled || item.Status == StepSkipped && item.Reason == Upstream {
			s.FinishedAt = now
			r.move(ref, s, StepCanceled)
			return
		}
	}
	if size := s.joinedSize(); size > r.limits.MaxOutput {
		r.failWhole(i, r.tooLong(size), now)
		return
	}
	r.succeedWhole(i, now)
}

// joined returns the output of a step with for-each: the array of its items'.
func (s *Step) joined() json.RawMessage {
	b := append(make([]byte, 0, s.joinedSize()), '[')
	for k := range s.Items {
		if k > 0 {
			b = append(b, ',')
		}
		b = append(b, s.Items[k].element()...)
	}
	return append(b, ']')
}

// joinedSize is the length of joined.
func (s *Step) joinedSize() int {
	size := 1 + max(1, len(s.Items))
	for k := range s.Items {
		size += len(s.Items[k].element())
	}
	return size
}

// element is what an item is in the output of its step.
func (s *Step) element() json.RawMessage {
	if s.Status != StepSucceeded {
		return orNull(nil)
	}
	return orNull(s.Output)
}
