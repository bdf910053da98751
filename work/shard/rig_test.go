package shard_test

import (
	"context"
	"errors"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// rig is a core with a store, of which each round is written at once.
type rig struct {
	t     *testing.T
	db    *memory.Database
	st    *memory.Store
	now   int64
	core  *shard.Core
	owner store.Owner
	set   *shard.Settings
	plans map[store.Hash]*workflow.Plan
	tasks []work.Task
	pub   shard.Published
	bad   map[workflow.RunID]bool
	down  bool // the store does not answer reads
}

var errDown = errors.New("the store does not answer")

func (r *rig) Load(ids []workflow.RunID) ([]store.Record, error) {
	if r.down {
		return nil, errDown
	}
	recs, err := r.st.Load(context.Background(), ids)
	for i := range recs {
		if r.bad[recs[i].Meta.ID] {
			recs[i].State = []byte{9, 9}
		}
	}
	return recs, err
}

func (r *rig) Plan(h store.Hash) (*workflow.Plan, error) {
	if p := r.plans[h]; p != nil {
		return p, nil
	}
	return nil, store.ErrNotFound
}

func (r *rig) Idempotent(k []store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error) {
	return r.st.Idempotent(context.Background(), k)
}

func newRig(t *testing.T, set *shard.Settings) *rig {
	t.Helper()
	r := &rig{t: t, now: 1_750_000_000_000, set: set, plans: map[store.Hash]*workflow.Plan{}, bad: map[workflow.RunID]bool{}}
	r.db = memory.New(func() store.Millis { return r.now })
	r.st = r.db.Open(nil)
	r.takeOver()
	return r
}

func (r *rig) takeOver() {
	r.t.Helper()
	o, err := r.st.Acquire(context.Background(), 0, "n", "", 10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	r.owner = o
	r.core = shard.New(o, r, machine.Limits{}, r.set)
	r.core.Begin(r.now)
	ledgers, err := r.st.Ledgers(context.Background(), 0)
	if err == nil {
		err = r.core.Recall(ledgers)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if newest, _, _ := r.st.List(context.Background(), store.Filter{}, "", 1); len(newest) > 0 {
		r.core.Resume(newest[0].ID)
	}
	ws, _ := r.st.Queued(context.Background(), 0, 0, 1_000_000)
	if err := r.core.Waiting(ws); err != nil {
		r.t.Fatal(err)
	}
	recs, _ := r.st.Started(context.Background(), 0, 0, 1_000_000)
	if err := r.core.Started(recs); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) round() error {
	r.core.Begin(r.now)
	werr := r.core.Wake()
	b := r.core.Seal()
	var out store.Outcome
	if b != nil {
		var err error
		if out, err = r.st.Flush(context.Background(), b); err != nil {
			return err
		}
	}
	r.pub = r.core.Publish(out)
	return werr
}

func (r *rig) mustRound() {
	r.t.Helper()
	if err := r.round(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) poll(n int) {
	r.core.Poll(&shard.Poller{Worker: "w", Pool: shard.DefaultPool, Room: shard.NewRoom(n, nil), Max: n, Deliver: func(t []work.Task) { r.tasks = append(r.tasks, t...) }})
}

func (r *rig) plan(text string) *workflow.Plan {
	r.t.Helper()
	p, err := workflow.Load("document", []byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	r.plans[p.Hash()] = p
	return p
}

func (r *rig) intake(p *workflow.Plan, tenant, key string) *shard.Intake {
	return &shard.Intake{
		Submission: work.Submission{Tenant: tenant}, Plan: p, Hash: p.Hash(), Canonical: p.Canonical(), Workflow: "x", Queue: "q", Cost: 1, Key: key, Priority: 5,
	}
}

func (r *rig) submit(in ...*shard.Intake) []workflow.RunID {
	r.t.Helper()
	var ids []workflow.RunID
	r.core.Submit(in, func(rs []work.Receipt, err error) {
		if err != nil {
			r.t.Fatal(err)
		}
		for _, one := range rs {
			if one.Error != nil {
				r.t.Fatal(one.Error)
			}
			ids = append(ids, one.ID)
		}
	})
	r.mustRound()
	return ids
}

func (r *rig) complete(t work.Task) {
	r.core.Begin(r.now)
	r.core.Complete([]shard.Completion{{Held: shard.Held{Run: t.Run, Step: t.Step, Item: t.Item, Fence: t.Fence}, Result: work.Result{}}}, func(errs []error) {
		if errs[0] != nil {
			r.t.Fatal(errs[0])
		}
	})
}

func (r *rig) status(id workflow.RunID) machine.Status {
	recs, _ := r.st.Load(context.Background(), []workflow.RunID{id})
	if len(recs) == 0 {
		return 0
	}
	return recs[0].Status
}

func one(c work.Concurrency) *shard.Settings {
	return &shard.Settings{Queues: map[string]work.Queue{"q": {Name: "q", Concurrency: c}}}
}
