package shard

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// resident gives a run, from memory or the store; nil when there is none.
func (c *Core) resident(id workflow.RunID) (*resident, error) {
	if err := c.damaged[id]; err != nil {
		return nil, err
	}
	rs, err := c.residents([]workflow.RunID{id})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", work.ErrBusy, err)
	case c.damaged[id] != nil:
		return nil, c.damaged[id]
	case len(rs) == 0:
		return nil, nil
	}
	return rs[0], nil
}

// residents gives runs, reading those that are not in memory in one call, in
// the order they were asked for. Those that cannot be read are set aside. The
// error is the store's: then those are given that are in memory.
func (c *Core) residents(ids []workflow.RunID) ([]*resident, error) {
	var absent []workflow.RunID
	for _, id := range ids {
		if c.runs[id] == nil && Place(id) == c.owner.Shard && c.damaged[id] == nil && !slices.Contains(c.round.deleted, id) {
			absent = append(absent, id)
		}
	}
	err := c.fetch(absent)
	rs := make([]*resident, 0, len(ids))
	for _, id := range ids {
		if r := c.runs[id]; r != nil {
			rs = append(rs, r)
		}
	}
	return rs, err
}

func (c *Core) fetch(ids []workflow.RunID) error {
	if len(ids) == 0 {
		return nil
	}
	recs, err := c.read.Load(ids)
	if err != nil {
		c.again = c.now + pause
		return fmt.Errorf("read %d runs: %w", len(ids), err)
	}
	for i := range recs {
		if _, err := c.admit(&recs[i]); err != nil {
			c.again = c.now + pause
			return err
		}
	}
	return nil
}

// setAside keeps a run that cannot be read from holding up the others.
func (c *Core) setAside(id workflow.RunID, why error) {
	c.damaged[id] = fmt.Errorf("%w: run %v %w: %w: restore its row from a backup, then restart the engine", work.ErrConflict, id, ErrDamaged, why)
	c.order.Remove(uint64(id)) // it may have no place
	c.timers.set(id, 0)
	c.again = c.now // whoever was behind it has its turn now
	c.round.out.Damaged = append(c.round.out.Damaged, Damaged{Run: id, Err: why})
}

// admit takes a stored run into memory; nil says that it was set aside. What
// waits for it in the order is counted already, by Restore.
func (c *Core) admit(rec *store.Record) (*resident, error) {
	plan, err := c.read.Plan(rec.Document)
	switch {
	case errors.Is(err, ErrDamaged):
		c.setAside(rec.Meta.ID, fmt.Errorf("its document: %w", err))
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the document of run %v: %w", rec.Meta.ID, err)
	}
	run, err := machine.Load(plan, rec.Meta, &c.limits, rec.State)
	if err != nil {
		c.setAside(rec.Meta.ID, fmt.Errorf("its state: %w", err))
		return nil, nil
	}
	for _, o := range rec.Outputs {
		run.SetExternal(machine.Ref{Node: o.Node, Item: o.Item}, o.Body)
	}
	r := &resident{run: run, rec: *rec, stored: true, tag: rec.Tag, status: run.State.Status}
	r.waiting = rec.Status == machine.Queued && !rec.Paused // Waiting has restored its place
	r.rec.State, r.rec.Outputs = nil, nil
	r.item = itemOf(&r.rec)
	c.runs[rec.Meta.ID] = r
	c.round.read = append(c.round.read, r)
	c.adopt(r)
	if waits(rec.Status) { // a reset queued it again while steps of it were executed
		c.reclaim(r)
		c.settle(r)
	}
	return r, nil
}

// adopt has the parent of a sub-workflow asked whether it still waits for it.
// A parent that stopped waiting says so once; an owner that is gone may not
// have passed it on.
func (c *Core) adopt(r *resident) {
	meta := &r.run.Meta
	if meta.Parent == 0 || r.status.Final() || !strings.HasPrefix(r.rec.Idempotency, meta.Parent.String()) {
		return
	}
	c.round.out.Adopted = append(c.round.out.Adopted, Adopted{
		Run: meta.ID, Parent: meta.Parent, Ref: meta.ParentStep, Key: r.rec.Idempotency,
	})
	c.round.urgent = true
}

// itemOf is what the order needs to know of a run.
func itemOf(rec *store.Record) queue.Item {
	return queue.Item{
		ID: uint64(rec.Meta.ID), Tenant: rec.Meta.Tenant, Priority: rec.Meta.Priority,
		Key: rec.Key, Cost: rec.Cost, Enqueued: or(rec.Enqueued, rec.Meta.Created), Deadline: rec.Deadline, Tag: rec.Tag,
	}
}
