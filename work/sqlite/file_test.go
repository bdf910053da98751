package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// file is a store in a file, and the owner of its shard 0.
type fileStore struct {
	*sqlite.Store
	t     *testing.T
	path  string
	owner store.Owner
}

func openFileStore(t *testing.T) *fileStore {
	t.Helper()
	path := filepath.Join(t.TempDir(), "work.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	o, err := s.Acquire(t.Context(), 0, "one", "", 3_600_000)
	if err != nil {
		t.Fatal(err)
	}
	return &fileStore{Store: s, t: t, path: path, owner: o}
}

func (f *fileStore) flush(b store.Batch) {
	f.t.Helper()
	f.owner.Seq++
	b.Owner, b.Seq = f.owner, f.owner.Seq
	if _, err := f.Flush(f.t.Context(), &b); err != nil {
		f.t.Fatal(err)
	}
}

func run(at store.Millis, n int) store.Record {
	return store.Record{
		Meta:     machine.Meta{ID: workflow.MakeRunID(at+int64(n/100), 1, n%100), Tenant: fmt.Sprint("tenant-", n%20), Queue: "default", Created: at},
		Workflow: "three-steps", Document: store.Hash{1}, Status: machine.Queued, State: make([]byte, 130),
	}
}

func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within thirty seconds", what)
		}
	}
}

func TestAFinishedRunTakesFewBytes(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	const runs, at = 10_000, 1_760_000_000_000
	for from := 0; from < runs; from += 1000 {
		insert, finish := store.Batch{Documents: []store.Document{{Hash: store.Hash{1}, Body: []byte("{}")}}}, store.Batch{}
		for n := from; n < from+1000; n++ {
			r := run(at, n)
			r.Meta.Params = []byte(`{"input":"s3://bucket/some/key","size":12345}`)
			insert.Inserts = append(insert.Inserts, r)
			finish.Updates = append(finish.Updates, store.Update{
				ID: r.Meta.ID, Status: machine.Succeeded, Queue: "default", Started: at, Finished: at, State: make([]byte, 250),
			})
		}
		f.flush(insert)
		f.flush(finish)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(f.path)
	if err != nil {
		t.Fatal(err)
	}
	const most = 700
	if each := info.Size() / runs; each > most {
		t.Errorf("a run of three steps, whose state is 250 bytes, takes %d bytes in the file; want at most %d", each, most)
	} else {
		t.Logf("a run takes %d bytes", each)
	}
}

func TestTheLogIsEmptiedWhenNothingIsWritten(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	f.flush(store.Batch{Documents: []store.Document{{Hash: store.Hash{1}, Body: make([]byte, 1<<20)}}})
	eventually(t, "an empty log", func() bool {
		info, err := os.Stat(f.path + "-wal")
		return err == nil && info.Size() == 0
	})
}

func TestTheLogStaysBoundedWhileMuchIsWritten(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	body := bytes.Repeat([]byte("x"), 4<<20)
	for n := range 40 {
		f.flush(store.Batch{Documents: []store.Document{{Hash: store.Hash{byte(n)}, Body: body}}})
	}
	info, err := os.Stat(f.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(96 << 20); info.Size() > most {
		t.Errorf("the log has %d MiB after 160 MiB were written, want at most %d", info.Size()>>20, most>>20)
	}
}

func TestDocumentsGoWhenNoRunCanUseThem(t *testing.T) {
	t.Parallel()
	const day = 24 * 3_600_000
	now := time.Now().UnixMilli()
	old := now - sqlite.UnusedFor - 10*day
	f := openFileStore(t)
	put := func(at store.Millis, name byte, runs ...store.Record) {
		for i := range runs {
			runs[i].Document, runs[i].Status = store.Hash{name}, machine.Succeeded
		}
		f.flush(store.Batch{Now: at, Documents: []store.Document{{Hash: store.Hash{name}, Body: []byte("{}")}}, Inserts: runs})
	}
	put(old, 1)                        // never used
	put(old+day, 2, run(old+day, 2))   // by a run that is kept for now
	put(old, 3)                        // by a young run, below
	put(old, 4)                        // and this one too
	put(now-day, 5)                    // young
	put(now-2*day, 3, run(now-day, 3)) // its use is noted
	put(now-day, 4, run(now-1, 4))
	there := func() (list []int) {
		for n := 1; n <= 5; n++ {
			_, err := f.Document(t.Context(), store.Hash{byte(n)})
			switch {
			case err == nil:
				list = append(list, n)
			case !errors.Is(err, store.ErrNotFound):
				t.Fatal(err)
			}
		}
		return list
	}
	for _, step := range []struct {
		delete []store.Record
		want   string
	}{
		{nil, "[2 3 4 5]"},
		{[]store.Record{run(old+day, 2), run(now-day, 3)}, "[3 4 5]"},
	} {
		var ids []workflow.RunID
		for _, r := range step.delete {
			ids = append(ids, r.Meta.ID)
		}
		f.flush(store.Batch{Delete: ids})
		if err := f.SweepOnce(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(there()); got != step.want {
			t.Errorf("documents %s are there after %d runs were deleted, want %s", got, len(ids), step.want)
		}
	}
	put(now, 1, run(now, 9)) // one that went may come back
}

func TestAFileOfANewerBerthIsRefused(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", f.path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE schema_version SET version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), f.path); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("Open: %v, want an error that says it is of a newer one", err)
	}
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	f.flush(store.Batch{})
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(f.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has mode %v, want nothing for others", info.Name(), mode)
		}
	}
}

func TestAClosedStoreAnswers(t *testing.T) {
	t.Parallel()
	f := openFileStore(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.PutSetting(t.Context(), store.Setting{Kind: "k"}); err == nil {
		t.Error("PutSetting after Close succeeded")
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "berth")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "work.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	owner, err := s.Acquire(ctx, 0, "node-1", "http://10.0.0.1:8080", 10_000)
	fmt.Println(owner.Epoch, owner.Seq, err)
	// Output: 1 0 <nil>
}

func TestOneSweepDeletesAllDocumentsThatNoRunCanUse(t *testing.T) {
	t.Parallel()
	now := time.Now().UnixMilli()
	f := openFileStore(t)
	var docs [2][]store.Document
	for n := range 1700 {
		docs[n%7/6] = append(docs[n%7/6], store.Document{Hash: store.Hash{byte(n), byte(n >> 8), 1}, Body: []byte("{}")})
	}
	f.flush(store.Batch{Now: now - sqlite.UnusedFor - 1, Documents: docs[0]})
	f.flush(store.Batch{Now: now, Documents: docs[1]})
	if err := f.SweepOnce(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true} {
		for _, d := range docs[i] {
			if _, err := f.Document(t.Context(), d.Hash); (err == nil) != want {
				t.Fatalf("Document(%x): %v, want it there: %v", d.Hash[:3], err, want)
			}
		}
	}
}
