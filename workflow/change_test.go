package workflow_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
)

func parse(t testing.TB, text string) *workflow.Document {
	t.Helper()
	d, err := workflow.Parse("w.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestChanges(t *testing.T) {
	t.Parallel()
	before := parse(t, `{"name": "w", "priority": 3, "params": {"q": 80}, "steps": [
		{"name": "a", "run": "x", "with": {"url": "http://a/", "n": [1, 2]}, "retry": {"max": 2}},
		{"name": "b", "run": "x"}, {"name": "old", "run": "x", "needs": ["a"]}]}`)
	after := parse(t, `{"name": "w", "params": {"q": 90}, "steps": [
		{"name": "b", "run": "x"}, {"name": "new.1", "run": "y"},
		{"name": "a", "run": "x", "with": {"n": [1, 3], "url": "http://a/"}, "retry": {"max": 3}, "timeout": 5}],
		"finally": [{"name": "f", "run": "x"}]}`)
	changes, err := workflow.Changes(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, c.String())
	}
	want := []string{
		`~ params.q: 80 → 90`,
		`- priority: 3`,
		`~ steps.a.with.n: [1,2] → [1,3]`,
		`~ steps.a.retry.max: 2 → 3`,
		`+ steps.a.timeout: "5s"`,
		`- steps.old: {"name":"old","needs":["a"],"run":"x"}`,
		`+ steps["new.1"]: {"name":"new.1","run":"y"}`,
		`+ finally.f: {"name":"f","run":"x"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Changes() (-want +got):\n%s", diff)
	}
	for _, file := range corpus(t, "good") {
		d := parse(t, string(read(t, file)))
		if changes, err := workflow.Changes(d, d); err != nil || len(changes) > 0 {
			t.Errorf("Changes(%s, itself) = %v, %v", file, changes, err)
		}
	}
}

func ExampleChanges() {
	before := &workflow.Document{Name: "w", Steps: []workflow.Step{{Name: "a", Run: "shell", Slots: 1}}}
	after := &workflow.Document{Name: "w", Steps: []workflow.Step{{Name: "a", Run: "shell", Slots: 4}}}
	changes, err := workflow.Changes(before, after)
	fmt.Println(changes, err)
	// Output: [~ steps.a.slots: 1 → 4] <nil>
}
