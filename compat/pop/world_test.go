package pop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/sqlite"
)

// world is a service on a real engine and a real store, and a client of it.
type world struct {
	t       *testing.T
	store   *sqlite.Store
	engine  *engine.Engine
	service *pop.Service
	server  *httptest.Server
	// as is what the Authorization header says: accounts between "|".
	as string
	// header is sent with every request.
	header http.Header
	// ahead is how far the clock of engine and service is before the real one.
	ahead *atomic.Int64
}

// advance lets time pass for engine and service.
func (w *world) advance(by time.Duration) { w.ahead.Add(int64(by)) }

// settings change the defaults of a world.
type settings struct {
	config  pop.Config
	ahead   time.Duration // of the real clock
	path    string        // of the store; "" makes one
	project func(*engine.Options)
}

// identify takes the accounts in the Authorization header for granted, as POP's
// sample authorizer does.
func identify(r *http.Request) (*pop.Caller, error) {
	accounts := r.Header.Get("Authorization")
	if accounts == "" {
		return nil, pop.ErrUnauthorized
	}
	return pop.FromPOP("id-of-"+accounts, accounts, accounts, "false"), nil
}

func newWorld(t *testing.T, set settings) *world {
	t.Helper()
	if set.path == "" {
		set.path = filepath.Join(t.TempDir(), "work.db")
	}
	st, err := sqlite.Open(t.Context(), set.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	ahead := &atomic.Int64{}
	ahead.Store(int64(set.ahead))
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	set.config.Now = now
	opt := engine.Options{Store: st, Now: func() int64 { return now().UnixMilli() }}
	opt.Executors = pop.Residents(st)
	opt.Executors["sample"] = builtin.New(builtin.Options{})
	if set.project != nil {
		set.project(&opt)
	}
	e, err := engine.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := e.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if set.config.Identify == nil {
		set.config.Identify = identify
	}
	if set.config.PollWait == 0 {
		set.config.PollWait = 20 * time.Millisecond
	}
	w := &world{t: t, store: st, engine: e, service: pop.New(set.config, e, st), as: "*", header: http.Header{}, ahead: ahead}
	w.server = httptest.NewServer(w.service)
	t.Cleanup(w.server.Close)
	return w
}

// by returns the same world for another caller.
func (w *world) by(accounts string) *world {
	other := *w
	other.as = accounts
	return &other
}

// reply is an answer with what tests look at.
type reply struct {
	status int
	header http.Header
	text   string

	Count         *int
	All           []json.RawMessage
	Agendas       []object.Agenda
	Agenda        *object.Agenda
	Progresses    []object.Progress `json:"agendaProgresses"`
	Leases        map[string]string
	ProgressList  []object.Progress
	State         string   `json:"processingState"`
	Percent       *float64 `json:"processingPercent"`
	Error         bool
	CID           string
	ErrorResponse *struct {
		Title, Description string
		ResponseCode       int
	}
}

// call sends a request. body is JSON, or any value to be written as such.
func (w *world) call(method, path string, body any) *reply {
	w.t.Helper()
	text, ok := body.(string)
	if body != nil && !ok {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(b)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+"/pop/"+path, strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = w.header.Clone()
	if w.as != "" {
		req.Header.Set("Authorization", w.as)
	}
	res, err := w.server.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	r := &reply{status: res.StatusCode, header: res.Header, text: string(got)}
	if len(bytes.TrimSpace(got)) > 0 {
		if err := json.Unmarshal(got, r); err != nil {
			w.t.Fatalf("%s %s: %s: %v", method, path, got, err)
		}
	}
	return r
}

// must is call for what has to go well.
func (w *world) must(method, path string, body any) *reply {
	w.t.Helper()
	r := w.call(method, path, body)
	if r.status != http.StatusOK || r.Error {
		w.t.Fatalf("%s %s as %s: %d %s", method, path, w.as, r.status, r.text)
	}
	return r
}

// refused is call for what has to be refused with a status.
func (w *world) refused(status int, method, path string, body any) *reply {
	w.t.Helper()
	r := w.call(method, path, body)
	if r.status != status || !r.Error || r.ErrorResponse == nil || r.ErrorResponse.ResponseCode != status {
		w.t.Errorf("%s %s as %s: %d %s, want status %d", method, path, w.as, r.status, r.text, status)
	}
	return r
}

// one reads the only object of an answer.
func one[T any](w *world, r *reply) *T {
	w.t.Helper()
	if len(r.All) != 1 {
		w.t.Fatalf("answer has %d objects, want one: %s", len(r.All), r.text)
	}
	var v T
	if err := json.Unmarshal(r.All[0], &v); err != nil {
		w.t.Fatal(err)
	}
	return &v
}

// tenants makes a pool with an insight for operations of the types encode and
// sample, which customer shared owns, and customers that use it.
func (w *world) tenants(customers ...string) {
	w.t.Helper()
	w.must("POST", "resourcepool", `{"id": "pool", "customerId": "owner", "title": "pool"}`)
	w.must("POST", "insight", `{"id": "insight", "customerId": "owner", "title": "encoders", "resourcePoolId": "pool", "isGlobal": true,
		"schedulingAlgorithm": "RoundRobin", "queueSize": 5, "mappers": {"operationType": ["encode", "sample", "split", "updateAgenda"]}}`)
	for _, c := range customers {
		w.must("POST", "customer", map[string]any{"id": c, "customerId": c, "title": c, "resourcePoolId": "pool"})
	}
}

// submit submits an agenda with operations of type encode by their names; "b<a"
// needs the output of a.
func (w *world) submit(customer string, operations ...string) *object.Agenda {
	w.t.Helper()
	a := object.Agenda{Common: object.Common{CustomerID: customer}}
	for _, text := range operations {
		name, needs, ok := strings.Cut(text, "<")
		o := object.Operation{Name: name, Type: "encode"}
		if ok {
			o.Payload = json.RawMessage(`{"from": "@<` + needs + `.out>"}`)
		}
		a.Operations = append(a.Operations, o)
	}
	return one[object.Agenda](w, w.must("POST", "agenda", a))
}

// pull asks for an agenda of the insight until there is one.
func (w *world) pull() *reply {
	w.t.Helper()
	for range 500 {
		if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); len(r.Agendas) > 0 {
			return r
		}
	}
	w.t.Fatal("no agenda came")
	return nil
}

// progress reads the progress of an agenda.
func (w *world) progress(a *object.Agenda) *object.Progress {
	w.t.Helper()
	return one[object.Progress](w, w.must("GET", "progress/agenda/"+a.ProgressID, nil))
}

// states are the states of a progress and its operations, in one line.
func states(p *object.Progress) string {
	line := strings.TrimSpace(string(p.State) + " " + p.StateMessage)
	for i := range p.Operations {
		o := &p.Operations[i]
		line += "; " + o.Operation + " " + strings.TrimSpace(string(o.State)+" "+o.StateMessage)
	}
	return line
}

// until asks for the progress of an agenda until it has the states.
func (w *world) until(a *object.Agenda, want string) *object.Progress {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		p := w.progress(a)
		if states(p) == want {
			return p
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("progress is %q, want %q", states(p), want)
		}
	}
}

// report tells what an executor tells.
func (w *world) report(a *object.Agenda, progress string) *reply {
	w.t.Helper()
	return w.call("POST", "resourcepool/service/updateAgendaProgress",
		`{"agendaProgress": {"id": "`+a.ProgressID+`", `+progress+`}}`)
}

func (w *world) mustReport(a *object.Agenda, progress string) {
	w.t.Helper()
	if r := w.report(a, progress); r.status != http.StatusOK {
		w.t.Fatalf("report %s: %d %s", progress, r.status, r.text)
	}
}

// operation is the progress of an operation, as a part of a report.
func operation(name, state, more string) string {
	return `{"operation": "` + name + `", "processingState": "` + state + `"` + more + `}`
}

const (
	succeeded = `, "processingStateMessage": "succeeded", "resultPayload": "{\"x\": 1}"`
	failed    = `, "processingStateMessage": "failed"`
)
