package storetest

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

func faultCases() []testCase {
	return []testCase{
		{"a commit that fails leaves nothing, and the store usable", commitFails},
		{"a commit whose answer is lost is answered when it is sent again", answerLost},
		{"what is not committed is not seen", uncommitted},
		{"a setting's change that fails leaves nothing", settingFails},
		{"a store that answers is healthy", healthy},
	}
}

var errInjected = errors.New("injected")

// fault is a hook that fails once at a stage.
type fault struct {
	stage store.Stage
	armed atomic.Bool
}

func (f *fault) hook(at store.Stage) error {
	if at == f.stage && f.armed.CompareAndSwap(true, false) {
		return errInjected
	}
	return nil
}

func commitFails(t *testing.T, b Backend) {
	fault := &fault{stage: store.Staged}
	f := openWith(t, b, fault.hook)
	r := f.insert(0, 1, keyed("t", "k"))[0]
	fault.armed.Store(true)
	batch := f.batch(store.Batch{
		Documents: []store.Document{{Hash: store.Hash{7}, Body: []byte("x")}},
		Inserts:   []store.Record{withDocument(queued(1), store.Hash{7})}, Updates: []store.Update{update(r, machine.Failed, epoch)},
		Events:  []store.Event{{ID: 1, Run: id(0), Kind: "x", Body: text(1)}},
		Ledgers: []store.Ledger{{Queue: "main", Body: []byte("new")}},
	})
	if _, err := f.Flush(t.Context(), batch); !errors.Is(err, errInjected) {
		t.Fatalf("Flush = %v, want the injected error", err)
	}
	f.lacks(id(1))
	f.ledgers()
	if got, _ := f.load(id(0)); got.Status != machine.Queued {
		t.Errorf("the run is %v, want queued as before", got.Status)
	}
	if _, err := f.Document(t.Context(), store.Hash{7}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Document = %v, want ErrNotFound", err)
	}
	if _, err := f.Flush(t.Context(), batch); err != nil {
		t.Fatalf("Flush again: %v", err)
	}
	f.has(id(1))
	same(t, "due", f.due(epoch, 9), []uint64{1})
	f.ledgers("main=new")
	same(t, "document", string(must[[]byte](t)(f.Document(t.Context(), store.Hash{7}))), "x")
}

func withDocument(r store.Record, h store.Hash) store.Record {
	r.Document = h
	return r
}

func answerLost(t *testing.T, b Backend) {
	fault := &fault{stage: store.Committed}
	f := openWith(t, b, fault.hook)
	f.insert(0, 1, keyed("t", "k"))
	second := queued(1)
	keyed("t", "k")(1, &second)
	fault.armed.Store(true)
	batch := f.batch(store.Batch{
		Inserts: []store.Record{second, queued(2)},
		History: []store.History{{Run: id(2), Entry: machine.Entry{Kind: "hold"}}},
		Logs:    []store.Chunk{{LogKey: store.LogKey{Run: id(2)}, Seq: 1, Text: []byte("x")}},
	})
	if _, err := f.Flush(t.Context(), batch); !errors.Is(err, errInjected) {
		t.Fatalf("Flush = %v, want the injected error", err)
	}
	f.has(id(2))
	out, err := f.Flush(t.Context(), batch)
	if err != nil || out.Duplicates[id(1)] != id(0) || len(out.Duplicates) != 1 {
		t.Fatalf("Flush again = %v, %v; want the duplicate", out, err)
	}
	if h := must[[]machine.Entry](t)(f.History(t.Context(), id(2))); len(h) != 1 {
		t.Errorf("%d history entries, want 1", len(h))
	}
	f.insert(3, 4)
}

func uncommitted(t *testing.T, b Backend) {
	reached, proceed := make(chan struct{}), make(chan struct{})
	var armed atomic.Bool
	f := openWith(t, b, func(at store.Stage) error {
		if at == store.Staged && armed.CompareAndSwap(true, false) {
			close(reached)
			<-proceed
		}
		return nil
	})
	r := f.insert(0, 1)[0]
	armed.Store(true)
	done := make(chan error, 1)
	batch := f.batch(store.Batch{Inserts: []store.Record{queued(1)}, Updates: []store.Update{update(r, machine.Succeeded, epoch)}})
	go func() {
		_, err := f.Flush(t.Context(), batch)
		done <- err
	}()
	<-reached
	f.lacks(id(1))
	if got, _ := f.load(id(0)); got.Status != machine.Queued {
		t.Errorf("the run is %v before the commit, want queued", got.Status)
	}
	same(t, "finished before the commit", f.list(store.Filter{Order: store.Finished}, 9), nil)
	close(proceed)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	f.has(id(1))
	same(t, "finished", f.list(store.Filter{Order: store.Finished}, 9), ids(0))
}

func settingFails(t *testing.T, b Backend) {
	fault := &fault{stage: store.Staged}
	f := openWith(t, b, fault.hook)
	before := must[int64](t)(f.SettingsVersion(t.Context()))
	fault.armed.Store(true)
	if _, err := f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}); !errors.Is(err, errInjected) {
		t.Fatalf("PutSetting = %v, want the injected error", err)
	}
	if _, err := f.Setting(t.Context(), "k", "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Setting = %v, want ErrNotFound", err)
	}
	if after := must[int64](t)(f.SettingsVersion(t.Context())); after != before {
		t.Errorf("SettingsVersion = %d, want %d as before", after, before)
	}
	must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}))
}

func healthy(t *testing.T, b Backend) {
	f := open(t, b)
	if err := f.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	f.insert(0, 1)
	f.refused(store.Batch{Inserts: []store.Record{queued(0)}}, store.ErrExists)
	if err := f.Check(t.Context()); err != nil {
		t.Errorf("Check after a refusal: %v", err)
	}
}

func durableCases() []testCase {
	return []testCase{
		{"what was written is there when the store is opened again", reopened},
		{"an owner of before is fenced when the store is opened again", reopenedOwner},
	}
}

func reopened(t *testing.T, b Backend) {
	s := b.Open(t, nil)
	f := own(t, s, 0, "one")
	want := whole(0)
	f.flush(store.Batch{
		Documents: []store.Document{document}, Inserts: []store.Record{want, queued(1)},
		Events:  []store.Event{{ID: 1, Run: id(0), Kind: "x", Body: text(1)}},
		Ledgers: []store.Ledger{{Queue: "main", Body: []byte("new")}},
	})
	version := must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a", Body: text(1)}))
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	again := openWith(t, b, nil)
	got, _ := again.load(id(0))
	same(t, "Load", got, want)
	same(t, "due", again.due(epoch, 9), []uint64{1})
	again.ledgers("main=new")
	if s := must[store.Setting](t)(again.Setting(t.Context(), "k", "a")); s.Version != version {
		t.Errorf("version %d of the setting, want %d", s.Version, version)
	}
	again.insert(2, 3)
	got2 := again.list(store.Filter{}, 9)
	slices.Sort(got2)
	same(t, "List", got2, ids(0, 1, 2))
}

func reopenedOwner(t *testing.T, b Backend) {
	s := b.Open(t, nil)
	f := own(t, s, 0, "one")
	f.insert(0, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openWith(t, b, nil)
	if again.owner.Epoch <= f.owner.Epoch || again.owner.Seq != 1 {
		t.Errorf("owner %+v after %+v, want a higher epoch and the batches' number", again.owner, f.owner)
	}
	f.Store = again.Store
	f.refused(store.Batch{}, store.ErrNotOwner)
}
