package storetest

import (
	"fmt"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

func eventCases() []testCase {
	return []testCase{
		{"events are read when they are due, by time, then number", eventsDue},
		{"an event is read as it was written", eventWhole},
		{"an event that was delivered is gone", eventDelivered},
		{"an event that failed is due later, and dead when it is given up", eventFailed},
		{"dead events are listed newest first, by filter and page", deadListed},
		{"a dead event is replayed or dropped", deadReplayed},
		{"an event that is tried again is not dropped", droppedAlive},
		{"dead events expire by age, oldest first", deadExpired},
		{"an event is not written twice", eventTwice},
	}
}

func event(n int, at store.Millis) store.Event {
	return store.Event{
		ID: uint64(n), Run: id(n), Tenant: fmt.Sprintf("tenant-%d", n%2), Kind: []string{"run.failed", "run.succeeded"}[n%2], To: fmt.Sprint("to-", n%3),
		Body: text(map[string]int{"n": n}), Created: epoch, NextAt: at,
	}
}

// events writes events of runs that it inserts.
func (f *fixture) events(list ...store.Event) {
	f.Helper()
	var recs []store.Record
	for _, e := range list {
		for n := range 100 {
			if e.Run == id(n) {
				recs = append(recs, queuedIn(f.owner.Shard, n))
			}
		}
	}
	f.flush(store.Batch{Documents: []store.Document{document}, Inserts: recs, Events: list})
}

func (f *fixture) due(at store.Millis, limit int) []uint64 {
	f.Helper()
	events, err := f.Events(f.Context(), f.owner.Shard, at, limit)
	if err != nil {
		f.Fatal(err)
	}
	var ids []uint64
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func eventsDue(t *testing.T, b Backend) {
	f := open(t, b)
	f.events(event(4, 30), event(2, 20), event(3, 20), event(1, 50))
	other := own(t, f.Store, 1, "one")
	other.events(event(5, 10))
	same(t, "due at 10", f.due(10, 9), nil)
	same(t, "due at 20", f.due(20, 9), []uint64{2, 3})
	same(t, "due at 50", f.due(50, 9), []uint64{2, 3, 4, 1})
	same(t, "the first due at 50", f.due(50, 1), []uint64{2})
	same(t, "due of the other shard", other.due(50, 9), []uint64{5})
}

func eventWhole(t *testing.T, b Backend) {
	f := open(t, b)
	f.insert(0, 1)
	want := []store.Event{
		{ID: 1<<63 - 1, Run: id(0), Tenant: "t\x00", Kind: "ünï", To: `{"url":"https://x"}`, Body: []byte("{\"a\":\"\\u0000\x00\"}"), Created: 7, Try: 3, NextAt: 9, Error: "connection \x00 refused\xff"},
		{ID: 1, Kind: "of no run", Body: text(1), NextAt: 10},
	}
	f.flush(store.Batch{Events: want})
	same(t, "Events", must[[]store.Event](t)(f.Events(t.Context(), 0, 10, 9)), want)
}

func eventDelivered(t *testing.T, b Backend) {
	f := open(t, b)
	f.events(event(1, 1), event(2, 2))
	f.flush(store.Batch{Acks: []store.Ack{{ID: 1, Delivered: true}, {ID: 77, Delivered: true}, {ID: 78, NextAt: 1}}})
	same(t, "due", f.due(50, 9), []uint64{2})
}

func eventFailed(t *testing.T, b Backend) {
	f := open(t, b)
	f.events(event(1, 1))
	f.flush(store.Batch{Acks: []store.Ack{{ID: 1, Try: 1, NextAt: 500, Error: "status 503"}}})
	same(t, "due before", f.due(499, 9), nil)
	got := must[[]store.Event](t)(f.Events(t.Context(), 0, 500, 9))
	if len(got) != 1 || got[0].Try != 1 || got[0].Error != "status 503" || got[0].NextAt != 500 {
		t.Fatalf("Events = %+v, want the second try at 500", got)
	}
	f.flush(store.Batch{Acks: []store.Ack{{ID: 1, Try: 2, NextAt: 500, Dead: 600, Error: "gone"}}})
	same(t, "due when dead", f.due(9999, 9), nil)
	dead, _, err := f.Dead(t.Context(), store.DeadFilter{}, "", 9)
	if err != nil || len(dead) != 1 || dead[0].Dead != 600 || dead[0].Try != 2 || dead[0].Error != "gone" {
		t.Errorf("Dead = %+v, %v; want the event, given up at 600", dead, err)
	}
}

func deadListed(t *testing.T, b Backend) {
	f := open(t, b)
	var all []store.Event
	for n := 1; n <= 30; n++ {
		e := event(n, 1)
		e.Dead = epoch + int64(n/2)
		all = append(all, e)
	}
	f.events(all...)
	f.events(event(50, 1))
	for _, filter := range []store.DeadFilter{
		{}, {Tenant: "tenant-1"}, {To: "to-2"}, {Kind: "run.failed"}, {Run: id(9)}, {ID: 7}, {ID: 7, Tenant: "none"}, {ID: 50}, {Tenant: "tenant-1", To: "to-0"}, {Tenant: "none"},
	} {
		var want, got []uint64
		for n := 30; n > 0; n-- {
			if filter.Match(&all[n-1]) {
				want = append(want, uint64(n))
			}
		}
		for cursor := ""; ; {
			page, next, err := f.Dead(t.Context(), filter, cursor, 4)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				got = append(got, e.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		same(t, fmt.Sprintf("Dead(%+v)", filter), got, want)
	}
}

func deadReplayed(t *testing.T, b Backend) {
	f := open(t, b)
	e := event(1, 1)
	e.Dead = 5
	f.events(e, event(2, 1))
	second := event(3, 1)
	second.Dead = 6
	f.events(second)
	f.flush(store.Batch{Acks: []store.Ack{{ID: 1, NextAt: 40}, {ID: 3, Drop: true}}})
	same(t, "due", f.due(40, 9), []uint64{2, 1})
	dead, _, err := f.Dead(t.Context(), store.DeadFilter{}, "", 9)
	if err != nil || len(dead) != 0 {
		t.Errorf("Dead = %+v, %v; want none", dead, err)
	}
}

func eventTwice(t *testing.T, b Backend) {
	f := open(t, b)
	f.events(event(1, 1))
	again := event(1, 2)
	again.Kind = "another"
	f.flush(store.Batch{Events: []store.Event{again}})
	got := must[[]store.Event](t)(f.Events(t.Context(), 0, 9, 9))
	if len(got) != 1 || got[0].Kind == "another" {
		t.Errorf("Events = %+v, want the first alone", got)
	}
	// The same number in another shard is another event.
	other := own(t, f.Store, 1, "one")
	e := event(1, 1)
	e.Run = workflow.RunID(0)
	other.flush(store.Batch{Events: []store.Event{e}})
	same(t, "due of the other shard", other.due(9, 9), []uint64{1})
	other.flush(store.Batch{Acks: []store.Ack{{ID: 1, Delivered: true}}})
	same(t, "due of the other shard, delivered", other.due(9, 9), nil)
	same(t, "due of the first shard", f.due(9, 9), []uint64{1})
	other.flush(store.Batch{Acks: []store.Ack{{ID: 1, Dead: 5}}})
	same(t, "due of the first shard", f.due(9, 9), []uint64{1})
}

func droppedAlive(t *testing.T, b Backend) {
	f := open(t, b)
	e := event(1, 1)
	e.Dead = 5
	f.events(e, event(2, 1))
	f.flush(store.Batch{Acks: []store.Ack{{ID: 1, NextAt: 40}}})
	f.flush(store.Batch{Acks: []store.Ack{{ID: 1, Drop: true}, {ID: 2, Drop: true}, {ID: 3, Drop: true}}})
	same(t, "due", f.due(40, 9), []uint64{2, 1})
}

func deadExpired(t *testing.T, b Backend) {
	f := open(t, b)
	var all []store.Event
	for n := 1; n <= 20; n++ {
		e := event(n, 1)
		if n%4 != 0 {
			e.Dead = epoch + int64(100-n/2)
		}
		all = append(all, e)
	}
	f.events(all...)
	foreign := event(21, 1)
	foreign.Run, foreign.Dead = 0, epoch
	other := own(t, f.Store, 1, "one")
	other.flush(store.Batch{Events: []store.Event{foreign}})
	for _, c := range []struct {
		before store.Millis
		limit  int
		want   []uint64
	}{
		{epoch + 92, 9, []uint64{18, 19}},
		{epoch + 93, 9, []uint64{18, 19, 17}},
		{epoch + 94, 4, []uint64{18, 19, 17, 14}},
		{epoch, 9, nil},
	} {
		same(t, fmt.Sprintf("ExpiredEvents(%d, %d)", c.before-epoch, c.limit), must[[]uint64](t)(f.ExpiredEvents(t.Context(), 0, c.before, c.limit)), c.want)
	}
	f.flush(store.Batch{Acks: []store.Ack{{ID: 18, Drop: true}, {ID: 19, Drop: true}}})
	same(t, "ExpiredEvents after two were dropped", must[[]uint64](t)(f.ExpiredEvents(t.Context(), 0, epoch+93, 9)), []uint64{17})
	same(t, "ExpiredEvents of the other shard", must[[]uint64](t)(f.ExpiredEvents(t.Context(), 1, epoch+1, 9)), []uint64{21})
}
