package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func runCases() []testCase {
	return []testCase{
		{"a run is read as it was written", runWhole},
		{"a run with nothing set is read as it was written", runBare},
		{"any text survives", runTexts},
		{"large values survive", runLarge},
		{"extreme numbers survive", runNumbers},
		{"an update changes what it names and nothing else", runUpdated},
		{"an update of a run that is gone is no change", runGone},
		{"a run that is not final is not deleted", runKept},
		{"what waits is read lean, by id, in pages", queuedPages},
		{"what runs is read whole, by id, in pages", startedPages},
		{"a reset run waits again", resetRun},
		{"many runs are loaded at once", loadMany},
		{"documents are kept once by their hash", documents},
		{"a run of a document that is not there is refused", documentMissing},
	}
}

func whole(n int) store.Record {
	r := queued(n)
	r.Meta.Labels = map[string]string{"team": "red", "": "empty key", "empty": ""}
	r.Meta.Params = text(map[string]any{"a": []int{1, 2}, "b": "x"})
	r.Meta.Parent, r.Meta.ParentStep = id(900), machine.Ref{Node: 3, Item: -1}
	r.Meta.Version, r.Version = 7, 7
	r.Status, r.Paused = machine.Running, true
	r.Key, r.Idempotency = "key", "idem"
	r.WakeAt, r.Deadline, r.Started, r.Enqueued = epoch+1, epoch+2, epoch+3, epoch+4
	r.Failure = "exit.3"
	r.Outputs = []store.Output{
		{Run: id(n), Node: -1, Item: -1, Body: text("the run's")},
		{Run: id(n), Node: 0, Item: -1, Body: text("a step's")},
		{Run: id(n), Node: 4, Item: -2, Body: text("the items'")},
		{Run: id(n), Node: 4, Item: 17, Body: text("an item's")},
	}
	return r
}

func runWhole(t *testing.T, b Backend) {
	f := open(t, b)
	want := whole(0)
	f.flush(store.Batch{Documents: []store.Document{document}, Inserts: []store.Record{want}})
	got, _ := f.load(id(0))
	same(t, "Load", got, want)
}

func runBare(t *testing.T, b Backend) {
	f := open(t, b)
	want := store.Record{Meta: machine.Meta{ID: id(0)}, Document: document.Hash, Status: machine.Held}
	f.flush(store.Batch{Documents: []store.Document{document}, Inserts: []store.Record{want}})
	got, _ := f.load(id(0))
	same(t, "Load", got, want)
	if got.Meta.Params != nil {
		t.Errorf("params = %q, want nil", got.Meta.Params)
	}
}

// awkward are texts that a database may have its own ideas about.
func awkward() []string {
	return []string{
		"ünï ← 漢字 🦄", "a\x00b", "\x00", `'; DROP TABLE run; --`, `"quoted" and \back`, "\x1d\x1e\x1f", "\x1dx41", "%_",
		"line\r\nend\t", "\xff\xfe not UTF-8", "\u2028", " spaces ", strings.Repeat("long ", 500),
	}
}

func runTexts(t *testing.T, b Backend) {
	f := open(t, b)
	var recs []store.Record
	for n, s := range awkward() {
		r := queued(n)
		r.Meta.Tenant, r.Meta.Queue, r.Meta.Workflow, r.Workflow = s, s, s, s
		r.Key, r.Idempotency, r.Failure = s, s, s
		r.Meta.Labels = map[string]string{s: "v", "k": s}
		r.Meta.Params, r.State = []byte(s), []byte(s)
		recs = append(recs, r)
	}
	f.flush(store.Batch{Documents: []store.Document{document}, Inserts: recs})
	for n, s := range awkward() {
		got, _ := f.load(id(n))
		same(t, fmt.Sprintf("Load of %q", s), got, recs[n])
		for _, filter := range []store.Filter{
			{Tenants: []string{s}},
			{Queue: s},
			{Workflow: s},
			{Idempotency: s},
			{Failure: s},
			{Label: map[string]string{"k": s}},
			{Label: map[string]string{s: "v"}},
		} {
			same(t, fmt.Sprintf("List(%+v)", filter), f.list(filter, 5), ids(n))
		}
	}
	waiting := must[[]store.Waiting](t)(f.Queued(t.Context(), 0, 0, 100))
	for n, w := range waiting {
		if w.Tenant != recs[n].Meta.Tenant || w.Queue != recs[n].Meta.Queue || w.Key != recs[n].Key {
			t.Errorf("Queued = %+v, want the text %q", w, recs[n].Key)
		}
	}
}

func runLarge(t *testing.T, b Backend) {
	f := open(t, b)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	r := queued(0)
	r.State = big
	r.Meta.Params = text(string(big))
	for node := range int32(5) {
		r.Outputs = append(r.Outputs, store.Output{Run: id(0), Node: node, Item: -1, Body: text(string(big))})
	}
	doc := store.Document{Hash: store.Hash{1}, Body: big}
	r.Document = doc.Hash
	f.flush(store.Batch{Documents: []store.Document{doc}, Inserts: []store.Record{r}})
	got, _ := f.load(id(0))
	same(t, "Load", got, r)
	same(t, "Document", must[[]byte](t)(f.Document(t.Context(), doc.Hash)), big)
	f.flush(store.Batch{Updates: []store.Update{update(r, machine.Running, epoch)}})
	if got, _ = f.load(id(0)); !bytes.Equal(got.Meta.Params, r.Meta.Params) || len(got.Outputs) != 5 {
		t.Errorf("after an update there are %d bytes of params and %d outputs, want %d and 5", len(got.Meta.Params), len(got.Outputs), len(r.Meta.Params))
	}
}

func runNumbers(t *testing.T, b Backend) {
	f := open(t, b)
	r := queued(0)
	r.Meta.ID = workflow.MakeRunID(math.MaxInt64/2, workflow.MaxNode, workflow.MaxSeq)
	r.Meta.Priority = 255
	r.Meta.Version, r.Version = math.MaxInt32, math.MaxInt32
	r.Tag, r.Cost = math.MaxFloat64, math.SmallestNonzeroFloat64
	r.Meta.Created, r.Deadline, r.WakeAt, r.Enqueued = math.MaxInt64, math.MaxInt64, -1, math.MaxInt64
	r.Meta.Parent, r.Meta.ParentStep = r.Meta.ID, machine.Ref{Node: math.MaxInt32, Item: math.MinInt32}
	f.flush(store.Batch{Documents: []store.Document{document}, Inserts: []store.Record{r}})
	got, _ := f.load(r.Meta.ID)
	same(t, "Load", got, r)
}

func runUpdated(t *testing.T, b Backend) {
	f := open(t, b)
	r := whole(0)
	other := queued(1)
	f.flush(store.Batch{Documents: []store.Document{document}, Inserts: []store.Record{r, other}})
	u := store.Update{
		ID: id(0), Status: machine.Failed, Priority: 1, Queue: "elsewhere", Tag: 99.5,
		Deadline: epoch + 5, Enqueued: epoch + 6, Started: epoch + 7, Finished: epoch + 8, Failure: "timeout", State: []byte("new"),
	}
	f.flush(store.Batch{
		Updates:     []store.Update{u},
		Outputs:     []store.Output{{Run: id(0), Node: 0, Item: -1, Body: text("another")}, {Run: id(0), Node: 5, Item: -1, Body: text("more")}},
		DropOutputs: []store.OutputKey{{Run: id(0), Node: 4, Item: 17}, {Run: id(0), Node: 80, Item: 1}},
	})
	want := r
	want.Status, want.Paused, want.Meta.Priority, want.Meta.Queue, want.Tag = u.Status, false, 1, "elsewhere", 99.5
	want.Deadline, want.Enqueued = u.Deadline, u.Enqueued
	want.WakeAt, want.Started, want.Finished, want.Failure, want.State = 0, u.Started, u.Finished, "timeout", u.State
	want.Outputs = []store.Output{r.Outputs[0], {Run: id(0), Node: 0, Item: -1, Body: text("another")}, r.Outputs[2], {Run: id(0), Node: 5, Item: -1, Body: text("more")}}
	got, _ := f.load(id(0))
	same(t, "Load", got, want)
	got, _ = f.load(id(1))
	same(t, "Load of the other", got, other)
	// What is 0 is none, not as before.
	u.Deadline, u.Enqueued = 0, 0
	f.flush(store.Batch{Updates: []store.Update{u}})
	want.Deadline, want.Enqueued = 0, 0
	got, _ = f.load(id(0))
	same(t, "Load of one without deadline", got, want)
}

func runGone(t *testing.T, b Backend) {
	f := open(t, b)
	r := f.insert(0, 1)[0]
	f.remove(r)
	out := f.flush(store.Batch{
		Updates: []store.Update{update(r, machine.Running, epoch)},
		Outputs: []store.Output{{Run: id(0), Body: text(1)}},
		History: []store.History{{Run: id(0), Entry: machine.Entry{Kind: "pause"}}},
		Logs:    []store.Chunk{{LogKey: store.LogKey{Run: id(0)}, Seq: 1}},
		Events:  []store.Event{{ID: 1, Run: id(0), Kind: "run.running", Body: text(1)}},
		Delete:  ids(1),
	})
	same(t, "Missing", out.Missing, ids(0))
	f.lacks(id(0))
	same(t, "events", f.due(epoch, 9), nil)
	same(t, "history", must[[]machine.Entry](t)(f.History(t.Context(), id(0))), nil)
	f.insert(0, 1)
	if got, _ := f.load(id(0)); len(got.Outputs) != 0 {
		t.Errorf("outputs = %v, want none of the old run's", got.Outputs)
	}
}

func runKept(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 3, func(n int, r *store.Record) {
		r.Status = []machine.Status{machine.Held, machine.Queued, machine.Running}[n]
	})
	done := f.insert(3, 4, func(_ int, r *store.Record) { r.Status, r.Finished = machine.Failed, epoch })[0]
	for n := range 4 {
		f.flush(store.Batch{
			Outputs: []store.Output{{Run: id(n), Body: text(n)}},
			History: []store.History{{Run: id(n), Entry: machine.Entry{Kind: "pause"}}},
			Logs:    []store.Chunk{{LogKey: store.LogKey{Run: id(n)}, Seq: 1}},
		})
	}
	f.flush(store.Batch{Delete: ids(0, 1, 2)})
	own(t, f.Store, 1, "one").flush(store.Batch{Delete: ids(0, 1, 2, 3)}) // they are another shard's
	f.has(ids(0, 1, 2, 3)...)
	for n := range 4 {
		got, _ := f.load(id(n))
		h := must[[]machine.Entry](t)(f.History(t.Context(), id(n)))
		l := must[[]store.Chunk](t)(f.Logs(t.Context(), store.LogKey{Run: id(n)}, 0, 9))
		if len(got.Outputs) != 1 || len(h) != 1 || len(l) != 1 {
			t.Errorf("run %d, which was not to be deleted, has %d outputs, %d history entries and %d chunks of log, want one of each",
				n, len(got.Outputs), len(h), len(l))
		}
	}
	f.flush(store.Batch{Delete: []workflow.RunID{done.Meta.ID}})
	f.lacks(done.Meta.ID)
}

func queuedPages(t *testing.T, b Backend) {
	f := open(t, b)
	var want []store.Waiting
	f.insert(0, 60, func(n int, r *store.Record) {
		r.Status = []machine.Status{machine.Queued, machine.Held, machine.Running, machine.Queued, machine.Failed}[n%5]
		r.Paused = n%7 == 0
		r.Key, r.Deadline, r.WakeAt, r.Meta.Priority = fmt.Sprint(n%4), int64(n%3), int64(n%2), uint8(n%10)
		r.Enqueued, r.Started = int64(n%6), int64(n%8)
		if r.Status < machine.Running {
			want = append(want, store.Waiting{
				ID: id(n), Tenant: r.Meta.Tenant, Queue: "main", Key: r.Key, Priority: r.Meta.Priority, Status: r.Status,
				Paused: r.Paused, Tag: r.Tag, Cost: r.Cost, Created: r.Meta.Created, Enqueued: r.Enqueued, Deadline: r.Deadline, WakeAt: r.WakeAt,
				Started: r.Started,
			})
		}
	})
	own(t, f.Store, 1, "one").insert(100, 110)
	for _, limit := range []int{1, 7, 1000} {
		var got []store.Waiting
		for after := workflow.RunID(0); ; {
			page := must[[]store.Waiting](t)(f.Queued(t.Context(), 0, after, limit))
			if len(page) > limit {
				t.Fatalf("Queued gave %d runs, of %d asked for", len(page), limit)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1].ID
		}
		same(t, fmt.Sprintf("Queued in pages of %d", limit), got, want)
	}
}

func startedPages(t *testing.T, b Backend) {
	f := open(t, b)
	var want []store.Record
	f.insert(0, 25, func(n int, r *store.Record) {
		if n%2 == 0 {
			r.Status, r.Started = machine.Running, epoch
			r.Outputs = []store.Output{{Run: id(n), Node: 1, Item: -1, Body: text(n)}}
			want = append(want, *r)
		}
	})
	own(t, f.Store, 1, "one").insert(100, 103, func(_ int, r *store.Record) { r.Status = machine.Running })
	var got []store.Record
	for after := workflow.RunID(0); ; {
		page := must[[]store.Record](t)(f.Started(t.Context(), 0, after, 5))
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		after = page[len(page)-1].Meta.ID
	}
	same(t, "Started", got, want)
}

func resetRun(t *testing.T, b Backend) {
	f := open(t, b)
	r := f.insert(0, 1)[0]
	f.flush(store.Batch{Updates: []store.Update{update(r, machine.Failed, epoch)}})
	same(t, "what waits", must[[]store.Waiting](t)(f.Queued(t.Context(), 0, 0, 10)), nil)
	f.flush(store.Batch{Updates: []store.Update{update(r, machine.Queued, 0)}})
	if w := must[[]store.Waiting](t)(f.Queued(t.Context(), 0, 0, 10)); len(w) != 1 {
		t.Errorf("%d runs wait, want the one that was reset", len(w))
	}
	same(t, "finished", f.list(store.Filter{Order: store.Finished}, 10), nil)
}

func loadMany(t *testing.T, b Backend) {
	f := open(t, b)
	var all []workflow.RunID
	for _, r := range f.insert(0, 1300) {
		all = append(all, r.Meta.ID)
	}
	recs := must[[]store.Record](t)(f.Load(t.Context(), append(all, id(5000), 0, all[0])))
	seen := map[workflow.RunID]bool{}
	for _, r := range recs {
		seen[r.Meta.ID] = true
	}
	if len(seen) != len(all) {
		t.Errorf("Load gave %d runs, want %d", len(seen), len(all))
	}
	same(t, "Load of nothing", must[[]store.Record](t)(f.Load(t.Context(), nil)), nil)
}

func documents(t *testing.T, b Backend) {
	f := open(t, b)
	first := store.Document{Hash: store.Hash{9, 9}, Body: []byte(`{"a": 1}`)}
	f.flush(store.Batch{Documents: []store.Document{first, document, first}})
	f.flush(store.Batch{Documents: []store.Document{{Hash: first.Hash, Body: []byte("another")}}})
	same(t, "Document", string(must[[]byte](t)(f.Document(t.Context(), first.Hash))), `{"a": 1}`)
	if _, err := f.Document(t.Context(), store.Hash{1, 2, 3}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Document of an unknown hash: %v, want ErrNotFound", err)
	}
	r := queued(0)
	r.Document = first.Hash
	f.flush(store.Batch{Inserts: []store.Record{r}})
	got, _ := f.load(id(0))
	same(t, "document of the run", got.Document, first.Hash)
}

func documentMissing(t *testing.T, b Backend) {
	f := open(t, b)
	r := queued(0)
	r.Document = store.Hash{4, 5, 6}
	f.refused(store.Batch{Inserts: []store.Record{r}}, store.ErrNotFound)
	f.lacks(id(0))
}
