package machine_test

import (
	"encoding/json"
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

const diamond = `{"name": "noop", "steps": [
	{"name": "a", "run": "noop"},
	{"name": "b", "run": "noop", "needs": ["a"]},
	{"name": "c", "run": "noop", "needs": ["a"]}]}`

// The engine's tests go over the same ground; this is the least of it.
func TestHappyPath(t *testing.T) {
	t.Parallel()
	r := machine.New(compile(t, diamond), testMeta(), nil, created)
	r.Begin(created + 1)
	fence := machine.Fence(1 << 40)
	for n := 0; !r.Final(); n++ {
		ready := r.Effects().Ready
		if len(ready) == 0 || n > 3 {
			t.Fatalf("nothing ready in round %d", n)
		}
		for _, ref := range ready {
			fence++
			if _, _, err := r.Claim(ref, machine.Lease{Fence: fence, Worker: "local", Until: created + 30_000}, created+2); err != nil {
				t.Fatal(err)
			}
			if err := r.Complete(ref, fence, machine.Outcome{Output: json.RawMessage(`{"ok":true}`)}, created+3); err != nil {
				t.Fatal(err)
			}
		}
		blob := r.AppendState(nil)
		r2, err := machine.Load(compile(t, diamond), testMeta(), nil, blob)
		if err != nil {
			t.Fatal(err)
		}
		if string(r2.AppendState(nil)) != string(blob) {
			t.Fatal("AppendState(Load(blob)) differs")
		}
		t.Logf("%d bytes", len(blob))
	}
	if r.State.Status != machine.Succeeded {
		t.Fatalf("Status = %v", r.State.Status)
	}
	if h := r.Effects(); !h.Finished || len(h.History) != 0 {
		t.Fatalf("Effects() = %+v", h)
	}
}
