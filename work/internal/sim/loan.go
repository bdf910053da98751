package sim

import (
	"encoding/json"
	"slices"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// loan is a whole run in a worker's hands, with the steps it has to do.
type loan struct {
	run   workflow.RunID
	fence machine.Fence
	left  []string
	ended *machine.Outcome // as it told, and will tell again
}

// loanTime is how long a whole run stays a worker's, in milliseconds.
const loanTime = 30_000

// borrow asks for a whole run.
func (w *world) borrow() {
	w.send(func(n *node) {
		n.core.PollRuns(&shard.RunPoller{Queue: whole, Worker: "r", Max: 2, Lease: loanTime, Deliver: func(runs []shard.LeasedRun) {
			for _, r := range runs {
				w.new(r.Fence)
				one := loan{run: r.ID, fence: r.Fence}
				for _, s := range r.View.Steps {
					if !s.Status.Final() {
						one.left = append(one.left, s.Name)
					}
				}
				if !w.chance(w.loss) {
					w.hands.loans = append(w.hands.loans, one)
				}
			}
		}})
	})
}

// report lets the worker of a whole run do something.
func (w *world) report(healthy bool) {
	i := w.rng.IntN(len(w.hands.loans))
	l := &w.hands.loans[i]
	rep := shard.RunReport{Run: l.run, Fence: l.fence}
	drop := false
	healthy = healthy || w.chance(w.calm)
	switch fate := w.rng.IntN(100); {
	case !healthy && fate < 10: // the worker dies
		w.hands.loans = slices.Delete(w.hands.loans, i, i+1)
		return
	case l.ended != nil:
		rep.Done, drop = l.ended, true
	case !healthy && fate < 20:
		rep.Lease = loanTime
	case !healthy && fate < 25:
		rep.GiveBack, drop = true, true
	case !healthy && fate < 30:
		rep.Done, drop = &machine.Outcome{Failure: &machine.Failure{Code: "exit.1", Message: "as told"}}, true
	case len(l.left) > 0:
		rep.Lease = loanTime
		rep.Steps = []machine.StepReport{{Step: l.left[0], Status: machine.StepSucceeded, Output: json.RawMessage(`"whole"`)}}
		l.left = l.left[1:]
	default:
		rep.Done, drop = &machine.Outcome{}, healthy || w.chance(80)
	}
	if l.ended = rep.Done; drop {
		w.hands.loans = slices.Delete(w.hands.loans, i, i+1)
	}
	w.send(func(n *node) {
		n.core.ReportRun(rep, func(err error) {
			if err == nil && rep.Done != nil && rep.Done.Failure == nil {
				w.ended(rep)
			}
		})
	})
}

// ended holds that a whole run whose end was taken is recorded as ended.
func (w *world) ended(rep shard.RunReport) {
	r := w.disk.rows[rep.Run]
	switch {
	case w.disk.gone[rep.Run] || w.leave[rep.Run] != nil:
	case r == nil:
		w.fail("the end of run %v was taken, which is not stored", rep.Run)
	case !r.Status.Final():
		w.fail("the end of run %v with fence %d was taken, and it is %v", rep.Run, rep.Fence, r.Status)
	}
}
