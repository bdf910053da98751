package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// sharedCases are for stores that several engines use at once.
func sharedCases() []testCase {
	return []testCase{
		{"two engines see each other's writes", sharedWrites},
		{"of two engines one gets a shard", sharedAcquire},
		{"an engine that stalls within a transaction loses its shard", sharedStall},
		{"an idempotency key is taken once over engines and shards", sharedKeys},
		{"an engine hears of what another one changed", sharedWake},
		{"engines may begin at once", sharedOpen},
	}
}

// shared opens two stores over the same data.
func shared(t *testing.T, b Backend, hook func(store.Stage) error) (one, two store.Store) {
	t.Helper()
	one, two = b.Open(t, hook), b.Open(t, nil)
	t.Cleanup(func() {
		for _, s := range []store.Store{one, two} {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	return one, two
}

func sharedWrites(t *testing.T, b Backend) {
	one, two := shared(t, b, nil)
	first, second := own(t, one, 0, "one"), own(t, two, 1, "two")
	first.insert(0, 2)
	second.insert(2, 4)
	for _, f := range []*fixture{first, second} {
		f.has(ids(0, 1, 2, 3)...)
	}
}

func sharedAcquire(t *testing.T, b Backend) {
	one, two := shared(t, b, nil)
	for shard := range 10 {
		var won atomic.Int32
		var wg sync.WaitGroup
		for name, s := range map[string]store.Store{"one": one, "two": two} {
			wg.Go(func() {
				_, err := s.Acquire(t.Context(), shard, name, "", minute)
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, store.ErrNotOwner):
					t.Errorf("Acquire by %s: %v", name, err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d engines got shard %d, want 1", won.Load(), shard)
		}
	}
}

func sharedStall(t *testing.T, b Backend) {
	reached, wake := make(chan struct{}), make(chan struct{})
	var armed atomic.Bool
	one, two := shared(t, b, func(at store.Stage) error {
		if at == store.Staged && armed.CompareAndSwap(true, false) {
			close(reached)
			<-wake
		}
		return nil
	})
	f := own(t, one, 0, "one")
	f.insert(0, 1)
	brief, err := one.Renew(t.Context(), f.owner, 1)
	if err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	done := make(chan error, 1)
	batch := f.batch(store.Batch{Inserts: []store.Record{queued(1)}})
	batch.Owner = brief
	go func() {
		_, err := one.Flush(t.Context(), batch)
		done <- err
	}()
	<-reached
	var next *fixture
	deadline := time.Now().Add(30 * time.Second)
	for next == nil {
		o, err := two.Acquire(t.Context(), 0, "two", "", minute)
		if err == nil {
			next = &fixture{T: t, Store: two, owner: o, seq: o.Seq, now: epoch}
		} else if time.Now().After(deadline) {
			t.Fatalf("the shard cannot be taken from an engine that stalls: %v", err)
		}
	}
	next.insert(2, 3)
	close(wake)
	if err := <-done; err == nil {
		t.Error("the stalled engine's batch was written, want an error")
	}
	if _, err := one.Flush(t.Context(), batch); !errors.Is(err, store.ErrNotOwner) {
		t.Errorf("Flush again: %v, want ErrNotOwner", err)
	}
	next.lacks(id(1))
	next.has(id(0), id(2))
}

func sharedKeys(t *testing.T, b Backend) {
	one, two := shared(t, b, nil)
	const rounds, keys = 6, 60
	var wg sync.WaitGroup
	var mu sync.Mutex
	winners := map[workflow.RunID]bool{}
	losers := map[workflow.RunID]workflow.RunID{}
	for shard, s := range []store.Store{one, two} {
		f := own(t, s, shard, "one")
		f.flush(store.Batch{Documents: []store.Document{document}})
		wg.Go(func() {
			for round := range rounds {
				recs := sameKeys(shard, round, keys)
				out, err := f.Flush(t.Context(), f.batch(store.Batch{Inserts: recs}))
				if err != nil {
					t.Errorf("Flush: %v", err)
					return
				}
				mu.Lock()
				for _, r := range recs {
					if other, ok := out.Duplicates[r.Meta.ID]; ok {
						losers[r.Meta.ID] = other
					} else {
						winners[r.Meta.ID] = true
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(winners) != rounds*keys || len(losers) != rounds*keys {
		t.Errorf("%d runs have keys and %d were duplicates, want %d of each", len(winners), len(losers), rounds*keys)
	}
	for loser, other := range losers {
		if !winners[other] {
			t.Errorf("run %v is a duplicate of %v, which has no key", loser, other)
		}
	}
}

// sameKeys returns runs with keys that are the same for each shard, in another
// order.
func sameKeys(shard, round, keys int) []store.Record {
	var recs []store.Record
	for k := range keys {
		n := shard*10_000 + round*keys + k
		r := queuedIn(shard, n)
		keyed("t", fmt.Sprintf("%d-%02d", round, k))(n, &r)
		recs = append(recs, r)
	}
	if shard%2 == 1 {
		slices.Reverse(recs)
	}
	return recs
}

func sharedWake(t *testing.T, b Backend) {
	one, two := shared(t, b, nil)
	// Hints may be lost, so it is changed until one is heard.
	eventually(t, "hint of a setting", func() bool {
		if _, err := one.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a", Version: -1}); err != nil {
			t.Error(err)
			return true
		}
		select {
		case shard := <-two.Wake():
			return shard == store.AllShards
		case <-time.After(100 * time.Millisecond):
			return false
		}
	})
}

func sharedOpen(t *testing.T, b Backend) {
	stores := make([]store.Store, 4)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() { stores[i] = b.Open(t, nil) })
	}
	wg.Wait()
	for i, s := range stores {
		own(t, s, i, "one").insert(i, i+1)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}
