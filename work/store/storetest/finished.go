package storetest

import (
	"slices"
	"sync"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func finishedCases() []testCase {
	return []testCase{
		{"a reader of finished runs sees each once while shards finish more", finishedOnce},
		{"a run finished again is seen again", finishedAgain},
		{"a cursor of finished runs passes what its filter does not want", finishedFilter},
		{"an update of a finished run does not show it again", finishedTouched},
		{"runs expire by status and age, oldest first", expired},
		{"runs are deleted by retention", retention},
	}
}

func finishedOnce(t *testing.T, b Backend) {
	f := open(t, b)
	const shards, runs = 4, 60
	statuses := []machine.Status{machine.Succeeded, machine.Failed, machine.Canceled, machine.TimedOut}
	var wg sync.WaitGroup
	for shard := range shards {
		one := own(t, f.Store, shard, "one")
		recs := one.insert(shard*1000, shard*1000+runs)
		wg.Go(func() {
			for len(recs) > 0 {
				n := min(1+len(recs)%3, len(recs))
				var updates []store.Update
				for i, r := range recs[:n] {
					updates = append(updates, update(r, statuses[(len(recs)+i)%4], epoch+int64(1000-len(recs))))
				}
				if _, err := one.Flush(t.Context(), one.batch(store.Batch{Updates: updates})); err != nil {
					t.Errorf("Flush of shard %d: %v", shard, err)
					return
				}
				recs = recs[n:]
			}
		})
	}
	seen := map[workflow.RunID]int{}
	cursor := ""
	eventually(t, "every finished run", func() bool {
		page, next, err := f.List(t.Context(), store.Filter{Order: store.Finished}, cursor, 7)
		if err != nil {
			t.Errorf("List from %q: %v", cursor, err)
			return true
		}
		if next == "" {
			t.Error("the cursor is empty, want one that goes on")
		}
		for _, s := range page {
			seen[s.ID]++
		}
		cursor = next
		return len(seen) == shards*runs
	})
	wg.Wait()
	page, _, err := f.List(t.Context(), store.Filter{Order: store.Finished}, cursor, 7)
	if err != nil || len(page) != 0 {
		t.Errorf("List behind the last = %d runs, %v; want none", len(page), err)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("run %v was seen %d times", id, n)
		}
	}
}

func finishedAgain(t *testing.T, b Backend) {
	f := open(t, b)
	recs := f.insert(0, 2)
	f.flush(store.Batch{Updates: []store.Update{update(recs[0], machine.Failed, epoch+1), update(recs[1], machine.Succeeded, epoch+2)}})
	_, cursor, err := f.List(t.Context(), store.Filter{Order: store.Finished}, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	f.flush(store.Batch{Updates: []store.Update{update(recs[0], machine.Queued, 0)}})
	f.flush(store.Batch{Updates: []store.Update{update(recs[0], machine.Failed, epoch+3)}})
	page, cursor, err := f.List(t.Context(), store.Filter{Order: store.Finished}, cursor, 10)
	if err != nil || len(page) != 1 || page[0].ID != id(0) {
		t.Fatalf("List = %v, %v; want the run that finished again", page, err)
	}
	// Reset and finished within one batch: its times tell.
	f.flush(store.Batch{Updates: []store.Update{update(recs[0], machine.Failed, epoch+4)}})
	page, _, err = f.List(t.Context(), store.Filter{Order: store.Finished}, cursor, 10)
	if err != nil || len(page) != 1 || page[0].ID != id(0) {
		t.Errorf("List = %v, %v; want the run that finished once more", page, err)
	}
}

func finishedFilter(t *testing.T, b Backend) {
	f := open(t, b)
	recs := f.insert(0, 40)
	for _, r := range recs {
		f.flush(store.Batch{Updates: []store.Update{update(r, machine.Succeeded, epoch)}})
	}
	wanted := store.Filter{Order: store.Finished, Tenants: []string{"nobody"}}
	_, cursor, err := f.List(t.Context(), wanted, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	// The cursor is behind everything that was there.
	page, _, err := f.List(t.Context(), store.Filter{Order: store.Finished}, cursor, 100)
	if err != nil || len(page) != 0 {
		t.Errorf("List = %d runs, %v; want none behind the cursor", len(page), err)
	}
}

func finishedTouched(t *testing.T, b Backend) {
	f := open(t, b)
	recs := f.insert(0, 3)
	done := update(recs[0], machine.Failed, epoch)
	f.flush(store.Batch{Updates: []store.Update{done}})
	_, cursor, err := f.List(t.Context(), store.Filter{Order: store.Finished}, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	done.State = []byte("touched")
	f.flush(store.Batch{Updates: []store.Update{done}})
	page, _, err := f.List(t.Context(), store.Filter{Order: store.Finished}, cursor, 10)
	if err != nil || len(page) != 0 {
		t.Errorf("List = %v, %v; want nothing new", page, err)
	}
	same(t, "finished", f.list(store.Filter{Order: store.Finished}, 10), ids(0))
	if got, _ := f.load(id(0)); string(got.State) != "touched" {
		t.Errorf("state = %q, want what was written last", got.State)
	}
}

func expired(t *testing.T, b Backend) {
	f := open(t, b)
	recs := f.insert(0, 40)
	statuses := []machine.Status{machine.Succeeded, machine.Failed, machine.Canceled, machine.Running}
	for n, r := range recs {
		f.flush(store.Batch{Updates: []store.Update{update(r, statuses[n%4], epoch+int64(n))}})
	}
	own(t, f.Store, 1, "one").insert(100, 105, func(_ int, r *store.Record) { r.Status, r.Finished = machine.Succeeded, 1 })
	for _, c := range []struct {
		before map[machine.Status]store.Millis
		limit  int
		want   []int
	}{
		{map[machine.Status]store.Millis{machine.Succeeded: epoch + 13}, 100, []int{0, 4, 8, 12}},
		{map[machine.Status]store.Millis{machine.Succeeded: epoch + 12, machine.Failed: epoch + 6}, 100, []int{0, 1, 4, 5, 8}},
		{map[machine.Status]store.Millis{machine.Succeeded: epoch + 1000}, 3, []int{0, 4, 8}},
		{map[machine.Status]store.Millis{machine.Running: epoch + 1000, machine.TimedOut: epoch + 1000}, 3, nil},
		{nil, 3, nil},
	} {
		got := must[[]workflow.RunID](t)(f.Expired(t.Context(), 0, c.before, c.limit))
		slices.Sort(got)
		same(t, "Expired", got, ids(c.want...))
	}
}

func retention(t *testing.T, b Backend) {
	f := open(t, b)
	recs := f.insert(0, 200)
	var updates []store.Update
	for n, r := range recs {
		updates = append(updates, update(r, machine.Succeeded, epoch+int64(n)))
	}
	f.flush(store.Batch{Updates: updates})
	old := map[machine.Status]store.Millis{machine.Succeeded: epoch + 150}
	for deleted := 0; ; {
		expired := must[[]workflow.RunID](t)(f.Expired(t.Context(), 0, old, 40))
		if len(expired) == 0 {
			if deleted != 150 {
				t.Errorf("%d runs were deleted, want 150", deleted)
			}
			break
		}
		deleted += len(expired)
		f.flush(store.Batch{Delete: expired})
	}
	if n := must[int](t)(f.Count(t.Context(), store.Filter{}, 1000)); n != 50 {
		t.Errorf("%d runs are left, want 50", n)
	}
}
