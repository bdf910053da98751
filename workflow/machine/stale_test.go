package machine_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// A result that comes after its lease was lost is refused, also before the
// next attempt begins: answered nil it would be recorded nowhere.
func TestResultOfALostLeaseIsStale(t *testing.T) {
	t.Parallel()
	ref := machine.Ref{Item: -1}
	for _, c := range []struct {
		name  string
		until int64 // of the lease
		lose  func(*machine.Run) error
	}{
		{"known to be gone", 31_000, func(r *machine.Run) error { return r.Crash(ref, 1, "gone", 2000) }},
		{"took too long", 31_000, func(r *machine.Run) error { r.Wake(11_500); return nil }},
		{"not heard of", 4000, func(r *machine.Run) error { r.Wake(5000); return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plan, err := workflow.Load("document", []byte(`{"name":"x","steps":[{"name":"a","run":"t","timeout":"10s","retry":{"max":3,"backoff":"1h"}}]}`))
			if err != nil {
				t.Fatal(err)
			}
			run := machine.New(plan, machine.Meta{ID: 1, Tenant: "t"}, nil, 1000)
			run.Begin(1000)
			if _, _, err := run.Claim(ref, machine.Lease{Fence: 1, Worker: "w", Until: c.until}, 1000); err != nil {
				t.Fatal(err)
			}
			if err := c.lose(run); err != nil {
				t.Fatal(err)
			}
			if err := run.Complete(ref, 1, machine.Outcome{Output: json.RawMessage("1")}, 41_000); !errors.Is(err, machine.ErrStale) {
				t.Errorf("Complete(fence 1) = %v while the step is %v, want ErrStale", err, run.Step(ref).Status)
			}
		})
	}
}
