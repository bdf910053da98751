package machine_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow/machine"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestView compares the view of a run in the middle of its life with the text
// in testdata, which is what the API and the console show.
func TestView(t *testing.T) {
	t.Parallel()
	e := begun(t, blobDocument)
	e.now += 1000
	e.do(`g=[{"name": "g1", "run": "x"}]`)
	e.claim("e/0")
	e.event(e.run.Extend(e.ref("e/0"), e.leases[e.ref("e/0")], e.now+lease, machine.Report{Percent: 50, Message: "half way"}, e.now))
	e.fail("r", "exit.1")
	e.run.ChildStarted(e.ref("s"), 99, e.now)
	e.after()
	e.event(e.run.Signal(machine.Signal{Name: "hello", Data: json.RawMessage(`{"n":1}`), By: "ann"}, e.now))
	got := view(t, e.run) + "\n"
	file := filepath.Join("testdata", "view.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("View() (-%s +got):\n%s", file, diff)
	}
}

func TestACallbackThatLeadsNowhereKeepsNoOtherFromBeingTold(t *testing.T) {
	t.Parallel()
	e := begun(t, `{"name": "t", "callbacks": [{"to": "https://example.org/a"}, {"to": "https://example.org/${params.none}"}, {"to": "ops"}], "steps": [{"name": "a", "run": "x"}]}`)
	var got []string
	for _, cb := range e.run.Callbacks() {
		got = append(got, cb.To)
	}
	if diff := cmp.Diff([]string{"https://example.org/a", "ops"}, got); diff != "" {
		t.Errorf("Callbacks() (-want +got):\n%s", diff)
	}
}
