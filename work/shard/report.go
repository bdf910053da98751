package shard

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Held names a task by what its holder knows of it.
type Held struct {
	// Pool, when given, must be that of the step.
	Pool  string
	Run   workflow.RunID
	Step  string
	Item  int
	Fence machine.Fence
}

// Completion is the result of an attempt.
type Completion struct {
	Held
	Result work.Result
}

// Complete records results. answer is called in Publish with an error for
// each: nil, work.ErrStale, work.ErrNotFound.
func (c *Core) Complete(done []Completion, answer func([]error)) {
	errs := make([]error, len(done))
	for i, d := range done {
		errs[i] = c.complete(d)
	}
	c.answer(func(lost error) { answer(allLost(errs, lost)) })
}

func (c *Core) complete(d Completion) error {
	r, ref, err := c.held(d.Held)
	if err != nil {
		return err
	}
	out := machine.Outcome{Failure: d.Result.Failure, Output: d.Result.Output}
	c.round.bytes += len(out.Output)
	if d.Result.Deferred > 0 {
		out.Until = c.now + d.Result.Deferred.Milliseconds()
	}
	if err := r.run.Complete(ref, d.Fence, out, c.now); err != nil {
		return refusal(err)
	}
	if step := r.run.Step(ref); out.Until > 0 && step.Status == machine.StepRunning {
		// It goes on without the engine, and must not be taken for ended when
		// the engine is.
		step.Worker = strings.TrimPrefix(step.Worker, Local)
	}
	c.settle(r)
	return nil
}

// allLost gives each of several answers the error that the round was not written.
func allLost(errs []error, lost error) []error {
	if lost != nil {
		for i := range errs {
			errs[i] = lost
		}
	}
	return errs
}

// held finds the step a worker speaks of.
func (c *Core) held(h Held) (*resident, machine.Ref, error) {
	r, err := c.resident(h.Run)
	if err != nil {
		return nil, machine.Ref{}, err
	}
	if r == nil {
		return nil, machine.Ref{}, fmt.Errorf("%w: run %v", work.ErrNotFound, h.Run)
	}
	ref, ok := r.run.RefOf(h.Step, h.Item)
	if !ok {
		return nil, machine.Ref{}, fmt.Errorf("%w: run %v has no step %q item %d", work.ErrNotFound, h.Run, h.Step, h.Item)
	}
	if h.Pool != "" && h.Pool != c.heldFrom(r, ref, h.Fence) {
		return nil, machine.Ref{}, fmt.Errorf("%w: run %v has no step %q in pool %q", work.ErrNotFound, h.Run, h.Step, h.Pool)
	}
	return r, ref, nil
}

// heldFrom is the pool a step was leased from, or would be.
func (c *Core) heldFrom(r *resident, ref machine.Ref, f machine.Fence) string {
	if l := r.lease(ref, f); l != nil {
		return l.ready.Pool
	}
	return c.poolOf(r.run.Meta.Queue, r.run.Node(ref).Step.Pool)
}

// refusal puts a machine's error into the words of package work.
func refusal(err error) error {
	switch {
	case errors.Is(err, machine.ErrStale): // both say the same of it
		return fmt.Errorf("%w: %s", work.ErrStale, strings.TrimPrefix(err.Error(), machine.ErrStale.Error()+": "))
	case errors.Is(err, machine.ErrNoStep):
		return fmt.Errorf("%w: %w", work.ErrNotFound, err)
	}
	return fmt.Errorf("%w: %s", work.ErrConflict, strings.TrimPrefix(err.Error(), machine.ErrState.Error()+": "))
}

// Beat is a heartbeat: the attempt lives, and this is how far it is.
type Beat struct {
	Held
	Report machine.Report
	Log    []byte
}

// Heartbeat extends leases. It answers at once, for nothing is lost with an
// extension that was not written but time. Errors as in Complete.
func (c *Core) Heartbeat(beats []Beat) []error {
	errs := make([]error, len(beats))
	for i, b := range beats {
		errs[i] = c.beat(b)
	}
	return errs
}

func (c *Core) beat(b Beat) error {
	r, ref, err := c.held(b.Held)
	if err != nil {
		return err
	}
	until := int64(0)
	held := r.lease(ref, b.Fence)
	if held != nil && held.length > 0 {
		until = c.now + held.length
	}
	if err := r.run.Extend(ref, b.Fence, until, b.Report, c.now); err != nil {
		return refusal(err)
	}
	if text := held.room(b.Log); len(text) > 0 {
		c.log(r, ref, text)
	}
	c.settle(r)
	return nil
}

// maxLog bounds what is kept of an attempt's log, in bytes.
const maxLog = 4 << 20

// room takes what is still kept of a log, and says so where that ends.
func (l *lease) room(text []byte) []byte {
	if l == nil || l.logged >= maxLog || len(text) == 0 {
		return nil
	}
	left := maxLog - l.logged
	l.logged += len(text)
	if len(text) < left {
		return text
	}
	return append(bytes.ToValidUTF8(text[:left], nil), "\n… the rest of this attempt's log is not kept\n"...)
}

// lease gives the lease of a step's current attempt, nil when it has none.
func (r *resident) lease(ref machine.Ref, f machine.Fence) *lease {
	for _, l := range r.leases {
		if l.ref == ref && l.fence == f {
			return l
		}
	}
	return nil
}

// log appends to an attempt's log.
func (c *Core) log(r *resident, ref machine.Ref, text []byte) {
	id := r.run.Meta.ID
	c.round.bytes += len(text)
	seq := max(c.logSeq[id]+1, c.now*1000)
	c.logSeq[id] = seq
	c.round.logs = append(c.round.logs, store.Chunk{
		LogKey: store.LogKey{Run: id, Node: ref.Node, Item: ref.Item, Attempt: r.run.Step(ref).Attempt},
		Seq:    seq, At: c.now, Text: text,
	})
	c.notice(r, work.Event{Kind: "step.log", Step: r.run.Node(ref).Step.Name, Item: int(ref.Item), Log: string(text)})
}

// GiveBack returns tasks that were not begun: they wait again, and it is no
// attempt.
func (c *Core) GiveBack(held []Held, answer func([]error)) {
	errs := make([]error, len(held))
	for i, h := range held {
		r, ref, err := c.held(h)
		if err == nil {
			if err = r.run.GiveBack(ref, h.Fence, c.now); err != nil {
				err = refusal(err)
			}
			c.settle(r)
		}
		errs[i] = err
	}
	c.answer(func(lost error) { answer(allLost(errs, lost)) })
}

// Current says whether a fence is that of a task's current lease: what a
// reaper of containers and pods asks.
func (c *Core) Current(h Held) bool {
	r, ref, err := c.held(h)
	if err != nil {
		return !errors.Is(err, work.ErrNotFound)
	}
	step := r.run.Step(ref)
	return step.Status == machine.StepRunning && step.Fence == h.Fence
}
