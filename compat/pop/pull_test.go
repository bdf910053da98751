package pop_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
)

func TestAnExecutorExecutesAnAgenda(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "a", "b<a")
	if a.AgendaInsight.InsightID != "insight" || a.AgendaInsight.ResourcePoolID != "pool" || len(a.ID) != 36 {
		t.Errorf("agenda that was submitted: %+v", a)
	}
	if got := states(w.progress(a)); got != "WAITING; a WAITING; b WAITING" {
		t.Errorf("progress: %s", got)
	}
	pulled := w.pull()
	got := pulled.Agendas[0]
	if got.ID != a.ID || string(got.Operations[1].Payload) != `{"from":"@\u003ca.out\u003e"}` || !got.Params.Has("added") || pulled.Progresses != nil || pulled.Leases[a.ID] == "" {
		t.Errorf("agenda that was pulled: %s", pulled.text)
	}
	w.mustReport(a, `"processingState": "EXECUTING", "startedTime": 5, "operationProgress": [`+operation("a", "EXECUTING", `, "percentComplete": 40, "params": {"jobInfo": "j1"}`)+`]`)
	p := w.progress(a)
	if states(p) != "EXECUTING Running Operations; a EXECUTING; b WAITING" || *p.PercentComplete != 20 || p.Operations[0].Params.Text("jobInfo") != "j1" {
		t.Errorf("progress: %s, %v%%, %s", states(p), *p.PercentComplete, p.Operations[0].Params)
	}
	w.mustReport(a, `"processingState": "EXECUTING", "startedTime": 5, "operationProgress": [`+operation("a", "COMPLETE", succeeded)+`]`)
	last := `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [` + operation("b", "COMPLETE", succeeded) + `]`
	w.mustReport(a, last)
	w.mustReport(a, last) // executors tell the end more than once
	p = w.progress(a)
	if states(p) != "COMPLETE succeeded; a COMPLETE succeeded; b COMPLETE succeeded" || *p.PercentComplete != 100 || *p.AttemptsCompleted != 1 || p.Operations[0].ResultPayload != `{"x": 1}` {
		t.Errorf("progress: %s", states(p))
	}
	if r := w.report(a, `"processingState": "EXECUTING"`); r.status != http.StatusConflict {
		t.Errorf("report after the end: %d %s", r.status, r.text)
	}
}

func TestOperationsThatFailAreTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "params": {"maximumAttempts": 2},
		"operations": [{"name": "a", "type": "encode"}, {"name": "b", "type": "encode", "params": {"dependsOn": "a"}}]}`))
	end := `"processingState": "COMPLETE", "processingStateMessage": "failed", "operationProgress": [` +
		operation("a", "COMPLETE", succeeded) + `, ` + operation("b", "COMPLETE", failed+`, "params": {"job": "j"}, "diagnosticEvents": [{"message": "disk full"}]`) + `]`
	w.pull()
	w.mustReport(a, end)
	if got := states(w.progress(a)); got != "WAITING pending; a COMPLETE succeeded; b WAITING" {
		t.Errorf("progress after the first attempt: %s", got)
	}
	again := w.pull()
	if len(again.Progresses) != 1 || states(&again.Progresses[0]) != "EXECUTING Running Operations; a COMPLETE succeeded; b WAITING" {
		t.Fatalf("the second attempt gets %s", again.text)
	}
	if o := again.Progresses[0].Operations; o[0].ResultPayload != `{"x": 1}` || o[1].Params.Text("job") != "j" {
		t.Errorf("the second attempt is told %+v", o)
	}
	w.mustReport(a, end)
	p := w.progress(a)
	if states(p) != "COMPLETE failed; a COMPLETE succeeded; b COMPLETE failed" || *p.AttemptsCompleted != 2 || len(p.Operations[1].Diagnostics) != 1 {
		t.Errorf("progress: %s, %+v", states(p), p.Operations[1].Diagnostics)
	}
}

// Acceptance check 4 of the specification: what a puller got and never started is
// not lost. Check 3: what a silent executor had finished is not executed again.
func TestASilentExecutorLosesItsAgenda(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "a", "b<a")
	w.pull() // and nobody starts it
	w.advance(object.ReclaimAge)
	first := w.pull()
	w.mustReport(a, `"processingState": "EXECUTING", "startedTime": 5, "operationProgress": [`+operation("a", "COMPLETE", succeeded)+`]`)
	w.advance(object.ReclaimAge)
	w.until(a, "WAITING; a COMPLETE succeeded; b WAITING")
	zombie := `"processingState": "COMPLETE", "processingStateMessage": "failed", "startedTime": 5`
	if r := w.report(a, zombie); r.status != http.StatusConflict {
		t.Errorf("report of an executor that lost its lease: %d %s", r.status, r.text)
	}
	second := w.pull()
	if len(second.Progresses) != 1 || states(&second.Progresses[0]) != "EXECUTING Running Operations; a COMPLETE succeeded; b WAITING" {
		t.Errorf("the next executor gets %s", second.text)
	}
	if r := w.report(a, zombie); r.status != http.StatusConflict {
		t.Errorf("report of the last executor beside the next: %d %s", r.status, r.text)
	}
	w.header.Set(pop.LeaseHeader, first.Leases[a.ID])
	if r := w.report(a, `"processingState": "EXECUTING"`); r.status != http.StatusConflict {
		t.Errorf("report with the last lease: %d %s", r.status, r.text)
	}
	w.header.Set(pop.LeaseHeader, second.Leases[a.ID])
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "startedTime": 9, "operationProgress": [`+operation("b", "COMPLETE", succeeded)+`]`)
	w.until(a, "COMPLETE succeeded; a COMPLETE succeeded; b COMPLETE succeeded")
}

func TestGetAgendaWaitsForOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: pop.Config{PollWait: 20 * time.Second}})
	w.tenants("acme")
	got := make(chan *reply)
	go func() {
		got <- w.call("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 3}`)
	}()
	a := w.submit("acme", "a")
	if r := <-got; len(r.Agendas) != 1 || r.Agendas[0].ID != a.ID {
		t.Errorf("getAgenda: %s", r.text)
	}
}

func TestGetAgendaAnswersNothingWhereNothingWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); r.Agendas == nil || len(r.Agendas) != 0 {
		t.Errorf("getAgenda: %s", r.text)
	}
	w.refused(http.StatusUnprocessableEntity, "POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 0}`)
	w.refused(http.StatusNotFound, "POST", "resourcepool/service/getAgenda", `{"insightId": "none", "count": 1}`)
	w.refused(http.StatusBadRequest, "POST", "resourcepool/service/getAgenda", `{"count": 1}`)
}

// Acceptance check 5: of two customers with many and few agendas both are served.
func TestCustomersTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("flood", "small")
	for range 60 {
		w.submit("flood", "a")
	}
	small := 10
	for range small {
		w.submit("small", "a")
	}
	for n := range 2 * small {
		if w.pull().Agendas[0].CustomerID == "small" {
			small--
		}
		if small == 0 {
			if n < 10 {
				t.Errorf("the small customer had all turns: 10 agendas in the first %d", n+1)
			}
			return
		}
	}
	t.Errorf("%d agendas of the small customer still wait after 20 turns", small)
}

func TestAnExecutorAddsOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "gen")
	w.pull()
	add := `{"agendaId": "` + a.ID + `", "params": {"extra": 1}, "operations": [
		{"name": "child", "type": "encode", "payload": "@<gen.out>", "params": {"generatedOperationParent": "gen"}}]}`
	grown := w.must("POST", "resourcepool/service/updateAgenda", add).Agenda
	again := w.must("POST", "resourcepool/service/updateAgenda", add).Agenda
	if len(grown.Operations) != 2 || len(again.Operations) != 2 || again.Params.Text("extra") != "1" {
		t.Errorf("agenda after it was asked twice: %+v", again)
	}
	w.mustReport(a, `"processingState": "EXECUTING", "operationProgress": [`+operation("gen", "COMPLETE", succeeded)+`, `+
		operation("child", "EXECUTING", "")+`, `+operation("foreign", "EXECUTING", "")+`]`)
	if got := states(w.progress(a)); got != "EXECUTING Running Operations; gen COMPLETE succeeded; child EXECUTING; foreign EXECUTING" {
		t.Errorf("progress: %s", got)
	}
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "failed", "operationProgress": [`+operation("foreign", "COMPLETE", succeeded)+`]`)
	if got := states(w.progress(a)); !strings.HasSuffix(got, "foreign COMPLETE succeeded") {
		t.Errorf("progress: %s", got)
	}
	for _, operations := range []string{`[{"name": "GEN"}]`, `[{"name": "x", "payload": "@<none.out>"}]`, `[]`, `[{"name": "x", "params": {"dependsOn": "none"}}]`} {
		w.refused(http.StatusUnprocessableEntity, "POST", "resourcepool/service/updateAgenda", `{"agendaId": "`+a.ID+`", "operations": `+operations+`}`)
	}
}

func TestRerun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "a", "b<a", "c")
	rerun := func(params string) *reply {
		return w.call("POST", "agenda/service/rerun", `{"agendaId": "`+a.ID+`", "params": `+params+`}`)
	}
	w.pull()
	if r := rerun(`["continue"]`); r.status != http.StatusConflict {
		t.Errorf("rerun of what runs: %d %s", r.status, r.text)
	}
	w.must("POST", "resourcepool/service/updateAgenda", `{"agendaId": "`+a.ID+`", "operations": [
		{"name": "made", "type": "encode", "params": {"generatedOperationParent": "a"}}]}`)
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+
		operation("a", "COMPLETE", succeeded)+`, `+operation("b", "COMPLETE", succeeded)+`, `+operation("c", "COMPLETE", succeeded)+`, `+operation("made", "COMPLETE", succeeded)+`]`)
	if r := rerun(`["continue"]`); r.status != http.StatusOK {
		t.Errorf("rerun of what succeeded: %d %s", r.status, r.text)
	}
	if r := rerun(`["operationsToReset=none"]`); r.status != http.StatusUnprocessableEntity {
		t.Errorf("rerun of what is not there: %d %s", r.status, r.text)
	}
	if r := rerun(`["operationsToReset=a", "skipExecution"]`); r.status != http.StatusOK {
		t.Fatalf("rerun: %d %s", r.status, r.text)
	}
	p := w.progress(a)
	if states(p) != "WAITING pending; a WAITING pending; b WAITING pending; c COMPLETE succeeded" {
		t.Errorf("progress: %s", states(p))
	}
	if got := one[object.Agenda](w, w.must("GET", "agenda/"+a.ID, nil)); len(got.Operations) != 3 {
		t.Errorf("the agenda has %d operations, want 3 without the one that was made", len(got.Operations))
	}
	if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); len(r.Agendas) != 0 {
		t.Errorf("an agenda that is not to be executed was pulled: %s", r.text)
	}
	if r := rerun(`["continue"]`); r.status != http.StatusOK {
		t.Fatalf("rerun of what is held: %d %s", r.status, r.text)
	}
	if got := w.pull(); len(got.Progresses) != 1 || got.Agendas[0].ID != a.ID {
		t.Errorf("the agenda that runs again: %s", got.text)
	}
	if r := rerun(`[]`); r.status != http.StatusOK {
		t.Errorf("rerun of all: %d %s", r.status, r.text)
	}
	w.until(a, "WAITING pending; a WAITING pending; b WAITING pending; c WAITING pending")
}

func TestAgendasThatAreNotToRunWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "params": {"doNotRun": null}, "operations": [{"name": "a", "type": "encode"}]}`))
	if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); len(r.Agendas) != 0 {
		t.Errorf("it was pulled: %s", r.text)
	}
	w.must("POST", "agenda/service/rerun", `{"agendaId": "`+a.ID+`"}`)
	if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); len(r.Agendas) != 0 {
		t.Errorf("it was pulled after a rerun: %s", r.text)
	}
	if got := states(w.progress(a)); got != "WAITING pending; a WAITING pending" {
		t.Errorf("progress: %s", got)
	}
}

func TestAgendasFromATemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	w.must("POST", "agendatemplate", `{"id": "t", "customerId": "acme", "title": "Template", "staticParameters": {"preset": {"h": 480}},
		"agenda": {"customerId": "@<pop.payload::/customer>", "operations": [
			{"name": "a", "type": "encode", "payload": {"p": "@<preset>", "f": "@<pop.transformRequest::/file>"}},
			{"name": "b", "type": "encode", "payload": "@<a.out>"}]}}`)
	w.header.Set(pop.CIDHeader, "from-the-request")
	r := w.must("POST", "agenda/service/run", `{"agendaTemplateId": "t", "payload": "{\"customer\": \"acme\", \"file\": \"x.mp4\"}"}`)
	a := r.Agendas[0]
	if a.Title != "Template" || a.CID != "from-the-request" || string(a.Operations[0].Payload) != `{"p":{"h":480},"f":"x.mp4"}` || string(a.Operations[1].Payload) != `"@<a.out>"` {
		t.Errorf("agenda: %s", r.text)
	}
	for status, body := range map[int]string{
		404: `{"agendaTemplateId": "none", "payload": "{}"}`,
		422: `{"agendaTemplateId": "t", "payload": "no JSON"}`,
	} {
		w.refused(status, "POST", "agenda/service/run", body)
	}
	w.refused(422, "POST", "agenda/service/run", `{"agendaTemplateId": "t"}`)
}

func TestCreateAgendaDoesWhatItCan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	r := w.call("POST", "resourcepool/service/createAgenda", `{"agendas": [
		{"customerId": "acme", "operations": [{"name": "a", "type": "encode"}]},
		{"customerId": "acme", "operations": []},
		{"customerId": "acme", "operations": [{"name": "a", "type": "unmatched"}]}]}`)
	if r.status != http.StatusBadRequest || len(r.Agendas) != 1 || !strings.Contains(r.ErrorResponse.Description, "agendas[1]") || !strings.Contains(r.ErrorResponse.Description, "No available insights") {
		t.Errorf("createAgenda: %d %s", r.status, r.text)
	}
	w.refused(422, "POST", "resourcepool/service/createAgenda", `{}`)
}

func TestAgendasThatAreRefusedLeaveNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	for body, want := range map[string]string{
		`{"customerId": "acme", "operations": []}`:                                                              "No operations specified",
		`{"customerId": "acme", "operations": [{"name": "a", "type": "other"}]}`:                                "No available insights",
		`{"customerId": "acme", "operations": [{"name": "a", "type": "encode", "payload": "@<pop.x>"}]}`:        "pop.x",
		`{"customerId": "acme", "operations": [{"name": "a", "type": "encode", "params": {"dependsOn": "a"}}]}`: "circular",
		`{"customerId": "acme", "operations": [{"name": "a", "type": "encode"}], "params": "x"}`:                "params",
	} {
		if r := w.call("POST", "agenda", body); r.status < 400 || !strings.Contains(r.text, want) {
			t.Errorf("POST agenda %s: %d %s, want %q", body, r.status, r.text, want)
		}
	}
	if r := w.must("GET", "agenda", nil); *r.Count != 0 {
		t.Errorf("agendas: %s", r.text)
	}
	if r := w.must("GET", "progress/agenda", nil); *r.Count != 0 {
		t.Errorf("progress: %s", r.text)
	}
}

func TestDeletedAgendasDoNotRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a, b := w.submit("acme", "a"), w.submit("acme", "a")
	w.must("DELETE", "agenda/"+a.ID, nil)
	if got := w.pull().Agendas[0].ID; got != b.ID {
		t.Errorf("pulled agenda %s, want %s", got, b.ID)
	}
	w.until(a, "COMPLETE failed; a WAITING")
	w.must("DELETE", "agenda/"+b.ID, nil)
	w.mustReport(b, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+operation("a", "COMPLETE", succeeded)+`]`)
	w.until(b, "COMPLETE succeeded; a COMPLETE succeeded")
	w.refused(http.StatusConflict, "PUT", "agenda/"+w.submit("acme", "x").ID, `{"operations": [{"name": "other"}]}`)
}

func TestProgressOfAnAgendaIsItsRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "a")
	w.refused(http.StatusConflict, "PUT", "progress/agenda/"+a.ProgressID, `{"processingState": "COMPLETE", "processingStateMessage": "succeeded"}`)
	w.refused(http.StatusConflict, "DELETE", "progress/agenda/"+a.ProgressID, nil)
	w.refused(http.StatusConflict, "DELETE", "progress/operation/"+a.ProgressID+"-a", nil)
	got := one[object.Progress](w, w.must("PUT", "progress/agenda/"+a.ProgressID, `{"title": "mine", "agendaId": "other", "attemptsCompleted": 7}`))
	if got.Title != "mine" || got.AgendaID != a.ID || *got.AttemptsCompleted != 0 {
		t.Errorf("progress: %+v", got)
	}
	w.pull()
	w.must("PUT", "progress/operation/"+a.ProgressID+"-a", `{"processingState": "EXECUTING", "percentComplete": 30}`)
	if got := one[object.OperationProgress](w, w.must("GET", "progress/operation/"+a.ProgressID+"-a", nil)); got.State != object.Executing || *got.PercentComplete != 30 {
		t.Errorf("operation: %+v", got)
	}
	// What POP's reclaimer does with an executor that is silent.
	w.must("PUT", "progress/agenda/"+a.ProgressID, `{"processingState": "COMPLETE", "processingStateMessage": "failed", "diagnosticEvents": [{"message": "AgendaProgress timed out."}]}`)
	p := w.until(a, "WAITING pending; a WAITING")
	if p.Diagnostics[0].Message != object.TimedOut {
		t.Errorf("events: %+v", p.Diagnostics)
	}
	w.must("PUT", "progress/agenda/"+a.ProgressID, `{"processingState": "COMPLETE", "processingStateMessage": "failed"}`)
}

func TestProgressIsTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	w.must("POST", "progress/agenda", `{"id": "earlier", "customerId": "acme", "operationProgress": [
		{"operation": "a", "processingState": "COMPLETE", "processingStateMessage": "succeeded", "resultPayload": "{\"x\": 2}"}]}`)
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "progressId": "earlier", "operations": [
		{"name": "a", "type": "encode"}, {"name": "b", "type": "encode", "payload": "@<a.out>"}]}`))
	got := w.pull()
	if len(got.Progresses) != 1 || states(&got.Progresses[0]) != "WAITING; a COMPLETE succeeded; b WAITING" {
		t.Errorf("the executor is told %s", got.text)
	}
	p := w.until(a, "EXECUTING Running Operations; a COMPLETE succeeded; b WAITING")
	if p.Operations[0].ResultPayload != `{"x": 2}` {
		t.Errorf("result: %s", p.Operations[0].ResultPayload)
	}
	w.refused(http.StatusConflict, "POST", "agenda", `{"customerId": "acme", "progressId": "earlier", "operations": [{"name": "a", "type": "encode"}]}`)
}

// A run that somebody submits with the label of another's agenda must not get hold
// of it.
func TestLabelsDoNotMakeARunAnAgendas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme", "mallory")
	a := w.submit("acme", "a")
	w.pull()
	document := json.RawMessage(`{"name": "x", "steps": [{"name": "a", "run": "encode"}]}`)
	receipts, err := w.engine.Submit(context.Background(), []work.Submission{{
		Tenant: "mallory", Document: document, Queue: translate.ObjectName("insight"), Labels: map[string]string{translate.LabelAgenda: a.ID},
	}})
	if err != nil || receipts[0].Error != nil {
		t.Fatal(err, receipts)
	}
	if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); len(r.Agendas) != 0 {
		t.Errorf("the run got the agenda: %s", r.text)
	}
	run, err := w.engine.Get(context.Background(), receipts[0].ID, nil)
	if err != nil || !run.Status.Final() || run.View.Failure == nil {
		t.Errorf("the run is %v, %v", run.Status, err)
	}
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded"`)
	w.until(a, "COMPLETE succeeded; a WAITING")
}

func TestInsightsBecomeQueues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	w.must("PUT", "insight/insight", `{"isGlobal": false, "allowedCustomerIds": ["ACME"], "schedulingAlgorithm": "FirstInFirstOut"}`)
	w.submit("acme", "a")
	states, err := w.engine.Queues(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range states {
		if q.Name != translate.ObjectName("insight") {
			continue
		}
		if d := cmp.Diff([]string{"acme", "owner"}, q.Tenants); d != "" || q.Policy != "fifo" || !q.Delegated {
			t.Errorf("queue %+v (-want +got):\n%s", q.Queue, d)
		}
		w.refused(http.StatusConflict, "DELETE", "insight/insight", nil) // an agenda waits in it
		return
	}
	t.Error("there is no queue for the insight")
}
