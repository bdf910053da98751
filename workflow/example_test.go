package workflow_test

import (
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/workflow"
)

// outputs are the outputs of steps that succeeded.
type outputs map[int]string

func (o outputs) StepFact(i int) workflow.StepFact {
	return workflow.StepFact{Output: json.RawMessage(o[i]), Status: "succeeded", Attempts: 1}
}

func ExampleLoad() {
	plan, err := workflow.Load("publish.json", []byte(`{
  "name": "publish",
  "params": {"quality": 80},
  "steps": [
    {"name": "probe", "run": "http", "with": {"url": "${params.source}"}},
    {"name": "resize", "run": "shell", "for-each": {"in": "${steps.probe.output.images}"},
     "with": {"file": "${item.path}", "quality": "${params.quality}"}}
  ]
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	params, err := plan.Params(json.RawMessage(`{"source": "http://example.com/"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	scope := workflow.Scope{Params: params, Steps: outputs{0: `{"images": [{"path": "a.png"}, {"path": "b.png"}]}`}}
	items, _ := plan.Items(1, &scope)
	for i, item := range items {
		scope.Item, scope.Index = item, i
		with, err := plan.Payload(1, &scope)
		fmt.Println(string(with), err)
	}
	fmt.Println("resize needs", plan.Node(plan.Node(1).Needs[0]).Step.Name)
	// Output:
	// {"file": "a.png", "quality": 80} <nil>
	// {"file": "b.png", "quality": 80} <nil>
	// resize needs probe
}

func ExampleParse() {
	_, err := workflow.Parse("publish.json", []byte(`{
  "name": "publish",
  "steps": [
    {"name": "probe", "run": "http", "neds": ["resize"]},
    {"name": "resize", "run": "shell"}
  ]
}`))
	fmt.Println(err)
	// Output: publish.json:4:38: unknown key "neds" in a step (did you mean "needs"?)
}

func ExamplePlan_ResetClosure() {
	plan, err := workflow.Load("w.json", []byte(`{"name": "w", "steps": [
  {"name": "a", "run": "noop"},
  {"name": "b", "run": "noop", "needs": ["a"]},
  {"name": "c", "run": "noop"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	reset, drop, err := plan.ResetClosure([]string{"a"})
	fmt.Println(reset, drop, err)
	// Output: [0 1] [] <nil>
}
