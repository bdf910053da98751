package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/internal/postgrestest"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
)

// server is the PostgreSQL of this package's tests.
var server postgrestest.Server

func TestMain(m *testing.M) {
	status := m.Run()
	server.Stop()
	os.Exit(status)
}

// shared runs a test with the engines of every store that several can share.
func shared(t *testing.T, test func(t *testing.T, opener func() store.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		db := memory.New(nil)
		test(t, func() store.Store { return db.Open(nil) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := server.Database(t)
		test(t, func() store.Store {
			s, err := postgres.Open(context.WithoutCancel(t.Context()), url)
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	})
}

// queues is how many queues pairs have: q0, q1, …; together they are in more
// than one shard.
const queues = 8

// pair opens two engines on one store: the owner of all four shards, and one
// that stands by.
func pair(t *testing.T, opener func() store.Store, change ...func(*setup)) (owner, standby *fixture) {
	t.Helper()
	of := func(s *setup) {
		s.engine.Store, s.engine.Shards, s.engine.Ownership = opener(), 4, 2*time.Second
		for _, c := range change {
			c(s)
		}
	}
	owner = open(t, of)
	for i := range queues {
		if _, err := owner.engine.PutQueue(t.Context(), work.Queue{Name: fmt.Sprint("q", i)}, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
	standby = open(t, of, func(s *setup) { s.standby = true })
	standby.serves()
	return owner, standby
}

// serves waits until requests are answered.
func (f *fixture) serves() {
	f.t.Helper()
	f.eventually("requests are answered", func() bool { return f.do("", "GET", "/ready", nil).status == http.StatusOK })
}

// eventually looks until something holds.
func (f *fixture) eventually(what string, holds func() bool) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			f.t.Fatalf("it never comes that %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestAnEngineThatOwnsNothingAnswersForTheOwner(t *testing.T) {
	t.Parallel()
	shared(t, func(t *testing.T, opener func() store.Store) {
		owner, standby := pair(t, opener)
		var ready struct{ Ready, Standby bool }
		standby.want(http.StatusOK, "", "GET", "/ready", nil).json(t, &ready)
		if !ready.Ready || !ready.Standby {
			t.Errorf("GET /ready = %+v, want ready and standing by", ready)
		}
		for i := range queues { // of every shard
			queue := fmt.Sprintf(`"queue":"q%d"`, i)
			id := standby.submit(one, queue, fmt.Sprintf(`"idempotency-key":"k%d"`, i))
			again := standby.want(http.StatusOK, standby.tenant, "POST", "/runs",
				fmt.Sprintf(`{"tenant":"acme","document":%s,%s,"idempotency-key":"k%d"}`, one, queue, i))
			var r work.Receipt
			if again.json(t, &r); r.ID.String() != id || !r.Duplicate {
				t.Errorf("submitted again: %+v, want run %s", r, id)
			}
			if got := owner.state(id); got != "running" && got != "queued" {
				t.Errorf("run %s is %s with the owner", id, got)
			}
			task := standby.take()
			if task.Run.String() != id {
				t.Fatalf("polled %v, want a task of run %s", task, id)
			}
			if a := standby.report("heartbeat", result(task, `"percent":40,"log":"under way\n"`)); len(a.Lost)+len(a.Again) != 0 {
				t.Errorf("a heartbeat is answered %+v", a)
			}
			standby.want(http.StatusOK, standby.tenant, "GET", "/runs/"+id+"/explain", nil)
			if i%2 == 0 {
				standby.want(http.StatusOK, standby.tenant, "POST", "/runs/"+id+"/cancel", `{"reason":"enough"}`)
				if a := standby.report("complete", result(task, `"output":1`)); len(a.Lost) != 1 {
					t.Errorf("the result of a canceled step is answered %+v, want it lost", a)
				}
				if got := owner.final(id); got != "canceled" {
					t.Errorf("run %s is %s, want canceled", id, got)
				}
				continue
			}
			if a := standby.report("complete", result(task, `"output":1`)); len(a.Lost)+len(a.Again) != 0 {
				t.Errorf("a result is answered %+v", a)
			}
			if got := standby.final(id); got != "succeeded" {
				t.Errorf("run %s is %s, want succeeded", id, got)
			}
			standby.want(http.StatusConflict, standby.tenant, "POST", "/runs/"+id+"/cancel", `{}`)
			standby.want(http.StatusNotFound, standby.other, "POST", "/runs/"+id+"/retry", `{}`)
		}
	})
}

// batchOf is a batch of a run for each queue of a pair.
func batchOf(n int) map[string][]map[string]any {
	list := make([]map[string]any, n)
	for i := range list {
		list[i] = map[string]any{"tenant": "acme", "document": json.RawMessage(one), "queue": fmt.Sprint("q", i)}
	}
	return map[string][]map[string]any{"runs": list}
}

// TestABatchIsSpreadOverTheShardsOfAnotherEngine: each run gets its receipt.
func TestABatchIsSpreadOverTheShardsOfAnotherEngine(t *testing.T) {
	t.Parallel()
	shared(t, func(t *testing.T, opener func() store.Store) {
		_, standby := pair(t, opener)
		b := batchOf(queues)
		b["runs"][3]["queue"] = "nowhere"
		var page struct{ Receipts []work.Receipt }
		standby.want(http.StatusOK, standby.tenant, "POST", "/runs", b).json(t, &page)
		if len(page.Receipts) != queues {
			t.Fatalf("%d receipts, want %d", len(page.Receipts), queues)
		}
		for i, r := range page.Receipts {
			if i == 3 {
				if r.Error == nil || r.Error.Status != http.StatusNotFound {
					t.Errorf("receipt %d is %+v, want 404", i, r)
				}
				continue
			}
			if r.Error != nil || r.Queue != fmt.Sprint("q", i) {
				t.Errorf("receipt %d is %+v", i, r)
			}
		}
	})
}

func TestWhoseOwnerIsDownIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	shared(t, func(t *testing.T, opener func() store.Store) {
		owner, standby := pair(t, opener)
		id := standby.submit(one)
		task := standby.take()
		owner.server.CloseClientConnections()
		owner.server.Close() // the engine goes on, nobody reaches it
		for _, c := range []struct{ key, method, path, body string }{
			{standby.tenant, "POST", "/runs", `{"tenant":"acme","document":` + one + `}`},
			{standby.tenant, "POST", "/runs/" + id + "/cancel", `{}`},
			{standby.tenant, "GET", "/runs/" + id + "/explain", ""},
			{standby.tenant, "GET", "/runs/" + id + "/watch", ""},
		} {
			a := standby.want(http.StatusServiceUnavailable, c.key, c.method, c.path, c.body)
			checkProblem(t, c.path, a, c.method)
			if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 {
				t.Errorf("%s %s: Retry-After is %q, want seconds", c.method, c.path, a.header.Get("Retry-After"))
			}
		}
		if a := standby.report("complete", result(task, `"output":1`)); len(a.Again) != 1 || len(a.Lost) != 0 {
			t.Errorf("a result whose owner is down is answered %+v, want it sent again", a)
		}
		var page struct{ Receipts []work.Receipt }
		standby.want(http.StatusOK, standby.tenant, "POST", "/runs", batchOf(queues)).json(t, &page)
		for i, r := range page.Receipts {
			if r.Error == nil || r.Error.Status != http.StatusServiceUnavailable {
				t.Errorf("run %d of a batch whose owner is down is answered %+v, want 503", i, r)
			}
		}
		if got := standby.state(id); got != "running" { // facts are in the store
			t.Errorf("run %s is %s, want running", id, got)
		}
		owner.close()
		standby.ready()
		standby.eventually("the result is taken", func() bool {
			return len(standby.report("complete", result(task, `"output":1`)).Again) == 0
		})
		if got := standby.final(id); got != "succeeded" {
			t.Errorf("run %s is %s after another took over, want succeeded", id, got)
		}
		standby.submit(one)
	})
}

// TestAnEngineIsNotReadyBeforeItsShardsAreAnybodys: somebody that cannot be
// reached has them.
func TestAnEngineIsNotReadyBeforeItsShardsAreAnybodys(t *testing.T) {
	t.Parallel()
	db := memory.New(nil)
	holder := db.Open(nil)
	held, err := holder.Acquire(t.Context(), 0, "somebody", "", time.Hour.Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, func(s *setup) { s.engine.Store, s.engine.Shards, s.standby = db.Open(nil), 3, true })
	for range 3 {
		a := f.want(http.StatusServiceUnavailable, "", "GET", "/ready", nil)
		checkProblem(t, "/ready", a, "GET")
	}
	a := f.want(http.StatusServiceUnavailable, f.tenant, "POST", "/runs", `{"tenant":"acme","document":`+one+`}`)
	if a.header.Get("Retry-After") == "" {
		t.Error("a run that nobody takes is refused without Retry-After")
	}
	if err := holder.Release(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	f.serves()
	var ready struct{ Ready, Standby bool }
	if f.want(http.StatusOK, "", "GET", "/ready", nil).json(t, &ready); !ready.Ready || ready.Standby {
		t.Errorf("GET /ready = %+v, want ready, not standing by", ready)
	}
	f.submit(one)
}

// TestCountsAreTheOwners also through an engine that has nothing to count, and
// with what was just put there.
func TestCountsAreTheOwners(t *testing.T) {
	t.Parallel()
	shared(t, func(t *testing.T, opener func() store.Store) {
		_, standby := pair(t, opener)
		for i := range queues {
			standby.submit(one, fmt.Sprintf(`"queue":"q%d"`, i))
			standby.submit(one, fmt.Sprintf(`"queue":"q%d","hold":true`, i))
		}
		standby.want(http.StatusOK, standby.admin, "PUT", "/queues/fresh", `{"paused":true}`)
		standby.submit(one, `"queue":"fresh"`)
		var page struct {
			Queues []struct {
				Name  string
				Stats struct{ Waiting int }
			}
		}
		standby.want(http.StatusOK, standby.admin, "GET", "/queues", nil).json(t, &page)
		names := map[string]int{}
		for _, q := range page.Queues {
			names[q.Name] = q.Stats.Waiting
		}
		if len(names) != queues+3 || names["fresh"] != 1 {
			t.Errorf("the queues have waiting %v, want %d of them, and one in the fresh one", names, queues+3)
		}
		var tenants struct{ Tenants []engine.TenantState }
		standby.want(http.StatusOK, standby.tenant, "GET", "/tenants", nil).json(t, &tenants)
		if len(tenants.Tenants) != 1 || tenants.Tenants[0].Waiting+tenants.Tenants[0].Active < queues+1 {
			t.Errorf("the tenants are %+v, want acme with its runs", tenants.Tenants)
		}
	})
}

// TestAllDeadEventsAreRevivedThroughAnyEngine replays and drops.
func TestAllDeadEventsAreRevivedThroughAnyEngine(t *testing.T) {
	t.Parallel()
	shared(t, func(t *testing.T, opener func() store.Store) {
		var mended atomic.Bool
		owner, standby := pair(t, opener, func(s *setup) {
			s.engine.Send = outbox.SenderFunc(func(context.Context, outbox.Event) error {
				if mended.Load() {
					return nil
				}
				return &outbox.Error{Permanent: true, Err: errors.New("gone")}
			})
		})
		owner.want(http.StatusOK, owner.admin, "PUT", "/subscriptions/mine", `{"tenant":"acme","to":"https://example.org/hook","events":["run.succeeded"]}`)
		for range 5 {
			owner.done(quick)
		}
		var page struct{ Events []api.DeadEvent }
		owner.eventually("the events of all runs are dead", func() bool {
			owner.want(http.StatusOK, owner.tenant, "GET", "/events/dead", nil).json(t, &page)
			return len(page.Events) == 5
		})
		dead := page.Events
		mended.Store(true)
		first := "/events/" + dead[0].ID
		standby.want(http.StatusNotFound, standby.other, "DELETE", first, nil)
		standby.want(http.StatusNotFound, standby.tenant, "DELETE", "/events/0", nil)
		standby.want(http.StatusNotFound, standby.tenant, "DELETE", "/events/18446744073709551615", nil)
		var r struct {
			Done  bool
			Count int
			More  bool
		}
		if standby.want(http.StatusOK, standby.tenant, "DELETE", first, nil).json(t, &r); !r.Done || r.Count != 1 {
			t.Errorf("DELETE %s = %+v, want one done", first, r)
		}
		standby.want(http.StatusNotFound, standby.tenant, "DELETE", first, nil)
		if standby.want(http.StatusOK, standby.tenant, "POST", "/events/all/replay", nil).json(t, &r); !r.Done || r.More || r.Count != len(dead)-1 {
			t.Errorf("POST /events/all/replay = %+v, want %d done", r, len(dead)-1)
		}
		if standby.want(http.StatusOK, standby.admin, "GET", "/events/dead", nil).json(t, &page); len(page.Events) != 0 {
			t.Errorf("%d events are dead after all were tried again", len(page.Events))
		}
	})
}
