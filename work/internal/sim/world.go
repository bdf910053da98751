package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

const (
	ownership = 10_000 // ms that a shard stays with a silent node
	tenantCap = 2      // runs of a tenant that may run at once
	poolSlots = 4      // steps that may be leased at once
	epochMS   = 1_750_000_000_000
)

// world is one history.
type world struct {
	rng     *rand.Rand
	now     int64
	disk    *disk
	nodes   []*node
	mail    []message
	clients []*client
	held    []work.Task // tasks in workers' hands
	fences  map[machine.Fence]bool
	tries   map[string]machine.Fence   // attempts handed out, by run, step and number
	given   map[machine.Fence]string   // the output that belongs to a fence
	results map[string]json.RawMessage // recorded results, by run and step
	plans   []*workflow.Plan
	resets  map[workflow.RunID]bool // runs that somebody reset: their steps run again
	resting bool                    // some run waits without a place: limits count those that do not
	errands []*errand               // what an engine does until it has succeeded
	err     error
	steps   int
}

// node is an engine: it has a core when it believes that it owns the shard.
type node struct {
	name    string
	core    *shard.Core
	batch   *store.Batch // sealed and not known to be written
	stalled bool
	skew    int64
}

// message is something on its way to whichever node owns the shard.
type message func(*node)

// client submits one run until it is acknowledged.
type client struct {
	in    *shard.Intake
	acked workflow.RunID
	sent  int
}

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

func (w *world) clock(n *node) int64 { return w.now + n.skew }

// up makes a node the owner, if it may be.
func (w *world) up(n *node) {
	owner, ok := w.disk.acquire(n, w.now)
	if !ok {
		return
	}
	if w.disk.down { // it cannot be loaded: its owner gives it up again
		w.disk.holder = nil
		return
	}
	rnd := w.rng
	core := shard.New(owner, w.disk, machine.Limits{Random: rnd.Uint64, MaxCrashes: 1000}, settings())
	core.Keep(w.rng.IntN(3))
	core.Begin(w.clock(n))
	waiting, started := w.disk.live()
	core.Waiting(waiting)
	if err := core.Started(started); err != nil {
		w.fail("load: %w", err)
		return
	}
	n.core, n.batch = core, nil
}

func settings() *shard.Settings {
	return &shard.Settings{
		Queues: map[string]work.Queue{
			"fair": {Name: "fair", Policy: "fair"},
			"fifo": {Name: "fifo", Policy: "fifo", Concurrency: work.Concurrency{Runs: 3, PerKey: 1}},
		},
		Pools: map[string]work.Pool{shard.DefaultPool: {Name: shard.DefaultPool, Slots: poolSlots}},
		Tenants: map[string]work.Tenant{
			"a": {Name: "a", Running: tenantCap}, "b": {Name: "b", Running: tenantCap, Weight: 3}, "c": {Name: "c", Running: tenantCap},
		},
		Subscriptions: []work.Subscription{{Name: "all", To: "https://example.com/", Events: []string{"run.succeeded", "run.failed"}}},
	}
}

// round does what an engine's loop does: wake, seal, write, publish; with
// whatever may go wrong in between.
func (w *world) round(n *node, healthy bool) {
	if n.core == nil {
		return
	}
	if n.batch == nil {
		n.core.Begin(w.clock(n))
		_ = n.core.Wake()
		n.batch = n.core.Seal()
		if n.batch == nil {
			w.heed(n, n.core.Publish(store.Outcome{}))
			return
		}
	}
	fate := w.rng.IntN(100)
	switch {
	case !healthy && fate < 8: // not written, tried again later
		return
	case !healthy && fate < 12: // dies before
		w.die(n)
		return
	}
	out, err := w.disk.flush(n.batch)
	switch {
	case err == store.ErrNotOwner, err == store.ErrGap: //nolint:errorlint // the simulated disk wraps nothing
		n.core.Abandon(err) // whoever waits for it is told; nothing of it may look done
		w.die(n)
		return
	case err != nil:
		w.fail("flush: %w", err)
		return
	case !healthy && fate < 20: // written, but the answer is lost
		return
	case !healthy && fate < 24: // written, then dies
		w.die(n)
		return
	}
	n.batch = nil
	w.heed(n, n.core.Publish(out))
}

func (w *world) die(n *node) {
	n.core, n.batch, n.stalled = nil, nil, false
}

// errand is something for another run that an engine tries until it is done.
// It dies with the ownership during which it came up.
type errand struct {
	of   *shard.Core
	do   func(*node, func())
	done bool
}

// heed does what an engine does with what was published: it submits and
// cancels sub-workflows, has parents and children find each other again, and
// tells parents of children that finished.
func (w *world) heed(n *node, p shard.Published) {
	for _, ch := range p.Children {
		if ch.Run != 0 {
			w.remind(n, ch.Run)
			continue
		}
		w.plan(n, func(n *node, done func()) { w.adopt(n, ch, done) })
	}
	for _, id := range p.Cancel {
		w.plan(n, func(n *node, done func()) {
			n.core.Control(shard.Order{Verb: shard.Cancel, Run: id}, func(error) { done() })
		})
	}
	for _, a := range p.Adopted {
		w.submitted(n, a.Parent, a.Ref, a.Key, a.Run)
	}
	for _, f := range p.Finished {
		w.news(n, func(c *shard.Core) error { return c.ChildFinished(f.Parent, f.ChildEnd) })
	}
}

func (w *world) plan(n *node, do func(*node, func())) {
	w.errands = append(w.errands, &errand{of: n.core, do: do})
}

// news is an errand that is done when it is written.
func (w *world) news(n *node, news func(*shard.Core) error) {
	w.plan(n, func(n *node, done func()) {
		n.core.Do(news, func(err error) {
			if err == nil {
				done()
			}
		})
	})
}

// remind has a child tell its end once more, if it has ended.
func (w *world) remind(n *node, child workflow.RunID) {
	w.news(n, func(c *shard.Core) error { return c.Remind(child) })
}

func (w *world) submitted(n *node, parent workflow.RunID, ref machine.Ref, key string, child workflow.RunID) {
	w.news(n, func(c *shard.Core) error { return c.ChildSubmitted(parent, ref, key, child) })
}

// adopt submits the sub-workflow that a step wants.
func (w *world) adopt(n *node, ch shard.Child, done func()) {
	plan := w.plans[0]
	n.core.Submit([]*shard.Intake{{
		Submission: ch.Submission, Plan: plan, Hash: plan.Hash(), Canonical: plan.Canonical(), Workflow: "fan", Queue: "fifo", Cost: 1,
	}}, func(receipts []work.Receipt, err error) {
		if err != nil || receipts[0].Error != nil {
			return
		}
		w.submitted(n, ch.Parent, ch.Ref, ch.Key, receipts[0].ID)
		if receipts[0].Duplicate { // it may have finished before
			w.remind(n, receipts[0].ID)
		}
		done()
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
		w.errands[i] = w.errands[len(w.errands)-1]
		w.errands = w.errands[:len(w.errands)-1]
		return
	}
	w.send(func(n *node) {
		if n.core == e.of {
			e.do(n, func() { e.done = true })
		}
	})
}

// meddle lets an operator do something to a run.
func (w *world) meddle() {
	c := w.clients[w.rng.IntN(len(w.clients))]
	if c.acked == 0 {
		return
	}
	o := shard.Order{Run: c.acked, By: "operator"}
	switch w.rng.IntN(8) {
	case 0, 1, 2:
		o.Verb = shard.Pause
	case 3, 4:
		o.Verb = shard.Resume
	case 5:
		o.Verb, o.Steps = shard.Reset, []string{"a"}
		w.resets[c.acked] = true
	case 6:
		o.Verb = shard.Retry
		w.resets[c.acked] = true
	case 7:
		o.Verb = shard.Cancel
	}
	w.order(o)
}

func (w *world) order(o shard.Order) {
	w.send(func(n *node) { n.core.Control(o, func(error) {}) })
}

// send puts a message on its way, once or twice.
func (w *world) send(m message) {
	w.mail = append(w.mail, m)
	if w.chance(5) {
		w.mail = append(w.mail, m)
	}
}

// arrive lets a message arrive, in any order, or not at all.
func (w *world) arrive(n *node) {
	if len(w.mail) == 0 || n.core == nil || n.batch != nil {
		return
	}
	i := w.rng.IntN(len(w.mail))
	m := w.mail[i]
	w.mail[i] = w.mail[len(w.mail)-1]
	w.mail = w.mail[:len(w.mail)-1]
	if w.chance(5) {
		return
	}
	n.core.Begin(w.clock(n))
	m(n)
}

func (w *world) submit(c *client) {
	c.sent++
	in := *c.in
	w.send(func(n *node) {
		one := in
		n.core.Submit([]*shard.Intake{&one}, func(receipts []work.Receipt, err error) {
			if err != nil || w.chance(10) { // refused for now, or the answer is lost
				return
			}
			if p := receipts[0].Error; p != nil {
				w.fail("submission refused: %w", p)
				return
			}
			w.acknowledge(c, receipts[0].ID)
		})
	})
}

func (w *world) acknowledge(c *client, id workflow.RunID) {
	if w.disk.rows[id] == nil {
		w.fail("run %v was acknowledged and is not stored", id)
	}
	if c.acked != 0 && c.acked != id {
		w.fail("one key was acknowledged as %v and as %v", c.acked, id)
	}
	c.acked = id
}

func (w *world) poll() {
	w.send(func(n *node) {
		n.core.Poll(&shard.Poller{Worker: "w", Pool: shard.DefaultPool, Room: shard.NewRoom(2, nil), Max: 2, Deliver: func(tasks []work.Task) {
			for _, t := range tasks {
				w.receive(t)
			}
		}})
	})
}

// receive takes a task into a worker's hands, or loses it on the way.
func (w *world) receive(t work.Task) {
	if w.fences[t.Fence] {
		w.fail("fence %d was handed out twice", t.Fence)
	}
	w.fences[t.Fence] = true
	name := attemptName(t)
	if other, ok := w.tries[name]; ok {
		w.fail("attempt %s was handed out with fences %d and %d", name, other, t.Fence)
	}
	w.tries[name] = t.Fence
	if !w.chance(5) {
		w.held = append(w.held, t)
	}
}

func attemptName(t work.Task) string {
	return fmt.Sprintf("%s/%d", t.Key, t.Attempt)
}

// act lets a worker do something with a task in its hands.
func (w *world) act(healthy bool) {
	if len(w.held) == 0 {
		w.poll()
		return
	}
	i := w.rng.IntN(len(w.held))
	t := w.held[i]
	drop := func() { w.held[i] = w.held[len(w.held)-1]; w.held = w.held[:len(w.held)-1] }
	h := shard.Held{Run: t.Run, Step: t.Step, Item: t.Item, Fence: t.Fence}
	switch fate := w.rng.IntN(100); {
	case !healthy && fate < 10: // the worker dies
		drop()
	case !healthy && fate < 20:
		w.send(func(n *node) { n.core.Heartbeat([]shard.Beat{{Held: h}}) })
	case !healthy && fate < 24:
		drop()
		delete(w.tries, attemptName(t)) // it is no attempt then, and its number is given again
		w.send(func(n *node) { n.core.GiveBack([]shard.Held{h}, func([]error) {}) })
	default:
		if healthy || w.chance(80) { // otherwise it tells its result twice, or late
			drop()
		}
		w.finish(h, fate < 40 && !healthy)
	}
}

func (w *world) finish(h shard.Held, failed bool) {
	result := work.Result{Output: json.RawMessage(w.given[h.Fence])}
	if w.given[h.Fence] == "" {
		w.given[h.Fence] = fmt.Sprintf(`{"fence":%d}`, h.Fence)
		result.Output = json.RawMessage(w.given[h.Fence])
	}
	if failed {
		result = work.Result{Failure: &machine.Failure{Code: "exit.1", Message: "as told"}}
	}
	w.send(func(n *node) {
		n.core.Complete([]shard.Completion{{Held: h, Result: result}}, func([]error) {})
	})
}

// judge looks at a row that was just written: results once recorded stay.
func (w *world) judge(rec *store.Record, _ []byte) error {
	run, err := machine.Load(w.disk.plans[rec.Document], rec.Meta, &machine.Limits{}, rec.State)
	if err != nil {
		return fmt.Errorf("state of run %v: %w", rec.Meta.ID, err)
	}
	w.disk.leased[rec.Meta.ID] = len(run.RunningSteps())
	for i := range run.State.Steps {
		step := &run.State.Steps[i]
		name := fmt.Sprintf("%v/%d", rec.Meta.ID, i)
		have, recorded := w.results[name]
		if step.Status != machine.StepSucceeded {
			if recorded && !w.resets[rec.Meta.ID] {
				return fmt.Errorf("step %s had a result and is %v", name, step.Status)
			}
			delete(w.results, name)
			continue
		}
		if recorded && string(have) != string(step.Output) && !w.resets[rec.Meta.ID] {
			return fmt.Errorf("result of %s was %s and is %s", name, have, step.Output)
		}
		w.results[name] = step.Output
		if len(step.Items) == 0 && len(step.Output) > 0 && string(step.Output) != fmt.Sprintf(`{"fence":%d}`, step.Fence) && step.Fence != 0 {
			return fmt.Errorf("step %s was recorded with fence %d and the result %s", name, step.Fence, step.Output)
		}
	}
	return nil
}
