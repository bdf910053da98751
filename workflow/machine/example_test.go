package machine_test

import (
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// A run of two steps, one after the other. Whoever drives it says what time
// it is, and does what the effects ask for.
func ExampleRun() {
	plan, err := workflow.Load("greet.json", []byte(`{"name": "greet", "steps": [
		{"name": "ask", "run": "http", "with": {"url": "https://example.com/name"}},
		{"name": "greet", "run": "log", "with": {"text": "hello ${steps.ask.output.name}"}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	now := int64(1_750_000_000_000)
	run := machine.New(plan, machine.Meta{ID: 1, Tenant: "acme", Created: now}, nil, now)
	run.Begin(now)
	outputs := map[string]string{"ask": `{"name": "Ann"}`, "greet": `null`}
	for fence := machine.Fence(1); !run.Final(); fence++ {
		for _, ref := range run.Effects().Ready {
			now += 10
			lease := machine.Lease{Fence: fence, Worker: "w1", Until: now + 30_000}
			with, _, err := run.Claim(ref, lease, now)
			if err != nil {
				fmt.Println(err)
				return
			}
			name := run.Node(ref).Step.Name
			fmt.Println(name, string(with))
			if err := run.Complete(ref, fence, machine.Outcome{Output: json.RawMessage(outputs[name])}, now); err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	blob := run.AppendState(nil)
	again, err := machine.Load(plan, run.Meta, nil, blob)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.State.Status, len(blob) < 100)
	// Output:
	// ask {"url": "https://example.com/name"}
	// greet {"text": "hello Ann"}
	// succeeded true
}
