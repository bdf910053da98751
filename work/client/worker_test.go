package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWorkerAsksForAPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runs(&client.Worker{Handlers: map[string]client.Handler{
		"busy": func(context.Context, client.Task, *client.Reporter) (any, error) {
			return nil, fmt.Errorf("encoder: %w", &client.Failure{Code: "busy", Message: "no encoder is free", RetryAfter: 90 * time.Second})
		},
	}})
	submitted, err := w.Submit(t.Context(), client.Submission{Tenant: "acme", Document: json.RawMessage(
		`{"name":"doc","steps":[{"name":"a","run":"busy","pool":"far","retry":{"max":1,"backoff":"1s"}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	w.until("the step waits for its next attempt", func() bool {
		r, err := w.Get(t.Context(), submitted.ID)
		if err != nil || r.Detail == nil || len(r.Detail.Steps) == 0 || r.Detail.Steps[0].Status != "backoff" {
			return false
		}
		if wait := r.Detail.Steps[0].WakeAt - r.Detail.Steps[0].Finished; wait != 90_000 {
			t.Errorf("the next attempt waits %d ms, want 90000", wait)
		}
		return true
	})
}

func TestWorkerExecutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stop := w.runs(&client.Worker{Handlers: map[string]client.Handler{
		"add": func(_ context.Context, task client.Task, r *client.Reporter) (any, error) {
			var with struct{ A, B int }
			r.Log("adding")
			err := json.Unmarshal(task.With, &with)
			return with.A + with.B, err
		},
		"bad": func(context.Context, client.Task, *client.Reporter) (any, error) {
			return nil, &client.Failure{Code: "bad-input", Message: "no video track", Fatal: true}
		},
		"plain": func(context.Context, client.Task, *client.Reporter) (any, error) { return nil, errors.New("no luck") },
		"panic": func(context.Context, client.Task, *client.Reporter) (any, error) { panic("oh") },
		"worse": func(context.Context, client.Task, *client.Reporter) (any, error) { return func() {}, nil },
	}})
	id := w.submit("add", `{"A":1,"B":2}`)
	if r := w.wait(id); r.State != "succeeded" || string(r.Detail.Output) != "3" {
		t.Errorf("run = %s with %s, want succeeded with 3", r.State, r.Detail.Output)
	}
	lines, err := w.Logs(t.Context(), id, "", 0)
	if err != nil || len(lines) != 1 || lines[0].Text != "adding\n" {
		t.Errorf("Logs = %+v, %v, want the line of the handler", lines, err)
	}
	for stepType, want := range map[string]string{
		"bad": "bad-input: no video track", "plain": "error: no luck", "panic": "panic: oh", "worse": "output: the output is no JSON",
	} {
		r := w.wait(w.submit(stepType, ""))
		if r.State != "failed" || !strings.HasPrefix(r.Detail.Failure.Error(), want) {
			t.Errorf("%s: run = %s, %v, want failed with %q", stepType, r.State, r.Detail.Failure, want)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v, want nil after a clean stop", err)
	}
}

func TestWorkerKeepsItsLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("far", time.Second)
	var begun atomic.Int32
	told := make(chan struct{})
	w.runs(&client.Worker{Handlers: map[string]client.Handler{
		"long": func(ctx context.Context, _ client.Task, r *client.Reporter) (any, error) {
			begun.Add(1)
			r.Progress(50, "half way")
			select { // three leases long, at least
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(3 * time.Second):
				close(told)
			}
			return "done", nil
		},
	}})
	id := w.submit("long", "")
	var progress bool
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !progress {
		r, err := w.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		progress = r.Detail.Steps[0].Message == "half way"
	}
	if r := w.wait(id); r.State != "succeeded" || begun.Load() != 1 {
		t.Errorf("run = %s after %d attempts, want succeeded after one", r.State, begun.Load())
	}
	<-told
}

func TestCanceledTaskEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("far", time.Second)
	begun, cause := make(chan struct{}), make(chan error, 1)
	w.runs(&client.Worker{Handlers: map[string]client.Handler{
		"*": func(ctx context.Context, _ client.Task, _ *client.Reporter) (any, error) {
			close(begun)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return nil, ctx.Err()
		},
	}})
	id := w.submit("anything", "")
	<-begun
	if _, err := w.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := <-cause; !errors.Is(err, client.ErrLost) {
		t.Errorf("cause = %v, want ErrLost", err)
	}
	if r := w.wait(id); r.State != "canceled" {
		t.Errorf("run = %s, want canceled", r.State)
	}
}

func TestSilentEngineEndsTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("far", time.Second)
	begun, cause := make(chan struct{}, 9), make(chan error, 9)
	stop := w.runs(&client.Worker{Grace: time.Millisecond, Logf: func(string, ...any) {}, Handlers: map[string]client.Handler{
		"x": func(ctx context.Context, _ client.Task, _ *client.Reporter) (any, error) {
			begun <- struct{}{}
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return nil, ctx.Err()
		},
	}})
	w.submit("x", "")
	<-begun
	w.breaks(func(rw http.ResponseWriter, _ *http.Request) bool {
		http.Error(rw, "down", http.StatusBadGateway)
		return true
	})
	if err := <-cause; !errors.Is(err, client.ErrLost) {
		t.Errorf("cause = %v, want ErrLost once the lease may be another's", err)
	}
	w.breaks(nil)
	<-begun // it is given to somebody again
	_ = stop()
}

func TestResultsSurviveTheNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var lost atomic.Int32
	w.breaks(func(rw http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !strings.Contains(r.URL.Path, "/pools/") || !bytes.Contains(body, []byte(`"output"`)) || lost.Add(1) > 2 {
			return false
		}
		http.Error(rw, "down", http.StatusServiceUnavailable)
		return true
	})
	w.runs(&client.Worker{Concurrency: 2, Handlers: map[string]client.Handler{
		"x": func(context.Context, client.Task, *client.Reporter) (any, error) { return 1, nil },
	}})
	if r := w.wait(w.submit("x", "")); r.State != "succeeded" || lost.Load() < 3 {
		t.Errorf("run = %s after %d reports, want succeeded by the third", r.State, lost.Load())
	}
}

// Results are told by the request that asks for the next tasks, where the
// worker is full, and by one of their own while it waits for tasks.
func TestResultsDoNotWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var mu sync.Mutex
	by := map[string]int{}
	w.breaks(func(_ http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(r.URL.Path, "/pools/") && bytes.Contains(body, []byte(`"output"`)) {
			mu.Lock()
			defer mu.Unlock()
			by[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]++
		}
		return false
	})
	handlers := map[string]client.Handler{"x": func(context.Context, client.Task, *client.Reporter) (any, error) { return 1, nil }}
	stop := w.runs(&client.Worker{Concurrency: 1, Handlers: handlers})
	w.wait(w.submit("x", ""))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	if by["poll"] != 1 || by["report"] != 0 {
		t.Errorf("a full worker told its results by %v, want with the next poll", by)
	}
	clear(by)
	mu.Unlock()
	release := make(chan struct{})
	handlers["x"] = func(context.Context, client.Task, *client.Reporter) (any, error) {
		<-release
		return 1, nil
	}
	w.runs(&client.Worker{Concurrency: 2, Handlers: handlers, Wait: time.Minute})
	id := w.submit("x", "")
	for r := (client.Run{}); r.Detail == nil || r.Detail.Steps[0].Status != "running"; {
		var err error
		if r, err = w.Get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	if r := w.wait(id); r.State != "succeeded" {
		t.Errorf("run = %s", r.State)
	}
}

func TestConcurrencyIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var now, most atomic.Int32
	w.runs(&client.Worker{Concurrency: 3, Handlers: map[string]client.Handler{
		"x": func(context.Context, client.Task, *client.Reporter) (any, error) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			defer now.Add(-1)
			return nil, nil
		},
	}})
	var all []client.Submission
	for i := range 50 {
		all = append(all, client.Submission{Tenant: "acme", IdempotencyKey: fmt.Sprint(i), Document: json.RawMessage(`{"name":"d","steps":[{"name":"a","run":"x","pool":"far"}]}`)})
	}
	receipts, err := w.SubmitAll(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range receipts {
		if run := w.wait(r.ID); run.State != "succeeded" {
			t.Errorf("run = %s", run.State)
		}
	}
	if most.Load() > 3 {
		t.Errorf("%d tasks at once, want at most 3", most.Load())
	}
}

func TestStopFinishesWhatWasBegun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun, release := make(chan struct{}), make(chan struct{})
	stop := w.runs(&client.Worker{Handlers: map[string]client.Handler{
		"x": func(context.Context, client.Task, *client.Reporter) (any, error) {
			close(begun)
			<-release
			return "whole", nil
		},
	}})
	id := w.submit("x", "")
	<-begun
	stopped := make(chan error)
	go func() { stopped <- stop() }()
	close(release)
	if err := <-stopped; err != nil {
		t.Errorf("Run = %v", err)
	}
	if r := w.wait(id); string(r.Detail.Output) != `"whole"` {
		t.Errorf("run = %s with %s, want the result of what was begun", r.State, r.Detail.Output)
	}
}

func TestStopGivesBackWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := make(chan struct{})
	stop := w.runs(&client.Worker{Grace: 10 * time.Millisecond, Handlers: map[string]client.Handler{
		"x": func(ctx context.Context, _ client.Task, _ *client.Reporter) (any, error) {
			close(begun)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		},
	}})
	id := w.submit("x", "")
	<-begun
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	w.runs(&client.Worker{Name: "other", Handlers: map[string]client.Handler{
		"x": func(_ context.Context, task client.Task, _ *client.Reporter) (any, error) { return task.Attempt, nil },
	}})
	if r := w.wait(id); r.State != "succeeded" || r.Detail.Steps[0].Failures+r.Detail.Steps[0].Crashes != 0 {
		t.Errorf("run = %+v, want that another worker executes it and nothing failed", r.Detail)
	}
}

func TestWorkerOfAnotherPoolIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	worker := client.Worker{
		Client: w.as(api.Caller{Name: "near", Pools: []string{"near"}}), Pool: "far",
		Handlers: map[string]client.Handler{"x": func(context.Context, client.Task, *client.Reporter) (any, error) { return nil, nil }},
	}
	var refused *client.Error
	if err := worker.Run(t.Context()); !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("Run = %v, want 403", err)
	}
	if err := (&client.Worker{}).Run(t.Context()); err == nil {
		t.Error("a worker without pool runs")
	}
}

func TestSavedStateComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runs(&client.Worker{Handlers: map[string]client.Handler{
		"x": func(_ context.Context, task client.Task, r *client.Reporter) (any, error) {
			if task.State == nil {
				return nil, errors.Join(r.Save(map[string]string{"job": "7f3a"}), errors.New("try again"))
			}
			return task.State, nil
		},
	}})
	r, err := w.Submit(t.Context(), client.Submission{Tenant: "acme", Document: json.RawMessage(
		`{"name":"d","steps":[{"name":"a","run":"x","pool":"far","retry":{"max":1,"backoff":"10ms"}}],"output":"${steps.a.output}"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"job":"7f3a"}`, string(w.wait(r.ID).Detail.Output)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
