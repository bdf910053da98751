package pop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/berth-project/berth/compat/pop"
)

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

func TestAgendasDoNotMakeEnginesReadTheirSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	w.submit("acme", "a") // the first of a customer may open the queue to it
	before, err := w.store.SettingsVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.submit("acme", "a")
	w.mustReport(&w.pull().Agendas[0], `"processingState": "EXECUTING"`)
	after, err := w.store.SettingsVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after != before {
		t.Errorf("an agenda changed the settings %d times", after-before)
	}
}
