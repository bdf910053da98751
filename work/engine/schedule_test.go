package engine_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
	"github.com/berth-project/berth/workflow"
)

// between lets a test do something at certain calls of a store.
type between struct {
	store.Store
	inserted  func()       // after a batch with runs
	put       func(string) // after a setting of a kind was put, or not
	loadedOne func()       // after one run was read
}

func (b *between) Flush(ctx context.Context, batch *store.Batch) (store.Outcome, error) {
	out, err := b.Store.Flush(ctx, batch)
	if b.inserted != nil && len(batch.Inserts) > 0 {
		b.inserted()
	}
	return out, err
}

func (b *between) PutSetting(ctx context.Context, s store.Setting) (int64, error) {
	v, err := b.Store.PutSetting(ctx, s)
	if b.put != nil {
		b.put(s.Kind)
	}
	return v, err
}

func (b *between) Load(ctx context.Context, ids []workflow.RunID) ([]store.Record, error) {
	recs, err := b.Store.Load(ctx, ids)
	if b.loadedOne != nil && len(ids) == 1 {
		b.loadedOne()
	}
	return recs, err
}

func openOn(t *testing.T, o engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := e.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

// clock begins a second before noon.
func clock() *atomic.Int64 {
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 11, 59, 59, 0, time.UTC).UnixMilli())
	return &now
}

func minutely(overlap, doc string) work.Schedule {
	return work.Schedule{Name: "s", Cron: "* * * * *", Overlap: overlap, Run: work.Submission{Tenant: "t", Document: json.RawMessage(doc)}}
}

// What is done to a schedule while it starts its run stays so.
func TestScheduleChangedWhileItFiresStaysChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(context.Context, *engine.Engine) error
		want   int // schedules that are not paused
		all    int
	}{
		"deleted": {func(ctx context.Context, e *engine.Engine) error {
			return e.DeleteSchedule(ctx, "s", engine.AnyVersion)
		}, 0, 0},
		"paused": {func(ctx context.Context, e *engine.Engine) error {
			s := minutely("", emptyRun)
			s.Paused = true
			_, err := e.PutSchedule(ctx, s, engine.AnyVersion)
			return err
		}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := clock()
			written, goOn, puts := make(chan struct{}, 10), make(chan struct{}), make(chan string, 100)
			e := openOn(t, engine.Options{Now: now.Load, Store: &between{
				Store:    memory.New(nil).Open(nil),
				inserted: func() { written <- struct{}{}; <-goOn },
				put: func(kind string) {
					if kind == engine.KindSchedule {
						puts <- kind
					}
				},
			}})
			if _, err := e.PutSchedule(t.Context(), minutely("", emptyRun), engine.AnyVersion); err != nil {
				t.Fatal(err)
			}
			<-puts
			now.Add(2000)
			receive(t, written, "the run of noon")
			if err := c.change(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			if c.all > 0 {
				<-puts
			}
			close(goOn)
			receive(t, puts, "the schedule's own change")
			list := e.Schedules(nil)
			active := 0
			for _, s := range list {
				if !s.Paused {
					active++
				}
			}
			if len(list) != c.all || active != c.want {
				t.Errorf("schedules are %+v, want %d of which %d are not paused", list, c.all, c.want)
			}
		})
	}
}

func TestQueueOneWaitsForTheLastRun(t *testing.T) {
	t.Parallel()
	for _, missed := range []string{"", "skip", "all"} {
		t.Run("missed "+missed, func(t *testing.T) {
			t.Parallel()
			now := clock()
			begun, end, looked := make(chan struct{}, 10), make(chan struct{}), make(chan struct{}, 1)
			e := openOn(t, engine.Options{
				Now: now.Load, Local: map[string]int{"default": 9},
				Store: &between{Store: memory.New(nil).Open(nil), loadedOne: func() {
					select {
					case looked <- struct{}{}:
					default:
					}
				}},
				Executors: map[string]work.Executor{"*": work.ExecutorFunc(func(ctx context.Context, _ work.Task, _ work.Reporter) work.Result {
					begun <- struct{}{}
					select {
					case <-end:
					case <-ctx.Done():
					}
					return work.Result{}
				})},
			})
			s := minutely("queue-one", `{"name":"x","steps":[{"name":"a","run":"long"}]}`)
			s.Missed = missed
			if _, err := e.PutSchedule(t.Context(), s, engine.AnyVersion); err != nil {
				t.Fatal(err)
			}
			now.Add(2000)
			receive(t, begun, "the run of noon")
			for range 3 {
				now.Add(60_000)
				for range 2 { // one look may have begun before
					now.Add(1000)
					receive(t, looked, "a look whether the last run is final")
				}
			}
			if n, err := e.Count(t.Context(), store.Filter{}, 10); err != nil || n != 1 {
				t.Fatalf("there are %d runs while the first is not finished, %v; want 1", n, err)
			}
			newest := time.UnixMilli(now.Load()).Truncate(time.Minute)
			now.Add(50_000) // no time is fresh when it ends
			end <- struct{}{}
			last := eventually(t, func() (work.Schedule, bool) {
				now.Add(1)
				s := e.Schedules(nil)[0]
				return s, s.Last >= newest.UnixMilli()
			})
			receive(t, begun, "the run that waited")
			if n, err := e.Count(t.Context(), store.Filter{}, 10); err != nil || n != 2 || last.LastRun == 0 {
				t.Errorf("there are %d runs, %v; want 2: of noon and of %v", n, err, newest)
			}
			close(end)
		})
	}
}
