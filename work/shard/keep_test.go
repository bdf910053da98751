package shard_test

import (
	"context"
	"errors"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func TestFinalRunsLeaveMemory(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	for range 50 {
		r.submit(r.intake(p, "t", ""))
		r.poll(1)
		r.mustRound()
		r.complete(r.tasks[len(r.tasks)-1])
		r.mustRound()
	}
	if n := r.core.InMemory(); n != 0 {
		t.Fatalf("%d runs in memory, all are final", n)
	}
	r.now += 60_000
	r.mustRound()
	r.mustRound()
	if n := r.core.InMemory(); n != 0 {
		t.Errorf("a minute later %d final runs are in memory again", n)
	}
}

func TestFinalRunsHaveNoTimers(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","deadline":"168h","steps":[{"name":"a","run":"t"}]}`)
	for range 50 {
		r.submit(r.intake(p, "t", ""))
		r.poll(1)
		r.mustRound()
		r.complete(r.tasks[len(r.tasks)-1])
		r.mustRound()
		r.now += 60_000
	}
	r.mustRound()
	if n := r.core.Timers(); n > 5 {
		t.Errorf("%d timers for no run at all", n)
	}
}

func TestRetentionLeavesWhatWasReset(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	id := r.submit(r.intake(p, "t", ""))[0]
	r.poll(1)
	r.mustRound()
	r.complete(r.tasks[0])
	r.mustRound()
	old := []workflow.RunID{id} // what Store.Expired answered
	r.core.Keep(0)
	r.core.Control(shard.Order{Verb: shard.Reset, Run: id}, func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	r.mustRound()
	r.core.Expire(old)
	r.tasks = nil
	r.poll(1) // in the same round
	r.mustRound()
	if r.status(id) == 0 {
		t.Errorf("a run that waits was deleted as an old final one")
	}
	if len(r.tasks) != 1 || r.tasks[0].Run != id {
		t.Errorf("handed out: %v, want the run's step", r.tasks)
	}
}

func TestRunThatJustEndedCanBeDeleted(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	id := r.submit(r.intake(p, "t", ""))[0]
	deleted := errors.New("not answered")
	r.core.Control(shard.Order{Verb: shard.Cancel, Run: id}, func(error) {})
	r.core.Control(shard.Order{Verb: shard.Delete, Run: id}, func(err error) { deleted = err })
	r.mustRound()
	if deleted != nil || r.status(id) != 0 {
		t.Errorf("Delete = %v, and the run is %v; want it to be gone", deleted, r.status(id))
	}
}

func TestRunThatCannotBeReadHoldsUpNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	bad := r.submit(r.intake(p, "t", ""))[0]
	r.now++
	good := r.submit(r.intake(p, "t", ""))[0]
	r.core.Keep(0)
	r.bad[bad] = true
	r.takeOver()
	for range 5 {
		r.poll(2)
		_ = r.round()
		r.now += 1000
	}
	if r.status(good) != machine.Running {
		t.Errorf("run %v is %v because run %v cannot be read", good, r.status(good), bad)
	}
}

func TestWhatCouldNotBeReadIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	r.core.Keep(0)
	r.submit(r.intake(p, "t", ""))
	r.st.Crash() // reads fail for a moment
	r.poll(1)
	_ = r.round()
	if !r.core.Urgent() && r.core.NextWake() == 0 {
		t.Error("the run could not be read, and nothing makes the loop try again")
	}
}

func TestRoundCanBeWrittenHoweverMuchIsDue(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","deadline":"1m","steps":[{"name":"a","run":"t"}]}`)
	const n = 70_000
	for k := 0; k < n; k += 1000 {
		var ins []*shard.Intake
		for range 1000 {
			in := r.intake(p, "t", "")
			in.Deadline = r.now + 60_000
			ins = append(ins, in)
		}
		r.submit(ins...)
	}
	r.now += 120_000
	r.core.Begin(r.now)
	if err := r.core.Wake(); err != nil {
		t.Fatal(err)
	}
	b := r.core.Seal()
	if _, err := r.st.Flush(context.Background(), b); err != nil {
		t.Errorf("a batch of %d updates can never be written: %v", len(b.Updates), err)
	}
}
