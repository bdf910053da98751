package shard_test

import (
	"errors"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

func TestHeldRunStartsUnderTheNextOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	in := r.intake(r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`), "t", "")
	in.StartAt = r.now + 10_000
	r.submit(in)
	r.takeOver()
	r.now += 11_000
	r.poll(1)
	r.mustRound()
	if len(r.tasks) != 1 {
		t.Errorf("its time has come, and it is handed out %d times, want once", len(r.tasks))
	}
}

func TestLeaseOfResetRunIsKeptUnderTheNextOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	id := r.submit(r.intake(r.plan(`{"name":"x","steps":[{"name":"a","run":"t"},{"name":"b","run":"t"}]}`), "t", ""))[0]
	r.poll(1)
	r.mustRound()
	task := r.tasks[0]
	other := map[string]string{"a": "b", "b": "a"}[task.Step]
	r.core.Control(shard.Order{Verb: shard.Reset, Run: id, Steps: []string{other}}, func(err error) {
		if err != nil {
			t.Errorf("Reset: %v", err)
		}
	})
	r.core.Quiet(true)
	r.mustRound()
	r.takeOver()
	r.poll(1)
	r.mustRound() // it begins again
	for range 5 {
		r.now += 20_000
		r.core.Begin(r.now)
		held := shard.Held{Run: task.Run, Step: task.Step, Item: task.Item, Fence: task.Fence}
		if err := r.core.Heartbeat([]shard.Beat{{Held: held}})[0]; err != nil {
			t.Fatalf("a heartbeat of the step that goes on is answered %v, want nil", err)
		}
		r.mustRound()
	}
}

func TestTimerOutlastsAReadFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	r.core.Keep(0)
	in := r.intake(r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`), "t", "")
	in.StartAt = r.now + 10_000
	id := r.submit(in)[0]
	r.now += 11_000
	r.down = true
	if err := r.round(); !errors.Is(err, errDown) {
		t.Fatalf("Wake = %v, want %v", err, errDown)
	}
	r.down = false
	r.now += 2000
	r.poll(1)
	r.mustRound()
	if got := r.status(id); got != machine.Running {
		t.Errorf("the run is %v, want running", got)
	}
}
