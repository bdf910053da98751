package machine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func TestOnlyTheCurrentFenceCounts(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x", "retry": {"max": 1, "backoff": "1s"}}`))
	ref := e.ref("a")
	if err := e.run.Complete(ref, 0, machine.Outcome{}, e.now); !errors.Is(err, machine.ErrStale) {
		t.Errorf("Complete before any lease = %v, want ErrStale", err)
	}
	e.claim("a")
	first := e.leases[ref]
	for _, f := range []machine.Fence{0, first - 1, first + 1} {
		if err := e.run.Complete(ref, f, machine.Outcome{}, e.now); !errors.Is(err, machine.ErrStale) {
			t.Errorf("Complete(fence %d) = %v, want ErrStale", f, err)
		}
		if err := e.run.Extend(ref, f, e.now+lease, machine.Report{}, e.now); !errors.Is(err, machine.ErrStale) {
			t.Errorf("Extend(fence %d) = %v, want ErrStale", f, err)
		}
		if err := e.run.GiveBack(ref, f, e.now); !errors.Is(err, machine.ErrStale) {
			t.Errorf("GiveBack(fence %d) = %v, want ErrStale", f, err)
		}
	}
	e.fail("a", "oops")
	before := view(t, e.run)
	if err := e.run.Complete(ref, first, machine.Outcome{Output: json.RawMessage(`1`)}, e.now+5); err != nil {
		t.Errorf("the same fence again = %v, want nil", err)
	}
	if after := view(t, e.run); after != before {
		t.Errorf("the same fence again changed the run:\n%s\n%s", before, after)
	}
	e.wake(1000)
	e.claim("a")
	if err := e.run.Complete(ref, first, machine.Outcome{}, e.now); !errors.Is(err, machine.ErrStale) {
		t.Errorf("the first fence during the second attempt = %v, want ErrStale", err)
	}
	e.do("a")
	e.want(machine.Succeeded, "a=succeeded")
}

func TestALostLeaseIsACrash(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`), &machine.Limits{MaxCrashes: 2})
	ref := e.ref("a")
	e.claim("a")
	lost := e.leases[ref]
	e.event(e.run.Extend(ref, lost, e.now+lease+500, machine.Report{Percent: 40, Message: "half", Saved: json.RawMessage(`{"job":7}`)}, e.now))
	e.wake(lease)
	e.want(machine.Running, "a=running")
	e.wake(500)
	e.want(machine.Running, "a=ready")
	if err := e.run.Complete(ref, lost, machine.Outcome{}, e.now); !errors.Is(err, machine.ErrStale) {
		t.Errorf("the result after the lease ran out = %v, want ErrStale", err)
	}
	if _, saved := e.claim("a"); saved != `{"job":7}` {
		t.Errorf("saved = %s, want what the lost attempt saved", saved)
	}
	e.wake(lease)
	e.want(machine.Failed, "a=failed")
	s := e.run.Step(ref)
	if s.Crashes != 2 || s.Failures != 0 || s.Failure.Code != "crash" {
		t.Errorf("Crashes, Failures, Failure = %d, %d, %v", s.Crashes, s.Failures, s.Failure)
	}
	if got := e.kinds(); got != "crash" {
		t.Errorf("history = %q", got)
	}
}

func TestALeaseIsNeverCutShort(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`))
	ref := e.ref("a")
	e.claim("a")
	e.event(e.run.Extend(ref, e.leases[ref], e.now+1, machine.Report{}, e.now))
	e.wake(lease - 1)
	e.want(machine.Running, "a=running")
}

func TestALeaseThatEndedBeforeTheTimeoutIsACrash(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x", "timeout": "31s"}`))
	e.claim("a")
	e.wake(2 * lease) // nobody looked for long: both are over
	e.want(machine.Running, "a=ready")
	if got := e.recalls(); got != "a:crash" {
		t.Errorf("recalls = %q", got)
	}
}

func TestALeaseWithoutEnd(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`))
	ref := e.ref("a")
	delete(e.ready, ref)
	if _, _, err := e.run.Claim(ref, machine.Lease{Fence: 5, Worker: "local:1"}, e.now); err != nil {
		t.Fatal(err)
	}
	e.leases[ref] = 5
	e.event(e.run.Extend(ref, 5, e.now+1, machine.Report{Percent: 10}, e.now))
	if got := e.run.NextWake(); got != 0 {
		t.Errorf("NextWake() = %d, want 0", got)
	}
	e.wake(1 << 40)
	e.want(machine.Running, "a=running")
	if got := e.run.RunningSteps(); len(got) != 1 || got[0] != ref {
		t.Errorf("RunningSteps() = %v", got)
	}
	e.event(e.run.Crash(ref, 5, "its engine is gone", e.now))
	e.want(machine.Running, "a=ready")
	if err := e.run.Crash(ref, 5, "", e.now); !errors.Is(err, machine.ErrStale) {
		t.Errorf("Crash again = %v, want ErrStale", err)
	}
}

func TestATimeoutIsAFailure(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x", "timeout": "5s", "retry": {"max": 1, "backoff": "1s", "on": ["timeout"]}}`))
	e.claim("a")
	e.wake(5000)
	e.want(machine.Running, "a=backoff")
	if got := e.recalls(); got != "a:timeout" {
		t.Errorf("recalls = %q", got)
	}
	e.wake(1000)
	e.claim("a")
	e.wake(5000)
	e.want(machine.Failed, "a=failed")
	if f := e.run.State.Failure; f.Code != "timeout" {
		t.Errorf("Failure = %v", f)
	}
}

func TestADeferredResultComesLater(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x"}`))
	for _, name := range []string{"a", "b"} {
		e.claim(name)
		e.complete(name, machine.Outcome{Until: e.now + 10*lease})
	}
	e.wake(2 * lease)
	e.want(machine.Running, "a=running b=running")
	e.do("a")
	e.wake(8 * lease)
	e.want(machine.Failed, "a=succeeded b=failed")
	if f := e.run.State.Failure; f.Code != "timeout" {
		t.Errorf("Failure = %v, want timeout", f)
	}
}

func TestADeferredResultIsWaitedForUntilTheFirstOfItsTimes(t *testing.T) {
	t.Parallel()
	for until, want := range map[int64]int64{3000: 3000, 9000: 5000} {
		e := begun(t, steps(`{"name": "a", "run": "x", "timeout": "5s"}`))
		e.claim("a")
		e.complete("a", machine.Outcome{Until: e.now + until})
		e.wake(want - 1)
		e.want(machine.Running, "a=running")
		e.wake(1)
		e.want(machine.Failed, "a=failed")
	}
}

func TestGiveBackIsNoAttempt(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x"}`))
	e.claim("a")
	e.event(e.run.GiveBack(e.ref("a"), e.leases[e.ref("a")], e.now))
	e.want(machine.Running, "a=ready b=ready")
	if s := e.run.Step(e.ref("a")); s.Attempt != 0 || s.Crashes != 0 {
		t.Errorf("Attempt, Crashes = %d, %d, want 0, 0", s.Attempt, s.Crashes)
	}
	e.claim("a")
	e.fail("b", "exit.1")
	e.event(e.run.GiveBack(e.ref("a"), e.leases[e.ref("a")], e.now))
	e.want(machine.Failed, "a=skipped:upstream b=failed")
}

func TestOutputsThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	for _, out := range []string{`{"a":`, `"` + string(make([]byte, 5)) + `"`, `"too long for it"`} {
		e := begun(t, steps(`{"name": "a", "run": "x"}`), &machine.Limits{MaxOutput: 10})
		e.claim("a")
		e.complete("a", machine.Outcome{Output: json.RawMessage(out)})
		e.want(machine.Failed, "a=failed")
		if f := e.run.State.Failure; f.Code != "output" {
			t.Errorf("Failure for %q = %v, want code output", out, f)
		}
	}
}

func TestReportsAreBounded(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`))
	ref := e.ref("a")
	e.claim("a")
	for _, saved := range []string{`{`, `"` + string(make([]byte, machine.MaxSaved)) + `"`} {
		if err := e.run.Extend(ref, e.leases[ref], e.now, machine.Report{Saved: json.RawMessage(saved)}, e.now); !errors.Is(err, machine.ErrInvalid) {
			t.Errorf("Extend with %d bytes to save = %v, want ErrInvalid", len(saved), err)
		}
	}
	long := make([]byte, 3*machine.MaxMessage)
	for i := range long {
		long[i] = "é"[i%2]
	}
	e.event(e.run.Extend(ref, e.leases[ref], e.now, machine.Report{Percent: 150.123, Message: "x" + string(long)}, e.now))
	if s := e.run.Step(ref); s.Percent != 100 || len(s.Message) > machine.MaxMessage || !json.Valid([]byte(`"`+s.Message+`"`)) {
		t.Errorf("Percent, Message = %v, %d bytes", s.Percent, len(s.Message))
	}
}

func TestFailuresAreBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	e := begun(t, steps(`{"name": "a", "run": "x"}`))
	e.claim("a")
	e.complete("a", machine.Outcome{Failure: &machine.Failure{
		Code: long, Message: long, Step: long, Detail: json.RawMessage(`"` + long + `"`),
	}})
	e.want(machine.Failed, "a=failed")
	f := e.run.Step(e.ref("a")).Failure
	if len(f.Code) > 100 || len(f.Message) > 4*machine.MaxMessage || len(f.Step) > workflow.MaxName || f.Detail != nil {
		t.Errorf("Failure keeps %d bytes of its code, %d of its message, %d of its step and %d of its detail",
			len(f.Code), len(f.Message), len(f.Step), len(f.Detail))
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x"}`, `{"name": "c", "run": "x", "needs": ["a"]}`,
		`{"name": "w", "run": "wait", "with": {"for": "1s"}, "needs": ["a"]}`,
	), &machine.Limits{Parallel: 2})
	e.claim("a")
	e.event(e.run.Pause("ann", e.now))
	e.want(machine.Running, "a=running b=waiting c=waiting w=waiting")
	e.do("a")
	e.want(machine.Running, "a=succeeded b=waiting c=waiting w=waiting")
	e.event(e.run.Unpause("ann", e.now))
	e.want(machine.Running, "a=succeeded b=ready c=ready w=sleeping")
	e.do("b", "c")
	e.wake(1000)
	e.want(machine.Succeeded, "a=succeeded b=succeeded c=succeeded w=succeeded")
	if err := e.run.Pause("ann", e.now); !errors.Is(err, machine.ErrState) {
		t.Errorf("Pause of a final run = %v, want ErrState", err)
	}
	if got := e.kinds(); got != "pause resume" {
		t.Errorf("history = %q", got)
	}
}

func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	e := newEngine(t, steps(`{"name": "a", "run": "x"}`), nil)
	e.run.Hold(e.now + 1000)
	e.after()
	e.begin()
	e.want(machine.Held, "a=waiting")
	e.wake(1000)
	e.want(machine.Queued, "a=waiting")
	e.run.Hold(0)
	e.after()
	e.wake(1 << 40)
	e.want(machine.Held, "a=waiting")
	e.run.Release(e.now)
	e.after()
	e.begin()
	e.want(machine.Running, "a=ready")
}

func TestSkipStep(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "needs": ["a"]}`, `{"name": "c", "run": "x", "needs": ["b"]}`))
	e.event(e.run.SkipStep("b", "ann", e.now))
	e.claim("a")
	e.event(e.run.SkipStep("a", "ann", e.now))
	e.want(machine.Running, "a=skipped:by-hand b=skipped:by-hand c=ready")
	if got := e.recalls(); got != "a:skipped" {
		t.Errorf("recalls = %q", got)
	}
	if err := e.run.SkipStep("a", "ann", e.now); !errors.Is(err, machine.ErrState) {
		t.Errorf("SkipStep of a settled step = %v, want ErrState", err)
	}
	if err := e.run.SkipStep("z", "ann", e.now); !errors.Is(err, machine.ErrNoStep) {
		t.Errorf("SkipStep(z) = %v, want ErrNoStep", err)
	}
	e.do("c")
	e.want(machine.Succeeded, "a=skipped:by-hand b=skipped:by-hand c=succeeded")
}

func TestRecoverTellsAgain(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x"}`, `{"name": "c", "run": "workflow", "with": {"workflow": "sub"}}`))
	e.claim("a")
	e.run.Recover(e.now)
	eff := e.run.Effects()
	if len(eff.Ready) != 1 || eff.Ready[0] != e.ref("b") || len(eff.Children) != 1 || eff.Children[0].Key != e.told.Children[0].Key {
		t.Errorf("Effects() after Recover = %+v", eff)
	}
	e.run.ChildStarted(e.ref("c"), 77, e.now)
	e.after()
	e.run.Recover(e.now)
	if eff := e.run.Effects(); len(eff.Children) != 1 || eff.Children[0].Run != 77 || eff.Children[0].With != nil {
		t.Errorf("Children after it started = %+v, want run 77 to be asked after", eff.Children)
	}
}
