package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// behind gives the runs of a shard behind one that pass, by id, up to limit.
func (d *Database) behind(shard int, after workflow.RunID, limit int, pass func(*run) bool) []*run {
	var list []*run
	at, _ := slices.BinarySearch(d.order, after+1)
	for _, id := range d.order[at:] {
		if len(list) >= limit {
			break
		}
		if r := d.runs[id]; r.Shard == shard && pass(r) {
			list = append(list, r)
		}
	}
	return list
}

// Queued implements [store.Store].
func (s *Store) Queued(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Waiting, error) {
	return read(ctx, s, func(d *Database) ([]store.Waiting, error) {
		var list []store.Waiting
		for _, r := range d.behind(shard, after, limit, (*run).waits) {
			list = append(list, store.Waiting{
				ID: r.Meta.ID, Tenant: r.Meta.Tenant, Queue: r.Meta.Queue, Key: r.Key, Priority: r.Meta.Priority, Status: r.Status,
				Paused: r.Paused, Tag: r.Tag, Cost: r.Cost, Created: r.Meta.Created, Enqueued: r.Enqueued, Deadline: r.Deadline,
				WakeAt: r.WakeAt, Started: r.Started,
			})
		}
		return list, nil
	})
}

// Started implements [store.Store].
func (s *Store) Started(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Record, error) {
	return read(ctx, s, func(d *Database) ([]store.Record, error) {
		var list []store.Record
		for _, r := range d.behind(shard, after, limit, func(r *run) bool { return r.Status == machine.Running }) {
			list = append(list, r.whole())
		}
		return list, nil
	})
}

// whole is a run as its reader may have it: nothing in it changes later.
func (r *run) whole() store.Record {
	rec := r.Record
	rec.Meta.Labels = maps.Clone(r.Meta.Labels)
	rec.Outputs = nil
	for k, body := range r.outputs {
		rec.Outputs = append(rec.Outputs, store.Output{Run: k.Run, Node: k.Node, Item: k.Item, Body: body})
	}
	slices.SortFunc(rec.Outputs, func(a, b store.Output) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Item, b.Item)) })
	return rec
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, ids []workflow.RunID) ([]store.Record, error) {
	return read(ctx, s, func(d *Database) ([]store.Record, error) {
		var list []store.Record
		for _, id := range ids {
			if r := d.runs[id]; r != nil {
				list = append(list, r.whole())
			}
		}
		return list, nil
	})
}

// Ledgers implements [store.Store].
func (s *Store) Ledgers(ctx context.Context, shard int) ([]store.Ledger, error) {
	return read(ctx, s, func(d *Database) ([]store.Ledger, error) {
		var list []store.Ledger
		for k, body := range d.ledgers {
			if k.shard == shard {
				list = append(list, store.Ledger{Queue: k.queue, Body: bytes.Clone(body)})
			}
		}
		slices.SortFunc(list, func(a, b store.Ledger) int { return cmp.Compare(a.Queue, b.Queue) })
		return list, nil
	})
}

// Document implements [store.Store].
func (s *Store) Document(ctx context.Context, h store.Hash) ([]byte, error) {
	return read(ctx, s, func(d *Database) ([]byte, error) {
		body, ok := d.documents[h]
		if !ok {
			return nil, fmt.Errorf("document %x: %w", h[:6], store.ErrNotFound)
		}
		return slices.Clone(body), nil
	})
}

// Idempotent implements [store.Store].
func (s *Store) Idempotent(ctx context.Context, keys []store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error) {
	return read(ctx, s, func(d *Database) (map[store.IdempotencyKey]workflow.RunID, error) {
		found := map[store.IdempotencyKey]workflow.RunID{}
		for _, k := range keys {
			if id, ok := d.keys[k]; ok {
				found[k] = id
			}
		}
		return found, nil
	})
}

// History implements [store.Store].
func (s *Store) History(ctx context.Context, id workflow.RunID) ([]machine.Entry, error) {
	return read(ctx, s, func(d *Database) ([]machine.Entry, error) {
		if r := d.runs[id]; r != nil {
			return slices.Clone(r.history), nil
		}
		return nil, nil
	})
}

// Logs implements [store.Store].
func (s *Store) Logs(ctx context.Context, k store.LogKey, after int64, limit int) ([]store.Chunk, error) {
	return read(ctx, s, func(d *Database) ([]store.Chunk, error) {
		r := d.runs[k.Run]
		if r == nil {
			return nil, nil
		}
		var list []store.Chunk
		for _, seq := range slices.Sorted(maps.Keys(r.logs)) {
			if c := r.logs[seq]; seq > after && k.Includes(c.LogKey) && len(list) < limit {
				list = append(list, c)
			}
		}
		return list, nil
	})
}

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, shard int, now store.Millis, limit int) ([]store.Event, error) {
	return read(ctx, s, func(d *Database) ([]store.Event, error) {
		var due []store.Event
		for k, e := range d.events {
			if k.shard == shard && e.Dead == 0 && e.NextAt <= now {
				due = append(due, e)
			}
		}
		slices.SortFunc(due, func(a, b store.Event) int { return cmp.Or(cmp.Compare(a.NextAt, b.NextAt), cmp.Compare(a.ID, b.ID)) })
		return due[:min(len(due), limit)], nil
	})
}

// ExpiredEvents implements [store.Store].
func (s *Store) ExpiredEvents(ctx context.Context, shard int, before store.Millis, limit int) ([]uint64, error) {
	return read(ctx, s, func(d *Database) ([]uint64, error) {
		var old []store.Event
		for k, e := range d.events {
			if k.shard == shard && e.Dead != 0 && e.Dead < before {
				old = append(old, e)
			}
		}
		slices.SortFunc(old, func(a, b store.Event) int { return cmp.Or(cmp.Compare(a.Dead, b.Dead), cmp.Compare(a.ID, b.ID)) })
		var ids []uint64
		for _, e := range old[:min(len(old), limit)] {
			ids = append(ids, e.ID)
		}
		return ids, nil
	})
}

// Dead implements [store.Store].
func (s *Store) Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error) {
	at, last, err := tables.EventCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), maxPage)
	list, err := read(ctx, s, func(d *Database) ([]store.Event, error) {
		var dead []store.Event
		for _, e := range d.events {
			if f.Match(&e) && (e.Dead < at || e.Dead == at && int64(e.ID) < last) {
				dead = append(dead, e)
			}
		}
		slices.SortFunc(dead, func(a, b store.Event) int { return cmp.Or(cmp.Compare(b.Dead, a.Dead), cmp.Compare(b.ID, a.ID)) })
		return dead, nil
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], tables.EventCursorAt(&list[limit-1]), nil
}
