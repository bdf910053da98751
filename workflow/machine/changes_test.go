package machine_test

import (
	"testing"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// A reset may drop steps that were told of since the last call.
func TestChangesNameStepsThatAreThere(t *testing.T) {
	t.Parallel()
	r := machine.New(compile(t, diamond), testMeta(), nil, created)
	r.Begin(created)
	if err := r.AddSteps(machine.Ref{Node: 0, Item: -1}, []workflow.Step{{Name: "made", Run: "noop"}}, created); err != nil {
		t.Fatal(err)
	}
	if err := r.Reset([]string{"a"}, "test", created); err != nil {
		t.Fatal(err)
	}
	for _, ref := range r.Changes() {
		if r.Step(ref) == nil {
			t.Errorf("Changes() names step %d, which was dropped", ref.Node)
		}
	}
}
