package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store/memory"
	"github.com/berth-project/berth/workflow"
)

// openUntilTheEnd opens an engine that closes with the test.
func openUntilTheEnd(t *testing.T, o engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestStandbyKnowsWhoServesEachShard: it asks for the first only.
func TestStandbyKnowsWhoServesEachShard(t *testing.T) {
	t.Parallel()
	const shards = 4
	db := memory.New(nil)
	of := func(node string) *engine.Engine {
		return openUntilTheEnd(t, engine.Options{Store: db.Open(nil), Node: node, Addr: "http://" + node, Shards: shards})
	}
	owner := of("owner")
	if err := owner.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if standby, err := owner.Serving(); standby || err != nil {
		t.Errorf("the owner's Serving() = %v, %v", standby, err)
	}
	standby := of("standby")
	eventually(t, func() (struct{}, bool) {
		by, err := standby.Serving()
		return struct{}{}, by && err == nil
	})
	for n := range shards {
		id := workflow.MakeRunID(1, n, 0)
		var who *engine.OwnerError
		if err := standby.Owns(id); !errors.As(err, &who) || who.Addr != "http://owner" || who.Shard != n {
			t.Errorf("Owns() of a run of shard %d = %v, want that the owner has it", n, err)
		}
		if _, err := standby.Current(t.Context(), shard.Held{Run: id}); !errors.Is(err, work.ErrNotOwner) {
			t.Errorf("Current() of a run of shard %d = %v, want that another engine owns it", n, err)
		}
	}
	if is, err := owner.Current(t.Context(), shard.Held{Run: workflow.MakeRunID(1, 0, 0), Step: "a"}); is || err != nil {
		t.Errorf("Current() of a run that is not there = %v, %v, want false", is, err)
	}
	if _, err := owner.Current(t.Context(), shard.Held{Run: workflow.MakeRunID(1, shards, 0)}); !errors.Is(err, work.ErrNotOwner) {
		t.Errorf("Current() of a run of a shard that the engine does not have = %v, want that it is not known", err)
	}
}

// TestEnginesOfOneNameAreTold: they take the shard from each other, and nothing
// else would tell why.
func TestEnginesOfOneNameAreTold(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	var log syncBuffer
	for _, addr := range []string{"http://first", "http://second"} {
		e := openUntilTheEnd(t, engine.Options{
			Store: db.Open(nil), Node: "twin", Addr: addr, Ownership: 300 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err := e.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() (struct{}, bool) {
		text := log.String()
		return struct{}{}, strings.Contains(text, "has the same name") && strings.Contains(text, "node=twin address=http://")
	})
}
