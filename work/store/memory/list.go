package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func (r *run) summary() store.Summary {
	return store.Summary{
		ID: r.Meta.ID, Tenant: r.Meta.Tenant, Queue: r.Meta.Queue, Workflow: r.Workflow, Version: r.Version, Status: r.Status,
		Paused: r.Paused, Priority: r.Meta.Priority, Labels: maps.Clone(r.Meta.Labels), Created: r.Meta.Created, Started: r.Started,
		Finished: r.Finished, WakeAt: r.WakeAt, Failure: r.Failure, Idempotency: r.Idempotency, Parent: r.Meta.Parent, Cost: r.Cost,
	}
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, f store.Filter, cursor string, limit int) (list []store.Summary, next string, err error) {
	limit = min(max(limit, 1), maxPage)
	if f.Order == store.Finished {
		list, next, err = s.finished(ctx, &f, cursor, limit)
	} else {
		list, next, err = tables.Pages(&f, cursor, limit, func(after workflow.RunID, limit int) ([]store.Summary, error) {
			return read(ctx, s, func(d *Database) ([]store.Summary, error) { return d.page(&f, after, limit), nil })
		})
	}
	if err != nil {
		return nil, "", fmt.Errorf("list runs: %w", err)
	}
	return list, next, nil
}

// page gives the runs of a filter behind one of them, where 0 is none.
func (d *Database) page(f *store.Filter, after workflow.RunID, limit int) []store.Summary {
	rest := d.order
	at, found := slices.BinarySearch(d.order, after)
	switch {
	case f.Order == store.Oldest && found:
		rest = d.order[at+1:]
	case f.Order == store.Oldest:
		rest = d.order[at:]
	case after != 0:
		rest = d.order[:at]
	}
	var list []store.Summary
	for i := range rest {
		id := rest[i]
		if f.Order != store.Oldest {
			id = rest[len(rest)-1-i]
		}
		if sum := d.runs[id].summary(); f.Match(&sum) {
			list = append(list, sum)
		}
		if len(list) == limit {
			break
		}
	}
	return list
}

func (s *Store) finished(ctx context.Context, f *store.Filter, cursor string, limit int) ([]store.Summary, string, error) {
	pos, err := tables.ParsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	list, err := read(ctx, s, func(d *Database) ([]store.Summary, error) {
		lanes := make([]tables.Lane, 0, len(d.owners))
		at := map[int]int{}
		for shard, o := range d.owners {
			at[shard] = len(lanes)
			lanes = append(lanes, tables.Lane{Shard: shard, Whole: true, End: tables.EndOf(o.Seq)})
		}
		for _, id := range d.order {
			r := d.runs[id]
			sum := r.summary()
			if r.Status.Final() && r.place > pos[r.Shard] && f.Match(&sum) {
				l := &lanes[at[r.Shard]]
				l.Runs = append(l.Runs, tables.Placed{Summary: sum, Place: r.place})
			}
		}
		return tables.Merge(lanes, pos, limit), nil
	})
	return list, pos.String(), err
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, f store.Filter, limit int) (int, error) {
	return read(ctx, s, func(d *Database) (int, error) {
		n := 0
		for _, r := range d.runs {
			if sum := r.summary(); n < limit && f.Match(&sum) {
				n++
			}
		}
		return n, nil
	})
}

// Expired implements [store.Store].
func (s *Store) Expired(ctx context.Context, shard int, before map[machine.Status]store.Millis, limit int) ([]workflow.RunID, error) {
	return read(ctx, s, func(d *Database) ([]workflow.RunID, error) {
		var old []*run
		for _, r := range d.runs {
			if until, ok := before[r.Status]; ok && r.Status.Final() && r.Shard == shard && r.Finished < until {
				old = append(old, r)
			}
		}
		slices.SortFunc(old, func(a, b *run) int { return int(a.place - b.place) })
		var ids []workflow.RunID
		for _, r := range old[:min(limit, len(old))] {
			ids = append(ids, r.Meta.ID)
		}
		return ids, nil
	})
}
