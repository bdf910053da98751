package pop_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
)

// The agendas of the original's own tests move in as they would from its tables.
func TestImportOfTheOriginalsAgendas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	tables := deployment()
	files, err := filepath.Glob("testdata/agenda-*.json")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	var agendas, progress, ready strings.Builder
	want := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var a struct{ Operations json.RawMessage }
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatal(err)
		}
		var operations []object.Operation
		if err := json.Unmarshal(a.Operations, &operations); err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSuffix(filepath.Base(file), ".json")
		want[id] = len(operations)
		agendas.WriteString(item(map[string]string{
			"id": id, "customerId": "acme", "progressId": "p-" + id, "operations": string(a.Operations), "agendaInsight": `{"insightId":"insight","resourcePoolId":"pool"}`,
		}))
		progress.WriteString(item(map[string]string{"id": "p-" + id, "agendaId": id, "customerId": "acme", "processingState": "WAITING"}))
		ready.WriteString(item(map[string]string{"id": "r-" + id, "agendaId": id, "insightId": "insight", "customerId": "acme"}))
	}
	tables.Agendas, tables.Progress, tables.OperationProgress, tables.Ready = export("agendas", agendas.String()), export("progress", progress.String()), nil, export("ready", ready.String())

	survey, err := tables.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, f := range survey.Findings {
		told = append(told, f.ID+": "+f.Message)
	}
	if d := cmp.Diff([]string{"agenda-empty-operations: cannot run here, so the agenda fails: No operations specified"}, told); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	done, err := w.service.Import(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	if done.Queued != len(files) || done.Held != 0 {
		t.Errorf("Import = %+v, want all queued", done)
	}
	if p := w.progress(&object.Agenda{ProgressID: "p-agenda-empty-operations"}); states(p) != "COMPLETE failed" {
		t.Errorf("the agenda without operations is %s", states(p))
	}
	delete(want, "agenda-empty-operations")
	got := map[string]int{}
	for range want {
		a := w.pull().Agendas[0]
		got[a.ID] = len(a.Operations)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("operations of what is pulled (-want +got):\n%s", d)
	}
}
