package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// hands are all workers together.
type hands struct {
	held   []work.Task
	loans  []loan                        // whole runs
	own    map[machine.Fence]*shard.Core // tasks that an engine executes itself
	fences map[machine.Fence]bool        // given out
	tries  map[attempt]machine.Fence     // attempts given out
	given  map[machine.Fence]string      // the output that belongs to a fence
	told   map[machine.Fence]bool        // whether it failed
	later  map[machine.Fence]bool        // said that its result comes later
}

func newHands() hands {
	return hands{
		own: map[machine.Fence]*shard.Core{}, fences: map[machine.Fence]bool{}, tries: map[attempt]machine.Fence{},
		given: map[machine.Fence]string{}, told: map[machine.Fence]bool{}, later: map[machine.Fence]bool{},
	}
}

// attempt names one of a step.
type attempt struct {
	run        workflow.RunID
	step       string
	item       int
	runAttempt int
	attempt    int
}

func attemptOf(t work.Task) attempt { return attempt{t.Run, t.Step, t.Item, t.RunAttempt, t.Attempt} }

func heldOf(t work.Task) shard.Held {
	return shard.Held{Run: t.Run, Step: t.Step, Item: t.Item, Fence: t.Fence}
}

func (w *world) poll() {
	if w.chance(20) {
		w.borrow()
	}
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
	w.new(t.Fence)
	name := attemptOf(t)
	if other, ok := w.hands.tries[name]; ok {
		w.fail("attempt %v was given out with fences %d and %d", name, other, t.Fence)
	}
	w.hands.tries[name] = t.Fence
	if w.hands.own[t.Fence] != nil || !w.chance(w.loss) {
		w.hands.held = append(w.hands.held, t)
	}
}

// new holds that no fence is given out twice.
func (w *world) new(f machine.Fence) {
	if w.hands.fences[f] {
		w.fail("fence %d was given out twice", f)
	}
	w.hands.fences[f] = true
}

// act lets a worker do something with a task in its hands.
func (w *world) act(healthy bool) {
	if len(w.hands.loans) > 0 && w.chance(30) {
		w.report(healthy)
		return
	}
	if len(w.hands.held) == 0 {
		w.poll()
		return
	}
	i := w.rng.IntN(len(w.hands.held))
	t := w.hands.held[i]
	if core := w.hands.own[t.Fence]; core != nil {
		w.finishOwn(i, core, healthy)
		return
	}
	drop := func() { w.hands.held = slices.Delete(w.hands.held, i, i+1) }
	healthy = healthy || w.chance(w.calm)
	switch fate := w.rng.IntN(100); {
	case !healthy && fate < 10: // the worker dies
		drop()
	case !healthy && fate < 20:
		w.send(func(n *node) { n.core.Heartbeat([]shard.Beat{{Held: heldOf(t)}}) })
	case !healthy && fate < 24:
		drop()
		delete(w.hands.tries, attemptOf(t)) // it is no attempt then, and its number is given again
		w.send(func(n *node) { n.core.GiveBack([]shard.Held{heldOf(t)}, func([]error) {}) })
	default:
		if healthy || w.chance(80) { // otherwise it tells its result twice, or late
			drop()
		}
		w.send(w.result(t, fate < 40 && !healthy, healthy))
	}
}

// finishOwn ends a task that an engine executes itself: its result gets there,
// or goes with the engine.
func (w *world) finishOwn(i int, core *shard.Core, healthy bool) {
	t := w.hands.held[i]
	for _, n := range w.nodes {
		if n.core != core {
			continue
		}
		if n.batch == nil && (healthy || !n.stalled) {
			w.hands.held = slices.Delete(w.hands.held, i, i+1)
			room := n.roomOf(&t)
			room.Give(room.Needs(t.Slots))
			n.core.Begin(w.clock(n))
			w.result(t, !healthy && w.trouble(30), healthy)(n)
		} else if w.chance(30) {
			w.poll()
		}
		return
	}
	w.hands.held = slices.Delete(w.hands.held, i, i+1)
}

// result is the message of how a task ended, or that its result comes later.
func (w *world) result(t work.Task, failed, healthy bool) message {
	if before, told := w.hands.told[t.Fence]; told { // it does not change its mind
		failed = before
	} else if !healthy && !w.hands.later[t.Fence] && w.chance(5) {
		return w.deferred(t)
	}
	w.hands.told[t.Fence] = failed
	result := work.Result{Failure: &machine.Failure{Code: "exit.1", Message: "as told", RetryAfter: asked(t.Fence)}}
	if !failed {
		if w.hands.given[t.Fence] == "" {
			pad := ""
			if t.Fence%3 == 0 { // too long for the state of its run
				pad = strings.Repeat("x", 300)
			}
			w.hands.given[t.Fence] = fmt.Sprintf(`{"fence":%d,"pad":%q}`, t.Fence, pad)
		}
		result = work.Result{Output: json.RawMessage(w.hands.given[t.Fence])}
	}
	return func(n *node) {
		n.core.Complete([]shard.Completion{{Held: heldOf(t), Result: result}}, func(errs []error) {
			switch {
			case errs[0] != nil:
			case failed:
				w.refrains(t)
			default:
				w.accepted(t)
			}
		})
	}
}

// asked is how long the attempt after a failed one is to wait: mostly it does not
// matter.
func asked(f machine.Fence) workflow.Duration {
	if f%4 != 0 {
		return 0
	}
	return workflow.Duration(f%20) * workflow.Duration(time.Second)
}

// refrains holds that a step waits for its next attempt as long as was asked for.
func (w *world) refrains(t work.Task) {
	r := w.disk.rows[t.Run]
	if r == nil {
		return
	}
	run, err := w.disk.run(r)
	if err != nil {
		w.fail("%w", err)
		return
	}
	ref, ok := run.RefOf(t.Step, t.Item)
	if !ok {
		return
	}
	step, wait := run.Step(ref), asked(t.Fence).Std().Milliseconds()
	if step.Status == machine.StepBackoff && step.Fence == t.Fence && step.WakeAt < step.FinishedAt+wait {
		w.fail("run %v step %s#%d waits %d ms for its next attempt, of %d asked for", t.Run, t.Step, t.Item, step.WakeAt-step.FinishedAt, wait)
	}
}

// deferred says that the work goes on elsewhere: then it is no engine's own.
func (w *world) deferred(t work.Task) message {
	w.hands.later[t.Fence] = true
	return func(n *node) {
		result := work.Result{Deferred: 20 * time.Second}
		n.core.Complete([]shard.Completion{{Held: heldOf(t), Result: result}}, func(errs []error) {
			if errs[0] == nil && !slices.ContainsFunc(w.hands.held, func(h work.Task) bool { return h.Fence == t.Fence }) {
				delete(w.hands.own, t.Fence)
				w.hands.held = append(w.hands.held, t)
			}
		})
	}
}

// accepted holds what must be true when a result was taken: it is the one that
// is recorded.
func (w *world) accepted(t work.Task) {
	r := w.disk.rows[t.Run]
	if r == nil {
		if !w.disk.gone[t.Run] {
			w.fail("a result of run %v was taken, which is not stored", t.Run)
		}
		return
	}
	run, err := w.disk.run(r)
	if err != nil {
		w.fail("%w", err)
		return
	}
	ref, ok := run.RefOf(t.Step, t.Item)
	if !ok || w.leave[t.Run].covers(int(ref.Node)) || run.State.Attempt != t.RunAttempt && run.Node(ref).Finally {
		return
	}
	if step := run.Step(ref); step.Fence != t.Fence || step.Status != machine.StepSucceeded {
		w.fail("the result of run %v step %s#%d with fence %d was taken; the step is %v with fence %d",
			t.Run, t.Step, t.Item, t.Fence, step.Status, step.Fence)
	}
}
