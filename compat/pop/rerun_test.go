package pop_test

import (
	"net/http"
	"testing"

	"github.com/berth-project/berth/compat/pop/object"
)

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
