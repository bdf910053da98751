package sim

import (
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// leave is what operators asked of a run: which of its steps may run again,
// and how often it may end once more. A nil one is none.
type leave struct {
	again map[int]bool // steps, by place
	ends  int
}

func (l *leave) covers(step int) bool { return l != nil && l.again[step] }

func (l *leave) times() int {
	if l == nil {
		return 0
	}
	return l.ends
}

// grant notes what an order that is about to be carried out allows.
func (w *world) grant(o shard.Order) {
	r := w.disk.rows[o.Run]
	if r == nil || o.Verb != shard.Reset && o.Verb != shard.Retry {
		return
	}
	l := w.leave[o.Run]
	if l == nil {
		l = &leave{again: map[int]bool{}}
		w.leave[o.Run] = l
	}
	l.ends++
	plan := w.disk.plans[r.Document]
	for i := range plan.Len() {
		if plan.Node(i).Finally || o.Verb == shard.Reset && o.Steps == nil {
			l.again[i] = true
		}
	}
	if o.Verb == shard.Reset && o.Steps != nil {
		reset, _, err := plan.ResetClosure(o.Steps)
		if err != nil {
			return // it will be refused
		}
		for _, i := range reset {
			l.again[i] = true
		}
	}
	for name := range w.hands.tries { // attempts are counted anew
		if place, ok := plan.Index(name.step); name.run == o.Run && ok && l.again[place] {
			delete(w.hands.tries, name)
		}
	}
}

// meddle lets an operator do something to a run, or to the limits of all.
func (w *world) meddle() {
	if w.chance(15) {
		w.retune()
		return
	}
	c := w.clients[w.rng.IntN(len(w.clients))]
	if w.disk.rows[c.acked] == nil {
		return
	}
	if w.chance(10) {
		w.expire()
		return
	}
	o := shard.Order{Run: c.acked, By: "operator"}
	some := []string{[]string{"a", "b", "c"}[w.rng.IntN(3)]}
	switch w.rng.IntN(16) {
	case 0, 1:
		o.Verb = shard.Pause
	case 2, 3:
		o.Verb = shard.Resume
	case 4:
		o.Verb, o.Steps = shard.Reset, []string{"a"}
	case 5:
		o.Verb = shard.Retry
	case 6:
		o.Verb = shard.Cancel
	case 7:
		o.Verb = shard.Reset
	case 8:
		o.Verb, o.Steps = shard.Skip, some
	case 9, 10:
		p := w.rng.IntN(10)
		o.Verb, o.Queue, o.Priority = shard.Requeue, []string{fair, fifo, whole}[w.rng.IntN(3)], &p
	case 11:
		o.Verb, o.Steps, o.Hold = shard.Reset, some, true
	case 12:
		o.Verb = shard.Release
	case 13:
		o.Verb, o.Signal = shard.SignalIt, machine.Signal{Name: "go"}
	case 14:
		o.Verb, o.Steps = shard.Reset, some
	case 15:
		o.Verb = shard.Delete
	}
	w.order(o)
}

func (w *world) order(o shard.Order) {
	w.send(func(n *node) {
		w.grant(o)
		n.core.Control(o, func(error) {})
	})
}

// expire lets retention delete what is final at present: when it gets to it
// that may have been reset.
func (w *world) expire() {
	var final []workflow.RunID
	for _, id := range w.disk.ids() {
		if w.disk.rows[id].Status.Final() {
			final = append(final, id)
		}
	}
	w.send(func(n *node) { n.core.Expire(final) })
}
