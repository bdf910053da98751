package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
)

const one = `{"name":"doc","steps":[{"name":"a","run":"noop","with":"x"}],"output":"${steps.a.output}"}`

func TestSubmitTwiceIsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := client.Submission{Tenant: "acme", Document: json.RawMessage(one), IdempotencyKey: "order-1", Labels: map[string]string{"order": "1"}}
	first, err := w.Submit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.Submit(t.Context(), s)
	if err != nil || second.ID != first.ID || !second.Duplicate {
		t.Errorf("Submit again = %+v, %v, want run %s as a duplicate", second, err, first.ID)
	}
	r := w.wait(first.ID)
	if r.State != "succeeded" || string(r.Detail.Output) != `"x"` || r.Labels["order"] != "1" || !r.Final() {
		t.Errorf("run = %+v, want succeeded with x", r)
	}
}

func TestBatchTellsWhichWereRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	receipts, err := w.SubmitAll(t.Context(), []client.Submission{
		{Tenant: "acme", Document: json.RawMessage(one)},
		{Tenant: "acme", Workflow: "nobody-made-it"},
		{Tenant: "acme", Document: map[string]any{"name": "d", "steps": []any{map[string]any{"name": "a", "run": "noop"}}}},
	})
	if err != nil || len(receipts) != 3 {
		t.Fatalf("SubmitAll = %v, %v, want three receipts", receipts, err)
	}
	if receipts[0].Error != nil || receipts[1].Error == nil || receipts[2].Error != nil {
		t.Errorf("receipts = %+v, want only the second refused", receipts)
	}
}

func TestRunsYieldsAllPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for range 5 {
		r, err := w.Submit(t.Context(), client.Submission{Tenant: "acme", Document: json.RawMessage(one), Hold: true})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, r.ID)
	}
	filter := url.Values{"limit": {"2"}, "state": {"held"}}
	var got []string
	for r, err := range w.Runs(t.Context(), filter) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Runs (-want +got):\n%s", diff)
	}
	for range w.Runs(t.Context(), filter) {
		break // and asks for no further page
	}
	if filter.Has("cursor") {
		t.Error("the caller's filter was changed")
	}
	for _, err := range w.Runs(t.Context(), url.Values{"state": {"none-such"}}) {
		if err == nil {
			t.Error("a filter that is wrong yields runs")
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.submit("nobody-executes-it", "")
	if _, err := w.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if r := w.wait(id); r.State != "canceled" {
		t.Errorf("run = %s, want canceled", r.State)
	}
}

func TestErrorsSayWhatTheEngineSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Get(t.Context(), "r0000000000000"); !client.IsNotFound(err) {
		t.Errorf("Get of no run = %v, want not found", err)
	}
	_, err := w.Submit(t.Context(), client.Submission{Tenant: "acme", Document: json.RawMessage(`{"name":"d"}`)})
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Temporary() || !strings.Contains(err.Error(), "steps") {
		t.Errorf("Submit of half a document = %v, want an error that names what is missing", err)
	}
	other := w.as(api.Caller{Name: "other", Tenants: map[string][]api.Action{"other": {api.Submit, api.Read}}})
	id := w.submit("noop", "")
	if _, err := other.Get(t.Context(), id); !client.IsNotFound(err) {
		t.Errorf("Get of another tenant's run = %v, want not found", err)
	}
	if _, err := other.Submit(t.Context(), client.Submission{Tenant: "acme", Document: json.RawMessage(one)}); !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("Submit for another tenant = %v, want 403", err)
	}
	nobody, err := client.New(w.server.URL, "berth_a_b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.Get(t.Context(), id); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("Get with no valid key = %v, want 401", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.submit("nobody-executes-it", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := w.Wait(ctx, id); err == nil {
		t.Errorf("Wait = %+v, want an error", r)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "work.example.com", "ftp://work.example.com", "http://", ":"} {
		if _, err := client.New(server, ""); err == nil {
			t.Errorf("New(%q) is taken", server)
		}
	}
	// A URL may be given with the API's path.
	asked := make(chan string, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		fmt.Fprint(w, "{}")
	}))
	defer s.Close()
	for _, path := range []string{"/team/", "/team/api/v1/"} {
		c, err := client.New(s.URL+path, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Get(t.Context(), "r1/../x"); err != nil {
			t.Fatal(err)
		}
		if got := <-asked; !strings.HasPrefix(got, "/team/api/v1/runs/") {
			t.Errorf("New(%q) asks %s", path, got)
		}
	}
}

func ExampleClient_Submit() {
	c, err := client.New("https://work.example.com", os.Getenv("BERTH_WORK_KEY"))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	receipt, err := c.Submit(ctx, client.Submission{
		Workflow: "publish", Tenant: "acme", Params: map[string]any{"source": "https://example.com/a.mp4"}, IdempotencyKey: "order-17",
	})
	if err != nil {
		panic(err)
	}
	run, err := c.Wait(ctx, receipt.ID)
	if err != nil {
		panic(err)
	}
	fmt.Println(run.State)
}

func ExampleWorker() {
	c, err := client.New("https://work.example.com", os.Getenv("BERTH_WORK_KEY"))
	if err != nil {
		panic(err)
	}
	w := client.Worker{Client: c, Pool: "media", Concurrency: 4, Handlers: map[string]client.Handler{
		"probe": func(_ context.Context, t client.Task, r *client.Reporter) (any, error) {
			var with struct{ File string }
			if err := json.Unmarshal(t.With, &with); err != nil {
				return nil, &client.Failure{Code: "with", Message: err.Error(), Fatal: true}
			}
			r.Progress(50, "reading "+with.File)
			info, err := os.Stat(with.File)
			if err != nil {
				return nil, err
			}
			return map[string]int64{"size": info.Size()}, nil
		},
	}}
	if err := w.Run(context.Background()); err != nil {
		panic(err)
	}
}
