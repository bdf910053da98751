package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Flush implements [store.Store].
func (s *Store) Flush(ctx context.Context, b *store.Batch) (out store.Outcome, err error) {
	err = s.write(ctx, func(d *Database) error {
		f := flush{Database: d, b: b, duplicates: map[workflow.RunID]workflow.RunID{}}
		err := f.write()
		out.Duplicates, out.Missing = f.duplicates, f.missing
		return err
	})
	if err != nil {
		return store.Outcome{}, fmt.Errorf("flush batch %d of shard %d: %w", b.Seq, b.Owner.Shard, err)
	}
	return out, nil
}

type flush struct {
	*Database
	b          *store.Batch
	final      int
	duplicates map[workflow.RunID]workflow.RunID
	missing    []workflow.RunID
}

// write checks everything, then changes everything.
func (f *flush) write() error {
	o := f.owner(f.b.Owner.Shard)
	switch {
	case o.Epoch == 0 || o.Epoch != f.b.Owner.Epoch:
		return fmt.Errorf("epoch %d, not %d: %w", o.Epoch, f.b.Owner.Epoch, store.ErrNotOwner)
	case o.Seq == f.b.Seq:
		f.findDuplicates()
		f.findMissing()
		return nil
	case o.Seq+1 != f.b.Seq:
		return fmt.Errorf("behind batch %d: %w", o.Seq, store.ErrGap)
	}
	if err := f.check(); err != nil {
		return err
	}
	o.Seq = f.b.Seq
	f.owners[f.b.Owner.Shard] = o
	for _, part := range []func(){f.inserts, f.updates, f.outputs, f.entries, f.outbox, f.ledger, f.findMissing, f.deletes} {
		part()
	}
	return nil
}

// findMissing finds what the batch inserts or updates and is not there.
func (f *flush) findMissing() {
	look := func(id workflow.RunID) {
		if r := f.runs[id]; (r == nil || r.Shard != f.b.Owner.Shard) && !f.duplicate(id) && !slices.Contains(f.b.Delete, id) {
			f.missing = append(f.missing, id)
		}
	}
	for i := range f.b.Inserts {
		look(f.b.Inserts[i].Meta.ID)
	}
	for i := range f.b.Updates {
		look(f.b.Updates[i].ID)
	}
}

// findDuplicates finds the inserts whose keys other runs have, of before or of
// the same batch.
func (f *flush) findDuplicates() {
	taken := map[store.IdempotencyKey]workflow.RunID{}
	for i := range f.b.Inserts {
		r := &f.b.Inserts[i]
		if r.Idempotency == "" {
			continue
		}
		key := store.IdempotencyKey{Tenant: r.Meta.Tenant, Key: r.Idempotency}
		id, ok := f.keys[key]
		if !ok {
			id, ok = taken[key]
		}
		switch {
		case !ok:
			taken[key] = r.Meta.ID
		case id != r.Meta.ID:
			f.duplicates[r.Meta.ID] = id
		}
	}
}

func (f *flush) check() error {
	final := 0
	for i := range f.b.Inserts {
		if f.b.Inserts[i].Status.Final() {
			final++
		}
	}
	if _, err := tables.PlaceOf(f.b.Seq, final+len(f.b.Updates)); err != nil {
		return err
	}
	f.findDuplicates()
	brought := map[store.Hash]bool{}
	for _, doc := range f.b.Documents {
		brought[doc.Hash] = true
	}
	seen := map[workflow.RunID]bool{}
	for i := range f.b.Inserts {
		r := &f.b.Inserts[i]
		if f.duplicate(r.Meta.ID) {
			continue
		}
		if f.runs[r.Meta.ID] != nil || seen[r.Meta.ID] {
			return fmt.Errorf("run %v: %w", r.Meta.ID, store.ErrExists)
		}
		seen[r.Meta.ID] = true
		if _, ok := f.documents[r.Document]; !ok && !brought[r.Document] {
			return fmt.Errorf("run %v: document %x: %w", r.Meta.ID, r.Document[:6], store.ErrNotFound)
		}
	}
	return nil
}

func (f *flush) duplicate(id workflow.RunID) bool {
	_, ok := f.duplicates[id]
	return ok
}

func (f *flush) inserts() {
	for _, doc := range f.b.Documents {
		if _, ok := f.documents[doc.Hash]; !ok {
			f.documents[doc.Hash] = bytes.Clone(doc.Body)
		}
	}
	for i := range f.b.Inserts {
		r := f.b.Inserts[i]
		if f.duplicate(r.Meta.ID) {
			continue
		}
		kept := &run{Record: r, outputs: map[store.OutputKey][]byte{}, logs: map[int64]store.Chunk{}}
		kept.Shard = f.b.Owner.Shard
		kept.State, kept.Outputs = bytes.Clone(r.State), nil
		kept.Meta.Labels, kept.Meta.Params = maps.Clone(r.Meta.Labels), bytes.Clone(r.Meta.Params)
		kept.Meta.Workflow, kept.Meta.Version = r.Workflow, r.Version
		f.settle(kept)
		f.runs[r.Meta.ID] = kept
		at, _ := slices.BinarySearch(f.order, r.Meta.ID)
		f.order = slices.Insert(f.order, at, r.Meta.ID)
		if r.Idempotency != "" {
			f.keys[store.IdempotencyKey{Tenant: r.Meta.Tenant, Key: r.Idempotency}] = r.Meta.ID
		}
		f.put(r.Outputs)
	}
}

// settle gives a run that became final its place.
func (f *flush) settle(r *run) {
	r.place = tables.Place(0)
	if r.Status.Final() {
		r.place, _ = tables.PlaceOf(f.b.Seq, f.final) // it was checked
		f.final++
	}
}

func (f *flush) updates() {
	for i := range f.b.Updates {
		u := &f.b.Updates[i]
		r := f.runs[u.ID]
		if r == nil || r.Shard != f.b.Owner.Shard {
			continue
		}
		was, finished := r.Status, r.Finished
		r.Status, r.Paused, r.Meta.Priority, r.Meta.Queue, r.Tag = u.Status, u.Paused, u.Priority, u.Queue, u.Tag
		r.Deadline, r.Enqueued = u.Deadline, u.Enqueued
		r.WakeAt, r.Started, r.Finished, r.Failure, r.State = u.WakeAt, u.Started, u.Finished, u.Failure, bytes.Clone(u.State)
		if !was.Final() || was != r.Status || finished != r.Finished {
			f.settle(r)
		}
	}
}

func (f *flush) outputs() {
	f.put(f.b.Outputs)
	for _, k := range f.b.DropOutputs {
		if r := f.runs[k.Run]; r != nil {
			delete(r.outputs, k)
		}
	}
}

func (f *flush) put(list []store.Output) {
	for _, o := range list {
		if r := f.runs[o.Run]; r != nil {
			r.outputs[store.OutputKey{Run: o.Run, Node: o.Node, Item: o.Item}] = bytes.Clone(o.Body)
		}
	}
}

// entries writes history and logs.
func (f *flush) entries() {
	told := make(map[workflow.RunID][]machine.Entry)
	for _, h := range f.b.History {
		e := h.Entry
		e.Detail = bytes.Clone(e.Detail)
		told[h.Run] = append(told[h.Run], e)
	}
	for id, list := range told {
		if r := f.runs[id]; r != nil {
			r.history = slices.Concat(r.history, list)
		}
	}
	for _, c := range f.b.Logs {
		if r := f.runs[c.Run]; r != nil {
			c.Text = bytes.Clone(c.Text)
			r.logs[c.Seq] = c
		}
	}
}

func (f *flush) outbox() {
	shard := f.b.Owner.Shard
	for _, e := range f.b.Events {
		k := eventKey{shard, e.ID}
		if _, there := f.events[k]; there || e.Run != 0 && f.runs[e.Run] == nil {
			continue
		}
		e.Shard, e.Body = shard, bytes.Clone(e.Body)
		f.events[k] = e
	}
	for _, a := range f.b.Acks {
		k := eventKey{shard, a.ID}
		e, there := f.events[k]
		switch {
		case !there:
		case a.Delivered || a.Drop && e.Dead != 0:
			delete(f.events, k)
		case a.Drop:
		default:
			e.Try, e.NextAt, e.Dead, e.Error = a.Try, a.NextAt, a.Dead, a.Error
			f.events[k] = e
		}
	}
}

func (f *flush) ledger() {
	for _, l := range f.b.Ledgers {
		k := ledgerKey{f.b.Owner.Shard, l.Queue}
		if l.Body == nil {
			delete(f.ledgers, k)
		} else {
			f.ledgers[k] = bytes.Clone(l.Body)
		}
	}
}

func (f *flush) deletes() {
	for _, id := range f.b.Delete {
		r := f.runs[id]
		if r == nil || r.Shard != f.b.Owner.Shard || !r.Status.Final() {
			continue
		}
		delete(f.runs, id)
		if at, ok := slices.BinarySearch(f.order, id); ok {
			f.order = slices.Delete(f.order, at, at+1)
		}
		if r.Idempotency != "" {
			delete(f.keys, store.IdempotencyKey{Tenant: r.Meta.Tenant, Key: r.Idempotency})
		}
	}
}

// waits reports whether a run is not picked yet.
func (r *run) waits() bool { return r.Status == machine.Held || r.Status == machine.Queued }
