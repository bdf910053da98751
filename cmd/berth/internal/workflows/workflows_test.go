package workflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/workflow/machine"
)

// open opens an engine for one test.
func open(t *testing.T, o workflows.Options) *workflows.Workflows {
	t.Helper()
	o.Store, o.Local = filepath.Join(t.TempDir(), "work.db"), map[string]int{"default": 4}
	w, err := workflows.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, w) })
	return w
}

func shut(t *testing.T, w *workflows.Workflows) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Error(err)
	}
}

// execute runs a workflow of one step for a tenant until it is final.
func execute(t *testing.T, w *workflows.Workflows, tenant, step string) engine.Run {
	t.Helper()
	if err := w.Engine.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	document := json.RawMessage(`{"name":"one","steps":[` + step + `],"output":"${steps.a.output}"}`)
	receipts, err := w.Engine.Submit(t.Context(), []work.Submission{{Tenant: tenant, Document: document}})
	if err != nil || receipts[0].Error != nil {
		t.Fatal(err, receipts)
	}
	return wait(t, w.Engine, receipts[0].ID, func(r engine.Run) bool { return r.Status.Final() })
}

// failure is why the step of a run failed.
func failure(r engine.Run) string {
	for _, s := range r.View.Steps {
		if s.Failure != nil {
			return s.Failure.Code + ": " + s.Failure.Message
		}
	}
	return ""
}

func TestTransformsUseJQWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	const step = `{"name":"a","run":"transform","with":{"input":{"sizes":[3,4]},"jq":".sizes | add"}}`
	if r := execute(t, open(t, workflows.Options{JQ: time.Minute}), "acme", step); r.Status != machine.Succeeded || string(r.View.Output) != "7" {
		t.Errorf("the run is %v with %s (%s), want 7", r.Status, r.View.Output, failure(r))
	}
	if r := execute(t, open(t, workflows.Options{}), "acme", step); r.Status != machine.Failed || failure(r) != "refused: jq is not allowed here: use cel" {
		t.Errorf("without permission the run is %v: %s", r.Status, failure(r))
	}
	const endless = `{"name":"a","run":"transform","with":{"jq":"[limit(1; repeat(empty))]"}}`
	if r := execute(t, open(t, workflows.Options{JQ: 50 * time.Millisecond}), "acme", endless); r.Status != machine.Failed || !strings.Contains(failure(r), "ended") {
		t.Errorf("a program without end leaves the run %v: %s", r.Status, failure(r))
	}
}

func TestSecretsAreForTheirTenantsHostsAndSteps(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Authorization")
	}))
	t.Cleanup(server.Close)
	secrets := workflows.NewSecrets(map[string]workflows.Secret{
		"here":  {Values: []secret.String{secret.New("swordfish")}, Tenants: []string{"acme"}, Hosts: []string{"127.0.0.*"}, Steps: []string{"ship"}},
		"there": {Values: []secret.String{secret.New("swordfish")}, Tenants: []string{"*"}, Hosts: []string{"api.example.org"}, Steps: []string{"other"}},
	})
	w := open(t, workflows.Options{
		Secrets: secrets,
		HTTP:    workhttp.Options{Hosts: []string{"*:*"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Shell: shell.Options{Commands: map[string]shell.Command{
			"ship": {Argv: []string{`echo "${#KEY}"`}, Script: true, Secrets: map[string]string{"KEY": "here"}},
			"sink": {Argv: []string{`echo "${#KEY}"`}, Script: true, Secrets: map[string]string{"KEY": "there"}},
		}},
	})
	call := func(name string) string {
		return `{"name":"a","run":"http","with":{"url":"` + server.URL + `","headers":{"Authorization":{"secret":"` + name + `","prefix":"Bearer "}}}}`
	}
	if r := execute(t, w, "acme", call("here")); r.Status != machine.Succeeded {
		t.Fatalf("the run is %v: %s", r.Status, failure(r))
	}
	if got := <-seen; got != "Bearer swordfish" {
		t.Errorf("the server was sent %q", got)
	}
	if r := execute(t, w, "acme", `{"name":"a","run":"ship"}`); string(r.View.Output) != "9" {
		t.Errorf("the program answers %s (%s), want 9", r.View.Output, failure(r))
	}
	for what, c := range map[string]struct{ tenant, step string }{
		"another tenant's call":    {"zenith", call("here")},
		"a call elsewhere":         {"acme", call("there")},
		"another tenant's program": {"zenith", `{"name":"a","run":"ship"}`},
		"another program":          {"acme", `{"name":"a","run":"sink"}`},
		"one that is not there":    {"acme", call("none")},
	} {
		step := strings.Replace(c.step, `"name":"a"`, `"name":"a","retry":{"max":0}`, 1)
		if r := execute(t, w, c.tenant, step); r.Status != machine.Failed || strings.Contains(failure(r), "swordfish") {
			t.Errorf("%s: the run is %v: %s, want failed", what, r.Status, failure(r))
		}
	}
	if len(seen) > 0 {
		t.Errorf("a refused call was made with %q", <-seen)
	}
	secrets.Replace(nil)
	if r := execute(t, w, "acme", strings.Replace(call("here"), `"name":"a"`, `"name":"a","retry":{"max":0}`, 1)); r.Status != machine.Failed {
		t.Errorf("with a secret that is gone the run is %v", r.Status)
	}
}

func TestCloseEndsTheConnectionsThatWereKept(t *testing.T) {
	t.Parallel()
	idle, closed := make(chan bool, 100), make(chan bool, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateIdle:
			idle <- true
		case http.StateClosed:
			closed <- true
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	w, err := workflows.Open(t.Context(), workflows.Options{
		Store: filepath.Join(t.TempDir(), "work.db"), Local: map[string]int{"default": 1},
		HTTP: workhttp.Options{Hosts: []string{"*:*"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, w, "acme", `{"name":"a","run":"http","with":{"url":"`+server.URL+`"}}`)
	<-idle
	if len(closed) > 0 {
		t.Fatal("the connection was closed while the engine runs")
	}
	shut(t, w)
	select {
	case <-closed: // long before it would have been closed for idling
	case <-time.After(20 * time.Second):
		t.Error("the connection is kept after Close")
	}
}

// lines is a log that goroutines write to.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestStoreLogsWhereTheEngineDoes(t *testing.T) {
	t.Parallel()
	var log lines
	open(t, workflows.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "work store migrated") {
		t.Errorf("the log has no word of the store:\n%s", log.String())
	}
}
