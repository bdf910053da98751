package storetest

import (
	"errors"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func missingCases() []testCase {
	return []testCase{
		{"updates that met no run are told, each of them", missingTold},
		{"what a batch deletes is not missing", missingDeleted},
		{"a batch sent again is answered with what was missing", missingAgain},
		{"a duplicate whose run is gone is missing when the answer is given again", missingDuplicate},
	}
}

func missingTold(t *testing.T, b Backend) {
	f := open(t, b)
	recs := f.insert(0, 6)
	f.flush(store.Batch{Updates: []store.Update{update(recs[1], machine.Failed, epoch), update(recs[4], machine.Succeeded, epoch)}})
	f.flush(store.Batch{Delete: ids(1, 4)})
	var updates []store.Update
	for _, r := range recs {
		updates = append(updates, update(r, machine.Running, epoch+1))
	}
	out := f.flush(store.Batch{Updates: updates, Inserts: []store.Record{queued(7)}})
	same(t, "Missing", out.Missing, ids(1, 4))
	for _, n := range []int{0, 2, 3, 5} {
		if r, _ := f.load(id(n)); r.Status != machine.Running {
			t.Errorf("run %v is %v, want running: what is missing is no reason to leave out the others", id(n), r.Status)
		}
	}
	f.has(id(7))
	f.lacks(id(1), id(4))
	out = f.flush(store.Batch{Updates: []store.Update{update(recs[0], machine.Succeeded, epoch+2)}})
	same(t, "Missing of one that is there", out.Missing, nil)
}

func missingDeleted(t *testing.T, b Backend) {
	f := open(t, b)
	recs := f.insert(0, 2)
	out := f.flush(store.Batch{Updates: []store.Update{update(recs[0], machine.Failed, epoch), update(queued(5), machine.Failed, epoch)}, Delete: ids(0, 5)})
	same(t, "Missing", out.Missing, nil)
	f.lacks(id(0))
}

func missingAgain(t *testing.T, b Backend) {
	fault := &fault{stage: store.Committed}
	f := openWith(t, b, fault.hook)
	recs := f.insert(0, 4)
	batch := f.batch(store.Batch{
		Updates: []store.Update{update(queued(9), machine.Running, epoch), update(recs[0], machine.Running, epoch), update(recs[1], machine.Failed, epoch)},
		Inserts: []store.Record{queued(10)},
		Delete:  ids(1),
	})
	fault.armed.Store(true)
	if _, err := f.Flush(t.Context(), batch); !errors.Is(err, errInjected) {
		t.Fatalf("Flush = %v, want the injected error", err)
	}
	for range 2 {
		out, err := f.Flush(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "Missing", out.Missing, ids(9))
	}
}

func missingDuplicate(t *testing.T, b Backend) {
	fault := &fault{stage: store.Committed}
	f := openWith(t, b, fault.hook)
	holder := f.insert(0, 1, keyed("t", "k"))[0]
	other := own(t, f.Store, 1, "one")
	lost, kept := queuedIn(1, 1), queuedIn(1, 2)
	keyed("t", "k")(1, &lost)
	keyed("t", "l")(2, &kept)
	batch := other.batch(store.Batch{Inserts: []store.Record{lost, kept, queuedIn(1, 3)}})
	fault.armed.Store(true)
	if _, err := other.Flush(t.Context(), batch); !errors.Is(err, errInjected) {
		t.Fatalf("Flush = %v, want the injected error", err)
	}
	out, err := other.Flush(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Duplicates", out.Duplicates, map[workflow.RunID]workflow.RunID{id(1): id(0)})
	same(t, "Missing while its run is there", out.Missing, nil)
	f.flush(store.Batch{Updates: []store.Update{update(holder, machine.Failed, epoch)}})
	f.flush(store.Batch{Delete: ids(0)})
	if out, err = other.Flush(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	same(t, "Duplicates of a run that is gone", out.Duplicates, nil)
	same(t, "Missing", out.Missing, ids(1))
	other.has(id(2), id(3))
}
