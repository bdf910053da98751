package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/workflow"
)

// world is an engine with its API, on a real file.
type world struct {
	*client.Client
	t      *testing.T
	engine *engine.Engine
	server *httptest.Server
	keys   *api.Keys

	mu     sync.Mutex
	broken func(http.ResponseWriter, *http.Request) bool // true: it has answered itself
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	store, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	steps := builtin.New(builtin.Options{})
	w := &world{t: t, keys: api.NewKeys(store)}
	w.engine, err = engine.Open(ctx, engine.Options{
		Store: store, Executors: map[string]work.Executor{"noop": steps, "fail": steps}, Local: map[string]int{"default": 4},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	handler := api.New(api.Options{Engine: w.engine, Keys: w.keys})
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		broken := w.broken
		w.mu.Unlock()
		if broken == nil || !broken(rw, r) {
			handler.ServeHTTP(rw, r)
		}
	}))
	w.Client = w.as(api.Caller{Name: "admin", Admin: true})
	t.Cleanup(func() {
		w.server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(w.engine.Close(ctx), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// as returns a client of somebody.
func (w *world) as(caller api.Caller) *client.Client {
	w.t.Helper()
	key, _, err := w.keys.Create(w.t.Context(), caller, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := client.New(w.server.URL, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// pool sets the lease of a pool.
func (w *world) pool(name string, lease time.Duration) {
	w.t.Helper()
	if err := w.Do(w.t.Context(), http.MethodPut, "/pools/"+name, nil, work.Pool{Name: name, Lease: workflow.Duration(lease)}, nil); err != nil {
		w.t.Fatal(err)
	}
}

// breaks makes the network answer otherwise; nil mends it.
func (w *world) breaks(how func(http.ResponseWriter, *http.Request) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = how
}

// submit submits a run of one step of a type, in pool "far".
func (w *world) submit(stepType, with string) string {
	w.t.Helper()
	if with == "" {
		with = "null"
	}
	r, err := w.Submit(w.t.Context(), client.Submission{Tenant: "acme", Document: json.RawMessage(
		`{"name":"doc","steps":[{"name":"a","run":"` + stepType + `","pool":"far","with":` + with + `}],"output":"${steps.a.output}"}`)})
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}

func (w *world) wait(id string) client.Run {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	r, err := w.Wait(ctx, id)
	if err != nil {
		w.t.Fatalf("run %s: %v", id, err)
	}
	return r
}

// runs starts a worker; the function stops it and returns its error.
func (w *world) runs(worker *client.Worker) (stop func() error) {
	w.t.Helper()
	if worker.Client == nil {
		worker.Client = w.Client
	}
	worker.Pool = "far"
	if worker.Logf == nil {
		worker.Logf = w.t.Logf
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	once := sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(30 * time.Second):
			return errors.New("the worker did not stop")
		}
	})
	w.t.Cleanup(func() { _ = once() })
	return once
}

// until asks again and again until something is so.
func (w *world) until(what string, is func() bool) {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); !is(); {
		select {
		case <-tick.C:
		case <-late:
			w.t.Fatalf("it never comes that %s", what)
		}
	}
}
