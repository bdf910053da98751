package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

const oneStep = `{"name":"x","steps":[{"name":"a","run":"y"}]}`

// gate is a store that tests may hold up, or cut off.
type gate struct {
	store.Store
	queued func()
	off    atomic.Bool
	bad    workflow.RunID // cannot be read
}

func (g *gate) Load(ctx context.Context, ids []workflow.RunID) ([]store.Record, error) {
	recs, err := g.Store.Load(ctx, ids)
	for i := range recs {
		if recs[i].Meta.ID == g.bad {
			recs[i].State = []byte("damaged")
		}
	}
	return recs, err
}

func (g *gate) Queued(ctx context.Context, n int, after workflow.RunID, limit int) ([]store.Waiting, error) {
	if g.queued != nil {
		g.queued()
	}
	return g.Store.Queued(ctx, n, after, limit)
}

func (g *gate) Renew(ctx context.Context, o store.Owner, ttl store.Millis) (store.Owner, error) {
	if g.off.Load() {
		return o, context.DeadlineExceeded
	}
	return g.Store.Renew(ctx, o, ttl)
}

func (g *gate) Acquire(ctx context.Context, n int, node, addr string, ttl store.Millis) (store.Owner, error) {
	if g.off.Load() {
		return store.Owner{}, context.DeadlineExceeded
	}
	return g.Store.Acquire(ctx, n, node, addr, ttl)
}

func (g *gate) Flush(ctx context.Context, b *store.Batch) (store.Outcome, error) {
	if g.off.Load() {
		return store.Outcome{}, context.DeadlineExceeded
	}
	return g.Store.Flush(ctx, b)
}

// on opens an engine over a store, whose only executor is exec.
func on(t *testing.T, o engine.Options, exec work.ExecutorFunc) *fixture {
	t.Helper()
	o.Executors = map[string]work.Executor{engine.AnyType: exec}
	if o.Local == nil {
		o.Local = map[string]int{"default": 1}
	}
	e, err := engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{Engine: e, t: t, store: o.Store}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = e.Close(ctx)
	})
	return f
}

func TestSettingsThatChangeWhileAShardIsLoadedAreInForce(t *testing.T) {
	t.Parallel()
	loading, goOn := make(chan struct{}), make(chan struct{})
	ran := make(chan workflow.RunID, 2)
	f := on(t, engine.Options{Store: &gate{Store: memory.New(nil).Open(nil), queued: sync.OnceFunc(func() { close(loading); <-goOn })}},
		func(_ context.Context, task work.Task, _ work.Reporter) work.Result {
			ran <- task.Run
			return work.Result{}
		})
	<-loading
	for _, q := range []work.Queue{{Name: "paused", Paused: true}, {Name: "open"}} {
		if _, err := f.PutQueue(t.Context(), q, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
	close(goOn)
	if err := f.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := func(q string) func(*work.Submission) { return func(s *work.Submission) { s.Queue = q } }
	first, second := f.submit(oneStep, in("paused")), f.submit(oneStep, in("open"))
	if got := <-ran; got != second {
		t.Errorf("run %v was executed, want %v; the queue of %v is paused", got, second, first)
	}
}

func TestResultsThatAreThereAreWrittenWhenTheEngineStops(t *testing.T) {
	t.Parallel()
	for range 20 {
		st := memory.New(nil).Open(nil)
		begun, end := make(chan struct{}), make(chan struct{})
		f := on(t, engine.Options{Store: st}, func(context.Context, work.Task, work.Reporter) work.Result {
			close(begun)
			<-end
			return work.Result{}
		})
		if err := f.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		id := f.submit(oneStep)
		<-begun
		close(end)
		if err := f.Close(context.Background()); err != nil { // it waits for its executors
			t.Fatal(err)
		}
		recs, err := st.Load(context.Background(), []workflow.RunID{id})
		if err != nil || recs[0].Status != machine.Succeeded {
			t.Fatalf("the run is %v, %v; want its result to be kept", recs[0].Status, err)
		}
	}
}

func TestAttemptThatIsStoppedWithTheEngineIsNoCrash(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	begun := make(chan struct{}, 1)
	f := on(t, engine.Options{Store: db.Open(nil)}, func(ctx context.Context, _ work.Task, _ work.Reporter) work.Result {
		begun <- struct{}{}
		<-ctx.Done()
		return work.Result{Failure: &machine.Failure{Code: "stopped", Message: ctx.Err().Error()}}
	})
	if err := f.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := f.submit(oneStep)
	<-begun
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // nothing is waited for
	_ = f.Close(ctx)
	next := on(t, engine.Options{Store: db.Open(nil)}, func(context.Context, work.Task, work.Reporter) work.Result { return work.Result{} })
	if err := next.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := next.final(id)
	if s := r.View.Steps[0]; r.Status != machine.Succeeded || s.Crashes != 0 || s.Attempt != 1 {
		t.Errorf("the run is %v, its step at attempt %d with %d crashes; want the first attempt, without", r.Status, s.Attempt, s.Crashes)
	}
}

func TestEngineThatIsCutOffStopsItsAttempts(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	var running atomic.Int64
	begun := make(chan int64, 16)
	exec := func(ctx context.Context, _ work.Task, _ work.Reporter) work.Result {
		begun <- running.Add(1)
		defer running.Add(-1)
		<-ctx.Done()
		return work.Result{}
	}
	cut := &gate{Store: db.Open(nil)}
	first := on(t, engine.Options{Store: cut, Node: "first", Ownership: time.Second}, exec)
	if err := first.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.submit(oneStep)
	<-begun
	cut.off.Store(true)
	second := on(t, engine.Options{Store: db.Open(nil), Node: "second", Ownership: time.Second}, exec)
	if err := second.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := <-begun; n != 1 {
		t.Errorf("%d engines execute the same step at once", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = second.Close(ctx)
}

func TestShardsShareTheSlotsOfTheirProcess(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	f := on(t, engine.Options{Store: memory.New(nil).Open(nil), Shards: 4}, func(context.Context, work.Task, work.Reporter) work.Result {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		return work.Result{}
	})
	if err := f.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ids []workflow.RunID
	for _, q := range strings.Split("abcdefgh", "") {
		if _, err := f.PutQueue(t.Context(), work.Queue{Name: q}, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		for _, q := range strings.Split("abcdefgh", "") {
			ids = append(ids, f.submit(oneStep, func(s *work.Submission) { s.Queue = q }))
		}
	}
	for _, id := range ids {
		if r := f.final(id); r.Status != machine.Succeeded {
			t.Errorf("run %v is %v", id, r.Status)
		}
	}
	if n := most.Load(); n != 1 {
		t.Errorf("a process with one slot executed %d steps at once", n)
	}
}

func TestWorkflowThatStartsItselfEnds(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	doc := `{"name":"bomb","steps":[{"name":"a","run":"workflow","with":{"workflow":"bomb"}}]}`
	if _, err := f.PutDefinition(t.Context(), work.Definition{Document: json.RawMessage(doc)}); err != nil {
		t.Fatal(err)
	}
	receipts, err := f.Submit(t.Context(), []work.Submission{{Tenant: "t", Workflow: "bomb"}})
	if err != nil || receipts[0].Error != nil {
		t.Fatal(err, receipts)
	}
	r := f.final(receipts[0].ID)
	if r.Status != machine.Failed || !strings.Contains(r.View.Failure.Message, "nested") {
		t.Errorf("the run is %v with %+v", r.Status, r.View.Failure)
	}
	if n, err := f.Count(t.Context(), store.Filter{Tenants: []string{"t"}}, 1000); err != nil || n > 20 {
		t.Errorf("it made %d runs, %v", n, err)
	}
}

func TestSubWorkflowThatIsTooLargeFailsItsStep(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	if _, err := f.PutDefinition(t.Context(), work.Definition{Document: json.RawMessage(`{"name":"c","steps":[{"name":"a","run":"noop"}]}`)}); err != nil {
		t.Fatal(err)
	}
	id := f.submit(`{"name":"p","steps":[{"name":"w","run":"wait","with":{"signal":"go"}},
		{"name":"s","run":"workflow","needs":["w"],"with":{"workflow":"c","params":{"text":"` + strings.Repeat("x", 300) + `"}}}]}`)
	if _, err := f.PutTenant(t.Context(), work.Tenant{Name: "t", Quota: work.Quota{Payload: 100}}, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if err := f.Control(t.Context(), signal(id, "go")); err != nil {
		t.Fatal(err)
	}
	if r := f.final(id); r.Status != machine.Failed || r.View.Failure.Code != "submit" {
		t.Errorf("the run is %v with %+v", r.Status, r.View.Failure)
	}
}

func TestSettingsThatCouldNotBeInForceAreRefused(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	if _, err := f.PutTenant(t.Context(), work.Tenant{Name: "t", Weight: 50_000}, engine.AnyVersion); !errors.Is(err, work.ErrInvalid) {
		t.Errorf("PutTenant of a weight of 50,000 = %v, want ErrInvalid", err)
	}
	if _, err := f.PutPool(t.Context(), work.Pool{Name: "p", PerType: map[string]int{"gpu": -1}}, engine.AnyVersion); !errors.Is(err, work.ErrInvalid) {
		t.Errorf("PutPool of -1 of a type = %v, want ErrInvalid", err)
	}
	if _, err := f.PutQueue(t.Context(), work.Queue{Name: "q", Policy: "luck"}, engine.AnyVersion); !errors.Is(err, work.ErrInvalid) {
		t.Errorf("PutQueue of an unknown policy = %v, want ErrInvalid", err)
	}
}

func TestRunThatCannotBeReadIsToldAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	done := func(context.Context, work.Task, work.Reporter) work.Result { return work.Result{} }
	first := on(t, engine.Options{Store: db.Open(nil), Local: map[string]int{"default": 0}}, done)
	if err := first.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	bad, good := first.submit(oneStep), first.submit(oneStep)
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := on(t, engine.Options{Store: &gate{Store: db.Open(nil), bad: bad}}, done)
	if err := second.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := second.final(good); r.Status != machine.Succeeded {
		t.Errorf("run %v is %v", good, r.Status)
	}
	if wrong := second.Health(t.Context()); len(wrong) != 1 || !strings.Contains(wrong[0], "cannot be read") {
		t.Errorf("Health = %q, want it to tell of run %v", wrong, bad)
	}
	if err := second.Control(t.Context(), signal(bad, "go")); !errors.Is(err, work.ErrConflict) {
		t.Errorf("Control of run %v = %v, want ErrConflict", bad, err)
	}
}

func TestIDsGoOnWhereTheClockWasAheadBefore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	first := openAt(t, path, engine.Options{Now: func() int64 { return time.Now().Add(time.Hour).UnixMilli() }})
	before := first.submit(emptyRun)
	first.final(before) // and nothing that waits or has begun says what its id was
	first.close()
	second := openAt(t, path, engine.Options{})
	if after := second.submit(emptyRun); after <= before {
		t.Errorf("after the clock was set right a run has the id %v, want one later than %v", after, before)
	}
}

func TestPollIsSentAwayWhenTheEngineStops(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	ask := engine.Ask{Worker: "w", Pool: "default", Types: []string{"far"}, Max: 1}
	errs := make(chan error, 3)
	go func() {
		_, err := f.Poll(context.Background(), ask)
		errs <- err
	}()
	go func() {
		_, err := f.PollRuns(context.Background(), shard.RunPoller{Queue: "default", Worker: "w", Max: 1})
		errs <- err
	}()
	if err := f.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { // too late
		_, err := f.Poll(context.Background(), ask)
		errs <- err
	}()
	for range cap(errs) {
		if err := receive(t, errs, "the answer of a poll"); !errors.Is(err, work.ErrBusy) {
			t.Errorf("a poll of an engine that stops = %v, want ErrBusy", err)
		}
	}
}

func TestPollIsSentAwayWhenTheShardIsLost(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	cut := &gate{Store: db.Open(nil)}
	f := on(t, engine.Options{Store: cut, Ownership: time.Second}, nil)
	if err := f.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 1)
	go func() {
		_, err := f.Poll(context.Background(), engine.Ask{Worker: "w", Pool: "far", Max: 1})
		errs <- err
	}()
	cut.off.Store(true)
	if err := receive(t, errs, "the answer of a poll"); !errors.Is(err, work.ErrNotOwner) {
		t.Errorf("a poll of an engine that lost its shard = %v, want ErrNotOwner", err)
	}
}

// Whatever is leased as the engine stops is in the hands of a worker.
func TestNothingIsLeasedToAPollThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	for range 30 {
		st := memory.New(nil).Open(nil)
		f := on(t, engine.Options{Store: st, Shards: 2, Local: map[string]int{"default": 0}}, nil)
		if err := f.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		got := map[machine.Fence]bool{}
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for {
					tasks, err := f.Poll(context.Background(), engine.Ask{Worker: "w", Pool: "default", Max: 3})
					if err != nil {
						return
					}
					mu.Lock()
					for _, one := range tasks {
						got[one.Fence] = true
					}
					mu.Unlock()
				}
			})
		}
		var ids []workflow.RunID
		for range 20 {
			ids = append(ids, f.submit(oneStep))
		}
		if err := f.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		workers.Wait()
		recs, err := st.Load(context.Background(), ids)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := workflow.Load("x", []byte(oneStep))
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range recs {
			run, err := machine.Load(plan, rec.Meta, nil, rec.State)
			if err != nil {
				t.Fatal(err)
			}
			if s := run.State.Steps[0]; s.Status == machine.StepRunning && !got[s.Fence] {
				t.Errorf("run %v is leased with fence %d to a poll that was not told", rec.Meta.ID, s.Fence)
			}
		}
	}
}
