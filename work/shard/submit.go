package shard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Intake is a submission that was read, checked and given a queue: all that
// can be done of it outside the shard's goroutine.
type Intake struct {
	Submission work.Submission
	Plan       *workflow.Plan
	Hash       store.Hash
	Canonical  []byte // the document to store; nil when it is stored already
	Workflow   string
	Version    int
	Params     json.RawMessage
	Labels     map[string]string
	Queue      string
	Priority   uint8
	Key        string
	Cost       float64
	Deadline   int64 // ms, 0 none
	StartAt    int64
	Hold       bool
}

// Submit takes runs. answer is called in Publish with one receipt for each.
func (c *Core) Submit(in []*Intake, answer func([]work.Receipt, error)) {
	known, err := c.known(in)
	if err != nil {
		c.answer(func(error) { answer(nil, fmt.Errorf("%w: %w", work.ErrBusy, err)) })
		return
	}
	receipts := make([]work.Receipt, len(in))
	for i, one := range in {
		receipts[i] = c.take(one, known)
	}
	c.answer(func(lost error) {
		if lost != nil {
			answer(nil, lost)
			return
		}
		for i := range receipts { // somebody else's shard may have had the key first
			if first, ok := c.round.duplicates[receipts[i].ID]; ok {
				receipts[i].ID, receipts[i].Duplicate = first, true
			}
			if slices.Contains(c.round.missing, receipts[i].ID) {
				receipts[i] = work.Receipt{Error: work.NewProblem(http.StatusServiceUnavailable, fmt.Errorf("%w: the run is not stored: submit it again", work.ErrBusy))}
			}
		}
		answer(receipts, nil)
	})
}

// known gives the stored runs that have the idempotency keys of what comes in.
func (c *Core) known(in []*Intake) (map[store.IdempotencyKey]workflow.RunID, error) {
	var keys []store.IdempotencyKey
	for _, one := range in {
		if k := one.key(); k.Key != "" {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return c.read.Idempotent(keys)
}

func (in *Intake) key() store.IdempotencyKey {
	return store.IdempotencyKey{Tenant: in.Submission.Tenant, Key: in.Submission.IdempotencyKey}
}

// take puts one run into its queue, or says why not.
func (c *Core) take(in *Intake, known map[store.IdempotencyKey]workflow.RunID) work.Receipt {
	if in.Submission.IdempotencyKey != "" {
		if id, ok := known[in.key()]; ok {
			return work.Receipt{ID: id, Duplicate: true}
		}
		if id, ok := c.round.keys[in.key()]; ok {
			return work.Receipt{ID: id, Duplicate: true}
		}
	}
	if p := c.refused(in); p != nil {
		return work.Receipt{Error: p}
	}
	r := c.create(in)
	if in.Submission.IdempotencyKey != "" {
		if c.round.keys == nil {
			c.round.keys = map[store.IdempotencyKey]workflow.RunID{}
		}
		c.round.keys[in.key()] = r.run.Meta.ID
	}
	c.round.bytes += len(in.Canonical) + len(in.Params)
	if in.Canonical != nil {
		c.round.documents = append(c.round.documents, store.Document{Hash: in.Hash, Body: in.Canonical})
	}
	c.touch(r)
	c.settle(r)
	return work.Receipt{ID: r.run.Meta.ID, Queue: in.Queue}
}

func (c *Core) refused(in *Intake) *work.Problem {
	q, ok := c.settings.Queues[in.Queue]
	switch {
	case !ok:
		return work.NewProblem(http.StatusNotFound, fmt.Errorf("%w: there is no queue %q", work.ErrNotFound, in.Queue))
	case q.Draining:
		return work.NewProblem(http.StatusConflict, fmt.Errorf("%w: queue %q is being drained and takes no runs", work.ErrConflict, in.Queue))
	}
	limit := c.settings.Tenants[in.Submission.Tenant].Quota.Queued
	if has := c.usage(in.Submission.Tenant).queued; limit > 0 && has >= limit {
		return work.NewProblem(http.StatusTooManyRequests,
			fmt.Errorf("%w: tenant %q has %d runs waiting, of %d allowed", work.ErrQuota, in.Submission.Tenant, has, limit))
	}
	return c.tooFast(in)
}

func (c *Core) create(in *Intake) *resident {
	s := in.Submission
	meta := machine.Meta{
		ID: c.nextID(), Tenant: s.Tenant, Queue: in.Queue, Priority: in.Priority, Labels: in.Labels, Params: in.Params,
		Created: c.now, Workflow: in.Workflow, Version: in.Version, Parent: s.Parent, ParentStep: machine.Ref{Node: s.ParentStep, Item: s.ParentItem},
	}
	run := machine.New(in.Plan, meta, &c.limits, c.now)
	if in.Deadline > 0 {
		run.State.DeadlineAt = in.Deadline
	}
	if in.Hold || in.StartAt > c.now {
		run.Hold(in.StartAt)
	}
	r := &resident{run: run, rec: store.Record{
		Meta: meta, Workflow: in.Workflow, Version: in.Version, Document: in.Hash, Shard: c.owner.Shard,
		Cost: in.Cost, Key: in.Key, Idempotency: s.IdempotencyKey, Deadline: in.Deadline,
	}}
	r.item = itemOf(&r.rec)
	c.runs[meta.ID] = r
	return r
}
