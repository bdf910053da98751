package machine

import (
	"iter"

	"github.com/berth-project/berth/workflow"
)

// Unsettled gives the steps and items that are not settled, in the plan's
// order: a step with items is told of by its items once it has them.
func (r *Run) Unsettled() iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for i := range r.State.Steps {
			s := &r.State.Steps[i]
			if s.Status.Final() {
				continue
			}
			ref := Ref{Node: int32(i), Item: -1} //nolint:gosec // MaxSteps bounds it
			if len(s.Items) == 0 && !yield(ref) {
				return
			}
			for k := range s.Items {
				if ref.Item = int32(k); !s.Items[k].Status.Final() && !yield(ref) { //nolint:gosec // MaxItems bounds it
					return
				}
			}
		}
	}
}

// Callbacks returns whom the document wants told of the run, references
// replaced; those that lead nowhere are left out.
func (r *Run) Callbacks() []workflow.Callback {
	if len(r.Plan.Document().Callbacks) == 0 {
		return nil
	}
	list, _ := r.Plan.Callbacks(r.scopeOf(nil, 0)) // the error tells of those that are left out
	return list
}
