package storetest

import (
	"testing"

	"github.com/berth-project/berth/work/store"
)

func ledgerCases() []testCase {
	return []testCase{
		{"a ledger is kept, replaced and deleted", ledgerKept},
		{"of the ledgers of one queue the last counts", ledgerLast},
		{"ledgers belong to their shard", ledgerShards},
		{"the ledger of any queue's name survives, and any body", ledgerTexts},
		{"a ledger is written with its batch or not at all", ledgerWhole},
		{"a ledger of an owner of before is refused", ledgerFenced},
	}
}

func ledger(queue, body string) store.Ledger { return store.Ledger{Queue: queue, Body: []byte(body)} }

// ledgers expects the shard's ledgers, as "queue=body".
func (f *fixture) ledgers(want ...string) {
	f.Helper()
	list, err := f.Ledgers(f.Context(), f.owner.Shard)
	if err != nil {
		f.Fatal(err)
	}
	var got []string
	for _, l := range list {
		got = append(got, l.Queue+"="+string(l.Body))
	}
	same(f, "ledgers", got, want)
}

func ledgerKept(t *testing.T, b Backend) {
	f := open(t, b)
	f.ledgers()
	f.flush(store.Batch{Ledgers: []store.Ledger{ledger("b", "1"), ledger("a", "2"), ledger("c", "3")}})
	f.ledgers("a=2", "b=1", "c=3")
	f.flush(store.Batch{Ledgers: []store.Ledger{ledger("b", "4"), {Queue: "a"}, {Queue: "none"}}})
	f.ledgers("b=4", "c=3")
}

func ledgerLast(t *testing.T, b Backend) {
	f := open(t, b)
	f.flush(store.Batch{Ledgers: []store.Ledger{ledger("a", "1"), {Queue: "b"}, {Queue: "a"}, ledger("b", "2"), ledger("a", "3"), ledger("c", "4"), {Queue: "c"}}})
	f.ledgers("a=3", "b=2")
}

func ledgerShards(t *testing.T, b Backend) {
	f := open(t, b)
	other := own(t, f.Store, 1, "one")
	f.flush(store.Batch{Ledgers: []store.Ledger{ledger("a", "1")}})
	other.flush(store.Batch{Ledgers: []store.Ledger{ledger("a", "2"), ledger("b", "3")}})
	f.ledgers("a=1")
	other.ledgers("a=2", "b=3")
	f.flush(store.Batch{Ledgers: []store.Ledger{{Queue: "a"}, {Queue: "b"}}})
	f.ledgers()
	other.ledgers("a=2", "b=3")
}

func ledgerTexts(t *testing.T, b Backend) {
	f := open(t, b)
	for _, s := range append(awkward(), "") {
		f.flush(store.Batch{Ledgers: []store.Ledger{ledger(s, s)}})
		f.ledgers(s + "=" + s)
		f.flush(store.Batch{Ledgers: []store.Ledger{{Queue: s}}})
		f.ledgers()
	}
	f.flush(store.Batch{Ledgers: []store.Ledger{{Queue: "empty", Body: []byte{}}}})
	f.ledgers("empty=")
}

func ledgerWhole(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	f.flush(store.Batch{Ledgers: []store.Ledger{ledger("a", "1"), ledger("b", "1")}})
	f.refused(store.Batch{Inserts: []store.Record{queued(0)}, Ledgers: []store.Ledger{ledger("a", "2"), {Queue: "b"}, ledger("c", "2")}}, store.ErrExists)
	f.ledgers("a=1", "b=1")
}

func ledgerFenced(t *testing.T, b Backend) {
	f := open(t, b)
	f.flush(store.Batch{Ledgers: []store.Ledger{ledger("a", "1")}})
	if err := f.Release(t.Context(), f.owner); err != nil {
		t.Fatal(err)
	}
	next := own(t, f.Store, 0, "two")
	next.ledgers("a=1")
	f.refused(store.Batch{Ledgers: []store.Ledger{ledger("a", "2"), {Queue: "b"}}}, store.ErrNotOwner)
	next.flush(store.Batch{Ledgers: []store.Ledger{ledger("b", "3")}})
	next.ledgers("a=1", "b=3")
}
