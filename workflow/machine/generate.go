package machine

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/berth-project/berth/workflow"
)

// generate adds the steps that a step generates with its output; the failure
// says why they cannot be added.
func (r *Run) generate(i int, output json.RawMessage, now int64) *Failure {
	if r.Plan.Node(i).Step.Generate == nil {
		return nil
	}
	steps, err := r.Plan.Generated(i, orNull(output))
	if err == nil {
		err = r.extend(steps, i)
	}
	if err != nil {
		return (&Failure{Code: CodeGenerate, Message: err.Error(), Fatal: true}).bounded()
	}
	if len(steps) > 0 {
		r.tell(Entry{At: now, Kind: "extend", Step: r.Plan.Node(i).Step.Name}, map[string]int{"steps": len(steps)})
	}
	return nil
}

// AddSteps adds steps to a run that has not ended, all or none: in the name of
// a step, or from outside where parent.Node is -1. Those that the same parent
// added before, by name, are left out.
func (r *Run) AddSteps(parent Ref, steps []workflow.Step, now int64) error {
	switch {
	case r.Final() || r.State.Verdict != 0:
		return r.refuse("it takes no further steps")
	case r.State.Failure != nil:
		return r.refuse("a step has failed, and nothing new starts")
	case parent.Node >= 0 && r.Step(Ref{parent.Node, -1}) == nil:
		return r.noStep(parent)
	}
	if err := r.extend(steps, int(max(parent.Node, -1))); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r.tell(Entry{At: now, Kind: "extend"}, map[string]int{"steps": len(steps)})
	r.advance(now)
	return nil
}

// extend adds the steps that are new to plan and state.
func (r *Run) extend(steps []workflow.Step, parent int) error {
	if len(steps) == 0 {
		return nil
	}
	plan, err := r.Plan.Extend(steps, parent)
	if err != nil {
		return err
	}
	from := r.Plan.Len()
	if plan.Len() > r.limits.MaxSteps {
		return fmt.Errorf("the run would have %d steps, and %d are allowed: use for-each, or a sub-workflow", plan.Len(), r.limits.MaxSteps)
	}
	added := make([]workflow.Step, 0, plan.Len()-from)
	for i := from; i < plan.Len(); i++ {
		added = append(added, *plan.Node(i).Step)
	}
	if len(added) == 0 {
		return nil
	}
	text, err := json.Marshal(added)
	if err != nil {
		return err
	}
	size := len(text)
	for _, g := range r.State.Generated {
		size += len(g.Steps)
	}
	if size > MaxGenerated {
		return fmt.Errorf("the steps that came while the run ran would have %d bytes, and %d are allowed: use sub-workflows", size, MaxGenerated)
	}
	r.State.Generated = append(r.State.Generated, Generated{Parent: int32(parent), Steps: text})
	r.grow(plan)
	return nil
}

// grow takes a plan with further nodes.
func (r *Run) grow(plan *workflow.Plan) {
	from := r.Plan.Len()
	r.Plan = plan
	r.State.Steps = append(r.State.Steps, make([]Step, plan.Len()-from)...)
	r.nodes = append(r.nodes, make([]node, plan.Len()-from)...)
	r.eligible.grow(plan.Len())
	for i := from; i < plan.Len(); i++ {
		r.deriveNode(i)
		for _, need := range plan.Node(i).Needs {
			if !r.nodes[need].resolved && !r.calls(need, i) {
				r.nodes[i].open++
			}
		}
	}
	if r.fresh == 0 {
		r.fresh = from
	}
	r.effects.Changed = true
}

// droppedType is the type of what is left in the plan of a generated step
// that was dropped: nothing runs it, and it keeps the places of the others.
const droppedType = "dropped"

// pruned is what a run becomes without generated nodes.
type pruned struct {
	plan      *workflow.Plan
	generated []Generated
	nodes     []int // those that go
}

// prune works out the plan without generated nodes. Those behind all others go
// altogether; of the others an empty step stays, so that no node moves.
func (r *Run) prune(nodes []int) (pruned, error) {
	p := pruned{plan: r.Plan, generated: r.State.Generated, nodes: nodes}
	if len(nodes) == 0 {
		return p, nil
	}
	gone := make(map[int]bool, len(nodes))
	for _, i := range nodes {
		gone[i] = true
	}
	p.plan, p.generated = r.base, make([]Generated, 0, len(r.State.Generated))
	end, at := r.keptEnd(gone), r.base.Len()
	for _, g := range r.State.Generated {
		var steps []workflow.Step
		if err := json.Unmarshal(g.Steps, &steps); err != nil {
			return p, fmt.Errorf("%w: its generated steps: %w", ErrCorrupt, err)
		}
		first := at
		at += len(steps)
		for k := range steps {
			if gone[first+k] {
				steps[k] = workflow.Step{Name: "_" + droppedType + "." + strconv.Itoa(first+k), Run: droppedType}
			}
		}
		if first >= end {
			continue
		}
		var err error
		if g, err = p.add(steps[:min(len(steps), end-first)], g.Parent); err != nil {
			return p, err
		}
		p.generated = append(p.generated, g)
	}
	return p, nil
}

func (p *pruned) add(steps []workflow.Step, parent int32) (Generated, error) {
	plan, err := p.plan.Extend(steps, int(parent))
	if err != nil {
		return Generated{}, err
	}
	p.plan = plan
	text, err := json.Marshal(steps)
	return Generated{Parent: parent, Steps: text}, err
}

// keptEnd returns the first place behind all nodes that stay.
func (r *Run) keptEnd(gone map[int]bool) int {
	end := r.Plan.Len()
	for end > r.base.Len() && (gone[end-1] || r.State.Steps[end-1].Reason == Dropped) {
		end--
	}
	return end
}

// take makes r what was worked out; the steps that go have been cleared.
func (r *Run) take(p pruned) {
	r.Plan, r.State.Generated = p.plan, p.generated
	for _, i := range p.nodes {
		if i < p.plan.Len() {
			r.State.Steps[i] = Step{Status: StepSkipped, Reason: Dropped}
		}
	}
	clear(r.State.Steps[p.plan.Len():])
	r.State.Steps = r.State.Steps[:p.plan.Len()]
}
