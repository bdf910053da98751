package shard_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// pool is a change of how the default pool is set.
func (r *rig) pool(p work.Pool) {
	p.Name = shard.DefaultPool
	next := *r.set
	next.Pools = map[string]work.Pool{p.Name: p}
	r.core.Configure(&next)
	r.mustRound()
}

func (r *rig) explained(id workflow.RunID) string {
	r.t.Helper()
	e, err := r.core.Explain(id)
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.Join(e.Text, "\n")
}

// TestDrainingPoolEndsWhatHasBegun: a pool that drains begins no run, hands out
// the steps of those that have begun, and says so.
func TestDrainingPoolEndsWhatHasBegun(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"heavy"},{"name":"b","run":"heavy","needs":["a"]}]}`)
	r.standing(3)
	begun := r.submit(r.intake(p, "t", ""))[0]
	r.pool(work.Pool{Draining: true})
	waits := r.submit(r.intake(p, "t", ""))[0]
	for range 2 {
		task := r.tasks[0]
		r.tasks = nil
		r.complete(task)
		r.mustRound()
	}
	if got := r.status(begun); got != machine.Succeeded {
		t.Errorf("the run that had begun is %v, want succeeded", got)
	}
	if got := r.status(waits); got != machine.Queued || len(r.tasks) != 0 {
		t.Errorf("the other is %v, and %d tasks are handed out: want it queued", got, len(r.tasks))
	}
	if got := r.explained(waits); !strings.Contains(got, `Pool "default" is draining`) {
		t.Errorf("Explain() = %q", got)
	}
	r.pool(work.Pool{})
	if got := r.types(); !slices.Equal(got, []string{"heavy"}) {
		t.Errorf("once the pool takes runs again %v is handed out, want the first step of the other run", got)
	}
}

func TestPausedPoolIsWhyItsStepsWait(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"heavy"},{"name":"b","run":"heavy","needs":["a"]}]}`)
	r.standing(3)
	id := r.submit(r.intake(p, "t", ""))[0]
	r.pool(work.Pool{Paused: true})
	r.complete(r.tasks[0])
	r.tasks = nil
	r.mustRound()
	if got := r.explained(id); len(r.tasks) != 0 || !strings.Contains(got, `pool "default" is paused`) {
		t.Errorf("Explain() = %q with %d tasks handed out, want that the pool is paused", got, len(r.tasks))
	}
}
