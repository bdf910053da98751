package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func flushCases() []testCase {
	return []testCase{
		{"a batch sent twice is written once", flushedTwice},
		{"a batch sent twice is answered as before, with its duplicates", flushedTwiceDuplicates},
		{"a batch that leaves one out is refused", flushGap},
		{"an old batch is refused", flushOld},
		{"a batch of a shard nobody took is refused", flushUnowned},
		{"a stalled owner's batch is refused after a take-over", flushStalled},
		{"a batch is written whole or not at all", flushWhole},
		{"a run whose id is taken is refused", flushExists},
		{"an idempotency key is taken once", duplicates},
		{"an idempotency key is taken once within a batch", duplicatesWithin},
		{"an idempotency key belongs to a tenant", keysByTenant},
		{"an idempotency key is free again when its run is deleted", keyFreed},
		{"nothing of a duplicate's run is written", duplicateAlone},
		{"shards are written at the same time", flushedAtOnce},
		{"an empty batch is one", flushedEmpty},
		{"a batch that ends by its context was written or not", flushCanceled},
		{"a batch changes no run of another shard", flushForeign},
	}
}

func flushedTwice(t *testing.T, b Backend) {
	f := open(t, b)
	r := f.insert(0, 1)[0]
	batch := f.batch(store.Batch{
		Updates: []store.Update{update(r, machine.Failed, epoch)},
		History: []store.History{{Run: id(0), Entry: machine.Entry{At: 1, Kind: "pause"}}},
		Events:  []store.Event{{ID: 9, Run: id(0), Kind: "run.failed", To: "x", Body: text(1)}},
	})
	for range 3 {
		if _, err := f.Flush(t.Context(), batch); err != nil {
			t.Fatalf("Flush again: %v", err)
		}
	}
	if h := must[[]machine.Entry](t)(f.History(t.Context(), id(0))); len(h) != 1 {
		t.Errorf("%d history entries, want 1", len(h))
	}
	if e := must[[]store.Event](t)(f.Events(t.Context(), 0, epoch, 10)); len(e) != 1 {
		t.Errorf("%d events, want 1", len(e))
	}
	same(t, "finished", f.list(store.Filter{Order: store.Finished}, 10), ids(0))
}

func flushedTwiceDuplicates(t *testing.T, b Backend) {
	f := open(t, b)
	key := func(_ int, r *store.Record) { r.Meta.Tenant, r.Idempotency = "t", "k" }
	f.insert(0, 1, key)
	r := queued(1)
	key(1, &r)
	batch := f.batch(store.Batch{Inserts: []store.Record{r, queued(2)}})
	for range 2 {
		out, err := f.Flush(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "duplicates", out.Duplicates, map[workflow.RunID]workflow.RunID{id(1): id(0)})
	}
}

func flushGap(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	f.seq++
	f.refused(store.Batch{Inserts: []store.Record{queued(1)}}, store.ErrGap)
	f.lacks(id(1))
}

func flushOld(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	f.insert(1, 2)
	f.seq -= 2
	f.refused(store.Batch{Inserts: []store.Record{queued(5)}}, store.ErrGap)
	f.lacks(id(5))
}

func flushUnowned(t *testing.T, b Backend) {
	f := open(t, b)
	f.owner.Shard = 12
	f.refused(store.Batch{}, store.ErrNotOwner)
}

func flushStalled(t *testing.T, b Backend) {
	f := open(t, b)
	r := f.insert(0, 1)[0]
	if err := f.Release(t.Context(), f.owner); err != nil {
		t.Fatal(err)
	}
	next := own(t, f.Store, 0, "two")
	f.refused(store.Batch{Updates: []store.Update{update(r, machine.Succeeded, epoch)}, Inserts: []store.Record{queued(1)}}, store.ErrNotOwner)
	next.flush(store.Batch{Updates: []store.Update{update(r, machine.Running, epoch)}})
	f.refused(store.Batch{Delete: ids(0)}, store.ErrNotOwner)
	if got, _ := f.load(id(0)); got.Status != machine.Running {
		t.Errorf("the run is %v, want what the owner wrote: running", got.Status)
	}
	f.lacks(id(1))
}

func flushWhole(t *testing.T, b Backend) {
	f := open(t, b)
	r := f.insert(0, 1)[0]
	doc := store.Document{Hash: store.Hash{8}, Body: []byte("8")}
	f.refused(store.Batch{
		Documents: []store.Document{doc}, Updates: []store.Update{update(r, machine.Succeeded, epoch)},
		Inserts: []store.Record{withDocument(queued(1), doc.Hash), queued(2), r},
		Events:  []store.Event{{ID: 1, Kind: "run.succeeded", Body: text(1)}},
		History: []store.History{{Run: id(0), Entry: machine.Entry{Kind: "pause"}}},
	}, store.ErrExists)
	f.lacks(id(1), id(2))
	if got, _ := f.load(id(0)); got.Status != machine.Queued {
		t.Errorf("the run is %v, want queued as before", got.Status)
	}
	if e := must[[]store.Event](t)(f.Events(t.Context(), 0, epoch, 10)); len(e) != 0 {
		t.Errorf("%d events, want none", len(e))
	}
	if _, err := f.Document(t.Context(), doc.Hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Document of a batch that was refused: %v, want ErrNotFound", err)
	}
	f.insert(1, 3)
	f.flush(store.Batch{Documents: []store.Document{doc}, Inserts: []store.Record{withDocument(queued(3), doc.Hash)}})
	f.has(id(1), id(2), id(3))
}

func flushExists(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	other := own(t, f.Store, 1, "one")
	r := queued(0)
	r.Meta.Tenant = "other"
	other.refused(store.Batch{Documents: []store.Document{document}, Inserts: []store.Record{r}}, store.ErrExists)
	if got, _ := f.load(id(0)); got.Meta.Tenant != "tenant-0" {
		t.Errorf("the run belongs to %s, want tenant-0 as before", got.Meta.Tenant)
	}
}

func keyed(tenant, key string) func(int, *store.Record) {
	return func(_ int, r *store.Record) { r.Meta.Tenant, r.Idempotency = tenant, key }
}

func duplicates(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1, keyed("t", "k"))
	r := queued(1)
	keyed("t", "k")(1, &r)
	out := f.flush(store.Batch{Inserts: []store.Record{queued(2), r, queued(3)}})
	same(t, "duplicates", out.Duplicates, map[workflow.RunID]workflow.RunID{id(1): id(0)})
	f.has(id(2), id(3))
	f.lacks(id(1))
	found := must[map[store.IdempotencyKey]workflow.RunID](t)(f.Idempotent(t.Context(), []store.IdempotencyKey{{Tenant: "t", Key: "k"}, {Tenant: "t", Key: "other"}}))
	same(t, "Idempotent", found, map[store.IdempotencyKey]workflow.RunID{{Tenant: "t", Key: "k"}: id(0)})
}

func duplicatesWithin(t *testing.T, b Backend) {
	f := open(t, b)
	var recs []store.Record
	for n := range 4 {
		r := queued(n)
		keyed("t", []string{"a", "b", "a", "b"}[n])(n, &r)
		recs = append(recs, r)
	}
	out := f.flush(store.Batch{Documents: []store.Document{document}, Inserts: recs})
	same(t, "duplicates", out.Duplicates, map[workflow.RunID]workflow.RunID{id(2): id(0), id(3): id(1)})
}

func keysByTenant(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1, keyed("t", "k"))
	f.insert(1, 2, keyed("u", "k"))
	f.insert(2, 3, keyed("t", "ключ\x00\x1d"))
	f.insert(3, 4, keyed("t", ""))
	f.insert(4, 5, keyed("t", ""))
	keys := []store.IdempotencyKey{{Tenant: "t", Key: "k"}, {Tenant: "u", Key: "k"}, {Tenant: "t", Key: "ключ\x00\x1d"}}
	same(t, "Idempotent", must[map[store.IdempotencyKey]workflow.RunID](t)(f.Idempotent(t.Context(), keys)),
		map[store.IdempotencyKey]workflow.RunID{keys[0]: id(0), keys[1]: id(1), keys[2]: id(2)})
	same(t, "Idempotent of no keys", must[map[store.IdempotencyKey]workflow.RunID](t)(f.Idempotent(t.Context(), nil)), nil)
}

func keyFreed(t *testing.T, b Backend) {
	f := open(t, b)
	f.remove(f.insert(0, 1, keyed("t", "k"))[0])
	f.insert(1, 2, keyed("t", "k"))
	f.has(id(1))
}

func duplicateAlone(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1, keyed("t", "k"))
	r := queued(1)
	keyed("t", "k")(1, &r)
	r.Outputs = []store.Output{{Run: id(1), Node: 0, Item: -1, Body: text("x")}}
	f.flush(store.Batch{
		Inserts: []store.Record{r},
		Outputs: []store.Output{{Run: id(1), Node: 1, Item: -1, Body: text("y")}},
		History: []store.History{{Run: id(1), Entry: machine.Entry{Kind: "hold"}}, {Run: id(0), Entry: machine.Entry{Kind: "release"}}},
		Logs:    []store.Chunk{{LogKey: store.LogKey{Run: id(1)}, Seq: 1, Text: []byte("z")}},
		Events:  []store.Event{{ID: 1, Run: id(1), Kind: "run.queued", Body: text(1)}, {ID: 2, Run: id(0), Kind: "run.queued", Body: text(1)}},
	})
	f.lacks(id(1))
	same(t, "history of the duplicate", must[[]machine.Entry](t)(f.History(t.Context(), id(1))), nil)
	same(t, "history of the other", must[[]machine.Entry](t)(f.History(t.Context(), id(0))), []machine.Entry{{Kind: "release"}})
	same(t, "logs", must[[]store.Chunk](t)(f.Logs(t.Context(), store.LogKey{Run: id(1), Node: -1, Item: -2, Attempt: -1}, 0, 9)), nil)
	events := must[[]store.Event](t)(f.Events(t.Context(), 0, epoch, 10))
	if len(events) != 1 || events[0].Run != id(0) {
		t.Errorf("events = %+v, want that of run %v alone", events, id(0))
	}
	// The id was not taken: it may come with another key.
	f.insert(1, 2)
	if got, _ := f.load(id(1)); len(got.Outputs) != 0 {
		t.Errorf("outputs = %v, want none of the duplicate's", got.Outputs)
	}
}

func flushedAtOnce(t *testing.T, b Backend) {
	f := open(t, b)
	const shards, batches = 4, 20
	var wg sync.WaitGroup
	for shard := range shards {
		one := own(t, f.Store, shard, "one")
		wg.Go(func() {
			for i := range batches {
				n := shard*1000 + i
				r := queued(n)
				r.Shard = shard
				keyed("t", []string{"a", "b", "c"}[i%3])(n, &r)
				_, err := one.Flush(t.Context(), one.batch(store.Batch{Documents: []store.Document{document}, Inserts: []store.Record{queuedIn(shard, n+500), r}}))
				if err != nil {
					t.Errorf("Flush of shard %d: %v", shard, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := must[int](t)(f.Count(t.Context(), store.Filter{}, 1000)); n != shards*batches+3 {
		t.Errorf("%d runs are stored, want %d and one of each of 3 keys", n, shards*batches)
	}
}

func queuedIn(shard, n int) store.Record {
	r := queued(n)
	r.Shard = shard
	return r
}

func flushedEmpty(t *testing.T, b Backend) {
	f := open(t, b)
	f.flush(store.Batch{})
	f.insert(0, 1)
	f.has(id(0))
}

func flushCanceled(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	batch := f.batch(store.Batch{Inserts: []store.Record{queued(1)}})
	if _, err := f.Flush(ctx, batch); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("Flush with a context that ended: %v", err)
	}
	if _, err := f.Flush(t.Context(), batch); err != nil {
		t.Fatalf("Flush again: %v", err)
	}
	f.has(id(1))
	f.insert(2, 3)
}

func flushForeign(t *testing.T, b Backend) {
	f := open(t, b)
	r := f.insert(0, 1)[0]
	other := own(t, f.Store, 1, "two")
	out := other.flush(store.Batch{Updates: []store.Update{update(r, machine.Failed, epoch)}})
	same(t, "Missing", out.Missing, ids(0))
	other.flush(store.Batch{Delete: ids(0)})
	if got, ok := f.load(id(0)); !ok || got.Status != machine.Queued {
		t.Errorf("the run of another shard is %v (there: %v), want it as it was", got.Status, ok)
	}
}
