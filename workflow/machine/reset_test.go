package machine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

const chain = `{"name": "t", "steps": [
	{"name": "a", "run": "x"}, {"name": "b", "run": "x", "needs": ["a"]}, {"name": "c", "run": "x", "needs": ["b"]}, {"name": "o", "run": "x"}]}`

func TestResetOfAFinalRun(t *testing.T) {
	t.Parallel()
	long := `"` + strings.Repeat("x", 300) + `"`
	e := begun(t, chain)
	e.do("a=1", "b="+long, "c", "o")
	e.want(machine.Succeeded, "a=succeeded b=succeeded c=succeeded o=succeeded")
	if len(e.beside) != 1 {
		t.Fatalf("outputs beside the blob = %d, want 1", len(e.beside))
	}
	if err := e.run.Reset([]string{"z"}, "ann", e.now); !errors.Is(err, machine.ErrNoStep) {
		t.Errorf("Reset(z) = %v, want ErrNoStep", err)
	}
	e.event(e.run.Reset([]string{"b"}, "ann", e.now))
	e.want(machine.Queued, "a=succeeded b=waiting c=waiting o=succeeded")
	if len(e.beside) != 0 {
		t.Errorf("outputs beside the blob after the reset = %d, want none", len(e.beside))
	}
	if got := e.kinds(); got != "reset attempt attempt" {
		t.Errorf("history = %q", got)
	}
	e.begin()
	e.do("b", "c")
	e.want(machine.Succeeded, "a=succeeded b=succeeded c=succeeded o=succeeded")
	e.event(e.run.Reset(nil, "ann", e.now))
	e.want(machine.Queued, "a=waiting b=waiting c=waiting o=waiting")
}

func TestADeadlineCountsAnewFromEachReset(t *testing.T) {
	t.Parallel()
	e := begun(t, `{"name": "t", "deadline": "60s", "steps": [{"name": "a", "run": "x"}]}`)
	for range 3 {
		e.wake(50_000)
		e.event(e.run.Reset(nil, "ann", e.now))
		if got, want := e.run.State.DeadlineAt, e.now+60_000; got != want {
			t.Fatalf("DeadlineAt = %d after a reset, want %d", got, want)
		}
		e.begin()
	}
}

func TestResetOfARunningRun(t *testing.T) {
	t.Parallel()
	e := begun(t, chain)
	e.do("a")
	e.claim("b")
	e.claim("o")
	e.event(e.run.Reset([]string{"b"}, "ann", e.now))
	e.want(machine.Queued, "a=succeeded b=waiting c=waiting o=running")
	if got := e.recalls(); got != "b:reset" {
		t.Errorf("recalls = %q", got)
	}
	if err := e.run.Complete(e.ref("b"), e.leases[e.ref("b")], machine.Outcome{}, e.now); !errors.Is(err, machine.ErrStale) {
		t.Errorf("Complete of the attempt that was reset = %v, want ErrStale", err)
	}
	e.do("o") // its lease stands while the run waits
	e.want(machine.Queued, "a=succeeded b=waiting c=waiting o=succeeded")
	e.begin()
	e.do("b", "c")
	e.want(machine.Succeeded, "a=succeeded b=succeeded c=succeeded o=succeeded")
}

func TestResetBringsBackWhatAFailureStopped(t *testing.T) {
	t.Parallel()
	e := begun(t, chain)
	e.do("o")
	e.fail("a", "exit.1")
	e.want(machine.Failed, "a=failed b=skipped:upstream c=skipped:upstream o=succeeded")
	e.event(e.run.Reset([]string{"o"}, "ann", e.now))
	e.want(machine.Queued, "a=waiting b=waiting c=waiting o=waiting")
}

func TestRetryFailed(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "on-error": {"run": "h"}}`, `{"name": "h", "run": "x"}`,
		`{"name": "c", "run": "x", "needs": ["b"]}`, `{"name": "d", "run": "x", "needs": ["c"], "when": "steps.b.status == 'succeeded'"}`,
		`{"name": "e", "run": "x", "needs": ["d"]}`, `{"name": "g", "run": "x", "when": "false", "needs": ["a"]}`,
	))
	e.do("a")
	e.fail("b", "exit.1")
	e.do("h")
	e.fail("c", "exit.2")
	e.want(machine.Failed, "a=succeeded b=failed h=succeeded c=failed d=skipped:upstream e=skipped:upstream g=skipped:when")
	e.event(e.run.RetryFailed("ann", e.now))
	e.want(machine.Queued, "a=succeeded b=waiting h=waiting c=waiting d=waiting e=waiting g=skipped:when")
	e.begin()
	e.do("b", "c", "d", "e")
	e.want(machine.Succeeded, "a=succeeded b=succeeded h=skipped:uncalled c=succeeded d=succeeded e=succeeded g=skipped:when")
	if err := e.run.RetryFailed("ann", e.now); !errors.Is(err, machine.ErrState) {
		t.Errorf("RetryFailed of a run that succeeded = %v, want ErrState", err)
	}
}

func TestSkipAfterRetry(t *testing.T) {
	t.Parallel()
	e := begun(t, chain)
	e.do("o")
	e.fail("a", "exit.1")
	e.event(e.run.RetryFailed("ann", e.now))
	e.event(e.run.SkipStep("a", "ann", e.now))
	e.begin()
	e.do("b", "c")
	e.want(machine.Succeeded, "a=skipped:by-hand b=succeeded c=succeeded o=succeeded")
}

func TestResetWithConditions(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "when": "steps.a.output == 1"}`, `{"name": "c", "run": "x", "needs": ["b"]}`))
	e.do("a=2")
	e.want(machine.Succeeded, "a=succeeded b=skipped:when c=skipped:branch")
	e.event(e.run.Reset([]string{"a"}, "", e.now))
	e.begin()
	e.do("a=1", "b", "c")
	e.want(machine.Succeeded, "a=succeeded b=succeeded c=succeeded")
}

const generator = `{"name": "t", "steps": [
	{"name": "g", "run": "x", "generate": {"steps": "/steps"}}, {"name": "k", "run": "x", "generate": {"steps": ""}},
	{"name": "z", "run": "x", "needs": ["g"]}]}`

func TestGeneratedSteps(t *testing.T) {
	t.Parallel()
	e := begun(t, generator)
	e.do(`g={"steps": [{"name": "g1", "run": "x"}, {"name": "g2", "run": "x", "needs": ["g1"]}]}`)
	e.want(machine.Running, "g=succeeded k=ready z=ready g1=ready g2=waiting")
	e.do(`k=[{"name": "k1", "run": "x", "with": "${steps.g2.status}"}]`)
	e.do("g1", "g2", "z")
	if with, _ := e.claim("k1"); with != `"succeeded"` {
		t.Errorf("payload = %s", with)
	}
	e.do("k1")
	e.want(machine.Succeeded, "g=succeeded k=succeeded z=succeeded g1=succeeded g2=succeeded k1=succeeded")
	if v := e.run.View(); v.Steps[3].Parent != "g" {
		t.Errorf("View().Steps[3].Parent = %q, want g", v.Steps[3].Parent)
	}

	// k1 needs g2, which goes with g: it goes too, and k runs again.
	e.event(e.run.Reset([]string{"g"}, "", e.now))
	e.want(machine.Queued, "g=waiting k=waiting z=waiting")
	if n := len(e.run.State.Steps); n != 3 {
		t.Errorf("steps kept = %d, want 3: what was generated went altogether", n)
	}
	e.begin()
	e.do(`g={"steps": [{"name": "g1", "run": "other"}]}`, "k=[]", "z", "g1")
	e.want(machine.Succeeded, "g=succeeded k=succeeded z=succeeded g1=succeeded")
}

func TestADroppedStepKeepsThePlacesOfOthers(t *testing.T) {
	t.Parallel()
	e := begun(t, generator)
	e.do(`g={"steps": [{"name": "g1", "run": "x"}, {"name": "g2", "run": "x"}]}`, `k=[{"name": "k1", "run": "x"}]`)
	e.claim("k1")
	k1 := e.ref("k1")
	e.event(e.run.Reset([]string{"g"}, "", e.now))
	e.want(machine.Queued, "g=waiting k=succeeded z=waiting k1=running")
	if got := e.ref("k1"); got != k1 {
		t.Errorf("RefOf(k1) = %v, want %v as before", got, k1)
	}
	if _, ok := e.run.RefOf("g1", -1); ok {
		t.Error("RefOf(g1) = true, want false: it was dropped")
	}
	e.begin()
	e.do(`g={"steps": [{"name": "g1", "run": "y", "needs": ["k1"]}]}`, "z")
	e.want(machine.Running, "g=succeeded k=succeeded z=succeeded k1=running g1=waiting")
	e.do("k1", "g1")
	e.want(machine.Succeeded, "g=succeeded k=succeeded z=succeeded k1=succeeded g1=succeeded")
	if v := e.run.View(); len(v.Steps) != 5 || v.Percent != 100 {
		t.Errorf("View() has %d steps, %v%%, want 5, 100%%", len(v.Steps), v.Percent)
	}
}

func TestGeneratedStepsThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, out := range []string{`{}`, `{"steps": 5}`, `{"steps": [{"name": "z", "run": "x"}]}`, `{"steps": [{"name": "q", "run": "x", "needs": ["nobody"]}]}`} {
		e := begun(t, generator)
		e.do("k=[]", "g="+out)
		e.want(machine.Failed, "g=failed k=succeeded z=skipped:upstream")
		if f := e.run.State.Failure; f == nil || f.Code != "generate" {
			t.Errorf("Failure of %s = %v, want code generate", out, f)
		}
	}
	e := begun(t, generator, &machine.Limits{MaxSteps: 4})
	e.do(`g={"steps": [{"name": "g1", "run": "x"}, {"name": "g2", "run": "x"}]}`)
	if f := e.run.State.Failure; f == nil || !strings.Contains(f.Message, "4 are allowed") {
		t.Errorf("Failure = %v, want that 4 are allowed", f)
	}
}
