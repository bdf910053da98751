package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func listCases() []testCase {
	return []testCase{
		{"a list is newest first, or oldest first", listOrder},
		{"each filter narrows", listFilters},
		{"a list shows what it should", listSummary},
		{"text is found in names and labels' values", listText},
		{"a cursor is stable while runs are inserted", listStable},
		{"a cursor that is none is refused", listCursor},
		{"runs are counted up to a limit", count},
		{"what waits or runs is listed over shards", listLive},
	}
}

func listOrder(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 230)
	var want []workflow.RunID
	for n := range 230 {
		want = append(want, id(n))
	}
	for _, limit := range []int{1, 50, 230, 1000} {
		same(t, "oldest", f.list(store.Filter{Order: store.Oldest}, limit), want)
	}
	slices.Reverse(want)
	for _, limit := range []int{1, 50, 230, 1000} {
		same(t, "newest", f.list(store.Filter{}, limit), want)
	}
}

// mixed inserts runs that differ in everything.
func mixed(f *fixture) []store.Summary {
	var sums []store.Summary
	change := func(n int, r *store.Record) {
		r.Meta.Queue = fmt.Sprintf("queue-%d", n%2)
		r.Workflow, r.Version = []string{"build", "deploy", "Test_100%"}[n%3], n%4
		r.Meta.Workflow, r.Meta.Version = r.Workflow, r.Version
		r.Status = machine.Status(n%7 + 1)
		r.Paused = n%5 == 0
		r.Meta.Labels = map[string]string{"team": []string{"red", "Blue"}[n%2], "n": fmt.Sprint(n)}
		r.Failure = []string{"", "exit.1", "exit.2", "timeout", "exit"}[n%5]
		if n%4 == 0 {
			r.Meta.Parent = id(n / 8)
		}
		if n%6 == 0 {
			r.Idempotency = fmt.Sprint("key-", n)
		}
		r.Meta.Created = epoch + int64(n)
		r.Started, r.WakeAt = int64(n%3), int64(n%2)
		if r.Status.Final() {
			r.Finished = epoch + 1000 + int64(n)
		}
		sums = append(sums, store.Summary{
			ID: id(n), Tenant: r.Meta.Tenant, Queue: r.Meta.Queue, Workflow: r.Workflow, Version: r.Version, Status: r.Status,
			Paused: r.Paused, Priority: 5, Labels: r.Meta.Labels, Created: r.Meta.Created, Started: r.Started, Finished: r.Finished,
			WakeAt: r.WakeAt, Failure: r.Failure, Idempotency: r.Idempotency, Parent: r.Meta.Parent, Cost: r.Cost,
		})
	}
	f.insert(0, 120, change)
	own(f.T, f.Store, 1, "one").insert(120, 160, change)
	return sums
}

func filters() []store.Filter {
	yes, no := true, false
	return []store.Filter{
		{},
		{Tenants: []string{"tenant-1"}},
		{Tenants: []string{"tenant-2", "tenant-0", "tenant-2", "nobody"}},
		{Tenants: []string{}},
		{Queue: "queue-1"},
		{Queue: "none"},
		{Workflow: "deploy"},
		{Workflow: "deploy", Version: 3},
		{Version: 2},
		{Statuses: []machine.Status{machine.Queued}},
		{Statuses: []machine.Status{machine.Held, machine.Running, machine.Queued}},
		{Statuses: []machine.Status{machine.Failed}},
		{Statuses: []machine.Status{machine.Failed, machine.TimedOut}},
		{Statuses: []machine.Status{machine.Queued, machine.Succeeded}},
		{Paused: &yes},
		{Paused: &no},
		{Label: map[string]string{"team": "red"}},
		{Label: map[string]string{"team": "Blue", "n": "31"}},
		{Label: map[string]string{"team": "blue"}},
		{Label: map[string]string{"other": ""}},
		{Parent: id(2)},
		{Idempotency: "key-12"},
		{Failure: "exit"},
		{Failure: "exit.1"},
		{Failure: "exit.*"},
		{Failure: "*"},
		{Failure: "exit*"},
		{Failure: "%*"},
		{CreatedFrom: epoch + 30},
		{CreatedTo: epoch + 30},
		{CreatedFrom: epoch + 30, CreatedTo: epoch + 31},
		{Text: "BLUE"},
		{Text: "uil"},
		{Text: "team"},
		{Text: "_100%"},
		{Text: "1_"},
		{Text: id(17).String()},
		{Text: "11"},
		{Tenants: []string{"tenant-1"}, Statuses: []machine.Status{machine.Queued, machine.Failed}, Label: map[string]string{"team": "red"}, Text: "b"},
		{Tenants: []string{"tenant-1", "tenant-2"}, Statuses: []machine.Status{machine.Queued}, Failure: "exit*"},
	}
}

func listFilters(t *testing.T, b Backend) {
	f := open(t, b)
	sums := mixed(f)
	for _, filter := range filters() {
		for _, order := range []string{store.Oldest, store.Newest, store.Finished} {
			filter.Order = order
			var want []workflow.RunID
			for i := range sums {
				if filter.Match(&sums[i]) {
					want = append(want, sums[i].ID)
				}
			}
			got := f.list(filter, 11)
			if order == store.Newest {
				slices.Reverse(want)
			}
			same(t, fmt.Sprintf("List(%+v)", filter), got, want)
			if n := must[int](t)(f.Count(t.Context(), filter, 1000)); n != len(want) {
				t.Errorf("Count(%+v) = %d, want %d", filter, n, len(want))
			}
		}
	}
}

func listSummary(t *testing.T, b Backend) {
	f := open(t, b)
	want := mixed(f)
	for _, order := range []string{store.Oldest, store.Finished} {
		page, _, err := f.List(t.Context(), store.Filter{Order: order}, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		filter := store.Filter{Order: order}
		same(t, "List in the order "+order, page, slices.DeleteFunc(slices.Clone(want), func(s store.Summary) bool { return !filter.Match(&s) }))
	}
}

func listText(t *testing.T, b Backend) {
	f := open(t, b)
	names := []string{"Straße", "ünder", "100%", "a_b", `back\slash`, "plain", "a\x00b"}
	f.insert(0, 2*len(names), func(n int, r *store.Record) {
		if n < len(names) {
			r.Workflow, r.Meta.Workflow = names[n], names[n]
			return
		}
		r.Workflow, r.Meta.Workflow, r.Meta.Labels = "", "", map[string]string{"key": names[n-len(names)]}
	})
	for text, want := range map[string][]int{
		"STRA": {0, 7}, "ß": {0, 7}, "ü": {1, 8}, "Ü": nil, "%": {2, 9}, "_": {3, 10}, `\`: {4, 11}, "LAI": {5, 12}, "\x00": {6, 13},
		"key": nil, "x00": nil, "a": {0, 3, 4, 5, 6, 7, 10, 11, 12, 13},
	} {
		for _, limit := range []int{1, 100} {
			same(t, fmt.Sprintf("runs with %q", text), f.list(store.Filter{Text: text, Order: store.Oldest}, limit), ids(want...))
		}
	}
}

func listStable(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range 20 {
			if _, err := f.Flush(t.Context(), f.batch(store.Batch{Inserts: []store.Record{queued(1000 + n)}})); err != nil {
				t.Errorf("Flush: %v", err)
			}
		}
	})
	reader := &fixture{T: t, Store: f.Store}
	got := reader.list(store.Filter{}, 3)
	wg.Wait()
	got = slices.DeleteFunc(got, func(r workflow.RunID) bool { return r >= id(1000) })
	var want []workflow.RunID
	for n := range 100 {
		want = append(want, id(99-n))
	}
	same(t, "newest while others are inserted", got, want)
}

func listCursor(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 3)
	for _, order := range []string{store.Newest, store.Oldest, store.Finished} {
		for _, cursor := range []string{"x", "r0", "f-", "f1", "f1-1_", "' OR 1=1", "r0000000000000"} {
			if _, _, err := f.List(t.Context(), store.Filter{Order: order}, cursor, 10); !errors.Is(err, store.ErrCursor) {
				t.Errorf("List in the order %q from %q: %v, want ErrCursor", order, cursor, err)
			}
		}
	}
	if _, _, err := f.Dead(t.Context(), store.DeadFilter{}, "nonsense!", 10); !errors.Is(err, store.ErrCursor) {
		t.Errorf("Dead from nonsense: %v, want ErrCursor", err)
	}
}

func count(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 30)
	for limit, want := range map[int]int{1: 1, 29: 29, 30: 30, 100: 30} {
		for _, filter := range []store.Filter{{}, {Text: "build"}, {Statuses: []machine.Status{machine.Queued}}} {
			if n := must[int](t)(f.Count(t.Context(), filter, limit)); n != want {
				t.Errorf("Count(%+v, %d) = %d, want %d", filter, limit, n, want)
			}
		}
	}
}

func listLive(t *testing.T, b Backend) {
	f := open(t, b)
	var want []workflow.RunID
	shards := []*fixture{f, own(t, f.Store, 1, "one"), own(t, f.Store, 5, "one")}
	for n := range 60 {
		shards[n%3].insert(n, n+1, func(n int, r *store.Record) {
			if r.Status = machine.Status(n%5 + 1); !r.Status.Final() {
				want = append(want, id(n))
			}
		})
	}
	live := []machine.Status{machine.Held, machine.Queued, machine.Running}
	for _, limit := range []int{1, 7, 100} {
		same(t, "live runs", f.list(store.Filter{Statuses: live, Order: store.Oldest}, limit), want)
	}
}
