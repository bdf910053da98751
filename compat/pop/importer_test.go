package pop_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/object"
)

// item writes an item as DynamoDB does: values that are JSON are texts.
func item(attributes map[string]string) string {
	out := map[string]map[string]string{}
	for name, value := range attributes {
		out[name] = map[string]string{"S": value}
	}
	text, err := json.Marshal(map[string]any{"Item": out})
	if err != nil {
		panic(err)
	}
	return string(text) + "\n"
}

// deployment is the tables of a small deployment of POP: an agenda that was
// executing, one that waits to be scheduled, one that waits for nothing, one that is
// complete, and one whose progress was reaped.
func deployment() pop.Tables {
	var agendas, progress, operations strings.Builder
	for _, a := range []struct{ name, state, message string }{
		{"running", "EXECUTING", "Running Operations"}, {"waiting", "WAITING", ""}, {"idle", "WAITING", "pending"}, {"done", "COMPLETE", "succeeded"}, {"orphan", "", ""},
	} {
		agendas.WriteString(item(map[string]string{
			"id": a.name, "customerId": "acme", "progressId": "p-" + a.name, "params": `{"maximumAttempts":2}`,
			"agendaInsight": `{"insightId":"insight","resourcePoolId":"pool"}`,
			"operations":    `[{"name":"a","type":"encode"},{"name":"b","type":"encode","payload":{"x":"@<a.out::/x>"}}]`,
		}))
		if a.state == "" {
			continue
		}
		progress.WriteString(item(map[string]string{
			"id": "p-" + a.name, "agendaId": a.name, "customerId": "acme", "processingState": a.state, "processingStateMessage": a.message,
			"agendaInsight": `{"insightId":"insight","resourcePoolId":"pool"}`,
		}))
		for _, name := range []string{"a", "b"} {
			state := a.state
			if name == "a" && state == "EXECUTING" {
				state = "COMPLETE"
			}
			operations.WriteString(item(map[string]string{
				"id": "p-" + a.name + "-" + name, "agendaProgressId": "p-" + a.name, "customerId": "acme", "operation": name,
				"processingState": state, "processingStateMessage": "succeeded", "resultPayload": `{"x":3}`,
			}))
		}
	}
	return pop.Tables{
		Customers: strings.NewReader(item(map[string]string{"id": "acme", "customerId": "acme", "title": "Acme", "resourcePoolId": "pool"})),
		Pools:     strings.NewReader(item(map[string]string{"id": "pool", "customerId": "owner", "title": "Pool"})),
		Insights: strings.NewReader(`{"Item":{"id":{"S":"insight"},"customerId":{"S":"owner"},"title":{"S":"I"},"resourcePoolId":{"S":"pool"},
			"isGlobal":{"N":"1"},"mappers":{"M":{"operationType":{"SS":["encode"]}}}}}`),
		Templates:         strings.NewReader(item(map[string]string{"id": "t", "customerId": "acme", "agenda": `{"operations":[]}`})),
		Agendas:           strings.NewReader(agendas.String()),
		Progress:          strings.NewReader(progress.String()),
		OperationProgress: strings.NewReader(operations.String()),
		Ready:             strings.NewReader(item(map[string]string{"id": "r", "agendaId": "waiting", "insightId": "insight", "customerId": "acme"})),
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	done, err := w.service.Import(t.Context(), deployment())
	if err != nil {
		t.Fatal(err)
	}
	want := pop.Imported{
		Kept:   map[string]int{"Customer": 1, "ResourcePool": 1, "Insight": 1, "AgendaTemplate": 1, "AgendaProgress": 4, "Agenda": 5},
		Queued: 2, Held: 1,
	}
	if d := cmp.Diff(want, done); d != "" {
		t.Errorf("Import (-want +got):\n%s", d)
	}
	for id, want := range map[string]string{
		"running": "WAITING; a WAITING; b WAITING",
		"idle":    "WAITING pending; a WAITING succeeded; b WAITING succeeded",
		"done":    "COMPLETE succeeded; a COMPLETE succeeded; b COMPLETE succeeded",
	} {
		p := w.progress(&object.Agenda{ProgressID: "p-" + id})
		if got := states(p); got != want {
			t.Errorf("progress of %s: %s, want %s", id, got, want)
		}
	}
	// What was running goes on behind the operation that had succeeded.
	pulled := map[string]*reply{}
	for range 2 {
		r := w.pull()
		pulled[r.Agendas[0].ID] = r
	}
	if pulled["running"] == nil || pulled["waiting"] == nil {
		t.Fatalf("pulled %v", pulled)
	}
	if got := pulled["running"].Progresses; len(got) != 1 || states(&got[0]) != "EXECUTING Running Operations; a COMPLETE succeeded; b EXECUTING succeeded" {
		t.Errorf("the executor is told %s", pulled["running"].text)
	}
	running := &object.Agenda{Common: object.Common{ID: "running"}, ProgressID: "p-running"}
	w.mustReport(running, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+operation("b", "COMPLETE", succeeded)+`]`)
	p := w.until(running, "COMPLETE succeeded; a COMPLETE succeeded; b COMPLETE succeeded")
	if p.Operations[0].ResultPayload != `{"x":3}` {
		t.Errorf("result of before: %s", p.Operations[0].ResultPayload)
	}
	// What waits for nothing is not lost: a rerun queues it.
	w.must("POST", "agenda/service/rerun", `{"agendaId": "idle", "params": ["continue"]}`)
	if got := w.pull().Agendas[0].ID; got != "idle" {
		t.Errorf("pulled %s, want idle", got)
	}
}

func TestAnImportMayBeRunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	broken := deployment()
	broken.Agendas = strings.NewReader(item(map[string]string{"id": "x", "operations": "{"}))
	if _, err := w.service.Import(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "import Agenda: item 1") {
		t.Errorf("Import of a broken table: %v", err)
	}
	first, err := w.service.Import(t.Context(), deployment())
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.service.Import(t.Context(), deployment())
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(first.Present, first.Queued, second.Present, second.Queued, len(second.Kept)); got != "8 2 13 0 0" {
		t.Errorf("present and queued: %s", got)
	}
}
