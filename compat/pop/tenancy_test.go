package pop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/work/api"
)

// Acceptance check 6: customer a cannot read, overwrite, run as, count, or report
// for customer b.
func TestAcceptance6CustomersAreKeptApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("a", "b")
	w.must("POST", "agendatemplate", `{"id": "tb", "customerId": "b", "title": "of b", "agenda": {}}`)
	w.must("POST", "agendatemplate", `{"id": "as-b", "customerId": "b", "title": "for all", "isGlobal": true,
		"agenda": {"customerId": "@<pop.payload::/who>", "operations": [{"name": "x", "type": "encode"}]}}`)
	mine, theirs := w.by("a"), w.by("b")
	agenda := theirs.submit("b", "x")
	w.pull()
	id := agenda.ProgressID
	for _, path := range []string{
		"agenda/" + agenda.ID, "agenda?bycustomerId=b", "agenda", "progress/agenda/" + id, "progress/agenda?byagendaId=" + agenda.ID,
		"progress/operation/" + id + "-x", "progress/operation?byagendaProgressId=" + id, "progress/operation",
		"customer/b", "agendatemplate/tb", "agendatemplate?bytitle=of%20b", "agenda?bycount=&bycustomerId=b", "resourcepool/pool",
	} {
		if r := mine.must("GET", path, nil); *r.Count != 0 {
			t.Errorf("a reads %s: %s", path, r.text)
		}
		reader := theirs
		if strings.HasPrefix(path, "resourcepool") {
			reader = w.by("owner")
		}
		if r := reader.must("GET", path, nil); *r.Count != 1 {
			t.Errorf("who may cannot read %s: %s", path, r.text)
		}
	}
	if r := mine.must("POST", "progress/agenda/service", `{"linkId": "any"}`); len(r.ProgressList) != 0 {
		t.Errorf("a reads a summary: %s", r.text)
	}
	if r := mine.must("GET", "insight/insight", nil); *r.Count != 1 {
		t.Errorf("a cannot read an insight that is global: %s", r.text)
	}
	for _, c := range []struct {
		status       int
		method, path string
		body         string
	}{
		{403, "POST", "agenda", `{"customerId": "b", "operations": [{"name": "x", "type": "encode"}]}`},
		{403, "POST", "customer", `{"id": "b", "customerId": "b", "title": "taken"}`},
		{409, "POST", "resourcepool", `{"id": "pool", "customerId": "a"}`},
		{409, "POST", "agendatemplate", `{"id": "tb", "customerId": "a"}`},
		{409, "POST", "progress/agenda", `{"id": "` + id + `", "customerId": "a"}`},
		{403, "POST", "agenda", `{"customerId": "a", "progressId": "` + id + `", "operations": [{"name": "x", "type": "encode"}]}`},
		{403, "POST", "progress/operation", `{"agendaProgressId": "` + id + `", "customerId": "a", "operation": "new"}`},
		{403, "POST", "progress/operation", `{"agendaProgressId": "` + id + `", "customerId": "b", "operation": "new"}`},
		{403, "PUT", "agenda/" + agenda.ID, `{"title": "taken"}`},
		{403, "PUT", "agenda/" + agenda.ID, `{"customerId": "a"}`},
		{403, "PUT", "customer/a", `{"customerId": "b", "id": "a"}`},
		{403, "PUT", "agendatemplate/as-b", `{"customerId": "a"}`},
		{403, "PUT", "progress/agenda/" + id, `{"processingState": "COMPLETE"}`},
		{403, "PUT", "progress/operation/" + id + "-x", `{"processingState": "COMPLETE"}`},
		{403, "DELETE", "agenda/" + agenda.ID, ``},
		{403, "DELETE", "progress/agenda/" + id, ``},
		{403, "DELETE", "progress/operation/" + id + "-x", ``},
		{403, "DELETE", "insight/insight", ``},
		{403, "POST", "agenda/service/run", `{"agendaTemplateId": "tb", "payload": "{}"}`},
		{403, "POST", "agenda/service/run", `{"agendaTemplateId": "as-b", "payload": "{\"who\": \"b\"}"}`},
		{403, "POST", "agenda/service/rerun", `{"agendaId": "` + agenda.ID + `"}`},
		{403, "POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`},
		{403, "POST", "resourcepool/service/updateAgendaProgress", `{"agendaProgress": {"id": "` + id + `", "processingState": "COMPLETE"}}`},
		{403, "POST", "resourcepool/service/updateAgenda", `{"agendaId": "` + agenda.ID + `", "operations": [{"name": "new"}]}`},
		{400, "POST", "resourcepool/service/createAgenda", `{"agendas": [{"customerId": "b", "operations": [{"name": "x", "type": "encode"}]}]}`},
	} {
		if c.method == "PUT" && c.path == "customer/a" {
			c.status = 422 // no customer can become another
		}
		mine.refused(c.status, c.method, c.path, c.body)
	}
	if got := states(w.progress(agenda)); got != "EXECUTING Running Operations; x WAITING" {
		t.Errorf("progress of b's agenda after all that: %s", got)
	}
	if r := mine.must("POST", "agenda/service/run", `{"agendaTemplateId": "as-b", "payload": "{\"who\": \"a\"}"}`); r.Agendas[0].CustomerID != "a" {
		t.Errorf("a cannot use the template for itself: %s", r.text)
	}
	// Without agendaProgress.id POP alters an arbitrary progress.
	w.refused(422, "POST", "resourcepool/service/updateAgendaProgress", `{"agendaProgress": {"processingState": "COMPLETE"}}`)
}

// The owner of an insight executes agendas of customers whose objects it may not see.
func TestTheOwnerOfAnInsightReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("a")
	owner := w.by("owner")
	agenda := w.by("a").submit("a", "x")
	owner.pull()
	owner.mustReport(agenda, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+operation("x", "COMPLETE", succeeded)+`]`)
	w.by("a").until(agenda, "COMPLETE succeeded; x COMPLETE succeeded")
	if r := owner.must("GET", "progress/agenda/"+agenda.ProgressID, nil); *r.Count != 0 {
		t.Errorf("the owner of the insight reads progress of a: %s", r.text)
	}
}

func TestCallersMayDoWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	actions := []pop.Action{}
	caller := func(r *http.Request) (*pop.Caller, error) {
		if r.Header.Get("Authorization") == "*" {
			return &pop.Caller{Name: "admin", Global: true}, nil
		}
		return &pop.Caller{Name: "some", Customers: map[string][]pop.Action{"a": actions, "owner": actions}}, nil
	}
	w := newWorld(t, settings{config: pop.Config{Identify: caller}})
	w.tenants("a")
	agenda := w.submit("a", "x")
	some := w.by("some")
	requests := map[pop.Action][3]string{
		pop.Submit: {"POST", "agenda", `{"customerId": "a", "operations": [{"name": "x", "type": "encode"}]}`},
		pop.Rerun:  {"POST", "agenda/service/rerun", `{"agendaId": "` + agenda.ID + `"}`},
		pop.Manage: {"PUT", "insight/insight", `{"title": "again"}`},
		pop.Pull:   {"POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`},
		pop.Report: {"PUT", "progress/agenda/" + agenda.ProgressID, `{"title": "mine"}`},
		pop.Cancel: {"DELETE", "agenda/" + agenda.ID, ``},
	}
	for _, a := range []pop.Action{pop.Submit, pop.Rerun, pop.Manage, pop.Pull, pop.Report, pop.Cancel} {
		r := requests[a]
		actions = nil
		for _, other := range pop.Account() {
			if other != a {
				actions = append(actions, other)
			}
		}
		some.refused(http.StatusForbidden, r[0], r[1], r[2])
		actions = []pop.Action{a}
		some.must(r[0], r[1], r[2])
	}
	actions = []pop.Action{pop.Submit}
	if r := some.must("GET", "agenda", nil); *r.Count != 0 {
		t.Errorf("who may not read reads %s", r.text)
	}
	actions = []pop.Action{pop.Read}
	if r := some.must("GET", "agenda", nil); *r.Count != 1 {
		t.Errorf("who may read reads %s", r.text)
	}
}

func TestFromPOP(t *testing.T) {
	t.Parallel()
	c := pop.FromPOP("id", "name", "a|b", "false")
	if c.Name != "name" || c.Global || len(c.Customers) != 2 || len(c.Customers["b"]) != len(pop.Account()) {
		t.Errorf("FromPOP = %+v", c)
	}
	if !pop.FromPOP("", "", "", "true").Global || !pop.FromPOP("", "", "*", "").Global || pop.FromPOP("", "", "", "").Global {
		t.Error("super users and * are global, others are not")
	}
}

// A worker of a pool pulls and reports, and sees nothing besides.
func TestWorkersOfAPool(t *testing.T) {
	t.Parallel()
	identify := func(r *http.Request) (*pop.Caller, error) {
		admin := r.Header.Get("Authorization") == "*"
		return pop.FromAPI(&api.Caller{Name: "worker", Admin: admin, Pools: []string{r.Header.Get("Authorization")}}), nil
	}
	w := newWorld(t, settings{config: pop.Config{Identify: identify, RequireLease: true}})
	w.tenants("a")
	agenda := w.submit("a", "x")
	worker, other := w.by("pop/pool"), w.by("pop/other")
	other.refused(http.StatusForbidden, "POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`)
	got := worker.pull()
	if r := worker.must("GET", "agenda", nil); *r.Count != 0 {
		t.Errorf("the worker reads %s", r.text)
	}
	end := `"processingState": "COMPLETE", "processingStateMessage": "succeeded"`
	if r := worker.report(agenda, end); r.status != http.StatusForbidden {
		t.Errorf("report without the lease: %d %s", r.status, r.text)
	}
	worker.header.Set(pop.LeaseHeader, got.Leases[agenda.ID])
	if r := other.report(agenda, end); r.status != http.StatusForbidden {
		t.Errorf("report of a worker of another pool: %d %s", r.status, r.text)
	}
	worker.mustReport(agenda, end)
	w.until(agenda, "COMPLETE succeeded; x WAITING")
}

func TestFromAPI(t *testing.T) {
	t.Parallel()
	c := pop.FromAPI(&api.Caller{Name: "n", Tenants: map[string][]api.Action{"a": {api.Read, api.Define, api.Signal}}, Pools: []string{"p"}})
	want := &pop.Caller{Name: "n", Customers: map[string][]pop.Action{"a": {pop.Read, pop.Manage}}, Pools: []string{"p"}}
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("FromAPI (-want +got):\n%s", d)
	}
}
