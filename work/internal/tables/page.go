package tables

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// maxStreams is how many indexes' parts a page is put together of; with more
// the whole table is read in its order.
const maxStreams = 96

// stream is a part of the runs that an index has in the order of their ids.
type stream struct {
	filter store.Filter
	shard  int // -1 for all
}

// streams splits a filter in a way that leaves a database no choice but the
// right index: what waits or runs by shard and status, or runs by tenant.
func streams(f *store.Filter, shards []int) []stream {
	var list []stream
	switch {
	case len(f.Tenants) > 1 && len(f.Tenants) <= maxStreams:
		tenants := slices.Clone(f.Tenants)
		slices.Sort(tenants)
		for _, tenant := range slices.Compact(tenants) {
			one := *f
			one.Tenants = []string{tenant}
			list = append(list, stream{one, -1})
		}
	case f.Tenants == nil && f.Parent == 0 && f.Idempotency == "" && live(f.Statuses) && len(shards)*len(f.Statuses) <= maxStreams:
		statuses := slices.Clone(f.Statuses)
		slices.Sort(statuses)
		for _, status := range slices.Compact(statuses) {
			for _, shard := range shards {
				one := *f
				one.Statuses = []machine.Status{status}
				list = append(list, stream{one, shard})
			}
		}
	}
	if len(list) == 0 {
		return []stream{{*f, -1}}
	}
	return list
}

// liveShards tells a database that counts to look into the index of what waits
// or runs.
func (w *Where) liveShards(f *store.Filter) {
	if f.Tenants == nil && f.Parent == 0 && f.Idempotency == "" && live(f.Statuses) {
		w.And("shard IN (SELECT shard FROM owner)")
	}
}

func live(statuses []machine.Status) bool {
	return len(statuses) > 0 && !slices.ContainsFunc(statuses, machine.Status.Final)
}

// Page returns the statement that reads the runs of a filter behind one of
// them, where 0 is none, in the order of their ids.
func Page(d *Dialect, f *store.Filter, shards []int, after workflow.RunID, limit int) (query string, args []any) {
	order, behind := "DESC", "<"
	if f.Order == store.Oldest {
		order, behind = "ASC", ">"
	}
	var parts []string
	for _, s := range streams(f, shards) {
		w := NewWhere(d, args...)
		if s.shard >= 0 {
			w.And("shard = " + w.Mark(int64(s.shard)))
		}
		w.Filter(&s.filter)
		if after != 0 {
			w.And("id " + behind + " " + w.Mark(int64(after)))
		}
		parts = append(parts, `SELECT * FROM (SELECT `+SummaryColumns+` FROM run WHERE `+w.String()+
			` ORDER BY id `+order+` LIMIT `+w.Mark(int64(limit))+`) s`)
		args = w.Args
	}
	if len(parts) == 1 {
		return parts[0], args
	}
	w := NewWhere(d, args...)
	return strings.Join(parts, ` UNION ALL `) + ` ORDER BY 1 ` + order + ` LIMIT ` + w.Mark(int64(limit)), w.Args
}
