package shard_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// TestSubmissionsComeAsFastAsTheTenantMay submits at times, in milliseconds
// since the first, and looks which are taken.
func TestSubmissionsComeAsFastAsTheTenantMay(t *testing.T) {
	t.Parallel()
	type at struct {
		ms   int64
		wait time.Duration // 0 when it is taken
	}
	for _, c := range []struct {
		name  string
		quota work.Quota
		at    []at
	}{
		{"no limit", work.Quota{}, []at{{0, 0}, {0, 0}, {0, 0}}},
		{"one a second", work.Quota{Rate: 1}, []at{{0, 0}, {0, time.Second}, {999, time.Millisecond}, {1000, 0}, {1000, time.Second}}},
		{"a burst", work.Quota{Rate: 2, Burst: 3}, []at{{0, 0}, {0, 0}, {0, 0}, {0, 500 * time.Millisecond}, {500, 0}, {500, 500 * time.Millisecond}, {60_000, 0}, {60_000, 0}, {60_000, 0}, {60_000, 500 * time.Millisecond}}},
		{"by default as many at once as a second has", work.Quota{Rate: 2.5}, []at{{0, 0}, {0, 0}, {0, 0}, {0, 400 * time.Millisecond}}},
		{"less than one a second", work.Quota{Rate: 0.1}, []at{{0, 0}, {1000, 9 * time.Second}, {10_000, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core, in := newLimited(t, c.quota)
			for i, at := range c.at {
				core.Begin(start + at.ms)
				r := submitNext(t, core, in, "")
				var limit *work.RateError
				errors.As(problemOf(r), &limit)
				switch {
				case at.wait == 0 && r.Error != nil:
					t.Errorf("submission %d, at %d ms, is refused: %v", i, at.ms, r.Error)
				case at.wait != 0 && limit == nil:
					t.Errorf("submission %d, at %d ms, is answered %+v, want a refusal", i, at.ms, r)
				case at.wait != 0 && (limit.After != at.wait || r.Error.Status != 429):
					t.Errorf("submission %d, at %d ms, is refused with %d for %v, want 429 for %v", i, at.ms, r.Error.Status, limit.After, at.wait)
				}
			}
		})
	}
}

const start = 1_750_000_000_000

// newLimited is a shard whose tenant "t" has a quota.
func newLimited(t *testing.T, quota work.Quota) (*shard.Core, shard.Intake) {
	t.Helper()
	_, in := newCore(t)
	core := shard.New(store.Owner{Epoch: 1}, nothing{}, machine.Limits{}, &shard.Settings{
		Queues:  map[string]work.Queue{"q": {Name: "q", Policy: queue.FIFO}},
		Tenants: map[string]work.Tenant{"t": {Name: "t", Quota: quota}},
	})
	return core, *in
}

// submitNext submits in a round of its own.
func submitNext(t *testing.T, core *shard.Core, in shard.Intake, key string) work.Receipt {
	t.Helper()
	in.Submission.IdempotencyKey = key
	var receipt work.Receipt
	core.Submit([]*shard.Intake{&in}, func(r []work.Receipt, err error) {
		if err != nil {
			t.Fatal(err)
		}
		receipt = r[0]
	})
	core.Seal()
	core.Publish(store.Outcome{})
	return receipt
}

func problemOf(r work.Receipt) error {
	if r.Error == nil {
		return nil
	}
	return r.Error
}

func TestWhatWasThereAndWhatARunWorksForIsNotLimited(t *testing.T) {
	t.Parallel()
	core, in := newLimited(t, work.Quota{Rate: 1})
	core.Begin(start)
	other := in
	other.Submission.IdempotencyKey = "once"
	in.Submission.IdempotencyKey = "once"
	var receipts []work.Receipt
	core.Submit([]*shard.Intake{&in, &other}, func(r []work.Receipt, _ error) { receipts = r })
	core.Seal()
	core.Publish(store.Outcome{})
	if receipts[0].Error != nil || !receipts[1].Duplicate {
		t.Errorf("a submission and the same again are answered %+v", receipts)
	}
	in.Submission.Parent = workflow.RunID(1)
	for i := range 3 {
		if r := submitNext(t, core, in, "child-"+strconv.Itoa(i)); r.Error != nil {
			t.Errorf("sub-workflow %d is refused: %v", i, r.Error)
		}
	}
	in.Submission.Parent = 0
	in.Submission.Tenant = "another"
	if r := submitNext(t, core, in, ""); r.Error != nil {
		t.Errorf("a tenant without a limit is refused: %v", r.Error)
	}
}
