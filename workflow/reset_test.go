package workflow_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
)

// popOperation is an operation of the reset cases of POP.
type popOperation struct {
	Name      string
	Refs      []string
	DependsOn []string
	Parent    string
}

// popPlan builds the plan of the operations, those with a parent as generated
// steps.
func popPlan(t *testing.T, operations []popOperation) *workflow.Plan {
	t.Helper()
	d := &workflow.Document{Name: "pop"}
	generated := map[string][]workflow.Step{}
	var parents []string
	for _, op := range operations {
		s := workflow.Step{Name: op.Name, Run: "x", Needs: op.DependsOn}
		for _, ref := range op.Refs {
			if ref != "pop.agendaId" {
				s.Needs = append(s.Needs, ref)
			}
		}
		if op.Parent == "" {
			d.Steps = append(d.Steps, s)
			continue
		}
		if generated[op.Parent] == nil {
			parents = append(parents, op.Parent)
		}
		generated[op.Parent] = append(generated[op.Parent], s)
	}
	p, err := workflow.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, parent := range parents {
		i, _ := p.Index(parent)
		if p, err = p.Extend(generated[parent], i); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func names(p *workflow.Plan, indexes []int) []string {
	out := []string{}
	for _, i := range indexes {
		out = append(out, p.Node(i).Step.Name)
	}
	slices.Sort(out)
	return out
}

func TestResetClosureByThePOPCases(t *testing.T) {
	t.Parallel()
	var file struct {
		Rerun struct {
			Operations []popOperation
			Cases      []struct{ Request, Reset, Delete []string }
		} `json:"rerun_reset_cases"`
	}
	if err := json.Unmarshal(read(t, "testdata/pop-derived-cases.json"), &file); err != nil {
		t.Fatal(err)
	}
	p := popPlan(t, file.Rerun.Operations)
	if len(file.Rerun.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, tc := range file.Rerun.Cases {
		reset, drop, err := p.ResetClosure(tc.Request)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.Reset, names(p, reset)); diff != "" {
			t.Errorf("ResetClosure(%v) resets (-want +got):\n%s", tc.Request, diff)
		}
		if diff := cmp.Diff(tc.Delete, names(p, drop)); diff != "" {
			t.Errorf("ResetClosure(%v) drops (-want +got):\n%s", tc.Request, diff)
		}
	}
}

func TestResetClosureOfHandlersAndFinally(t *testing.T) {
	t.Parallel()
	p := load(t, `{"name": "w", "steps": [{"name": "a", "run": "x", "on-error": {"run": "h"}}, {"name": "h", "run": "x"}, {"name": "b", "run": "x"}, {"name": "c", "run": "x", "needs": ["a"]}],
		"finally": [{"name": "f", "run": "x"}, {"name": "g", "run": "x", "needs": ["f"]}]}`)
	for name, want := range map[string][]string{
		"a": {"a", "c", "f", "g", "h"},
		"h": {"c", "f", "g", "h"},
		"b": {"b", "f", "g"},
		"f": {"f", "g"},
		"g": {"g"},
	} {
		reset, drop, err := p.ResetClosure([]string{name})
		if got := names(p, reset); err != nil || !slices.Equal(got, want) || drop != nil {
			t.Errorf("ResetClosure(%s) = %v, %v, %v, want %v", name, got, drop, err, want)
		}
	}
	if _, _, err := p.ResetClosure([]string{"a", "A"}); err == nil || err.Error() != `no step is called "A" (did you mean "a"?)` {
		t.Errorf("ResetClosure(A) = %v, want a near name", err)
	}
}

// TestResetLeavesAPlanThatHoldsTogether checks the closure on random plans: what
// is dropped can be left out, and nothing that stays as it is needs what does not.
func TestResetLeavesAPlanThatHoldsTogether(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		p := randomPlan(t, rnd)
		start := p.Node(rnd.IntN(p.Len())).Step.Name
		reset, drop, err := p.ResetClosure([]string{start})
		if err != nil {
			t.Fatal(err)
		}
		changed := append(slices.Clone(reset), drop...)
		for i := range p.Len() {
			if slices.Contains(changed, i) {
				continue
			}
			if n := p.Node(i); slices.Contains(changed, n.Parent) || slices.ContainsFunc(n.Needs, func(j int) bool { return slices.Contains(changed, j) }) {
				t.Fatalf("ResetClosure(%s) = %v, %v leaves %s, which needs one of them", start, reset, drop, n.Step.Name)
			}
		}
		for _, i := range drop {
			if i < len(p.Document().Steps) || slices.Contains(reset, i) {
				t.Fatalf("ResetClosure(%s) drops %s", start, p.Node(i).Step.Name)
			}
		}
		left, moved, err := p.Without(drop)
		if err != nil {
			t.Fatalf("Without(%v): %v", drop, err)
		}
		checkMoved(t, p, left, moved)
	}
}

func randomPlan(t *testing.T, rnd *rand.Rand) *workflow.Plan {
	t.Helper()
	step := func(i int) workflow.Step {
		s := workflow.Step{Name: fmt.Sprintf("s%d", i), Run: "x"}
		for range rnd.IntN(3) {
			if i > 0 {
				other := fmt.Sprintf("s%d", rnd.IntN(i))
				if rnd.IntN(2) == 0 {
					s.Needs = append(s.Needs, other)
				} else {
					s.With = json.RawMessage(fmt.Sprintf(`{"x": "${steps.%s.output.x ?? 0}"}`, other))
				}
			}
		}
		return s
	}
	n := 2 + rnd.IntN(5)
	d := &workflow.Document{Name: "w"}
	for i := range n {
		d.Steps = append(d.Steps, step(i))
	}
	p, err := workflow.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	for range rnd.IntN(4) {
		parent := rnd.IntN(p.Len()+1) - 1
		steps := []workflow.Step{step(n), step(n + 1)}
		n += 2
		if p, err = p.Extend(steps, parent); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// checkMoved checks that every node that stayed is the same one in another place,
// and that its references lead to the same steps.
func checkMoved(t *testing.T, before, after *workflow.Plan, moved []int) {
	t.Helper()
	all, some := facts{}, facts{}
	for i, to := range moved {
		fact := workflow.StepFact{Output: json.RawMessage(fmt.Sprintf(`{"x": %q}`, before.Node(i).Step.Name))}
		all[i] = fact
		if to >= 0 {
			some[to] = fact
		}
	}
	for i, to := range moved {
		if to < 0 {
			continue
		}
		a, b := before.Node(i), after.Node(to)
		if got, ok := after.Index(a.Step.Name); !ok || got != to || b.Index != to || b.Step != a.Step {
			t.Fatalf("%s is at %d, want %d", a.Step.Name, got, to)
		}
		if diff := cmp.Diff(names(before, a.Needs), names(after, b.Needs)); diff != "" {
			t.Fatalf("needs of %s (-before +after):\n%s", a.Step.Name, diff)
		}
		for _, d := range b.Dependents {
			if !slices.Contains(after.Node(d).Needs, to) {
				t.Fatalf("%s has a dependent that does not need it", b.Step.Name)
			}
		}
		want, err1 := before.Payload(i, &workflow.Scope{Steps: all})
		got, err2 := after.Payload(to, &workflow.Scope{Steps: some})
		if err1 != nil || err2 != nil || string(want) != string(got) {
			t.Fatalf("payload of %s = %s, %v, want %s, %v", a.Step.Name, got, err2, want, err1)
		}
	}
}
