package shard_test

import (
	"slices"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
)

// standing has an engine's own executors ask for tasks: heavy ones with so many
// slots, and light ones.
func (r *rig) standing(slots int) {
	deliver := func(t []work.Task) { r.tasks = append(r.tasks, t...) }
	r.core.Poll(&shard.Poller{
		Worker: "w", Pool: shard.DefaultPool, Types: []string{"light"}, Room: shard.NewRoom(100, nil), Max: 100, Standing: true, Light: true, Deliver: deliver,
	})
	r.core.Poll(&shard.Poller{
		Worker: "w", Pool: shard.DefaultPool, Types: []string{"heavy"}, Room: shard.NewRoom(slots, nil), Max: slots, Standing: true, Deliver: deliver,
	})
}

// types are those of the tasks that were handed out, and takes them.
func (r *rig) types() (types []string) {
	for _, t := range r.tasks {
		types = append(types, t.Type)
	}
	r.tasks = nil
	return types
}

func TestLightStepsDoNotWaitForASlot(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"heavy"},{"name":"b","run":"heavy"},{"name":"c","run":"light"}]}`)
	r.standing(1)
	r.submit(r.intake(p, "t", ""))
	if got := r.types(); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"heavy", "light"}) {
		t.Errorf("handed out with one slot: %v, want one heavy step and the light one", got)
	}
	pools := r.core.Pools()
	if len(pools) != 1 || pools[0].Free != 0 || pools[0].Ready != 1 {
		t.Fatalf("%+v", pools)
	}
	if w := pools[0].Workers[0]; !slices.Equal(w.Types, []string{"heavy", "light"}) || w.Leased != 2 {
		t.Errorf("the worker is %+v, want both types and two leases", w)
	}
}

// TestLightStepsDoNotBeginTheQueue: a slot that is free now lets
// several runs begin when they begin with a light step, but not the whole
// queue: their heavy steps will want it, and who comes later waits for them.
func TestLightStepsDoNotBeginTheQueue(t *testing.T) {
	t.Parallel()
	const slots, most = 2, 4*2 + 4
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"light"},{"name":"b","run":"heavy","needs":["a"]}]}`)
	r.standing(slots)
	for range 100 {
		r.submit(r.intake(p, "t", ""))
	}
	began := r.tasks
	if n := r.core.InFlight("q"); n <= slots || n > most {
		t.Errorf("%d runs were begun for %d slots, want more, and at most %d", n, slots, most)
	}
	r.tasks = nil
	for _, task := range began {
		r.complete(task)
	}
	r.mustRound()
	if got := r.types(); !slices.Equal(got, []string{"heavy", "heavy"}) {
		t.Errorf("handed out after the light steps: %v, want what there are slots for", got)
	}
	if n := r.core.InFlight("q"); n > most {
		t.Errorf("%d runs are in flight while no slot is free, want at most %d", n, most)
	}
}

func TestLightStepsAloneKeepGoing(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"light"}]}`)
	r.standing(1)
	for range 50 {
		r.submit(r.intake(p, "t", ""))
	}
	done := 0
	for len(r.tasks) > 0 {
		tasks := r.tasks
		r.tasks = nil
		for _, task := range tasks {
			r.complete(task)
			done++
		}
		r.mustRound()
	}
	if done != 50 || r.core.InFlight("q") != 0 {
		t.Errorf("%d of 50 runs were executed, %d are in flight", done, r.core.InFlight("q"))
	}
}
