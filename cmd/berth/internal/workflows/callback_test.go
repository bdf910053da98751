package workflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// serve opens an engine with its API at a listener.
func serve(t *testing.T, store string, ln net.Listener) (*workflows.Workflows, func()) {
	t.Helper()
	w, err := workflows.Open(t.Context(), workflows.Options{
		Store: store, Node: "n", Addr: "http://" + ln.Addr().String(), Local: map[string]int{"default": 4},
		HTTP: workhttp.Options{Hosts: []string{"*:*"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: w.API, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(ln) }()
	if err := w.Engine.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := errors.Join(srv.Close(), w.Close(ctx)); err != nil {
			t.Error(err)
		}
	}
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// wait waits until a run is as wanted.
func wait(t *testing.T, e *engine.Engine, id workflow.RunID, wanted func(engine.Run) bool) engine.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	events, _ := e.Watch(ctx, 0, func(ev *work.Event) bool { return ev.Run == id })
	for {
		r, err := e.Get(ctx, id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if wanted(r) {
			return r
		}
		if _, open := <-events; !open {
			t.Fatalf("run %v is %v: %+v", id, r.Status, r.View.Steps)
		}
	}
}

func TestAsynchronousCallEndsWithItsCallback(t *testing.T) {
	t.Parallel()
	asked := make(chan http.Header, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Clone()
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	store := filepath.Join(t.TempDir(), "work.db")
	ln := listen(t, "127.0.0.1:0")
	w, stop := serve(t, store, ln)
	document := json.RawMessage(`{"name":"call","output":"${steps.a.output.size}","steps":[{"name":"a","run":"http","with":{"url":"` + server.URL + `","method":"POST","async":true}}]}`)
	receipts, err := w.Engine.Submit(t.Context(), []work.Submission{{Tenant: "acme", Document: document}})
	if err != nil || receipts[0].Error != nil {
		t.Fatal(err, receipts)
	}
	id := receipts[0].ID
	header := <-asked

	// The call goes on elsewhere, so it outlives the engine that made it.
	stop()
	w, stop = serve(t, store, listen(t, ln.Addr().String()))
	defer stop()
	call := func(token, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, header.Get("Berth-Callback-Url"), bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	token := header.Get("Berth-Callback-Token")
	if got := call(token[:len(token)-2]+"AA", `{"output":{"size":1}}`); got != http.StatusUnauthorized {
		t.Errorf("a forged token is answered %d, want 401", got)
	}
	for range 2 { // the server does not know that it was heard
		if got := call(token, `{"output":{"size":7}}`); got != http.StatusOK {
			t.Fatalf("the callback is answered %d, want 200", got)
		}
	}
	r := wait(t, w.Engine, id, func(r engine.Run) bool { return r.Status.Final() })
	if r.Status != machine.Succeeded || string(r.View.Output) != "7" {
		t.Errorf("the run is %v with the output %s, want 7", r.Status, r.View.Output)
	}
	if len(asked) > 0 {
		t.Error("the call was made twice")
	}
}
