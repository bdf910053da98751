package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

var errDisk = errors.New("the disk does not answer")

// disk is the store of one history: what is on it is durable. It keeps the
// promises of package store and nothing more.
type disk struct {
	w         *world
	epoch     uint64
	seq       uint64
	holder    *node
	until     int64
	last      workflow.RunID
	rows      map[workflow.RunID]*row
	gone      map[workflow.RunID]bool // deleted
	keys      map[store.IdempotencyKey]workflow.RunID
	elsewhere map[store.IdempotencyKey]workflow.RunID // keys another shard had first
	plans     map[store.Hash]*workflow.Plan
	places    places
	down      bool // reads fail
}

func newDisk(w *world) *disk {
	return &disk{
		w: w, rows: map[workflow.RunID]*row{}, gone: map[workflow.RunID]bool{}, keys: map[store.IdempotencyKey]workflow.RunID{},
		elsewhere: map[store.IdempotencyKey]workflow.RunID{}, plans: map[store.Hash]*workflow.Plan{}, places: newPlaces(),
	}
}

// acquire takes the shard if its lease ran out.
func (d *disk) acquire(n *node, now int64) (store.Owner, bool) {
	if d.holder != nil && d.holder != n && now < d.until {
		return store.Owner{}, false
	}
	d.holder, d.until = n, now+ownership
	d.epoch++
	return store.Owner{Node: n.name, Epoch: d.epoch, Seq: d.seq}, true
}

// flush writes a batch that was made under some settings, or finds that it was
// written before.
func (d *disk) flush(b *store.Batch, s *shard.Settings) (store.Outcome, error) {
	switch {
	case b.Owner.Epoch != d.epoch:
		return store.Outcome{}, store.ErrNotOwner
	case b.Seq == d.seq:
		return d.duplicates(b), nil
	case b.Seq != d.seq+1:
		return store.Outcome{}, store.ErrGap
	}
	d.seq = b.Seq
	d.race(b)
	out := d.duplicates(b)
	var touched []*row
	for i := range b.Inserts {
		if _, ok := out.Duplicates[b.Inserts[i].Meta.ID]; ok {
			continue
		}
		r, err := d.insert(&b.Inserts[i])
		if err != nil {
			return out, err
		}
		touched = append(touched, r)
	}
	for i := range b.Updates {
		if r := d.update(&b.Updates[i]); r != nil {
			touched = append(touched, r)
		}
	}
	d.outputs(b)
	if err := d.events(b); err != nil {
		return out, err
	}
	if err := d.judge(touched, s); err != nil {
		return out, err
	}
	d.deletes(b)
	return out, nil
}

// race lets another shard have a client's key first, now and then.
func (d *disk) race(b *store.Batch) {
	for i := range b.Inserts {
		in := &b.Inserts[i]
		key := store.IdempotencyKey{Tenant: in.Meta.Tenant, Key: in.Idempotency}
		if in.Meta.Parent == 0 && in.Idempotency != "" && d.keys[key] == 0 && d.w.trouble(5) {
			d.elsewhere[key] = workflow.MakeRunID(d.w.now, 1, len(d.elsewhere))
		}
	}
}

func (d *disk) duplicates(b *store.Batch) (out store.Outcome) {
	for i := range b.Inserts {
		in := &b.Inserts[i]
		first := d.elsewhere[store.IdempotencyKey{Tenant: in.Meta.Tenant, Key: in.Idempotency}]
		if first == 0 {
			continue
		}
		if out.Duplicates == nil {
			out.Duplicates = map[workflow.RunID]workflow.RunID{}
		}
		out.Duplicates[in.Meta.ID] = first
	}
	return out
}

func (d *disk) insert(in *store.Record) (*row, error) {
	id := in.Meta.ID
	if d.rows[id] != nil || d.gone[id] {
		return nil, fmt.Errorf("run id %v is given twice", id)
	}
	if in.Idempotency != "" {
		key := store.IdempotencyKey{Tenant: in.Meta.Tenant, Key: in.Idempotency}
		if first, ok := d.keys[key]; ok {
			return nil, fmt.Errorf("key %v has runs %v and %v", key, first, id)
		}
		d.keys[key] = id
	}
	r := &row{Record: *in}
	r.State = slices.Clone(in.State)
	d.rows[id], d.last = r, max(d.last, id)
	return r, nil
}

// update changes a row. One that was deleted, or never written, is none.
func (d *disk) update(u *store.Update) *row {
	r := d.rows[u.ID]
	if r == nil {
		return nil
	}
	r.was = r.Status
	r.Status, r.Paused, r.Tag, r.WakeAt, r.Failure = u.Status, u.Paused, u.Tag, u.WakeAt, u.Failure
	r.Started, r.Finished, r.Meta.Queue, r.Meta.Priority = u.Started, u.Finished, u.Queue, u.Priority
	r.Deadline, r.Enqueued = u.Deadline, u.Enqueued
	r.State = slices.Clone(u.State)
	return r
}

func (d *disk) outputs(b *store.Batch) {
	drop := func(id workflow.RunID, node, item int32) *row {
		r := d.rows[id]
		if r != nil {
			r.Outputs = slices.DeleteFunc(r.Outputs, func(have store.Output) bool { return have.Node == node && have.Item == item })
		}
		return r
	}
	for _, o := range b.Outputs {
		if r := drop(o.Run, o.Node, o.Item); r != nil {
			r.Outputs = append(r.Outputs, o)
		}
	}
	for _, k := range b.DropOutputs {
		drop(k.Run, k.Node, k.Item)
	}
}

func (d *disk) deletes(b *store.Batch) {
	for _, id := range b.Delete {
		r := d.rows[id]
		if r == nil || !r.Status.Final() {
			continue
		}
		delete(d.rows, id)
		delete(d.keys, store.IdempotencyKey{Tenant: r.Meta.Tenant, Key: r.Idempotency})
		d.gone[id] = true
	}
}

// Load implements shard.Reader.
func (d *disk) Load(ids []workflow.RunID) ([]store.Record, error) {
	if d.down {
		return nil, errDisk
	}
	var recs []store.Record
	for _, id := range ids {
		if r := d.rows[id]; r != nil {
			one := r.Record
			one.State, one.Outputs = slices.Clone(r.State), slices.Clone(r.Outputs)
			recs = append(recs, one)
		}
	}
	return recs, nil
}

// Plan implements shard.Reader.
func (d *disk) Plan(h store.Hash) (*workflow.Plan, error) {
	if d.down {
		return nil, errDisk
	}
	return d.plans[h], nil
}

// Idempotent implements shard.Reader.
func (d *disk) Idempotent(keys []store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error) {
	if d.down {
		return nil, errDisk
	}
	found := map[store.IdempotencyKey]workflow.RunID{}
	for _, k := range keys {
		if id := max(d.keys[k], d.elsewhere[k]); id != 0 {
			found[k] = id
		}
	}
	return found, nil
}

// ids lists what is stored, in order.
func (d *disk) ids() []workflow.RunID {
	ids := make([]workflow.RunID, 0, len(d.rows))
	for id := range d.rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// live gives the rows a new owner reads.
func (d *disk) live() (waiting []store.Waiting, started []store.Record) {
	for _, id := range d.ids() {
		r := d.rows[id]
		switch r.Status {
		case machine.Running:
			one, _ := d.Load([]workflow.RunID{id})
			started = append(started, one...)
		case machine.Queued, machine.Held:
			waiting = append(waiting, store.Waiting{
				ID: id, Tenant: r.Meta.Tenant, Queue: r.Meta.Queue, Key: r.Key, Priority: r.Meta.Priority, Status: r.Status,
				Paused: r.Paused, Tag: r.Tag, Cost: r.Cost, Created: r.Meta.Created,
				Enqueued: r.Enqueued, Deadline: r.Deadline, WakeAt: r.WakeAt, Started: r.Started,
			})
		}
	}
	return waiting, started
}
