package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store/memory"
)

func TestAnotherNumberOfShardsIsRefused(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	open := func(node string, shards int) (*engine.Engine, error) {
		return engine.Open(t.Context(), engine.Options{Store: db.Open(nil), Node: node, Shards: shards, Local: map[string]int{"default": 1}})
	}
	stop := func(e *engine.Engine) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	refused := func(shards int, want ...string) {
		t.Helper()
		e, err := open("b", shards)
		if err == nil {
			stop(e)
			t.Fatalf("Open() with %d shards = nil, want it refused", shards)
		}
		for _, text := range want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("Open() with %d shards = %v, want %q in it", shards, err, text)
			}
		}
	}
	e, err := open("a", 8)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if wrong := e.Health(t.Context()); len(wrong) > 0 {
		t.Errorf("Health() = %q, want nothing", wrong)
	}
	refused(1, "start it with 8", "engine a has shard 0")
	at := time.Now().Add(time.Hour)
	for i := range 8 {
		q := fmt.Sprint("q", i)
		if _, err := e.PutQueue(t.Context(), work.Queue{Name: q}, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Submit(t.Context(), []work.Submission{{Tenant: "t", Queue: q, StartAt: &at, Document: json.RawMessage(emptyRun)}}); err != nil {
			t.Fatal(err)
		}
	}
	stop(e)
	refused(1, "start it with 8", "not finished")
	refused(16, "start it with 8", "not finished")
	if e, err = open("a", 8); err != nil {
		t.Fatalf("Open() with the number of shards it has = %v", err)
	}
	stop(e)
}

func TestNumberOfShardsOfAnEmptyStoreCanBeChanged(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	for _, shards := range []int{8, 2, 4} {
		e := openOn(t, engine.Options{Store: db.Open(nil), Shards: shards})
		if err := e.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneThatStandsByTellsOfAnotherNumberOfShards(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	a := openOn(t, engine.Options{Store: db.Open(nil), Node: "a", Shards: 2})
	b, err := engine.Open(t.Context(), engine.Options{Store: db.Open(nil), Node: "b", Shards: 2})
	if err != nil {
		t.Fatal(err)
	}
	st := db.Open(nil)
	s, err := st.Setting(t.Context(), engine.KindShards, "number")
	if err != nil {
		t.Fatal(err)
	}
	s.Body = json.RawMessage("3")
	if _, err := st.PutSetting(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	wrong := eventually(t, func() ([]string, bool) {
		wrong := b.Health(t.Context())
		return wrong, len(wrong) > 0
	})
	if !strings.Contains(wrong[0], "start it with 3") {
		t.Errorf("Health() = %q", wrong)
	}
	for _, e := range []*engine.Engine{a, b} {
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestPollOfSeveralShardsAnswersAtMostMax(t *testing.T) {
	t.Parallel()
	e := openOn(t, engine.Options{Store: memory.New(nil).Open(nil), Shards: 4})
	const runs = 24
	for i := range runs {
		q := fmt.Sprint("q", i)
		if _, err := e.PutQueue(t.Context(), work.Queue{Name: q}, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
		receipts, err := e.Submit(t.Context(), []work.Submission{{Tenant: "t", Queue: q, Document: json.RawMessage(emptyRun)}})
		if err != nil || receipts[0].Error != nil { // a queue is there for what comes after it
			t.Fatal(err, receipts)
		}
	}
	for got := 0; got < runs; {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		tasks, err := e.Poll(ctx, engine.Ask{Worker: "w", Pool: "default", Max: 3})
		cancel()
		if err != nil || len(tasks) == 0 || len(tasks) > 3 {
			t.Fatalf("Poll() = %d tasks, %v; want 1 to 3", len(tasks), err)
		}
		got += len(tasks)
	}
}
