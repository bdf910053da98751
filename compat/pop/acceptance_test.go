package pop_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
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
func TestAcceptance3AnExecutorThatDiesLosesNoWork(t *testing.T) {
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

// Acceptance check 4: a puller dies with an agenda that it did not start. It waits
// again when the lease is over, as new; the original loses it.
func TestAcceptance4APullerThatDiesLosesNoAgenda(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("acme")
	a := w.submit("acme", "x")
	first := w.pull()
	w.advance(object.ReclaimAge - time.Second)
	if r := w.must("POST", "resourcepool/service/getAgenda", `{"insightId": "insight", "count": 1}`); len(r.Agendas) != 0 {
		t.Fatalf("another puller gets it while the first may still start it: %s", r.text)
	}
	w.advance(2 * time.Second)
	w.until(a, "WAITING; x WAITING")
	again := w.pull()
	if again.Agendas[0].ID != a.ID || len(again.Progresses) != 0 || again.Leases[a.ID] == first.Leases[a.ID] {
		t.Errorf("the next puller gets %s, want the agenda as new and a lease of its own", again.text)
	}
	w.mustReport(a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [`+operation("x", "COMPLETE", succeeded)+`]`)
	w.until(a, "COMPLETE succeeded; x COMPLETE succeeded")
}

// Acceptance check 5: of two customers with 1000 and 10 agendas and one slot the ten
// are done within the first twenty turns, and the others have theirs between them.
func TestAcceptance5CustomersTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.tenants("flood", "small")
	submit := func(customer string, n int) {
		agendas := slices.Repeat([]object.Agenda{{
			Common: object.Common{CustomerID: customer}, Operations: []object.Operation{{Name: "a", Type: "encode"}},
		}}, n)
		if r := w.call("POST", "resourcepool/service/createAgenda", map[string]any{"agendas": agendas}); len(r.Agendas) != n {
			t.Errorf("%d agendas of %s were created, want %d: %.200s", len(r.Agendas), customer, n, r.text)
		}
	}
	var flood sync.WaitGroup
	for range 20 {
		flood.Go(func() { submit("flood", 50) })
	}
	flood.Wait()
	submit("small", 10)
	small := 0
	for turn := 1; turn <= 20; turn++ {
		a := w.pull().Agendas[0]
		if a.CustomerID == "small" {
			small++
		}
		if small > (turn+1)/2 {
			t.Fatalf("the small customer had %d of the first %d turns", small, turn)
		}
		w.mustReport(&a, `"processingState": "COMPLETE", "processingStateMessage": "succeeded"`)
	}
	if small < 10 {
		t.Errorf("%d agendas of the small customer still wait after 20 turns", 10-small)
	}
}

// docs/pop.md says by which test each of the seven checks is made.
func TestAcceptanceChecksAreListed(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/pop.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob("*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, file := range append(files, below...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (TestAcceptance(\d)\w+)\(`).FindAllSubmatch(text, -1) {
			there[string(m[2])] = true
			if !bytes.Contains(guide, m[1]) {
				t.Errorf("docs/pop.md does not name %s", m[1])
			}
		}
	}
	if len(there) != 7 {
		t.Errorf("there are tests for the checks %v, want seven", slices.Sorted(maps.Keys(there)))
	}
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
