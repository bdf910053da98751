package shard_test

import (
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

func TestRunThatEndsAsItBeginsGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{PerKey: 1}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"wait","with":{"for":"0s"}}]}`)
	a := r.submit(r.intake(p, "t", "k"))[0]
	b := r.submit(r.intake(p, "t", "k"))[0]
	for range 5 {
		r.poll(1)
		r.mustRound()
		r.now += 1000
	}
	if r.status(a) != machine.Succeeded || r.status(b) != machine.Succeeded {
		t.Errorf("runs are %v and %v; the order has %d in flight", r.status(a), r.status(b), r.core.InFlight("q"))
	}
}

func TestResultCountsThoughTheQueueChangedItsPool(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	r.submit(r.intake(p, "t", ""))
	r.poll(1)
	r.mustRound()
	set := one(work.Concurrency{})
	set.Queues["q"] = work.Queue{Name: "q", Pool: "other"}
	r.core.Configure(set)
	tk := r.tasks[0]
	r.core.Complete([]shard.Completion{{Held: shard.Held{Pool: shard.DefaultPool, Run: tk.Run, Step: tk.Step, Item: tk.Item, Fence: tk.Fence}}}, func(errs []error) {
		if errs[0] != nil {
			t.Errorf("the holder of the lease is told: %v", errs[0])
		}
	})
	r.mustRound()
}

func TestWorkerThatCanExecuteNothingBeginsLittle(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"cpu"}]}`)
	for range 300 {
		r.submit(r.intake(p, "t", ""))
	}
	r.core.Poll(&shard.Poller{Worker: "g", Pool: shard.DefaultPool, Types: []string{"gpu"}, Room: shard.NewRoom(1, nil), Max: 1, Deliver: func([]work.Task) {}})
	r.mustRound()
	if running := r.core.InFlight("q"); running > 10 {
		t.Errorf("%d runs were begun for one worker with one slot that can execute none of them", running)
	}
}

func TestWholeRunsAreCharged(t *testing.T) {
	t.Parallel()
	set := &shard.Settings{Queues: map[string]work.Queue{"q": {Name: "q", Delegated: true, Concurrency: work.Concurrency{Runs: 1}}}}
	r := newRig(t, set)
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	for range 200 {
		r.submit(r.intake(p, "long", ""), r.intake(p, "short", ""))
	}
	used := map[string]int64{}
	runs := map[string]int{}
	for range 150 {
		var got []shard.LeasedRun
		r.core.PollRuns(&shard.RunPoller{Queue: "q", Worker: "w", Max: 1, Lease: 1_000_000, Deliver: func(l []shard.LeasedRun) { got = l }})
		r.mustRound()
		if len(got) == 0 {
			t.Fatal("nothing")
		}
		tenant := got[0].View.Tenant
		d := int64(1000)
		if tenant == "long" {
			d = 10_000
		}
		r.now += d
		used[tenant] += d
		runs[tenant]++
		r.core.Begin(r.now)
		r.core.ReportRun(shard.RunReport{Run: got[0].ID, Fence: got[0].Fence, Done: &machine.Outcome{}}, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		})
		r.mustRound()
	}
	if used["long"] > 3*used["short"] {
		t.Errorf("tenants of equal weight used %v ms in %v runs", used, runs)
	}
}

func TestLeaseBeginsWhenItIsGiven(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	r.submit(r.intake(p, "t", ""))
	r.poll(1)
	r.core.Begin(r.now)
	b := r.core.Seal()
	r.now += 40_000 // the database is being restarted; the lease is 30 s
	out, err := r.st.Flush(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	r.core.Begin(r.now)
	r.core.Publish(out)
	if len(r.tasks) != 1 {
		t.Fatal("no task")
	}
	r.mustRound()
	if len(r.pub.Recalls) > 0 {
		t.Errorf("the lease is lost before its worker had it: %+v; that counts as a crash", r.pub.Recalls[0])
	}
}

func TestClockThatWasAheadStopsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{}))
	p := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"}]}`)
	r.submit(r.intake(p, "t", ""))
	r.now += 3_600_000
	r.mustRound()
	r.now -= 3_600_000
	r.poll(1)
	r.mustRound() // leased; its worker dies
	for range 120 {
		r.now += 1000
		r.mustRound()
		if len(r.pub.Recalls) > 0 {
			return
		}
	}
	t.Error("two minutes later the lease of 30s still stands: time stands still until the clock has caught up")
}

func TestRestIsNoRefund(t *testing.T) {
	t.Parallel()
	r := newRig(t, one(work.Concurrency{Runs: 1}))
	rest := r.plan(`{"name":"r","steps":[{"name":"a","run":"t"},{"name":"w1","run":"wait","needs":["a"],"with":{"for":"1s"}},{"name":"b","run":"t","needs":["w1"]},
		{"name":"w2","run":"wait","needs":["b"],"with":{"for":"1s"}},{"name":"c","run":"t","needs":["w2"]}]}`)
	plain := r.plan(`{"name":"s","steps":[{"name":"a","run":"t"}]}`)
	for range 400 {
		in := r.intake(rest, "resting", "")
		in.Cost = 30
		r.submit(in)
		in = r.intake(plain, "plain", "")
		in.Cost = 10
		r.submit(in)
	}
	used := map[string]int{}
	for used["resting"]+used["plain"] < 300 {
		n := len(r.tasks)
		if r.core.Pollers() == 0 {
			r.poll(1)
		}
		r.mustRound()
		if len(r.tasks) == n {
			r.now += 500
			continue
		}
		if len(r.tasks) != n+1 {
			t.Fatal("two at once")
		}
		tk := r.tasks[n]
		r.now += 10_000
		used[tk.Tenant]++
		r.complete(tk)
		r.mustRound()
	}
	if d := used["resting"] - used["plain"]; d > 40 || d < -40 {
		t.Errorf("tenants of equal weight used %v times ten seconds", used)
	}
}

func TestPoolThatTakesNoneOfATypeHandsOutTheOthers(t *testing.T) {
	t.Parallel()
	set := one(work.Concurrency{})
	set.Pools = map[string]work.Pool{shard.DefaultPool: {Name: shard.DefaultPool, PerType: map[string]int{"gpu": 0}}}
	r := newRig(t, set)
	r.submit(r.intake(r.plan(`{"name":"x","steps":[{"name":"a","run":"gpu"},{"name":"b","run":"cpu"}]}`), "t", ""))
	r.poll(2)
	r.mustRound()
	if len(r.tasks) != 1 || r.tasks[0].Type != "cpu" {
		t.Errorf("tasks = %+v, want the one of type cpu", r.tasks)
	}
}

func TestPlaceInTheOrderOutlastsItsOwner(t *testing.T) {
	t.Parallel()
	plan := `{"name":"x","steps":[{"name":"a","run":"t"}]}`
	for _, tt := range []struct {
		name          string
		policy        queue.Policy
		want          string
		before, after func(*rig, *shard.Intake, *shard.Intake)
	}{
		{
			name: "what a tenant used", policy: "fair", want: "b",
			before: func(r *rig, a, b *shard.Intake) {
				r.submit(a, b, a, b)
				for _, seconds := range []int64{20, 1} {
					r.poll(1)
					r.mustRound()
					r.now += seconds * 1000
					r.complete(r.tasks[len(r.tasks)-1])
					r.mustRound()
				}
			},
		},
		{
			name: "since when a run waits", policy: "fifo", want: "b",
			before: func(r *rig, a, b *shard.Intake) {
				a.StartAt = r.now + 60_000
				r.submit(a)
				r.now += 30_000
				r.submit(b)
				r.now += 60_000
				r.mustRound()
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := one(work.Concurrency{})
			set.Queues["q"] = work.Queue{Name: "q", Policy: tt.policy}
			r := newRig(t, set)
			p := r.plan(plan)
			tt.before(r, r.intake(p, "a", ""), r.intake(p, "b", ""))
			r.core.Remember()
			r.mustRound()
			r.takeOver()
			r.tasks = nil
			r.poll(1)
			r.mustRound()
			if len(r.tasks) != 1 || r.tasks[0].Tenant != tt.want {
				t.Errorf("the next task is %+v, want one of tenant %s", r.tasks, tt.want)
			}
		})
	}
}

func TestStepsOfARunThatWaitsAgainKeepTheirSlots(t *testing.T) {
	t.Parallel()
	set := one(work.Concurrency{Runs: 1})
	set.Pools = map[string]work.Pool{shard.DefaultPool: {Name: shard.DefaultPool, Slots: 1}}
	r := newRig(t, set)
	two := r.plan(`{"name":"x","steps":[{"name":"a","run":"t"},{"name":"b","run":"t"}]}`)
	first := r.submit(r.intake(two, "t", ""))[0]
	r.poll(1)
	r.mustRound()
	other := map[string]string{"a": "b", "b": "a"}[r.tasks[0].Step]
	r.submit(r.intake(r.plan(`{"name":"y","steps":[{"name":"c","run":"t"}]}`), "u", ""))
	r.core.Control(shard.Order{Verb: shard.Reset, Run: first, Steps: []string{other}, Hold: true}, func(err error) {
		if err != nil {
			t.Errorf("Reset: %v", err)
		}
	})
	r.mustRound() // it is held, and one of its steps is in a worker's hands
	r.takeOver()
	r.poll(1)
	r.mustRound()
	if len(r.tasks) != 1 {
		t.Errorf("%d steps are executed in a pool of one slot", len(r.tasks))
	}
}
