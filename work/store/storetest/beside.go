package storetest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

func besideCases() []testCase {
	return []testCase{
		{"history is read oldest first", historyOrder},
		{"history keeps what its entries say", historyWhole},
		{"one batch may tell more of a run than it has places", historyOfManyItems},
		{"logs are read by attempt, step and run, behind a cursor", logs},
		{"a chunk of a number that is there replaces it", logReplaced},
		{"a deleted run takes everything of its own with it", deleted},
	}
}

func historyOrder(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 2)
	var want []machine.Entry
	for i := range 30 {
		e := machine.Entry{At: int64(100 - i), Kind: "signal", By: fmt.Sprint(i)}
		other := store.History{Run: id(1), Entry: machine.Entry{Kind: "pause"}}
		want = append(want, e)
		if i%3 == 0 {
			f.flush(store.Batch{History: []store.History{other, {Run: id(0), Entry: e}, other}})
			continue
		}
		second := e
		second.By += " second"
		want = append(want, second)
		f.flush(store.Batch{History: []store.History{{Run: id(0), Entry: e}, {Run: id(0), Entry: second}}})
	}
	same(t, "History", must[[]machine.Entry](t)(f.History(t.Context(), id(0))), want)
	same(t, "History of nothing", must[[]machine.Entry](t)(f.History(t.Context(), id(5))), nil)
}

func historyWhole(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	item := 0
	want := machine.Entry{
		At: epoch, Kind: "attempt", Step: "st\x00ep", Item: &item, Attempt: 3, By: "sömebody",
		Detail: json.RawMessage(`{"started":1,"worker":"\u0000","failure":{"code":"exit.3"}}`),
	}
	f.flush(store.Batch{History: []store.History{{Run: id(0), Entry: want}}})
	same(t, "History", must[[]machine.Entry](t)(f.History(t.Context(), id(0))), []machine.Entry{want})
}

// historyOfManyItems: a reset tells of each attempt it replaces, and a run may
// have a hundred thousand items. A batch that no store could take would be sent
// again for ever, and hold up its shard.
func historyOfManyItems(t *testing.T, b Backend) {
	const items = tables.MaxFinal + 100
	f := open(t, b)
	f.insert(0, 2)
	batch := store.Batch{History: []store.History{{Run: id(1), Entry: machine.Entry{Kind: "pause"}}}}
	want := make([]machine.Entry, items, items+1)
	for k := range want {
		want[k] = machine.Entry{At: epoch, Kind: "attempt", Step: "s", Item: &k, Attempt: 1}
		batch.History = append(batch.History, store.History{Run: id(0), Entry: want[k]})
	}
	f.flush(batch)
	last := machine.Entry{At: epoch, Kind: "cancel"}
	f.flush(store.Batch{History: []store.History{{Run: id(0), Entry: last}}})
	same(t, "History", must[[]machine.Entry](t)(f.History(t.Context(), id(0))), append(want, last))
	same(t, "History of the other", must[[]machine.Entry](t)(f.History(t.Context(), id(1))), []machine.Entry{{Kind: "pause"}})
}

func logs(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 2)
	var all []store.Chunk
	seq := int64(0)
	for node := range int32(2) {
		for item := int32(-1); item < 2; item++ {
			for attempt := 1; attempt <= 2; attempt++ {
				seq++
				all = append(all, store.Chunk{
					LogKey: store.LogKey{Run: id(0), Node: node, Item: item, Attempt: attempt},
					Seq:    seq, At: epoch + seq, Text: fmt.Appendf(nil, "line %d \x00\xff\n", seq),
				})
			}
		}
	}
	f.flush(store.Batch{Logs: append([]store.Chunk{{LogKey: store.LogKey{Run: id(1)}, Seq: 1, Text: []byte("other")}}, all...)})
	for _, k := range []store.LogKey{
		{Run: id(0), Node: store.All, Item: store.AllItems, Attempt: store.All},
		{Run: id(0), Node: 1, Item: store.AllItems, Attempt: store.All},
		{Run: id(0), Node: 1, Item: -1, Attempt: store.All},
		{Run: id(0), Node: 0, Item: 1, Attempt: 2},
		{Run: id(0), Node: 7, Item: 1, Attempt: 2},
		{Run: id(9), Node: store.All, Item: store.AllItems, Attempt: store.All},
	} {
		var want []store.Chunk
		for _, c := range all {
			if k.Includes(c.LogKey) {
				want = append(want, c)
			}
		}
		same(t, fmt.Sprintf("Logs(%+v)", k), must[[]store.Chunk](t)(f.Logs(t.Context(), k, 0, 100)), want)
	}
	whole := store.LogKey{Run: id(0), Node: store.All, Item: store.AllItems, Attempt: store.All}
	same(t, "Logs behind 4", must[[]store.Chunk](t)(f.Logs(t.Context(), whole, 4, 3)), all[4:7])
	same(t, "Logs behind the end", must[[]store.Chunk](t)(f.Logs(t.Context(), whole, seq, 3)), nil)
}

func logReplaced(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	k := store.LogKey{Run: id(0), Node: 1, Item: -1, Attempt: 1}
	f.flush(store.Batch{Logs: []store.Chunk{{LogKey: k, Seq: 1, Text: []byte("once")}}})
	again := store.Chunk{LogKey: k, Seq: 1, At: 5, Text: []byte("twice")}
	f.flush(store.Batch{Logs: []store.Chunk{again}})
	same(t, "Logs", must[[]store.Chunk](t)(f.Logs(t.Context(), k, 0, 9)), []store.Chunk{again})
}

func deleted(t *testing.T, b Backend) {
	f := open(t, b)
	r := whole(0)
	f.flush(store.Batch{
		Documents: []store.Document{document}, Inserts: []store.Record{r, whole2(1)},
		History: []store.History{{Run: id(0), Entry: machine.Entry{Kind: "pause"}}, {Run: id(1), Entry: machine.Entry{Kind: "pause"}}},
		Logs:    []store.Chunk{{LogKey: store.LogKey{Run: id(0)}, Seq: 1}, {LogKey: store.LogKey{Run: id(1)}, Seq: 1}},
		Events:  []store.Event{{ID: 1, Run: id(0), Kind: "run.failed", Body: text(1)}},
	})
	f.remove(r)
	f.lacks(id(0))
	f.has(id(1))
	everything := store.LogKey{Node: store.All, Item: store.AllItems, Attempt: store.All}
	for n, want := range []int{0, 1} {
		everything.Run = id(n)
		h := must[[]machine.Entry](t)(f.History(t.Context(), id(n)))
		l := must[[]store.Chunk](t)(f.Logs(t.Context(), everything, 0, 9))
		if len(h) != want || len(l) != want {
			t.Errorf("run %d has %d history entries and %d chunks of log, want %d of each", n, len(h), len(l), want)
		}
	}
	if e := must[[]store.Event](t)(f.Events(t.Context(), 0, epoch, 9)); len(e) != 1 {
		t.Errorf("%d events, want that of the deleted run, which is not delivered yet", len(e))
	}
}

// whole2 is whole, of another idempotency key.
func whole2(n int) store.Record {
	r := whole(n)
	r.Idempotency = "another"
	return r
}
