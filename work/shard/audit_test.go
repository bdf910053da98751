package shard_test

import (
	"errors"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
)

func TestRunThatGoesOnHoldsAPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{Runs: 1}))
	first := r.plan(`{"name":"x","steps":[{"name":"w","run":"wait","with":{"for":"1s"}},{"name":"a","run":"t","needs":["w"]}]}`)
	second := r.plan(`{"name":"y","steps":[{"name":"c","run":"t"}]}`)
	r.submit(r.intake(first, "t", ""))
	r.poll(1)
	r.mustRound()
	r.now += 2000
	r.mustRound() // it goes on
	if len(r.tasks) != 1 || r.tasks[0].Step != "a" {
		t.Fatalf("tasks = %v, want step a", r.tasks)
	}
	r.submit(r.intake(second, "t", ""))
	r.poll(1)
	r.mustRound()
	if len(r.tasks) != 1 {
		t.Errorf("step %s of a second run was begun in a queue of one", r.tasks[1].Step)
	}
}

func TestAuditHoldsAfterEachRound(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{Runs: 2}))
	plan := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"},{"name":"w","run":"wait","needs":["a"],"with":{"for":"1s"}},{"name":"b","run":"t","needs":["w"]}]}`)
	r.submit(r.intake(plan, "t", ""), r.intake(plan, "u", ""), r.intake(plan, "t", "k"))
	for round := range 40 {
		if round == 20 {
			r.takeOver()
		}
		r.poll(2)
		r.mustRound()
		if err := r.core.Audit(); err != nil {
			t.Fatalf("after round %d: %v", round, err)
		}
		for _, task := range r.tasks {
			r.complete(task)
		}
		r.tasks = nil
		r.now += 700
	}
}

// What the core keeps twice must be compared: an audit that looks away is none.
func TestAuditFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	id := r.submit(r.intake(r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`), "t", ""))[0]
	if err := r.core.Audit(); err != nil {
		t.Fatalf("Audit() = %v, want nil", err)
	}
	r.core.LoseFromOrder(id)
	if err := r.core.Audit(); err == nil {
		t.Error("Audit() = nil for a run that waits and is in no line")
	}
}

// Its row still says that it runs.
func TestRunDeletedAsItEndedIsNotReadAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	id := r.submit(r.intake(r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`), "t", ""))[0]
	r.poll(1)
	r.mustRound()
	r.complete(r.tasks[0])
	r.core.Control(shard.Order{Verb: shard.Delete, Run: id}, func(err error) {
		if err != nil {
			t.Errorf("Delete: %v", err)
		}
	})
	if err := r.core.Remind(id); !errors.Is(err, work.ErrNotFound) {
		t.Errorf("Remind of a run that was deleted = %v, want ErrNotFound", err)
	}
	r.mustRound()
	if n := r.core.InMemory(); n != 0 {
		t.Errorf("%d runs are in memory, want 0", n)
	}
}
