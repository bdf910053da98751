package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store/memory"
)

// target is an API in memory, called without a network. Its caller may
// everything for tenant acme and works for pool default; an administrator's
// requests have the header Admin.
type target struct {
	handler http.Handler
	task    work.Task
}

func newTarget(f *testing.F) *target {
	f.Helper()
	db := memory.New(nil)
	steps := builtin.New(builtin.Options{})
	e, err := engine.Open(f.Context(), engine.Options{
		Store: db.Open(nil), Shards: 2, Executors: map[string]work.Executor{"noop": steps}, Local: map[string]int{"local": 2},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			f.Error(err)
		}
	})
	if err := e.Ready(f.Context()); err != nil {
		f.Fatal(err)
	}
	caller := &api.Caller{Name: "fuzz", Pools: []string{"default"}, Tenants: map[string][]api.Action{
		"acme": {api.Submit, api.Read, api.Rerun, api.Cancel, api.Signal, api.Define},
	}}
	t := &target{handler: api.New(api.Options{Engine: e, Keys: api.NewKeys(db.Open(nil)), Identify: func(r *http.Request) (*api.Caller, error) {
		if r.Header.Get("Admin") != "" {
			return &api.Caller{Name: "root", Admin: true}, nil
		}
		return caller, nil
	}})}
	t.call(f, "", "POST", "/runs", `{"tenant":"acme","document":`+one+`,"labels":{"kind":"image"}}`)
	t.call(f, "", "POST", "/workflows?tenant=acme", one)
	var answer api.PollAnswer
	body := t.call(f, "", "POST", "/pools/default/poll", `{"worker":"w","max":1,"wait":"5s"}`)
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Tasks) != 1 {
		f.Fatalf("no task to report of: %s", body)
	}
	t.task = answer.Tasks[0]
	return t
}

// call sends a request and checks what no request may lead to: an answer of
// 500, one that is not JSON, or a refusal that does not say why.
func (t *target) call(tb testing.TB, admin, method, path, body string) []byte {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost"+api.Base+path, strings.NewReader(body))
	if err != nil {
		return nil // no client can send it
	}
	r.Header.Set("Admin", admin)
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r)
	res := w.Result()
	got, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode == http.StatusTemporaryRedirect || res.StatusCode == http.StatusMovedPermanently {
		return nil // a path that is not clean
	}
	var p api.Problem
	switch {
	case res.StatusCode >= 500 && res.StatusCode != http.StatusServiceUnavailable, bytes.Contains(got, []byte(`"status":500`)): // a receipt's, too
		tb.Fatalf("%s %q with %q = %d\n%s", method, path, body, res.StatusCode, got)
	case !json.Valid(got):
		tb.Fatalf("%s %q with %q = %d, which is no JSON\n%s", method, path, body, res.StatusCode, got)
	case res.StatusCode >= 400 && (json.Unmarshal(got, &p) != nil || p.Status != res.StatusCode || p.Detail == ""):
		tb.Fatalf("%s %q with %q = %d, which does not say why\n%s", method, path, body, res.StatusCode, got)
	}
	return got
}

// FuzzSubmit sends submissions, alone and in batches.
func FuzzSubmit(f *testing.F) {
	for _, seed := range []string{
		`{"tenant":"acme","document":` + one + `}`,
		`{"tenant":"acme","workflow":"one","version":1,"params":{"x":[1,null,{"a":"b"}]},"priority":9,"labels":{"a":"b"},"key":"k","cost":1.5}`,
		`{"runs":[{"tenant":"acme","document":` + one + `},{"document":` + quick + `,"idempotency-key":"k"},{"tenant":"globex"}]}`,
		`{"document":` + quick + `,"hold":true,"start-at":"2199-01-01T00:00:00Z","deadline":"1h30m","queue":"default"}`,
		`{"document":{"name":"all","input":{"type":"object","properties":{"n":{"type":"integer"}}},"steps":[{"name":"a","run":"noop","for-each":"${params.list}","with":"${item}"},{"name":"b","run":"noop","needs":["a"],"when":"true","retry":{"max":3,"backoff":"1s"}}],"output":"${steps.b.output}"},"params":{"list":[1,2]}}`,
		`{"runs":[]}`, `{"runs":{}}`, `{"runs":[null]}`, `null`, `[]`, `{"tenant":"acme","document":"x"}`, `{"tenant":"acme","cost":1e999}`,
	} {
		f.Add(seed)
	}
	t := newTarget(f)
	f.Fuzz(func(tb *testing.T, body string) {
		t.call(tb, "", "POST", "/runs", body)
		t.call(tb, "", "POST", "/runs/plan", body)
	})
}

// FuzzReport sends reports of a task, of which the fuzzer is told enough to
// hit it, and polls.
func FuzzReport(f *testing.F) {
	t := newTarget(f)
	own := result(t.task)
	for _, seed := range []string{
		`{"complete":[` + own + `]}`,
		`{"heartbeat":[` + result(t.task, `"percent":1e300`, `"message":"m"`, `"state":{"a":1}`, `"log":"l\n"`) + `]}`,
		`{"complete":[` + result(t.task, `"failure":{"code":"x","message":"y","detail":{}}`) + `,` + result(t.task, `"output":[1]`) + `]}`,
		`{"give-back":[` + own + `,` + own + `]}`, `{"complete":[{}]}`, `{"complete":[null]}`, `{"worker":"w","max":1,"wait":"0s"}`,
		`{"worker":"w","max":64,"types":["work"],"wait":"0s","complete":[` + own + `]}`, `{"heartbeat":[{"run":"r0","step":"","item":-9,"fence":-1}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(tb *testing.T, body string) {
		t.call(tb, "", "POST", "/pools/default/report", body)
		if !strings.Contains(body, `max`) { // it would wait
			t.call(tb, "", "POST", "/pools/default/poll", body)
		}
	})
}

// FuzzSettings puts settings of every kind.
func FuzzSettings(f *testing.F) {
	kinds := []string{"queues", "pools", "tenants", "schedules", "subscriptions", "triggers"}
	for i, seed := range []string{
		`{"name":"s","match":"run.tenant == \"acme\"","policy":"priority","concurrency":{"runs":3,"per-key":1},"floor":0.05,"ageing":"30s"}`,
		`{"slots":3,"per-type":{"a":1},"lease":"10s"}`,
		`{"weight":2,"running":3,"quota":{"queued":5,"payload":9,"rate":0.5,"burst":2}}`,
		`{"cron":"*/5 1-3 * jan mon","time-zone":"Europe/Berlin","missed":"all","overlap":"queue-one","run":{"tenant":"acme","document":` + one + `}}`,
		`{"tenant":"acme","to":"https://example.org/x","events":["run.*"],"secret":"s"}`,
		`{"kind":"sqs","queue":"https://sqs.eu-west-1.amazonaws.com/1/q","run":{"tenant":"acme","document":` + one + `,"params":{"x":"${event.body}"}}}`,
	} {
		f.Add(byte(i), "s", seed)
	}
	f.Add(byte(0), "default", `{"fallback":true,"paused":true}`)
	f.Add(byte(3), "a/b", `{"cron":"@every 1s","run":null}`)
	t := newTarget(f)
	f.Fuzz(func(tb *testing.T, kind byte, name, body string) {
		if name == "" || strings.ContainsAny(name, "/?#%") || name == "." || name == ".." {
			name = "s"
		}
		path := "/" + kinds[int(kind)%len(kinds)] + "/" + name
		t.call(tb, "yes", "PUT", path, body)
		t.call(tb, "", "PUT", path, body)
		t.call(tb, "yes", "GET", path, "")
		t.call(tb, "yes", "DELETE", path, "")
	})
}

// FuzzDefinition defines and checks workflows.
func FuzzDefinition(f *testing.F) {
	f.Add(one)
	f.Add(`{"name":"x","steps":[{"name":"a","run":"noop","needs":["b"]},{"name":"b","run":"noop","needs":["a"]}]}`)
	f.Add(`{"name":"x","params":{},"steps":[{"name":"a","run":"noop","with":"${params.a ?? 1}"}],"finally":[{"name":"z","run":"noop"}]}`)
	f.Add("{\n \"name\": \"x\",\n}")
	t := newTarget(f)
	f.Fuzz(func(tb *testing.T, document string) {
		t.call(tb, "", "POST", "/workflows?tenant=acme", document)
		t.call(tb, "", "POST", "/workflows/check", document)
	})
}

// FuzzSteer asks things of a run.
func FuzzSteer(f *testing.F) {
	verbs := []string{"cancel", "pause", "resume", "release", "retry", "reset", "skip", "signal", "steps", "move"}
	for i, seed := range []string{
		`{"reason":"r"}`, ``, `{}`, `{}`, `{}`, `{"steps":["a"],"hold":true}`, `{"steps":["a"]}`, `{"signal":{"name":"go","data":{"x":1}}}`,
		`{"add":[{"name":"b","run":"noop","needs":["a"]}],"parent":"a"}`, `{"queue":"default","priority":3}`,
	} {
		f.Add(byte(i), seed)
	}
	t := newTarget(f)
	f.Fuzz(func(tb *testing.T, verb byte, body string) {
		var r work.Receipt
		if err := json.Unmarshal(t.call(tb, "", "POST", "/runs", `{"tenant":"acme","document":`+one+`}`), &r); err != nil {
			tb.Fatal(err)
		}
		t.call(tb, "", "POST", "/runs/"+r.ID.String()+"/"+verbs[int(verb)%len(verbs)], body)
		t.call(tb, "", "GET", "/runs/"+r.ID.String(), "")
		t.call(tb, "", "GET", "/runs/"+r.ID.String()+"/explain", "")
		t.call(tb, "", "POST", "/runs/"+r.ID.String()+"/cancel", "")
		t.call(tb, "", "DELETE", "/runs/"+r.ID.String(), "")
	})
}

// FuzzQuery lists with queries: filters, labels, cursors.
func FuzzQuery(f *testing.F) {
	lists := []string{"/runs", "/runs/count", "/events/dead", "/workflows/one", "/runs/r0000000000001/logs"}
	for _, seed := range []string{
		"order=finished&cursor=f0-1_1-2&limit=3", "cursor=r05b3m3em08001", "label.kind=image&label.=x", "state=live,final&state=queued",
		"from=2006-01-02T15:04:05Z&to=2006-01-02T15:04:05%2B01:00", "text=%25_%5C&failure=*", "cursor=k-9", "version=1&parent=r05b3m3em08001", "fields=id&%zz=1",
		"label.%00=%ff&tenant=&idempotency-key=%00",
	} {
		for i := range lists {
			f.Add(byte(i), seed)
		}
	}
	t := newTarget(f)
	f.Fuzz(func(tb *testing.T, list byte, query string) {
		path := lists[int(list)%len(lists)] + "?" + strings.ReplaceAll(query, "#", "%23")
		t.call(tb, "", "GET", path, "")
		t.call(tb, "yes", "GET", path, "")
	})
}
