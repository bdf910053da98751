package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
)

// fixture is the API of an engine on a real file, over real HTTP. The engine
// itself executes what is in queue "quick"; what is in others waits for workers
// of pool "default".
type fixture struct {
	t      *testing.T
	engine *engine.Engine
	store  store.Store
	keys   *api.Keys
	server *httptest.Server
	url    string
	admin  string // keys of callers
	tenant string // may do everything for acme
	other  string // may do everything for globex
	reader string // may read acme
	worker string // works for pool default

	closing sync.Once
}

var (
	taskKey    = secret.New("0123456789abcdef0123456789abcdef")
	triggerKey = secret.New("a secret that signs webhooks")
)

type setup struct {
	engine engine.Options
	api    api.Options
	path   string
	// standby is an engine beside another that owns the shards.
	standby bool
}

func open(t *testing.T, change ...func(*setup)) *fixture {
	t.Helper()
	s := setup{path: filepath.Join(t.TempDir(), "work.db")}
	steps := builtin.New(builtin.Options{})
	s.engine.Executors = map[string]work.Executor{"noop": steps, "fail": steps, "transform": steps}
	s.engine.Local = map[string]int{"local": 4}
	s.api.TaskKeys = []secret.String{taskKey}
	s.api.TriggerKeys = func(tenant, name string) ([]secret.String, error) {
		if tenant != "acme" || name != "hook" {
			return nil, errors.New("there is no such secret")
		}
		return []secret.String{triggerKey}, nil
	}
	for _, c := range change {
		c(&s)
	}
	f := &fixture{t: t}
	if s.engine.Store == nil {
		st, err := sqlite.Open(t.Context(), s.path)
		if err != nil {
			t.Fatal(err)
		}
		s.engine.Store = st
	}
	f.store = s.engine.Store
	f.keys = api.NewKeys(f.store)
	s.api.Keys = f.keys
	server := httptest.NewUnstartedServer(nil)
	f.server, f.url = server, "http://"+server.Listener.Addr().String()
	if s.engine.Addr == "" {
		s.engine.Addr = f.url
	}
	var err error
	if f.engine, err = engine.Open(t.Context(), s.engine); err != nil {
		t.Fatal(err)
	}
	s.api.Engine = f.engine
	server.Config.Handler = api.New(s.api)
	server.Start()
	t.Cleanup(f.close)
	if !s.standby {
		f.ready()
	}
	f.makeKeys()
	return f
}

func (f *fixture) close() { f.closing.Do(f.end) }

func (f *fixture) end() {
	f.server.CloseClientConnections()
	f.server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := errors.Join(f.engine.Close(ctx), f.store.Close()); err != nil {
		f.t.Error(err)
	}
}

// ready waits until all shards are the engine's.
func (f *fixture) ready() {
	f.t.Helper()
	if err := f.engine.Ready(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) makeKeys() {
	f.t.Helper()
	if _, err := f.engine.PutQueue(f.t.Context(), work.Queue{Name: "quick", Pool: "local"}, engine.AnyVersion); err != nil {
		f.t.Fatal(err)
	}
	all := []api.Action{api.Submit, api.Read, api.Rerun, api.Cancel, api.Signal, api.Define}
	f.admin = f.key(api.Caller{Name: "root", Admin: true})
	f.tenant = f.key(api.Caller{Name: "acme", Tenants: map[string][]api.Action{"acme": all}})
	f.other = f.key(api.Caller{Name: "globex", Tenants: map[string][]api.Action{"globex": all}})
	f.reader = f.key(api.Caller{Name: "reader", Tenants: map[string][]api.Action{"acme": {api.Read}}})
	f.worker = f.key(api.Caller{Name: "worker", Pools: []string{"default"}})
}

func (f *fixture) key(c api.Caller) string {
	f.t.Helper()
	text, _, err := f.keys.Create(f.t.Context(), c, time.Time{})
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("the answer is no JSON of its kind: %v\n%s", err, a.body)
	}
}

// do sends a request with a key and headers "Name: value". body is a text, or
// anything that is JSON.
func (f *fixture) do(key, method, path string, body any, headers ...string) answer {
	f.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		enc, err := json.Marshal(b)
		if err != nil {
			f.t.Fatal(err)
		}
		r = bytes.NewReader(enc)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+api.Base+path, r)
	if err != nil {
		f.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, text}
}

// want is do for a request that is answered with a status.
func (f *fixture) want(status int, key, method, path string, body any, headers ...string) answer {
	f.t.Helper()
	a := f.do(key, method, path, body, headers...)
	if a.status != status {
		f.t.Fatalf("%s %s = %d, want %d\n%s", method, path, a.status, status, a.body)
	}
	return a
}

// one is a document of a single step that a worker of pool default executes.
const one = `{"name":"one","steps":[{"name":"a","run":"work"}]}`

// quick is one that the engine executes by itself, in the queue of that name.
const quick = `{"name":"quick","steps":[{"name":"a","run":"noop"}]}`

// submit submits a document for acme and gives the run's id.
func (f *fixture) submit(document string, more ...string) string {
	f.t.Helper()
	body := `{"tenant":"acme","document":` + document + strings.Join(append([]string{""}, more...), ",") + `}`
	var r work.Receipt
	f.want(http.StatusCreated, f.admin, "POST", "/runs", body).json(f.t, &r)
	return r.ID.String()
}

// done submits a document to queue quick and waits until it is final.
func (f *fixture) done(document string) string {
	f.t.Helper()
	id := f.submit(document, `"queue":"quick"`)
	f.final(id)
	return id
}

// poll takes up to max tasks of pool default.
func (f *fixture) poll(max int, reports ...any) api.PollAnswer {
	f.t.Helper()
	req := map[string]any{"worker": "w1", "max": max, "wait": "10s"}
	for i := 0; i+1 < len(reports); i += 2 {
		req[reports[i].(string)] = reports[i+1] //nolint:errcheck // a text
	}
	var p api.PollAnswer
	f.want(http.StatusOK, f.worker, "POST", "/pools/default/poll", req).json(f.t, &p)
	return p
}

// state gives the state of a run.
func (f *fixture) state(id string) string {
	f.t.Helper()
	var r struct{ State string }
	f.want(http.StatusOK, f.admin, "GET", "/runs/"+id, nil).json(f.t, &r)
	return r.State
}

// final waits until a run is final and gives its state.
func (f *fixture) final(id string) string {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", f.url+api.Base+"/runs/"+id+"/watch", nil)
	req.Header.Set("Authorization", "Bearer "+f.admin)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil { // it ends with the run
		f.t.Fatalf("run %s is %s: %v", id, f.state(id), err)
	}
	return f.state(id)
}
