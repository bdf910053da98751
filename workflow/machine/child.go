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

// wantChildren asks again for the runs that steps wait for: it is not known
// whether they were submitted, or what became of them.
func (r *Run) wantChildren(now int64) {
	var refs []Ref
	for _, ref := range r.live {
		if r.sleepingChild(ref) != nil {
			refs = append(refs, ref)
		}
	}
	for _, ref := range sorted(refs) {
		s := r.Step(ref)
		if s.Child != 0 {
			r.effects.Children = append(r.effects.Children, Child{Ref: ref, Key: r.childKey(ref, s), Run: s.Child})
			continue
		}
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

// isUnheard reports whether it is not known that the run was submitted for which
// a step waits.
func (r *Run) isUnheard(ref Ref, s *Step) bool {
	return s.Status == StepSleeping && s.Child == 0 && r.Node(ref).Step.Run == TypeWorkflow
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
func (r *Run) ChildStarted(ref Ref, child workflow.RunID, now int64) {
	s := r.sleepingChild(ref)
	switch {
	case s == nil || child < s.Child:
		r.effects.Cancel = append(r.effects.Cancel, child)
	case child != s.Child:
		if s.Child != 0 {
			r.effects.Cancel = append(r.effects.Cancel, s.Child)
		}
		r.unheard -= truth(s.Child == 0)
		s.Child = child
		r.note(ref, s)
		r.advance(now)
	}
}

// ChildEnd is how a run ended that worked for a step.
type ChildEnd struct {
	Ref     Ref
	Key     string         // under which it was wanted
	Run     workflow.RunID // 0: there will be none
	Status  Status
	Output  json.RawMessage
	Failure *Failure
}

// ChildFinished ends the attempt of a step as the run ended that works for
// it. ErrStale says that the step waits for another run, or for none.
func (r *Run) ChildFinished(end ChildEnd, now int64) error {
	s := r.sleepingChild(end.Ref)
	switch {
	case s == nil || end.Key != r.childKey(end.Ref, s) || s.Child != 0 && s.Child != end.Run && end.Run != 0:
		return fmt.Errorf("%w: run %v does not wait for run %v", ErrStale, r.Meta.ID, end.Run)
	case !end.Status.Final():
		return r.refuse(fmt.Sprintf("the sub-workflow %v is %v", end.Run, end.Status))
	}
	if end.Run != 0 { // it may have been faster than the news of its start
		r.unheard -= truth(s.Child == 0)
		s.Child = end.Run
	}
	if end.Status == Succeeded {
		r.succeed(end.Ref, s, end.Output, now)
	} else {
		r.failAttempt(end.Ref, s, childFailure(end.Run, end.Status, end.Failure), now)
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
			break
		}
	}
	if s.Child != 0 {
		r.effects.Cancel = append(r.effects.Cancel, s.Child)
	}
}
