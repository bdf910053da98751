package pop_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/builtin"
)

// Acceptance check 3: an executor dies in the middle. Its agenda waits again when its
// lease is over; the executor that gets it is told what had succeeded, and what a
// generator had added is there once, also when the generator is played again.
func TestAnExecutorThatDiesLosesNoWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := one[object.Agenda](w, w.must("POST", "agenda", `{"customerId": "acme", "operations": [
		{"name": "split", "type": "split", "params": {"agenda.operation.generator": {"operationsJsonPointer": "/operations"}}},
		{"name": "join", "type": "encode", "params": {"dependsOn": "split"}}]}`))
	w.pull()
	children := map[string]any{"agendaId": a.ID, "operations": []map[string]any{
		{"name": "x", "type": "encode", "params": map[string]any{"generatedOperationParent": "split"}},
		{"name": "y", "type": "encode", "params": map[string]any{"generatedOperationParent": "split"}},
	}}
	w.must("POST", "resourcepool/service/updateAgenda", children)
	w.mustReport(a, `"processingState": "EXECUTING", "startedTime": 1, "operationProgress": [`+
		operation("split", "COMPLETE", succeeded)+`, `+operation("x", "COMPLETE", succeeded)+`, `+operation("y", "EXECUTING", "")+`]`)

	w.advance(object.ReclaimAge + time.Second)
	again := w.pull()
	if len(again.Progresses) != 1 {
		t.Fatalf("the next executor is told nothing of what was done: %s", again.text)
	}
	var done []string
	for _, o := range again.Progresses[0].Operations {
		if o.State == object.Complete && o.StateMessage == object.Succeeded {
			done = append(done, o.Operation)
		}
	}
	if d := cmp.Diff([]string{"split", "x"}, done); d != "" {
		t.Errorf("operations that need not run again (-want +got):\n%s", d)
	}
	w.must("POST", "resourcepool/service/updateAgenda", children) // the generator is played again
	var names []string
	for _, o := range one[object.Agenda](w, w.must("GET", "agenda/"+a.ID, nil)).Operations {
		names = append(names, o.Name)
	}
	if d := cmp.Diff([]string{"split", "join", "x", "y"}, names); d != "" {
		t.Errorf("operations of the agenda (-want +got):\n%s", d)
	}
	// The executor that was taken for dead is not heard any more.
	if r := w.report(a, `"processingState": "COMPLETE", "processingStateMessage": "failed", "startedTime": 1`); r.status != 409 {
		t.Errorf("the executor that lost the agenda is answered %d %s, want 409", r.status, r.text)
	}
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "startedTime": 2, "operationProgress": [`+
		operation("y", "COMPLETE", succeeded)+`, `+operation("join", "COMPLETE", succeeded)+`]`)
	w.until(a, "COMPLETE succeeded; split COMPLETE succeeded; join COMPLETE succeeded; x COMPLETE succeeded; y COMPLETE succeeded")
}

// The payload that the original tests its sample handler with does here what it says:
// every action is told, and the result is that of the payload.
func TestPayloadOfTheSampleHandler(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/sample-handler-payload-multi.json")
	if err != nil {
		t.Fatal(err)
	}
	var payload struct {
		Actions []struct {
			Action    string
			ParamsMap struct{ LogMessage string }
		}
		ResultPayload json.RawMessage
	}
	if err := json.Unmarshal(text, &payload); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // it takes 13 seconds
		var log logger
		r := builtin.New(builtin.Options{}).Execute(t.Context(), work.Task{Type: "sample", With: text}, &log)
		if r.Failure != nil {
			t.Fatalf("the sample handler fails: %+v", r.Failure)
		}
		same := func(a, b json.RawMessage) bool {
			var x, y any
			return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && cmp.Equal(x, y)
		}
		if !same(r.Output, payload.ResultPayload) {
			t.Errorf("the sample handler answers %s, want %s", r.Output, payload.ResultPayload)
		}
		for _, a := range payload.Actions {
			if m := a.ParamsMap.LogMessage; m == "" || !strings.Contains(log.String(), m) {
				t.Errorf("the log has nothing of %q:\n%s", m, log.String())
			}
		}
	})
}
