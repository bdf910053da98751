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

func BenchmarkRun(b *testing.B) {
	p := compile(b, diamond)
	m := testMeta()
	out := json.RawMessage(`{"ok":true}`)
	b.ReportAllocs()
	var blob []byte
	for b.Loop() {
		r := machine.New(p, m, nil, created)
		blob = r.AppendState(blob[:0])
		r.Begin(created + 1)
		fence := machine.Fence(1 << 40)
		for !r.Final() {
			e := r.Effects()
			for _, ref := range e.Ready {
				fence++
				r.Claim(ref, machine.Lease{Fence: fence, Worker: "local", Until: created + 30_000}, created+2)
			}
			blob = r.AppendState(blob[:0])
			for _, ref := range e.Ready {
				r.Complete(ref, r.Step(ref).Fence, machine.Outcome{Output: out}, created+3)
			}
			r.Changes()
			blob = r.AppendState(blob[:0])
			r.External()
			r.NextWake()
		}
	}
}
