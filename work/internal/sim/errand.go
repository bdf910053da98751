package sim

import (
	"errors"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// errand is something for another run that an engine tries until it is done,
// or never can be. It dies with the ownership during which it came up.
type errand struct {
	of   *shard.Core
	do   func(n *node, answer func(error))
	done bool
}

// heed does what an engine does with what was published: it submits and
// cancels sub-workflows, has parents and children find each other again, and
// tells parents of children that finished.
func (w *world) heed(n *node, p shard.Published) {
	for _, d := range p.Damaged {
		w.fail("run %v cannot be read: %w", d.Run, d.Err)
	}
	for _, ch := range p.Children {
		w.summon(n, ch)
	}
	for _, id := range p.Cancel {
		w.plan(n, func(n *node, answer func(error)) {
			n.core.Control(shard.Order{Verb: shard.Cancel, Run: id}, answer)
		})
	}
	for _, a := range p.Adopted {
		w.submitted(n, a.Parent, a.Ref, a.Key, a.Run)
	}
	for _, f := range p.Finished {
		w.news(n, func(c *shard.Core) error { return c.ChildFinished(f.Parent, f.ChildEnd) })
	}
}

func (w *world) plan(n *node, do func(n *node, answer func(error))) {
	w.errands = append(w.errands, &errand{of: n.core, do: do})
}

// news is an errand that is done when it is written.
func (w *world) news(n *node, news func(*shard.Core) error) {
	w.plan(n, func(n *node, answer func(error)) { n.core.Do(news, answer) })
}

// summon submits the sub-workflow that a step wants, or asks after it.
func (w *world) summon(n *node, ch shard.Child) {
	if ch.Run == 0 {
		w.plan(n, func(n *node, answer func(error)) { w.adopt(n, ch, answer) })
		return
	}
	w.plan(n, func(n *node, answer func(error)) {
		n.core.Do(func(c *shard.Core) error { return c.Remind(ch.Run) }, func(err error) {
			if errors.Is(err, work.ErrNotFound) { // retention deleted it
				w.orphan(n, ch)
			}
			answer(err)
		})
	})
}

// orphan tells a step that the run that worked for it is not kept any more.
func (w *world) orphan(n *node, ch shard.Child) {
	if !w.disk.gone[ch.Run] {
		w.fail("sub-workflow %v of run %v is not found, and nobody deleted it", ch.Run, ch.Parent)
	}
	w.news(n, func(c *shard.Core) error {
		return c.ChildFinished(ch.Parent, machine.ChildEnd{
			Ref: ch.Ref, Key: ch.Key, Run: ch.Run, Status: machine.Failed, Failure: &machine.Failure{Code: "submit", Message: "it was deleted"},
		})
	})
}

func (w *world) submitted(n *node, parent workflow.RunID, ref machine.Ref, key string, child workflow.RunID) {
	w.news(n, func(c *shard.Core) error { return c.ChildSubmitted(parent, ref, key, child) })
}

// adopt submits the sub-workflow that a step wants.
func (w *world) adopt(n *node, ch shard.Child, answer func(error)) {
	plan := w.called("fan")
	n.core.Submit([]*shard.Intake{{
		Submission: ch.Submission, Plan: plan, Hash: plan.Hash(), Canonical: plan.Canonical(), Workflow: "fan", Queue: fifo, Cost: 1,
	}}, func(receipts []work.Receipt, err error) {
		if err == nil && receipts[0].Error != nil {
			err = receipts[0].Error
			w.fail("sub-workflow refused: %w", err)
		}
		if err == nil {
			ch.Run = receipts[0].ID
			w.submitted(n, ch.Parent, ch.Ref, ch.Key, ch.Run)
			if receipts[0].Duplicate { // it may have ended before
				w.summon(n, ch)
			}
		}
		answer(err)
	})
}

// errand sends one of the errands on its way.
func (w *world) errand() {
	if len(w.errands) == 0 {
		return
	}
	i := w.rng.IntN(len(w.errands))
	e := w.errands[i]
	if e.done || e.of != w.nodes[0].core && e.of != w.nodes[1].core {
		last := len(w.errands) - 1
		w.errands[i], w.errands[last] = w.errands[last], nil
		w.errands = w.errands[:last]
		return
	}
	w.send(func(n *node) {
		if n.core == e.of {
			e.do(n, func(err error) { e.done = e.done || settled(err) })
		}
	})
}

// settled says whether trying again would change nothing.
func settled(err error) bool {
	return err == nil || errors.Is(err, work.ErrNotFound) || errors.Is(err, work.ErrConflict) || errors.Is(err, work.ErrInvalid)
}
