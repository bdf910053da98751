package sim

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// row is a run as it is stored, with what was seen of it before.
type row struct {
	store.Record
	was     machine.Status // before the last batch
	place   string         // the queue in which it holds one
	slots   int            // of its leased steps
	fences  []machine.Fence
	results []result // of its steps, by place
	ends    int      // events of its end
	event   uint64   // the last of them
}

// result is what a step was recorded with.
type result struct {
	output  json.RawMessage
	attempt int // of the run; 0: none is recorded
}

// run reads a row.
func (d *disk) run(r *row) (*machine.Run, error) {
	run, err := machine.Load(d.plans[r.Document], r.Meta, &machine.Limits{}, r.State)
	if err != nil {
		return nil, fmt.Errorf("state of run %v: %w", r.Meta.ID, err)
	}
	for _, o := range r.Outputs {
		run.SetExternal(machine.Ref{Node: o.Node, Item: o.Item}, o.Body)
	}
	return run, nil
}

// judge holds what must be true of the rows that a batch changed.
func (d *disk) judge(touched []*row, s *shard.Settings) error {
	var started []*row
	leased := false
	for _, r := range touched {
		run, err := d.run(r)
		if err != nil {
			return err
		}
		fresh := d.lease(r, run)
		leased = leased || fresh
		if d.places.hold(r, r.Status == machine.Running && !rests(run)) && r.was != machine.Running {
			started = append(started, r)
		}
		if r.was.Final() && r.was != r.Status && d.w.leave[r.Meta.ID] == nil {
			return fmt.Errorf("run %v was %v and is %v", r.Meta.ID, r.was, r.Status)
		}
		if err := d.w.recorded(r, run); err != nil {
			return err
		}
	}
	for _, r := range started {
		if err := d.places.within(r, s); err != nil {
			return err
		}
	}
	if leased {
		return d.places.leased(s)
	}
	return nil
}

// lease counts the slots of a run's leased steps; it says whether there are
// new leases.
func (d *disk) lease(r *row, run *machine.Run) (fresh bool) {
	var fences []machine.Fence
	slots := 0
	for _, ref := range run.RunningSteps() {
		step := run.Step(ref)
		if step.Fence == 0 { // as reported by the worker of the whole run
			continue
		}
		fences = append(fences, step.Fence)
		slots += max(1, run.Node(ref).Step.Slots)
		fresh = fresh || !slices.Contains(r.fences, step.Fence)
	}
	d.places.slots += slots - r.slots
	r.slots, r.fences = slots, fences
	return fresh
}

// recorded holds what must be true of a run's results: they stay, unless
// somebody had leave to have the step run again.
func (w *world) recorded(r *row, run *machine.Run) error {
	for len(r.results) < len(run.State.Steps) {
		r.results = append(r.results, result{})
	}
	for i := range run.State.Steps {
		step, before := &run.State.Steps[i], r.results[i]
		node := run.Plan.Node(i)
		stays := before.attempt > 0 && !w.leave[r.Meta.ID].covers(i) &&
			!(node.Finally && before.attempt != run.State.Attempt) // those run at the end of each attempt
		if step.Status != machine.StepSucceeded {
			if stays {
				return fmt.Errorf("step %s of run %v had a result and is %v", node.Step.Name, r.Meta.ID, step.Status)
			}
			r.results[i] = result{}
			continue
		}
		leaf := slices.Contains(leafTypes, node.Step.Run) && step.Items == nil
		switch {
		case leaf && len(step.Output) == 0:
			return fmt.Errorf("step %s of run %v succeeded and its output is lost", node.Step.Name, r.Meta.ID)
		case stays && string(before.output) != string(step.Output):
			return fmt.Errorf("result of step %s of run %v was %.40s and is %.40s", node.Step.Name, r.Meta.ID, before.output, step.Output)
		case leaf && step.Fence != 0 && string(step.Output) != w.hands.given[step.Fence]:
			return fmt.Errorf("step %s of run %v was recorded with fence %d and the result %.40s", node.Step.Name, r.Meta.ID, step.Fence, step.Output)
		}
		r.results[i] = result{step.Output, run.State.Attempt}
	}
	return nil
}

// events holds that each end of a run is told once, and that receivers can tell
// which came last.
func (d *disk) events(b *store.Batch) error {
	told := map[*row]bool{}
	for i := range b.Events {
		r := d.rows[b.Events[i].Run]
		if r == nil {
			continue
		}
		told[r] = true
		if r.ends++; r.ends > 1+d.w.leave[r.Meta.ID].times() {
			return fmt.Errorf("run %v has %d events of its end", r.Meta.ID, r.ends)
		}
		if id := b.Events[i].ID; id <= r.event {
			return fmt.Errorf("run %v has event %d after %d", r.Meta.ID, id, r.event)
		}
		r.event = b.Events[i].ID
	}
	ended := func(s machine.Status) bool { return s == machine.Succeeded || s == machine.Failed }
	for i := range b.Updates {
		r := d.rows[b.Updates[i].ID]
		if r != nil && ended(r.Status) && !r.was.Final() && !told[r] {
			return fmt.Errorf("run %v is %v and nobody is told", r.Meta.ID, r.Status)
		}
	}
	return nil
}
