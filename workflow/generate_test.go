package workflow_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
)

const generator = `{"name": "w", "retry": {"max": 4}, "steps": [
	{"name": "a", "run": "x", "generate": {"steps": "/new/0", "max": 2}},
	{"name": "b", "run": "x"}],
	"finally": [{"name": "f", "run": "x"}]}`

func TestGeneratedStepsComeFromTheOutput(t *testing.T) {
	t.Parallel()
	p := load(t, generator)
	for output, want := range map[string]string{
		`{"new": [[{"name": "c", "run": "x"}]]}`: "",
		`{"new": [[]]}`:                          "",
		`{"new": []}`:                            `the output has nothing at "/new/0"`,
		`null`:                                   `the output has nothing at "/new/0"`,
		`{"new": [{"name": "c"}]}`:               "steps of a:1:1: an object stands where an array belongs",
		`{"new": [[{"name": "c", "run": "x", "neds": []}]]}`:                                `unknown key "neds" in a step (did you mean "needs"?)`,
		`{"new": [[{"name": "c", "run": "a b"}]]}`:                                          `"a b" is no name of a type`,
		`{"new": [[{"name":"c","run":"x"},{"name":"d","run":"x"},{"name":"e","run":"x"}]]}`: "there are 3 generated steps, more than the 2 allowed",
	} {
		_, err := p.Generated(0, json.RawMessage(output))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Generated(%s) = %v, want %q", output, err, want)
		}
	}
	if steps, err := p.Generated(1, json.RawMessage(`{}`)); steps != nil || err != nil {
		t.Errorf("Generated() of a step that generates nothing = %v, %v", steps, err)
	}
}

func TestExtendAppends(t *testing.T) {
	t.Parallel()
	p := load(t, generator)
	one := []workflow.Step{
		{Name: "c", Run: "x", With: json.RawMessage(`"${steps.a.output}"`), OnError: workflow.OnError{Run: "d"}},
		{Name: "d", Run: "x", Needs: []string{"b"}, When: "steps.c.status == 'failed'", Retry: &workflow.Retry{Max: 1}},
	}
	q, err := p.Extend(one, 0)
	if err != nil {
		t.Fatal(err)
	}
	if p.Len() != 3 || q.Len() != 5 || len(p.Node(1).Dependents) != 0 {
		t.Errorf("Extend() changed the plan it extends: %d and %d nodes, dependents of b %v", p.Len(), q.Len(), p.Node(1).Dependents)
	}
	if diff := cmp.Diff([]int{4}, q.Node(1).Dependents); diff != "" {
		t.Errorf("dependents of b (-want +got):\n%s", diff)
	}
	if c, d := q.Node(3), q.Node(4); c.Parent != 0 || c.Retry.Max != 4 || d.Retry.Max != 1 || !d.Handler || !cmp.Equal(d.Needs, []int{1, 3}) || !cmp.Equal(c.Needs, []int{0}) || q.Node(0).Parent != -1 {
		t.Errorf("generated nodes %+v and %+v", c, d)
	}
	again, err := q.Extend(append(one, workflow.Step{Name: "e", Run: "x", Needs: []string{"c"}}), 0)
	if err != nil || again.Len() != 6 {
		t.Errorf("Extend() with steps that are there = %d nodes, %v, want one more", again.Len(), err)
	}
	if f, err := p.Extend([]workflow.Step{{Name: "g", Run: "x", Needs: []string{"f"}}}, 2); err != nil || !f.Node(3).Finally {
		t.Errorf("Extend() by a step under finally: %v", err)
	}
	if p.Hash() != again.Hash() {
		t.Error("a plan with generated steps has another hash: it is that of the document")
	}
}

func TestExtendRefuses(t *testing.T) {
	t.Parallel()
	p := load(t, generator)
	for want, s := range map[string]workflow.Step{
		`another step is called "b"`:                    {Name: "B", Run: "x"},
		`no step is called "nobody"`:                    {Name: "c", Run: "x", Needs: []string{"nobody"}},
		`"a b" is no name`:                              {Name: "a b", Run: "x"},
		`step "c" waits for itself`:                     {Name: "c", Run: "x", With: json.RawMessage(`"${steps.c.output}"`)},
		`step "f" runs under finally`:                   {Name: "c", Run: "x", Needs: []string{"f"}},
		`step "b" was there before`:                     {Name: "c", Run: "x", OnError: workflow.OnError{Run: "b"}},
		`steps of a: c.when: expression ends too early`: {Name: "c", Run: "x", When: "1 +"},
		`not JSON`:                   {Name: "c", Run: "x", With: json.RawMessage(`{`)},
		`1.5 is not between 0 and 1`: {Name: "c", Run: "x", Retry: &workflow.Retry{Jitter: 1.5}},
	} {
		if _, err := p.Extend([]workflow.Step{s}, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Extend(%+v) = %v, want %q", s, err, want)
		}
	}
	if _, err := p.Extend(nil, 9); err == nil {
		t.Error("Extend() by a node that does not exist succeeds")
	}
	many := make([]workflow.Step, workflow.MaxSteps)
	for i := range many {
		many[i] = workflow.Step{Name: "n" + strconv.Itoa(i), Run: "x"}
	}
	if _, err := p.Extend(many, 0); err == nil || !strings.Contains(err.Error(), "more than the 10000 allowed") {
		t.Errorf("Extend() with %d steps = %.200v, want too many", len(many), err)
	}
}

func TestAStepCannotGenerateTheStepOfAnother(t *testing.T) {
	t.Parallel()
	p := load(t, generator)
	c := []workflow.Step{{Name: "c", Run: "x"}}
	q, err := p.Extend(c, 0)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := q.Extend(c, 0); err != nil || again.Len() != q.Len() {
		t.Errorf("Extend() by the same step again = %v, want no change", err)
	}
	for _, parent := range []int{1, -1} {
		if _, err := q.Extend(c, parent); err == nil || !strings.Contains(err.Error(), `"c"`) {
			t.Errorf("Extend() by %d with a name that step 0 generated = %v, want an error", parent, err)
		}
	}
}

func TestWithoutRefusesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	p := load(t, generator)
	q, err := p.Extend([]workflow.Step{{Name: "c", Run: "x"}, {Name: "d", Run: "x", Needs: []string{"c"}}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, drop := range [][]int{{0}, {3}, {-1}, {9}} {
		if _, _, err := q.Without(drop); err == nil {
			t.Errorf("Without(%v) succeeds", drop)
		}
	}
	left, moved, err := q.Without([]int{4})
	if err != nil || left.Len() != 4 || !cmp.Equal(moved, []int{0, 1, 2, 3, -1}) {
		t.Errorf("Without(4) = %v, %v", moved, err)
	}
	if _, err := left.Extend([]workflow.Step{{Name: "d", Run: "x", Needs: []string{"c"}}}, 0); err != nil {
		t.Errorf("Extend() with a step that was left out: %v", err)
	}
}
