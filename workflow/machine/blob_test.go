package machine_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

// blobDocument has what a blob can hold: generated steps, items, waits,
// sub-workflows, retries.
const blobDocument = `{"name": "t", "attempts": 2, "deadline": "1h", "steps": [
	{"name": "g", "run": "x", "generate": {"steps": ""}},
	{"name": "e", "run": "x", "for-each": {"in": [1, {"a": 2}, "three"], "limit": 2}, "on-error": "continue"},
	{"name": "w", "run": "wait", "with": {"signal": "go", "timeout": "1m"}},
	{"name": "s", "run": "workflow", "with": {"workflow": "sub"}},
	{"name": "r", "run": "x", "retry": {"max": 3}}],
	"finally": [{"name": "f", "run": "x"}]}`

// seeds are blobs of a run in many places.
func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	e := newEngine(tb, blobDocument, nil)
	blobs := [][]byte{e.run.AppendState(nil)}
	keep := func() { blobs = append(blobs, e.run.AppendState(nil)) }
	e.begin()
	keep()
	e.do(`g=[{"name": "g1", "run": "x"}]`)
	e.claim("e/0")
	e.event(e.run.Extend(e.ref("e/0"), e.leases[e.ref("e/0")], e.now+lease, machine.Report{Percent: 12.5, Message: "so far", Saved: json.RawMessage(`{"job": 1}`)}, e.now))
	e.fail("r", "exit.1")
	e.event(e.run.Signal(machine.Signal{Name: "x", Data: json.RawMessage(`[1]`), By: "ann"}, e.now))
	keep()
	e.do("e/0=" + `"` + strings.Repeat("y", 300) + `"`)
	e.run.ChildStarted(e.ref("s"), 99, e.now)
	e.after()
	e.wake(2000)
	e.event(e.run.SkipStep("w", "ann", e.now))
	keep()
	e.event(e.run.Reset([]string{"g"}, "ann", e.now))
	e.event(e.run.LeaseRun(machine.Lease{Fence: 3, Worker: "p", Until: e.now + 1}, e.now))
	keep()
	e.event(e.run.Cancel("ann", "enough", e.now))
	keep()
	return blobs
}

func TestABlobIsSmall(t *testing.T) {
	t.Parallel()
	e := newEngine(t, diamond, nil)
	if n := len(e.run.AppendState(nil)); n > 16 {
		t.Errorf("a queued run of 3 steps takes %d bytes, want at most 16", n)
	}
	e.begin()
	e.do("a", "b", "c")
	if n := len(e.run.AppendState(nil)); n > 80 {
		t.Errorf("a finished run of 3 steps takes %d bytes, want at most 80", n)
	}
}

func TestADamagedBlobIsAnError(t *testing.T) {
	t.Parallel()
	p := compile(t, blobDocument)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, blob := range seeds(t) {
		for n := range blob {
			if _, err := machine.Load(p, testMeta(), nil, blob[:n]); !errors.Is(err, machine.ErrCorrupt) {
				t.Errorf("Load of %d of %d bytes = %v, want ErrCorrupt", n, len(blob), err)
			}
		}
		if _, err := machine.Load(p, testMeta(), nil, append(blob[:len(blob):len(blob)], 0)); !errors.Is(err, machine.ErrCorrupt) {
			t.Errorf("Load with a byte too many = %v, want ErrCorrupt", err)
		}
		if _, err := machine.Load(compile(t, diamond), testMeta(), nil, blob); !errors.Is(err, machine.ErrCorrupt) {
			t.Errorf("Load with another plan = %v, want ErrCorrupt", err)
		}
		for range 200 {
			broken := append([]byte(nil), blob...)
			broken[rnd.IntN(len(broken))] ^= 1 << rnd.IntN(8)
			exercise(t, broken)
		}
	}
}

// exercise does with a run of any bytes whatever can be done.
func exercise(t *testing.T, blob []byte) {
	t.Helper()
	r, err := machine.Load(compile(t, blobDocument), testMeta(), nil, blob)
	if err != nil {
		if !errors.Is(err, machine.ErrCorrupt) {
			t.Errorf("Load = %v, want ErrCorrupt", err)
		}
		return
	}
	now := int64(created + 5000)
	again, err := machine.Load(compile(t, blobDocument), testMeta(), nil, r.AppendState(nil))
	if err != nil {
		t.Fatalf("Load of what was loaded: %v", err)
	}
	if a, b := view(t, again), view(t, r); a != b {
		t.Errorf("what was loaded and stored differs:\n%s\n%s", b, a)
	}
	r.Recover(now)
	_ = r.Signal(machine.Signal{Name: "go"}, now)
	r.NextWake()
	r.Wake(now)
	r.Begin(now)
	for k, ref := range r.Effects().Ready {
		if _, _, err := r.Claim(ref, machine.Lease{Fence: 1<<41 + machine.Fence(k), Until: now + 5}, now); err == nil {
			_ = r.Complete(ref, 1<<41+machine.Fence(k), machine.Outcome{}, now)
		}
	}
	r.Wake(now + 1<<40)
	_ = r.SkipStep("e", "", now)
	_ = r.Cancel("", "", now)
	_ = r.RetryFailed("", now)
	_ = r.Reset([]string{"g"}, "", now)
	_ = r.Reset(nil, "", now)
	_ = r.LeaseRun(machine.Lease{Fence: 5}, now)
	_ = r.ReportStep(5, machine.StepReport{Step: "e", Status: machine.StepRunning}, now)
	_ = r.CompleteRun(5, machine.Outcome{}, now)
	view(t, r)
	r.External()
	r.AppendState(nil)
}

func FuzzLoad(f *testing.F) {
	for _, blob := range seeds(f) {
		f.Add(blob)
	}
	f.Fuzz(exercise)
}
