package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// fixture is an engine on a real file.
type fixture struct {
	*engine.Engine
	t     *testing.T
	store store.Store
}

func open(t *testing.T, o engine.Options) *fixture {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "work.db"), o)
}

func openAt(t *testing.T, path string, o engine.Options) *fixture {
	t.Helper()
	ctx := t.Context()
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	o.Store = st
	steps := builtin.New(builtin.Options{})
	all := map[string]work.Executor{"noop": steps, "fail": steps, "transform": steps}
	for typ, e := range o.Executors {
		all[typ] = e
	}
	o.Executors = all
	if o.Local == nil {
		o.Local = map[string]int{"default": 4}
	}
	e, err := engine.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	f := &fixture{Engine: e, t: t, store: st}
	t.Cleanup(f.close)
	return f
}

func (f *fixture) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(f.Close(ctx), f.store.Close()); err != nil && !strings.Contains(err.Error(), "closed") {
		f.t.Error(err)
	}
}

// submit submits a document for tenant t and gives its run.
func (f *fixture) submit(document string, change ...func(*work.Submission)) workflow.RunID {
	f.t.Helper()
	s := work.Submission{Tenant: "t", Document: json.RawMessage(document)}
	for _, c := range change {
		c(&s)
	}
	receipts, err := f.Submit(f.t.Context(), []work.Submission{s})
	if err != nil {
		f.t.Fatal(err)
	}
	if p := receipts[0].Error; p != nil {
		f.t.Fatal(p)
	}
	return receipts[0].ID
}

// final waits until a run is final.
func (f *fixture) final(id workflow.RunID) engine.Run {
	f.t.Helper()
	return f.until(id, func(r engine.Run) bool { return r.Status.Final() })
}

// until waits until a run is as wanted: it watches, and looks when something
// happened.
func (f *fixture) until(id workflow.RunID, wanted func(engine.Run) bool) engine.Run {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	events, _ := f.Watch(ctx, 0, func(e *work.Event) bool { return e.Run == id })
	for {
		r, err := f.Get(ctx, id, nil)
		if err != nil {
			f.t.Fatal(err)
		}
		if wanted(r) {
			return r
		}
		if _, open := <-events; !open {
			why, _ := f.Explain(f.t.Context(), id, nil)
			f.t.Fatalf("run %v is %v after 30s: %v", id, r.Status, why)
		}
	}
}

func TestRunFinishesWithItsOutput(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	id := f.submit(`{"name":"sum","params":{"n":20},"output":"${steps.twice.output}",
		"steps":[{"name":"twice","run":"transform","with":{"cel":"input.n + input.n","input":{"n":"${params.n}"}}}]}`)
	r := f.final(id)
	if r.Status != machine.Succeeded || string(r.View.Output) != "40" {
		t.Fatalf("it is %v with the output %s: %+v", r.Status, r.View.Output, r.View.Failure)
	}
}

func TestIdempotencyKeyGivesTheFirstRun(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	key := func(s *work.Submission) { s.IdempotencyKey = "order-1" }
	doc := `{"name":"x","steps":[{"name":"a","run":"noop"}]}`
	first := f.submit(doc, key)
	f.final(first)
	var same sync.WaitGroup
	for range 20 {
		same.Go(func() {
			if again := f.submit(doc, key); again != first {
				t.Errorf("the key gave %v, then %v", first, again)
			}
		})
	}
	same.Wait()
	other := f.submit(doc, key, func(s *work.Submission) { s.Tenant = "u" })
	if other == first {
		t.Error("another tenant's key gave this tenant's run")
	}
}

func TestFailedAttemptIsTriedAgain(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	keys := make(chan string, 10)
	f := open(t, engine.Options{Executors: map[string]work.Executor{"flaky": work.ExecutorFunc(
		func(_ context.Context, task work.Task, rep work.Reporter) work.Result {
			keys <- task.Key
			rep.Save(json.RawMessage(fmt.Sprintf(`{"try":%d}`, task.Attempt)))
			if tries.Add(1) < 3 {
				return work.Result{Failure: &machine.Failure{Code: "busy", Message: "later"}}
			}
			return work.Result{Output: task.State}
		})}})
	id := f.submit(`{"name":"x","steps":[{"name":"a","run":"flaky","retry":{"max":5,"backoff":"1ms"}}]}`)
	r := f.final(id)
	if r.Status != machine.Succeeded || tries.Load() != 3 {
		t.Fatalf("it is %v after %d tries", r.Status, tries.Load())
	}
	if a, b, c := <-keys, <-keys, <-keys; a != b || b != c || a == "" {
		t.Errorf("idempotency keys of the attempts are %q, %q, %q, want one", a, b, c)
	}
	history, err := f.History(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	attempts := 0
	for _, e := range history {
		if e.Kind == "attempt" {
			attempts++
		}
	}
	if attempts != 3 {
		t.Errorf("the history has %d attempts, want 3: %+v", attempts, history)
	}
}

func TestCancelEndsTheAttempt(t *testing.T) {
	t.Parallel()
	begun, cause := make(chan struct{}), make(chan error, 1)
	f := open(t, engine.Options{Executors: map[string]work.Executor{"long": work.ExecutorFunc(
		func(ctx context.Context, _ work.Task, _ work.Reporter) work.Result {
			close(begun)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return work.Result{Failure: &machine.Failure{Code: "canceled"}}
		})}})
	id := f.submit(`{"name":"x","steps":[{"name":"a","run":"long"},{"name":"b","run":"noop","needs":["a"]}],"finally":[{"name":"z","run":"noop"}]}`)
	<-begun
	if err := f.Control(t.Context(), shard.Order{Verb: shard.Cancel, Run: id, By: "me"}); err != nil {
		t.Fatal(err)
	}
	if err := <-cause; !errors.Is(err, work.ErrCanceled) {
		t.Errorf("the attempt's context ended with %v", err)
	}
	r := f.final(id)
	if r.Status != machine.Canceled {
		t.Errorf("the run is %v", r.Status)
	}
	for _, s := range r.View.Steps {
		if s.Name == "z" && s.Status != machine.StepSucceeded {
			t.Errorf("the step under finally is %v", s.Status)
		}
	}
}

func TestTimeoutEndsTheAttempt(t *testing.T) {
	t.Parallel()
	cause := make(chan error, 1)
	f := open(t, engine.Options{Executors: map[string]work.Executor{"long": work.ExecutorFunc(
		func(ctx context.Context, _ work.Task, _ work.Reporter) work.Result {
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return work.Result{}
		})}})
	r := f.final(f.submit(`{"name":"x","steps":[{"name":"a","run":"long","timeout":"20ms"}]}`))
	if err := <-cause; !errors.Is(err, work.ErrTimeout) {
		t.Errorf("the attempt's context ended with %v", err)
	}
	if r.Status != machine.Failed || r.View.Failure == nil || r.View.Failure.Code != "timeout" {
		t.Errorf("the run is %v with %+v", r.Status, r.View.Failure)
	}
}

func TestPanicOfAnExecutorIsAFailure(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{Executors: map[string]work.Executor{"broken": work.ExecutorFunc(
		func(context.Context, work.Task, work.Reporter) work.Result { panic("oh") })}})
	r := f.final(f.submit(`{"name":"x","steps":[{"name":"a","run":"broken"}]}`))
	if r.Status != machine.Failed || r.View.Failure.Code != "panic" {
		t.Errorf("the run is %v with %+v", r.Status, r.View.Failure)
	}
}

func TestSubWorkflowAnswersItsStep(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	child := work.Definition{Document: json.RawMessage(`{"name":"child","params":{"n":1},"output":{"n":"${params.n}"},"steps":[{"name":"a","run":"noop"}]}`)}
	if _, err := f.PutDefinition(t.Context(), child); err != nil {
		t.Fatal(err)
	}
	// One run of the tenant may run: a child must not wait for its parent.
	if _, err := f.PutTenant(t.Context(), work.Tenant{Name: "t", Running: 1}, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	r := f.final(f.submit(`{"name":"parent","output":"${steps.sub.output.n}",
		"steps":[{"name":"sub","run":"workflow","with":{"workflow":"child","params":{"n":7}}}]}`))
	if r.Status != machine.Succeeded || string(r.View.Output) != "7" {
		t.Fatalf("the parent is %v with the output %s and failure %+v", r.Status, r.View.Output, r.View.Failure)
	}
	children, _, err := f.List(t.Context(), store.Filter{Parent: r.ID}, "", 10)
	if err != nil || len(children) != 1 || children[0].Tenant != "t" {
		t.Errorf("children are %+v, %v", children, err)
	}
}

func TestSignalGoesOn(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	id := f.submit(`{"name":"x","steps":[{"name":"w","run":"wait","with":{"signal":"go"}},{"name":"b","run":"noop","needs":["w"]}]}`)
	f.until(id, func(r engine.Run) bool { return r.View.Steps[0].Status == machine.StepSleeping })
	if err := f.Control(t.Context(), signal(id, "go")); err != nil {
		t.Fatal(err)
	}
	if r := f.final(id); r.Status != machine.Succeeded {
		t.Errorf("the run is %v", r.Status)
	}
}

func TestWhatIsKeptGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	release := make(chan struct{})
	var executed atomic.Int32
	hold := func() engine.Options {
		return engine.Options{Executors: map[string]work.Executor{"hold": work.ExecutorFunc(
			func(ctx context.Context, _ work.Task, _ work.Reporter) work.Result {
				executed.Add(1)
				select {
				case <-release:
					return work.Result{Output: json.RawMessage(`"done"`)}
				case <-ctx.Done():
					return work.Result{Failure: &machine.Failure{Code: "stopping"}}
				}
			})}}
	}
	first := openAt(t, path, hold())
	id := first.submit(`{"name":"x","steps":[{"name":"a","run":"noop"},{"name":"b","run":"hold","needs":["a"]}]}`)
	first.until(id, func(r engine.Run) bool { return r.View.Steps[1].Status == machine.StepRunning })
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no patience: the attempt is cut off
	_ = first.Close(ctx)
	first.close()
	close(release)
	second := openAt(t, path, hold())
	r := second.final(id)
	if r.Status != machine.Succeeded || executed.Load() != 2 {
		t.Errorf("after the restart the run is %v, executed %d times: %+v", r.Status, executed.Load(), r.View.Failure)
	}
}

func TestEventsAreDeliveredUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	got := make(chan outbox.Event, 10)
	f := open(t, engine.Options{
		Backoff: outbox.Backoff{First: time.Millisecond, Tries: 3},
		Send: outbox.SenderFunc(func(_ context.Context, e outbox.Event) error {
			if tries.Add(1) == 1 {
				return errors.New("not now")
			}
			got <- e
			return nil
		}),
	})
	_, err := f.PutSubscription(t.Context(), work.Subscription{Name: "s", To: "https://example.com/"}, engine.AnyVersion)
	if err != nil {
		t.Fatal(err)
	}
	id := f.submit(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)
	e := <-got
	if e.Kind != "run.succeeded" || e.Run != id.String() || e.Try != 2 {
		t.Errorf("delivered %+v", e)
	}
}

func TestEventsThatAreRefusedAreDeadAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	var open1 atomic.Bool
	tried, got := make(chan struct{}, 10), make(chan outbox.Event, 10)
	f := open(t, engine.Options{Send: outbox.SenderFunc(func(_ context.Context, e outbox.Event) error {
		if !open1.Load() {
			tried <- struct{}{}
			return &outbox.Error{Permanent: true, Err: errors.New("gone")}
		}
		got <- e
		return nil
	})})
	if _, err := f.PutSubscription(t.Context(), work.Subscription{Name: "s", To: "https://example.com/"}, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	f.submit(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)
	<-tried
	dead := eventually(t, func() ([]store.Event, bool) {
		list, _, err := f.Dead(t.Context(), store.DeadFilter{}, "", 10)
		return list, err == nil && len(list) == 1
	})
	if dead[0].Error != "gone" || dead[0].Try != 1 {
		t.Errorf("the dead event is %+v", dead[0])
	}
	open1.Store(true)
	if err := f.Replay(t.Context(), dead[0]); err != nil {
		t.Fatal(err)
	}
	if e := <-got; e.ID != fmt.Sprint(dead[0].ID) {
		t.Errorf("replayed as %s, was %d", e.ID, dead[0].ID)
	}
}

// eventually polls a condition that nothing tells of.
func eventually[T any](t *testing.T, look func() (T, bool)) T {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if v, ok := look(); ok {
			return v
		}
	}
	t.Fatal("it did not come to be")
	panic("unreachable")
}

func TestWorkersElsewhere(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	id := f.submit(`{"name":"x","steps":[{"name":"a","run":"far","with":{"n":1}}]}`)
	tasks, err := f.Poll(t.Context(), engine.Ask{Worker: "w", Pool: "default", Types: []string{"far"}, Max: 10})
	if err != nil || len(tasks) != 1 {
		t.Fatalf("Poll = %v, %v", tasks, err)
	}
	held := shard.Held{Run: tasks[0].Run, Step: tasks[0].Step, Item: tasks[0].Item, Fence: tasks[0].Fence}
	stale := held
	stale.Fence--
	errs, err := f.Complete(t.Context(), []shard.Completion{{Held: stale, Result: work.Result{}}})
	if err != nil || !errors.Is(errs[0], work.ErrStale) {
		t.Errorf("a stale fence was answered %v, %v", errs, err)
	}
	for range 2 { // the second time its answer was lost
		errs, err = f.Complete(t.Context(), []shard.Completion{{Held: held, Result: work.Result{Output: json.RawMessage(`{"ok":true}`)}}})
		if err != nil || errs[0] != nil {
			t.Errorf("Complete = %v, %v", errs, err)
		}
	}
	if r := f.final(id); r.Status != machine.Succeeded {
		t.Errorf("the run is %v", r.Status)
	}
}

func TestGivenUpPollTakesNothingAlong(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if tasks, err := f.Poll(ctx, engine.Ask{Worker: "w", Pool: "default", Types: []string{"far"}, Max: 1}); err != nil || len(tasks) != 0 {
		t.Fatalf("Poll = %v, %v", tasks, err)
	}
	f.submit(`{"name":"x","steps":[{"name":"a","run":"far"}]}`)
	tasks, err := f.Poll(t.Context(), engine.Ask{Worker: "w", Pool: "default", Types: []string{"far"}, Max: 1})
	if err != nil || len(tasks) != 1 {
		t.Errorf("the next poll got %v, %v: the one before took the task along", tasks, err)
	}
}

func TestQueuesAreChosenByTheirMatchers(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	for _, q := range []work.Queue{
		{Name: "late", Match: `true`, Order: 9},
		{Name: "video", Match: `steps.exists(s, s.type == "transcode")`},
		{Name: "acme", Match: `run.tenant == "acme"`, Tenants: []string{"acme"}},
	} {
		if _, err := f.PutQueue(t.Context(), q, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ tenant, typ, prefer, want string }{
		{"t", "transcode", "", "video"},
		{"t", "noop", "", "late"},
		{"acme", "noop", "", "acme"},
		{"acme", "transcode", "", "acme"},
		{"acme", "transcode", "video", "video"},
	} {
		p, err := f.Plan(t.Context(), work.Submission{
			Tenant: c.tenant, Prefer: c.prefer, Document: json.RawMessage(`{"name":"x","steps":[{"name":"a","run":"` + c.typ + `"}]}`),
		})
		if err != nil || p.Queue != c.want {
			t.Errorf("Plan(%+v) = %q, %v", c, p.Queue, err)
		}
	}
}

func TestQuotaOfATenant(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{Local: map[string]int{"other": 1}})
	if _, err := f.PutTenant(t.Context(), work.Tenant{Name: "t", Quota: work.Quota{Queued: 2}}, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	doc := json.RawMessage(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)
	receipts, err := f.Submit(t.Context(), []work.Submission{{Tenant: "t", Document: doc}, {Tenant: "t", Document: doc}, {Tenant: "t", Document: doc}, {Tenant: "u", Document: doc}})
	if err != nil {
		t.Fatal(err)
	}
	if receipts[0].Error != nil || receipts[1].Error != nil || receipts[3].Error != nil || !errors.Is(receipts[2].Error, work.ErrQuota) {
		t.Errorf("receipts are %+v", receipts)
	}
}

func TestDelayedAndHeldRunsWait(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	doc := `{"name":"x","steps":[{"name":"a","run":"noop"}]}`
	held := f.submit(doc, func(s *work.Submission) { s.Hold = true })
	soon := time.Now().Add(50 * time.Millisecond)
	delayed := f.submit(doc, func(s *work.Submission) { s.StartAt = &soon })
	r := f.final(delayed)
	if r.Started < soon.UnixMilli() {
		t.Errorf("it started %dms early", soon.UnixMilli()-r.Started)
	}
	if r, err := f.Get(t.Context(), held, nil); err != nil || r.Status != machine.Held {
		t.Errorf("the held run is %v, %v", r.Status, err)
	}
	if err := f.Control(t.Context(), shard.Order{Verb: shard.Release, Run: held}); err != nil {
		t.Fatal(err)
	}
	f.final(held)
}

func TestAnotherTenantsRunIsNotFound(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	id := f.submit(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)
	other := []string{"u"}
	_, err1 := f.Get(t.Context(), id, other)
	_, err2 := f.History(t.Context(), id, other)
	_, err3 := f.Explain(t.Context(), id, other)
	_, err4 := f.Logs(t.Context(), id, other, "", -2, -1, 0, 10)
	err5 := f.Control(t.Context(), shard.Order{Verb: shard.Cancel, Run: id, Tenants: other})
	for i, err := range []error{err1, err2, err3, err4, err5} {
		if !errors.Is(err, work.ErrNotFound) {
			t.Errorf("call %d answers %v", i+1, err)
		}
	}
}

func TestScheduleStartsARunOnce(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 11, 59, 59, 0, time.UTC).UnixMilli())
	f := open(t, engine.Options{Now: now.Load})
	_, err := f.PutSchedule(t.Context(), work.Schedule{
		Name: "noon", Cron: "0 12 * * *",
		Run: work.Submission{Tenant: "t", Document: json.RawMessage(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)},
	}, engine.AnyVersion)
	if err != nil {
		t.Fatal(err)
	}
	now.Add(5000)
	runs := eventually(t, func() ([]store.Summary, bool) {
		list, _, err := f.List(t.Context(), store.Filter{}, "", 10)
		return list, err == nil && len(list) > 0
	})
	f.final(runs[0].ID)
	s := eventually(t, func() (work.Schedule, bool) {
		s := f.Schedules(nil)[0]
		return s, s.LastRun != 0
	})
	if s.LastRun != runs[0].ID {
		t.Errorf("the schedule's last run is %v, want %v", s.LastRun, runs[0].ID)
	}
	if list, _, _ := f.List(t.Context(), store.Filter{}, "", 10); len(list) != 1 {
		t.Errorf("it started %d runs", len(list))
	}
}

func TestDrainingEngineHandsOutNothing(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{})
	if err := f.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := f.submit(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)
	r, err := f.Get(t.Context(), id, nil)
	if err != nil || r.Status != machine.Queued {
		t.Errorf("the run is %v, %v: it was begun while the engine drained", r.Status, err)
	}
}

func TestSecondEngineTakesOverAllShards(t *testing.T) {
	t.Parallel()
	st := memory.New(func() store.Millis { return time.Now().UnixMilli() })
	build := func(node string) *engine.Engine {
		e, err := engine.Open(t.Context(), engine.Options{
			Store: st.Open(nil), Node: node, Shards: 4, Local: map[string]int{"default": 4}, Ownership: 300 * time.Millisecond,
			Executors: map[string]work.Executor{"noop": builtin.New(builtin.Options{})},
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := build("first")
	if err := first.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := build("second")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = second.Close(ctx)
	})
	for i := range 4 { // a queue in every shard, or nearly
		if _, err := first.PutQueue(t.Context(), work.Queue{Name: fmt.Sprint("q", i)}, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := second.Submit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s := work.Submission{Tenant: "t", Queue: "q1", Document: json.RawMessage(`{"name":"x","steps":[{"name":"w","run":"wait","with":{"signal":"go"}},{"name":"a","run":"noop","needs":["w"]}]}`)}
	var ids []workflow.RunID
	for i := range 4 {
		s.Queue = fmt.Sprint("q", i)
		receipts, err := first.Submit(t.Context(), []work.Submission{s})
		if err != nil || receipts[0].Error != nil {
			t.Fatal(receipts, err)
		}
		ids = append(ids, receipts[0].ID)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := &fixture{Engine: second, t: t}
	for _, id := range ids {
		f.until(id, func(r engine.Run) bool { return r.View.Steps[0].Status == machine.StepSleeping })
		if err := second.Control(t.Context(), shard.Order{Verb: shard.SignalIt, Run: id, Signal: machine.Signal{Name: "go"}}); err != nil {
			t.Fatal(err)
		}
		if r := f.final(id); r.Status != machine.Succeeded {
			t.Errorf("run %v is %v", id, r.Status)
		}
	}
}

func TestDeferredAttemptFreesItsPlaceInTheProcess(t *testing.T) {
	t.Parallel()
	tasks := make(chan work.Task, 1)
	f := open(t, engine.Options{Local: map[string]int{"default": 1}, Executors: map[string]work.Executor{"later": work.ExecutorFunc(
		func(_ context.Context, task work.Task, _ work.Reporter) work.Result {
			tasks <- task
			return work.Result{Deferred: time.Hour}
		})}})
	id := f.submit(`{"name":"x","steps":[{"name":"a","run":"later"}]}`)
	task := <-tasks
	f.final(f.submit(`{"name":"y","steps":[{"name":"a","run":"noop"}]}`)) // there is one place
	errs, err := f.Complete(t.Context(), []shard.Completion{{Held: shard.Held{Run: task.Run, Step: task.Step, Item: task.Item, Fence: task.Fence}}})
	if err != nil || errs[0] != nil {
		t.Fatal(errs, err)
	}
	f.final(id)
	f.final(f.submit(`{"name":"y","steps":[{"name":"a","run":"noop"}]}`)) // and not two, nor none
}

func TestSubmissionIsBounded(t *testing.T) {
	t.Parallel()
	f := open(t, engine.Options{MaxDocument: 500, MaxParams: 100})
	if _, err := f.PutTenant(t.Context(), work.Tenant{Name: "small", Quota: work.Quota{Payload: 80}}, engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	doc := json.RawMessage(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)
	for what, s := range map[string]struct {
		work.Submission
		status int
	}{
		"no tenant":      {work.Submission{Document: doc}, 422},
		"long tenant":    {work.Submission{Document: doc, Tenant: strings.Repeat("t", 201)}, 422},
		"negative cost":  {work.Submission{Document: doc, Tenant: "t", Cost: -1}, 422},
		"long label":     {work.Submission{Document: doc, Tenant: "t", Labels: map[string]string{"a": strings.Repeat("v", 2000)}}, 422},
		"large params":   {work.Submission{Document: doc, Tenant: "t", Params: json.RawMessage(`{"a":"` + strings.Repeat("p", 200) + `"}`)}, 413},
		"large document": {work.Submission{Document: json.RawMessage(`{"name":"x","title":"` + strings.Repeat("t", 600) + `"}`), Tenant: "t"}, 413},
		"over its quota": {work.Submission{Document: doc, Tenant: "small", Params: json.RawMessage(`{"a":"0123456789012345678901234567890123456789"}`)}, 413},
	} {
		receipts, err := f.Submit(t.Context(), []work.Submission{s.Submission})
		if err != nil {
			t.Fatal(err)
		}
		if p := receipts[0].Error; p == nil || p.Status != s.status {
			t.Errorf("%s: %+v, want status %d", what, p, s.status)
		}
	}
}

func signal(id workflow.RunID, name string) shard.Order {
	return shard.Order{Verb: shard.SignalIt, Run: id, By: "me", Signal: machine.Signal{Name: name, Data: json.RawMessage(`1`)}}
}
