package machine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

var benchOutput = json.RawMessage(`{"ok":true}`)

// BenchmarkRun takes a run of three steps from its submission to its end,
// with the blobs an engine would write: queued, claimed, completed.
func BenchmarkRun(b *testing.B) {
	p, m := compile(b, diamond), testMeta()
	var blob []byte
	b.ReportAllocs()
	for b.Loop() {
		r := machine.New(p, m, nil, created)
		blob = r.AppendState(blob[:0])
		r.Begin(created + 1)
		fence := machine.Fence(1 << 40)
		for !r.Final() {
			ready := r.Effects().Ready
			for _, ref := range ready {
				fence++
				if _, _, err := r.Claim(ref, machine.Lease{Fence: fence, Worker: "local", Until: created + 30_000}, created+2); err != nil {
					b.Fatal(err)
				}
			}
			blob = r.AppendState(blob[:0])
			for _, ref := range ready {
				if err := r.Complete(ref, r.Step(ref).Fence, machine.Outcome{Output: benchOutput}, created+3); err != nil {
					b.Fatal(err)
				}
			}
			r.Changes()
			blob = r.AppendState(blob[:0])
			r.External()
			r.NextWake()
		}
	}
}

// BenchmarkWide claims and completes the items and steps of large runs; the
// time is that of one of them.
func BenchmarkWide(b *testing.B) {
	var list []string
	for i := range 1000 {
		list = append(list, fmt.Sprintf(`{"name": "s%d", "run": "x"}`, i))
	}
	for name, doc := range map[string]string{
		"steps": steps(list...),
		"items": steps(`{"name": "e", "run": "x", "for-each": {"in": [` + strings.TrimSuffix(strings.Repeat("1,", 10_000), ",") + `]}}`),
	} {
		b.Run(name, func(b *testing.B) {
			p := compile(b, doc)
			b.ReportAllocs()
			done := 0
			for done < b.N {
				r := machine.New(p, testMeta(), nil, created)
				r.Begin(created)
				for ready := r.Effects().Ready; len(ready) > 0 && done < b.N; ready = r.Effects().Ready {
					for _, ref := range ready {
						done++
						_, _, _ = r.Claim(ref, machine.Lease{Fence: machine.Fence(done), Until: created + 1}, created)
						_ = r.Complete(ref, machine.Fence(done), machine.Outcome{Output: benchOutput}, created)
						r.NextWake()
					}
					r.Changes()
				}
			}
		})
	}
}

// BenchmarkLoad reads the blob of a finished run of three steps.
func BenchmarkLoad(b *testing.B) {
	e := begun(b, diamond)
	e.do("a", "b", "c")
	blob, p, m := e.run.AppendState(nil), e.base, testMeta()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := machine.Load(p, m, nil, blob); err != nil {
			b.Fatal(err)
		}
	}
}
