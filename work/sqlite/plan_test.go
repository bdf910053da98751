package sqlite_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// Without statistics SQLite goes by the form of a statement. These are the
// indexes that each list must be read by, so that it takes as long with ten
// million runs as with ten.
func TestListsAreReadByTheirIndexes(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	shards := []int{0, 1, 2}
	live := []machine.Status{machine.Held, machine.Queued, machine.Running}
	for _, c := range []struct {
		name   string
		filter store.Filter
		want   string // in each line that reads runs
	}{
		{"everything", store.Filter{}, "SCAN run"},
		{"of a tenant", store.Filter{Tenants: []string{"a"}}, "INDEX run_tenant (tenant=?"},
		{"of a tenant and a queue", store.Filter{Tenants: []string{"a"}, Queue: "q", Text: "x"}, "INDEX run_tenant (tenant=?"},
		{"of tenants", store.Filter{Tenants: []string{"a", "b"}}, "INDEX run_tenant (tenant=?"},
		{"what is live", store.Filter{Statuses: live}, "INDEX run_live (shard=? AND status=?"},
		{"what is live in a queue", store.Filter{Statuses: live, Queue: "q"}, "INDEX run_live (shard=? AND status=?"},
		{"what failed", store.Filter{Statuses: []machine.Status{machine.Failed, machine.TimedOut}}, "INDEX run_unsuccessful"},
		{"children", store.Filter{Parent: 7}, "INDEX run_parent (parent=?"},
		{"by key", store.Filter{Tenants: []string{"a"}, Idempotency: "k"}, "INDEX run_idempotency (tenant=? AND idempotency=?"},
	} {
		for _, order := range []string{store.Newest, store.Oldest} {
			c.filter.Order = order
			for _, after := range []int{0, 5} {
				query, args := tables.Page(sqlite.Dialect(), &c.filter, shards, 0, 10+after)
				plan(t, f, "list "+c.name, query, args, c.want, len(c.filter.Tenants) > 1 || slices.Equal(c.filter.Statuses, live))
			}
		}
	}
	for _, status := range tables.Final {
		query, args := tables.LaneQuery(sqlite.Dialect(), &store.Filter{Order: store.Finished}, &tables.Lane{Shard: 1}, 7, status, 10)
		plan(t, f, "finished", query, args, "INDEX run_done (shard=? AND done>? AND done<?)", false)
	}
}

// plan expects that every part of a statement that reads runs does it in one
// way, and that nothing is sorted but what is put together of parts.
func plan(t *testing.T, f *fileStore, what, query string, args []any, want string, parts bool) {
	t.Helper()
	lines, err := f.Plan(t.Context(), query, args)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, line := range lines {
		if strings.Contains(line, " run") && !strings.Contains(line, want) {
			t.Errorf("%s: %q, want %q:\n%s", what, line, want, strings.Join(lines, "\n"))
		}
		if strings.Contains(line, "TEMP B-TREE") && !parts {
			t.Errorf("%s is sorted:\n%s", what, strings.Join(lines, "\n"))
		}
	}
}

func TestTheWriterSyncsEachCommit(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	for name, want := range map[string]int64{"synchronous": 2, "wal_autocheckpoint": 0, "auto_vacuum": 2} {
		if got, err := f.WriterPragma(t.Context(), name); err != nil || got != want {
			t.Errorf("PRAGMA %s = %d, %v; want %d", name, got, err, want)
		}
	}
}
