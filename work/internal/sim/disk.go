package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

var errDisk = errors.New("the disk does not answer")

// disk is the store of one history: what is on it is durable. It keeps the
// promises of package store and nothing more.
type disk struct {
	w       *world
	epoch   uint64
	seq     uint64
	holder  *node
	until   int64
	rows    map[workflow.RunID]*store.Record
	keys    map[store.IdempotencyKey]workflow.RunID
	plans   map[store.Hash]*workflow.Plan
	events  map[workflow.RunID]int // events of final states, by run
	running map[string]int         // runs that run, by tenant
	leased  map[workflow.RunID]int // steps that are leased, by run
	down    bool                   // reads fail
}

func newDisk(w *world) *disk {
	return &disk{
		w: w, rows: map[workflow.RunID]*store.Record{}, keys: map[store.IdempotencyKey]workflow.RunID{},
		plans: map[store.Hash]*workflow.Plan{}, events: map[workflow.RunID]int{}, running: map[string]int{},
		leased: map[workflow.RunID]int{},
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

// flush writes a batch, or finds that it was written before.
func (d *disk) flush(b *store.Batch) (store.Outcome, error) {
	switch {
	case b.Owner.Epoch != d.epoch:
		return store.Outcome{}, store.ErrNotOwner
	case b.Seq == d.seq:
		return store.Outcome{}, nil
	case b.Seq != d.seq+1:
		return store.Outcome{}, store.ErrGap
	}
	d.seq = b.Seq
	for _, in := range b.Inserts {
		if err := d.insert(in); err != nil {
			return store.Outcome{}, err
		}
	}
	for _, u := range b.Updates {
		if err := d.update(u); err != nil {
			return store.Outcome{}, err
		}
	}
	for _, o := range b.Outputs {
		rec := d.rows[o.Run]
		rec.Outputs = slices.DeleteFunc(rec.Outputs, func(have store.Output) bool { return have.Node == o.Node && have.Item == o.Item })
		rec.Outputs = append(rec.Outputs, o)
	}
	for _, e := range b.Events {
		if _, ok := d.rows[e.Run]; !ok {
			return store.Outcome{}, fmt.Errorf("event of run %v, which is not stored", e.Run)
		}
		if d.events[e.Run]++; d.events[e.Run] > 1 && !d.w.resets[e.Run] {
			return store.Outcome{}, fmt.Errorf("run %v has %d events of its end", e.Run, d.events[e.Run])
		}
	}
	leased := 0
	for _, n := range d.leased {
		leased += n
	}
	if leased > poolSlots {
		return store.Outcome{}, fmt.Errorf("%d steps are leased, of %d slots", leased, poolSlots)
	}
	for tenant, n := range d.running {
		if n > tenantCap && !d.w.resting {
			return store.Outcome{}, fmt.Errorf("tenant %s has %d runs running, of %d allowed", tenant, n, tenantCap)
		}
	}
	return store.Outcome{}, nil
}

func (d *disk) insert(in store.Record) error {
	id := in.Meta.ID
	if d.rows[id] != nil {
		return fmt.Errorf("run id %v is given twice", id)
	}
	if in.Idempotency != "" {
		key := store.IdempotencyKey{Tenant: in.Meta.Tenant, Key: in.Idempotency}
		if first, ok := d.keys[key]; ok {
			return fmt.Errorf("key %v has runs %v and %v", key, first, id)
		}
		d.keys[key] = id
	}
	rec := in
	rec.State = slices.Clone(in.State)
	d.rows[id] = &rec
	return d.changed(&rec, 0, nil)
}

func (d *disk) update(u store.Update) error {
	rec := d.rows[u.ID]
	if rec == nil {
		return fmt.Errorf("update of run %v, which is not stored", u.ID)
	}
	was, before := rec.Status, rec.State
	rec.Status, rec.Paused, rec.Tag, rec.WakeAt, rec.Failure = u.Status, u.Paused, u.Tag, u.WakeAt, u.Failure
	rec.Started, rec.Finished, rec.Meta.Queue, rec.Meta.Priority = u.Started, u.Finished, u.Queue, u.Priority
	rec.State = slices.Clone(u.State)
	return d.changed(rec, was, before)
}

// changed holds what must be true of a row after each change.
func (d *disk) changed(rec *store.Record, was machine.Status, before []byte) error {
	if was == machine.Running && rec.Status != machine.Running {
		d.running[rec.Meta.Tenant]--
	}
	if was != machine.Running && rec.Status == machine.Running {
		d.running[rec.Meta.Tenant]++
	}
	if was.Final() && was != 0 && rec.Status != was && !d.w.resets[rec.Meta.ID] {
		return fmt.Errorf("run %v was %v and is %v", rec.Meta.ID, was, rec.Status)
	}
	return d.w.judge(rec, before)
}

// Load implements shard.Reader.
func (d *disk) Load(ids []workflow.RunID) ([]store.Record, error) {
	if d.down {
		return nil, errDisk
	}
	var recs []store.Record
	for _, id := range ids {
		if rec := d.rows[id]; rec != nil {
			one := *rec
			one.State, one.Outputs = slices.Clone(rec.State), slices.Clone(rec.Outputs)
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
		if id, ok := d.keys[k]; ok {
			found[k] = id
		}
	}
	return found, nil
}

// live gives the rows a new owner reads.
func (d *disk) live() (waiting []store.Waiting, started []store.Record) {
	ids := make([]workflow.RunID, 0, len(d.rows))
	for id := range d.rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		rec := d.rows[id]
		switch rec.Status {
		case machine.Running:
			one, _ := d.Load([]workflow.RunID{id})
			started = append(started, one...)
		case machine.Queued, machine.Held:
			waiting = append(waiting, store.Waiting{
				ID: id, Tenant: rec.Meta.Tenant, Queue: rec.Meta.Queue, Key: rec.Key, Priority: rec.Meta.Priority, Status: rec.Status,
				Paused: rec.Paused, Tag: rec.Tag, Cost: rec.Cost, Created: rec.Meta.Created, Deadline: rec.Deadline, WakeAt: rec.WakeAt,
			})
		}
	}
	return waiting, started
}
