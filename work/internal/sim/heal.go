package sim

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// heal ends all trouble and lets what there is come to its end.
func (w *world) heal() {
	w.disk.down = false
	w.tune(usual)
	n := w.survivor()
	n.skew, n.stalled = 0, false
	idle := 0
	for range 4000 {
		w.settleBatch(n)
		if w.err != nil || w.finished() {
			return
		}
		w.configure(n)
		w.release()
		w.errand()
		for len(w.mail) > 0 && n.batch == nil && w.err == nil {
			w.arrive(n)
		}
		w.round(n, true)
		w.act(true)
		if len(w.hands.held)+len(w.hands.loans)+len(w.errands) > 0 {
			idle = 0
			continue
		}
		if idle++; idle > 10 { // as an engine's loop does, it sleeps until something is due
			at := n.core.NextWake()
			if at == 0 && idle > 200 {
				break
			}
			w.now = max(w.now, at)
		}
	}
	if w.err == nil {
		w.fail("it does not come to its end: %s", w.unfinished())
	}
}

// survivor is the node that goes on: the owner, whatever it has been through,
// or another that takes over.
func (w *world) survivor() *node {
	n := w.disk.holder
	if n == nil || n.core == nil || w.chance(50) {
		w.down(w.nodes[0])
		w.down(w.nodes[1])
		w.disk.holder = nil
		w.up(w.nodes[0])
		return w.nodes[0]
	}
	for _, other := range w.nodes {
		if other != n {
			w.down(other)
		}
	}
	return n
}

// settleBatch writes what a node had sealed before all was well.
func (w *world) settleBatch(n *node) {
	if n.batch != nil {
		w.round(n, true)
	}
}

// release has callers try again, and operators let go of what they held. A run
// may be nobody's: once that of a key was deleted, a submission that was long
// under way makes another.
func (w *world) release() {
	for _, c := range w.clients {
		if c.acked == 0 && c.sent < 1000 {
			w.submit(c)
		}
	}
	for _, id := range w.disk.ids() {
		r := w.disk.rows[id]
		switch {
		case r.Status.Final():
		case r.Paused:
			w.order(shard.Order{Verb: shard.Resume, Run: id})
		case r.Status == machine.Held && r.WakeAt == 0:
			w.order(shard.Order{Verb: shard.Release, Run: id})
		case r.Status == machine.Held && w.leave[id] != nil: // held by a reset
			w.order(shard.Order{Verb: shard.Release, Run: id})
		case r.Status == machine.Running && r.Workflow == "nap" && w.chance(20):
			w.order(shard.Order{Verb: shard.SignalIt, Run: id, Signal: machine.Signal{Name: "go"}})
		}
	}
}

// finished says whether all runs are final, and no more can come: a sub-workflow
// must not outlive its parent, and one may be on its way that nobody waits for.
func (w *world) finished() bool {
	for _, e := range w.errands {
		if !e.done && (e.of == w.nodes[0].core || e.of == w.nodes[1].core) {
			return false
		}
	}
	for _, c := range w.clients {
		if !w.served(c) {
			return false
		}
	}
	for _, r := range w.disk.rows {
		if !r.Status.Final() {
			return false
		}
	}
	return true
}

func (w *world) unfinished() string {
	var text strings.Builder
	for _, c := range w.clients {
		if c.acked == 0 {
			fmt.Fprintf(&text, "[%v sent %d times, not acknowledged] ", c.in.Submission.IdempotencyKey, c.sent)
		}
	}
	for _, id := range w.disk.ids() {
		r := w.disk.rows[id]
		if r.Status.Final() {
			continue
		}
		fmt.Fprintf(&text, "[%v %s of %v in %s is %v, paused %v] ", id, r.Workflow, r.Meta.Parent, r.Meta.Queue, r.Status, r.Paused)
		if n := w.disk.holder; n != nil && n.core != nil {
			if e, err := n.core.Explain(id); err == nil {
				fmt.Fprint(&text, e.Text, e.Steps)
			}
		}
	}
	return text.String()
}

// settle holds what must be true in the end.
func (w *world) settle() {
	if n := w.disk.holder; w.err == nil && n != nil && n.core != nil {
		w.round(n, true) // what it read meanwhile must leave its memory
		w.round(n, true)
	}
	for _, c := range w.clients {
		if id := w.disk.keys[c.key()]; id != c.acked && w.disk.rows[c.acked] != nil {
			w.fail("run %v was acknowledged, and its key is that of %v", c.acked, id)
		}
	}
	for _, id := range w.disk.ids() {
		r := w.disk.rows[id]
		if w.disk.keys[store.IdempotencyKey{Tenant: r.Meta.Tenant, Key: r.Idempotency}] != id {
			w.fail("run %v is stored and nobody asked for it", id)
		}
		if parent := w.disk.rows[r.Meta.Parent]; parent != nil && parent.Status.Final() && !r.Status.Final() {
			w.fail("run %v is %v, and its parent %v has ended", id, r.Status, r.Meta.Parent)
		}
		want := 0
		if r.Status == machine.Succeeded || r.Status == machine.Failed {
			want = 1
		}
		if w.leave[id] == nil && r.ends != want {
			w.fail("run %v is %v and has %d events of its end", id, r.Status, r.ends)
		}
	}
}
