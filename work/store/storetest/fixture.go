package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

const (
	minute = store.Millis(60_000)
	epoch  = store.Millis(1_760_000_000_000) // when the tests' runs were made
)

// fixture is a store and an owner of one of its shards.
type fixture struct {
	*testing.T
	store.Store
	owner store.Owner
	seq   uint64
	now   store.Millis
}

// open opens a store, closed when the test ends, and takes its shard 0.
func open(t *testing.T, b Backend) *fixture {
	t.Helper()
	return openWith(t, b, nil)
}

func openWith(t *testing.T, b Backend, hook func(store.Stage) error) *fixture {
	t.Helper()
	s := b.Open(t, hook)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return own(t, s, 0, "one")
}

// own takes a shard of an open store.
func own(t *testing.T, s store.Store, shard int, node string) *fixture {
	t.Helper()
	o, err := s.Acquire(t.Context(), shard, node, "http://"+node, minute)
	if err != nil {
		t.Fatalf("Acquire of shard %d by %s: %v", shard, node, err)
	}
	return &fixture{T: t, Store: s, owner: o, seq: o.Seq, now: epoch}
}

// id returns the n-th run id of the tests, in the order of n.
func id(n int) workflow.RunID {
	return workflow.MakeRunID(epoch+int64(n/100), 1, n%100)
}

var document = store.Document{Hash: sha256.Sum256([]byte("{}")), Body: []byte("{}")}

// queued returns a run that waits.
func queued(n int) store.Record {
	return store.Record{
		Meta: machine.Meta{
			ID: id(n), Tenant: fmt.Sprintf("tenant-%d", n%3), Queue: "main", Priority: 5,
			Created: epoch + int64(n/100), Workflow: "build", Version: 1,
		},
		Workflow: "build", Version: 1, Document: document.Hash, Status: machine.Queued, Tag: float64(n) / 4, Cost: 1.5,
		State: fmt.Appendf(nil, "state of %d", n),
	}
}

// update returns a record's run in another state.
func update(r store.Record, status machine.Status, at store.Millis) store.Update {
	u := store.Update{
		ID: r.Meta.ID, Status: status, Priority: r.Meta.Priority, Queue: r.Meta.Queue, Tag: r.Tag,
		Deadline: r.Deadline, Enqueued: r.Enqueued, Started: at, State: fmt.Appendf(nil, "%v at %d", status, at),
	}
	if status.Final() {
		u.Finished = at
	}
	if status < machine.Running {
		u.Started = 0
	}
	return u
}

// batch makes b the owner's next batch.
func (f *fixture) batch(b store.Batch) *store.Batch {
	f.seq++
	f.now += 10
	b.Owner, b.Seq, b.Now = f.owner, f.seq, f.now
	return &b
}

// flush writes the next batch.
func (f *fixture) flush(b store.Batch) store.Outcome {
	f.Helper()
	out, err := f.Flush(f.Context(), f.batch(b))
	if err != nil {
		f.Fatalf("Flush of batch %d: %v", f.seq, err)
	}
	return out
}

// remove ends a run and deletes it.
func (f *fixture) remove(r store.Record) {
	f.Helper()
	f.flush(store.Batch{Updates: []store.Update{update(r, machine.Canceled, epoch)}, Delete: []workflow.RunID{r.Meta.ID}})
}

// refused expects that the next batch is refused with an error, and that the
// one after it may be the next.
func (f *fixture) refused(b store.Batch, want error) {
	f.Helper()
	_, err := f.Flush(f.Context(), f.batch(b))
	if !errors.Is(err, want) {
		f.Errorf("Flush of batch %d = %v, want %v", f.seq, err, want)
	}
	f.seq--
}

// insert writes runs that wait, numbered from up to, exclusive.
func (f *fixture) insert(from, to int, change ...func(int, *store.Record)) []store.Record {
	f.Helper()
	var recs []store.Record
	for n := from; n < to; n++ {
		r := queued(n)
		r.Shard = f.owner.Shard
		for _, c := range change {
			c(n, &r)
		}
		recs = append(recs, r)
	}
	f.flush(store.Batch{Documents: []store.Document{document}, Inserts: recs})
	return recs
}

// load reads one run.
func (f *fixture) load(id workflow.RunID) (store.Record, bool) {
	f.Helper()
	recs, err := f.Load(f.Context(), []workflow.RunID{id})
	if err != nil {
		f.Fatalf("Load of %v: %v", id, err)
	}
	if len(recs) == 0 {
		return store.Record{}, false
	}
	return recs[0], true
}

// has expects that runs are stored.
func (f *fixture) has(ids ...workflow.RunID) {
	f.Helper()
	for _, id := range ids {
		if _, ok := f.load(id); !ok {
			f.Errorf("run %v is not stored", id)
		}
	}
}

// lacks expects that runs are not stored.
func (f *fixture) lacks(ids ...workflow.RunID) {
	f.Helper()
	for _, id := range ids {
		if _, ok := f.load(id); ok {
			f.Errorf("run %v is stored", id)
		}
	}
}

// list reads a whole list page by page.
func (f *fixture) list(filter store.Filter, limit int) []workflow.RunID {
	f.Helper()
	var ids []workflow.RunID
	for cursor := ""; ; {
		page, next, err := f.List(f.Context(), filter, cursor, limit)
		if err != nil {
			f.Fatalf("List(%+v, %q): %v", filter, cursor, err)
		}
		if len(page) > limit {
			f.Fatalf("List gave %d runs, of %d asked for", len(page), limit)
		}
		for _, s := range page {
			ids = append(ids, s.ID)
		}
		if next == "" || filter.Order == store.Finished && len(page) == 0 {
			return ids
		}
		cursor = next
	}
}

// same expects equal values, where no elements are like none.
func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	long := cmp.FilterValues(func(a, b []byte) bool { return len(a)+len(b) > 0 }, cmp.Comparer(bytes.Equal)) // not byte by byte
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), long); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// must ends the test where there is an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ids are the ids of the tests' runs.
func ids(numbers ...int) []workflow.RunID {
	list := make([]workflow.RunID, len(numbers))
	for i, n := range numbers {
		list[i] = id(n)
	}
	return list
}

// eventually asks until the answer is yes, for at most ten seconds.
func eventually(t testing.TB, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}

func text(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the tests' own values
	}
	return b
}
