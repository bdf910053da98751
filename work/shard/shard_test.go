package shard_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// nothing is a store with nothing in it.
type nothing struct{}

func (nothing) Load([]workflow.RunID) ([]store.Record, error) { return nil, nil }
func (nothing) Plan(store.Hash) (*workflow.Plan, error)       { return nil, store.ErrNotFound }
func (nothing) Idempotent([]store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error) {
	return map[store.IdempotencyKey]workflow.RunID{}, nil
}

func newCore(t *testing.T) (*shard.Core, *shard.Intake) {
	t.Helper()
	plan, err := workflow.Load("document", []byte(`{"name":"x","steps":[{"name":"a","run":"t"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := shard.New(store.Owner{Epoch: 1}, nothing{}, machine.Limits{}, &shard.Settings{
		Queues: map[string]work.Queue{"q": {Name: "q"}},
	})
	c.Begin(1_750_000_000_000)
	return c, &shard.Intake{
		Submission: work.Submission{Tenant: "t", IdempotencyKey: "k"}, Plan: plan, Hash: plan.Hash(), Canonical: plan.Canonical(),
		Workflow: "x", Queue: "q", Cost: 1,
	}
}

func TestRoundThatWasNotWrittenIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	c, in := newCore(t)
	lost := errors.New("lost")
	var submitted, completed, controlled error
	c.Submit([]*shard.Intake{in}, func(_ []work.Receipt, err error) { submitted = err })
	c.Complete([]shard.Completion{{}}, func(errs []error) { completed = errs[0] })
	c.Do(func(*shard.Core) error { return nil }, func(err error) { controlled = err })
	if c.Seal() == nil {
		t.Fatal("there is nothing to write")
	}
	c.Abandon(lost)
	for what, err := range map[string]error{"submission": submitted, "result": completed, "news": controlled} {
		if !errors.Is(err, lost) {
			t.Errorf("the %s was answered %v", what, err)
		}
	}
}

func TestOneCallWithAKeyTwiceMakesOneRun(t *testing.T) {
	t.Parallel()
	c, in := newCore(t)
	second := *in
	var receipts []work.Receipt
	c.Submit([]*shard.Intake{in, &second}, func(r []work.Receipt, _ error) { receipts = r })
	b := c.Seal()
	if len(b.Inserts) != 1 {
		t.Fatalf("%d runs are written", len(b.Inserts))
	}
	c.Publish(store.Outcome{})
	if receipts[0].ID != receipts[1].ID || receipts[0].Duplicate || !receipts[1].Duplicate {
		t.Errorf("receipts are %+v", receipts)
	}
}

func TestQuietShardLeasesNothing(t *testing.T) {
	t.Parallel()
	c, in := newCore(t)
	var tasks []work.Task
	c.Poll(&shard.Poller{
		Worker: "w", Pool: shard.DefaultPool, Room: shard.NewRoom(1, nil), Max: 1, Standing: true, Deliver: func(t []work.Task) { tasks = t },
	})
	var once, whole []int
	c.Poll(&shard.Poller{
		Worker: "v", Pool: shard.DefaultPool, Room: shard.NewRoom(1, nil), Max: 1, Deliver: func(t []work.Task) { once = append(once, len(t)) },
	})
	c.PollRuns(&shard.RunPoller{Queue: "whole", Worker: "v", Max: 1, Deliver: func(r []shard.LeasedRun) { whole = append(whole, len(r)) }})
	c.Submit([]*shard.Intake{in}, func([]work.Receipt, error) {})
	c.Quiet(true)
	for range 2 {
		c.Seal()
		c.Publish(store.Outcome{})
	}
	if tasks != nil {
		t.Errorf("leased %v", tasks)
	}
	if want := []int{0}; !slices.Equal(once, want) || !slices.Equal(whole, want) {
		t.Errorf("those who ask once got %v and %v, want %v: nothing, and that once", once, whole, want)
	}
	c.Quiet(false)
	c.Seal()
	c.Publish(store.Outcome{})
	if len(tasks) != 1 {
		t.Errorf("leased %v once it is no longer quiet", tasks)
	}
}

func TestRoundThatWasNotWrittenSaysNothingElse(t *testing.T) {
	t.Parallel()
	c, _ := newCore(t)
	lost := errors.New("lost")
	var told error
	c.Do(func(c *shard.Core) error { return c.Remind(1) }, func(err error) { told = err })
	c.Abandon(lost)
	if !errors.Is(told, lost) || errors.Is(told, work.ErrNotFound) {
		t.Errorf("the answer is %v, want only that the round was lost", told)
	}
}
