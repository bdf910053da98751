package pop_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// What a puller got and never started is not lost, and what a silent executor had
// finished is not executed again; nobody hears it any more.
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

// An executor cannot make the progress of an agenda as large as it likes, one report
// at a time.
func TestReportsAreBoundedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "a")
	w.pull()
	large := `, "params": {"x": "` + strings.Repeat("x", 3<<20) + `"}`
	for n := range 4 {
		r := w.report(a, `"processingState": "EXECUTING", "operationProgress": [`+operation(fmt.Sprint("foreign", n), "EXECUTING", large)+`]`)
		if r.status == http.StatusOK {
			continue
		}
		if n < 2 || r.status != http.StatusRequestEntityTooLarge {
			t.Fatalf("report %d is answered %d %.200s, want 413 once there are 8 MiB", n, r.status, r.text)
		}
		w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+operation("a", "COMPLETE", succeeded)+`]`)
		return
	}
	t.Error("12 MiB of reports were taken")
}
