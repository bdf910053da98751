package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

// localTasks are the attempts that run in this process.
type localTasks struct {
	mu      sync.Mutex
	running map[machine.Fence]*attempt
	idle    *sync.Cond
	rooms   map[string]localRoom // by pool: the slots of this process, for all its shards
}

// localRoom is what this process has for the steps of a pool, and for the
// light ones among them.
type localRoom struct{ slots, light *shard.Room }

// lightSlots is how many light steps of a pool are executed at a time.
const lightSlots = 256

// attempt is one of them.
type attempt struct {
	shard  int
	cancel context.CancelCauseFunc
}

func (t *localTasks) init(slots map[string]int, freed func()) {
	t.running = map[machine.Fence]*attempt{}
	t.idle = sync.NewCond(&t.mu)
	t.rooms = map[string]localRoom{}
	for pool, n := range slots {
		t.rooms[pool] = localRoom{slots: shard.NewRoom(n, freed), light: shard.NewRoom(lightSlots, freed)}
	}
}

func (t *localTasks) add(f machine.Fence, a *attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running[f] = a
}

func (t *localTasks) remove(f machine.Fence) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, f)
	if len(t.running) == 0 {
		t.idle.Broadcast()
	}
}

// recall ends an attempt.
func (t *localTasks) recall(f machine.Fence, reason error) {
	t.mu.Lock()
	a := t.running[f]
	t.mu.Unlock()
	if a != nil {
		a.cancel(reason)
	}
}

// abandon ends the attempts of a shard that is no longer this engine's.
func (t *localTasks) abandon(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.running {
		if a.shard == n {
			a.cancel(work.ErrShardLost)
		}
	}
}

// stopGrace is how long attempts that are stopped with the engine have to end.
const stopGrace = 2 * time.Second

// drain waits until nothing runs, or ctx ends; then it stops what does, and
// waits for that a little.
func (t *localTasks) drain(ctx context.Context) {
	over := false
	stop := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, a := range t.running {
			a.cancel(work.ErrStopping)
		}
		time.AfterFunc(stopGrace, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			over = true
			t.idle.Broadcast()
		})
	})
	defer stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.running) > 0 && !over {
		t.idle.Wait()
	}
}

// register makes this engine's executors known to a core: for each pool it has
// slots of one standing poller for light steps and one for the others.
func (l *loop) register(core *shard.Core) {
	light, types := l.e.opt.types()
	if len(light)+len(types) == 0 {
		return
	}
	if slices.Contains(types, AnyType) {
		types = nil
	}
	poll := func(pool string, room *shard.Room, slots int, light bool, types []string) {
		core.Poll(&shard.Poller{
			Worker: shard.Local + l.e.opt.Node, Pool: pool, Types: types, Room: room, Max: slots, Standing: true, Light: light,
			Deliver: func(tasks []work.Task) {
				for _, t := range tasks {
					l.start(t, room)
				}
			},
		})
	}
	for _, pool := range slices.Sorted(maps.Keys(l.e.opt.Local)) {
		slots := l.e.opt.Local[pool]
		if slots <= 0 {
			continue
		}
		room := l.e.local.rooms[pool]
		if len(light) > 0 {
			poll(pool, room.light, lightSlots, true, light)
		}
		poll(pool, room.slots, slots, false, types)
	}
}

// types are those it executes, the light ones and the others. Where there are
// no others, or any, light ones need no place of their own: how many runs are
// begun goes by the slots of the others.
func (o *Options) types() (light, others []string) {
	for _, t := range slices.Sorted(maps.Keys(o.Executors)) {
		if slices.Contains(o.Light, t) {
			light = append(light, t)
		} else {
			others = append(others, t)
		}
	}
	if len(others) == 0 {
		return nil, light
	}
	return light, others
}

// AnyType in Options.Executors takes the step types that no other does.
const AnyType = "*"

// start executes a task in a goroutine of its own.
func (l *loop) start(t work.Task, room *shard.Room) {
	ctx, cancel := context.WithCancelCause(l.e.ctx)
	l.e.local.add(t.Fence, &attempt{shard: l.n, cancel: cancel})
	l.e.working.Go(func() {
		defer cancel(nil)
		defer l.e.local.remove(t.Fence)
		l.execute(ctx, t, room)
	})
}

func (l *loop) execute(ctx context.Context, t work.Task, room *shard.Room) {
	exec := l.e.opt.Executors[t.Type]
	if exec == nil {
		exec = l.e.opt.Executors[AnyType]
	}
	rep := &reporter{l: l, held: heldOf(t)}
	result := guarded(ctx, exec, t, rep)
	room.Give(room.Needs(t.Slots)) // before the result, which makes the shard look for more
	last := rep.close()
	if result.Failure != nil && errors.Is(context.Cause(ctx), work.ErrStopping) {
		l.giveUp(t, last)
		return
	}
	if result.Failure != nil && l.e.ctx.Err() != nil {
		return // the engine is stopping: who comes next begins the attempt again
	}
	done := shard.Completion{Held: heldOf(t), Result: result}
	_ = l.post(l.e.ctx, op{
		do: func(c *shard.Core) {
			if last != nil {
				c.Heartbeat([]shard.Beat{*last})
			}
			c.Complete([]shard.Completion{done}, func(errs []error) {
				if errs[0] != nil {
					l.e.log.Debug("result not used", "run", t.Run, "step", t.Step, "error", errs[0])
				}
			})
		},
		fail: func(error) {}, // the shard was lost, and with it the lease
	})
}

// giveUp returns a task that was stopped with the engine: the next one begins
// it again, and it was no attempt. What it told last is kept: it may say what goes
// on without the engine.
func (l *loop) giveUp(t work.Task, last *shard.Beat) {
	_ = l.post(l.e.ctx, op{ // if it is not written, it is taken for a crash
		do: func(c *shard.Core) {
			if last != nil {
				c.Heartbeat([]shard.Beat{*last})
			}
			c.GiveBack([]shard.Held{heldOf(t)}, func([]error) {})
		},
		fail: func(error) {},
	})
}

// guarded executes a task; a panic of an executor is a failure of the attempt.
func guarded(ctx context.Context, exec work.Executor, t work.Task, rep work.Reporter) (result work.Result) {
	if exec == nil {
		return work.Result{Failure: &machine.Failure{
			Code: "type", Fatal: true, Message: fmt.Sprintf("nothing here executes steps of type %q", t.Type),
		}}
	}
	defer func() {
		if p := recover(); p != nil {
			rep.Log(debug.Stack())
			result = work.Result{Failure: &machine.Failure{Code: "panic", Message: fmt.Sprintf("the executor of %q failed: %v", t.Type, p)}}
		}
	}()
	return exec.Execute(ctx, t, rep)
}

func heldOf(t work.Task) shard.Held {
	return shard.Held{Run: t.Run, Step: t.Step, Item: t.Item, Fence: t.Fence}
}

const (
	reportEvery = 250 * time.Millisecond
	maxLog      = 1 << 20 // bytes of log kept of an attempt
	maxChunk    = 64 << 10
)

// reporter gathers what an attempt tells and passes it on now and then.
type reporter struct {
	l    *loop
	held shard.Held

	mu      sync.Mutex
	report  machine.Report
	log     bytes.Buffer
	logged  int
	changed bool
	timer   *time.Timer
	closed  bool
}

// Progress implements work.Reporter.
func (r *reporter) Progress(percent float64, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Percent, r.report.Message = min(max(percent, 0), 100), message
	r.soon()
}

// Save implements work.Reporter.
func (r *reporter) Save(state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Saved = state
	r.soon()
}

// Log implements work.Reporter.
func (r *reporter) Log(lines []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := min(maxLog-r.logged, len(lines))
	if room <= 0 {
		return
	}
	r.logged += room
	r.log.Write(lines[:room])
	if r.logged == maxLog {
		r.log.WriteString("\n… the rest of this attempt's log is not kept\n")
	}
	r.soon()
}

// soon sends what there is in a moment.
func (r *reporter) soon() {
	r.changed = true
	if r.timer == nil && !r.closed {
		r.timer = time.AfterFunc(reportEvery, r.flush)
	}
}

func (r *reporter) flush() {
	r.mu.Lock()
	r.timer = nil
	beat := r.take()
	r.mu.Unlock()
	if beat == nil {
		return
	}
	_ = r.l.post(r.l.e.ctx, op{do: func(c *shard.Core) { c.Heartbeat([]shard.Beat{*beat}) }, fail: func(error) {}}) // who took over begins the attempt again
}

func (r *reporter) take() *shard.Beat {
	if !r.changed || r.closed {
		return nil
	}
	r.changed = false
	beat := &shard.Beat{Held: r.held, Report: r.report}
	if r.log.Len() > 0 {
		beat.Log = bytes.Clone(r.log.Next(maxChunk))
		if r.log.Len() > 0 {
			r.soon()
		}
	}
	return beat
}

// close gives what was not sent yet.
func (r *reporter) close() *shard.Beat {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timer != nil {
		r.timer.Stop()
	}
	beat := r.take()
	if beat != nil && r.log.Len() > 0 {
		beat.Log = append(beat.Log, r.log.Bytes()...)
	}
	r.closed = true
	return beat
}
