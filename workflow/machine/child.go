package machine

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/berth-project/berth/workflow"
)

// summon begins a step that is a run of its own: an effect asks for it.
func (r *Run) summon(ref Ref, s *Step, now int64) {
	s.ReadyAt, s.Child = now, 0
	r.begin(s, now)
	payload, err := r.payload(ref)
	if err != nil {
		r.failAttempt(ref, s, failureOf(err), now)
		return
	}
	s.TimeoutAt = r.timeout(ref, now)
	r.move(ref, s, StepSleeping)
	r.effects.Children = append(r.effects.Children, Child{Ref: ref, Key: r.childKey(ref, s), With: payload})
}

// childKey is the same for the same attempt of a step, and for no other: a
// run submitted twice under it is one run.
func (r *Run) childKey(ref Ref, s *Step) string {
	key := r.Meta.ID.String() + "/" + strconv.Itoa(r.State.Attempt) + "/" + r.Node(ref).Step.Name
	if ref.Item >= 0 {
		key += "/" + strconv.Itoa(int(ref.Item))
	}
	return key + "#" + strconv.Itoa(s.Attempt)
}

// wantChildren asks again for the runs of which it is not known that they
// were submitted.
func (r *Run) wantChildren(now int64) {
	var refs []Ref
	for _, ref := range r.live {
		if s := r.sleepingChild(ref); s != nil && s.Child == 0 {
			refs = append(refs, ref)
		}
	}
	for _, ref := range sorted(refs) {
		s := r.Step(ref)
		payload, err := r.payload(ref)
		if err != nil {
			r.failAttempt(ref, s, failureOf(err), now)
			continue
		}
		r.effects.Children = append(r.effects.Children, Child{Ref: ref, Key: r.childKey(ref, s), With: payload})
	}
}

// ChildKey returns the key of the run that a step waits for at present, "" for
// none: a run that was submitted under another is not wanted any more.
func (r *Run) ChildKey(ref Ref) string {
	if s := r.sleepingChild(ref); s != nil {
		return r.childKey(ref, s)
	}
	return ""
}

// sleepingChild returns a step that waits for a run, or nil.
func (r *Run) sleepingChild(ref Ref) *Step {
	s := r.leaf(ref)
	if s == nil || s.Status != StepSleeping || r.Node(ref).Step.Run != TypeWorkflow {
		return nil
	}
	return s
}

// ChildStarted tells a step which run works for it. A run that no step waits
// for any more is to be canceled; of two, the older.
func (r *Run) ChildStarted(ref Ref, child workflow.RunID, _ int64) {
	s := r.sleepingChild(ref)
	switch {
	case s == nil || child < s.Child:
		r.effects.Cancel = append(r.effects.Cancel, child)
	case child != s.Child:
		if s.Child != 0 {
			r.effects.Cancel = append(r.effects.Cancel, s.Child)
		}
		s.Child = child
		r.note(ref, s)
	}
}

// ChildFinished ends the attempt of a step as the run ended that works for
// it; child 0 says that there will be none. ErrStale says that the step waits
// for another run, or for none.
func (r *Run) ChildFinished(ref Ref, child workflow.RunID, status Status, output json.RawMessage, f *Failure, now int64) error {
	s := r.sleepingChild(ref)
	expected := s != nil && s.Child == child
	if s != nil && s.Child == 0 && status != Canceled { // it was faster than the news of its start
		s.Child = child
		expected = true
	}
	switch {
	case !expected:
		return fmt.Errorf("%w: run %v does not wait for run %v", ErrStale, r.Meta.ID, child)
	case !status.Final():
		return r.refuse(fmt.Sprintf("the sub-workflow %v is %v", child, status))
	case status == Succeeded:
		r.succeed(ref, s, output, now)
	default:
		r.failAttempt(ref, s, childFailure(child, status, f), now)
	}
	r.advance(now)
	return nil
}

func childFailure(child workflow.RunID, status Status, f *Failure) *Failure {
	out := Failure{Code: status.String()}
	switch status {
	case TimedOut:
		out.Code = CodeTimeout
	case Failed:
		if f != nil {
			out = *f
		}
	}
	if child == 0 {
		return &out
	}
	why := ""
	if f != nil {
		why = ": " + f.Message
		if f.Step != "" {
			why = ": step " + f.Step + why
		}
	}
	out.Message, out.Step, out.Fatal = "run "+child.String()+" "+status.String()+why, "", false
	return &out
}

// dropChild lets a run be canceled that no step waits for any more.
func (r *Run) dropChild(ref Ref, s *Step) {
	if s.Status != StepSleeping || r.Node(ref).Step.Run != TypeWorkflow {
		return
	}
	for k, c := range r.effects.Children {
		if c.Ref == ref { // nobody heard of it yet
			r.effects.Children = append(r.effects.Children[:k], r.effects.Children[k+1:]...)
			return
		}
	}
	if s.Child != 0 {
		r.effects.Cancel = append(r.effects.Cancel, s.Child)
	}
}
