package machine_test

import (
	"testing"
	"time"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func TestAFailureStopsWhatHasNotStarted(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x"}`, `{"name": "c", "run": "x"}`,
		`{"name": "d", "run": "x", "needs": ["a"]}`, `{"name": "e", "run": "x", "needs": ["b"]}`,
		`{"name": "r", "run": "x", "retry": {"max": 3}}`, `{"name": "w", "run": "wait", "with": {"for": "1h"}}`,
	))
	e.fail("r", "oops")
	e.claim("b")
	e.fail("a", "exit.3")
	e.want(machine.Running, "a=failed b=running c=skipped:upstream d=skipped:upstream e=skipped:upstream r=failed w=canceled")
	e.do("b")
	e.want(machine.Failed, "a=failed b=succeeded c=skipped:upstream d=skipped:upstream e=skipped:upstream r=failed w=canceled")
	if f := e.run.State.Failure; f.Code != "exit.3" || f.Step != "a" {
		t.Errorf("Failure = %+v, want exit.3 of a", f)
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x", "retry": {"max": 2, "backoff": "1s", "on": ["exit.*"]}}`))
	e.claim("a")
	e.complete("a", machine.Outcome{Failure: &machine.Failure{Code: "exit.1", Message: "one"}})
	e.want(machine.Running, "a=backoff")
	if got, want := e.run.NextWake(), e.now+1000; got != want {
		t.Errorf("NextWake() = %d, want %d", got, want)
	}
	e.wake(999)
	e.want(machine.Running, "a=backoff")
	e.wake(1)
	e.want(machine.Running, "a=ready")
	e.fail("a", "exit.2")
	if got, want := e.run.NextWake(), e.now+2000; got != want {
		t.Errorf("NextWake() after the second = %d, want %d", got, want)
	}
	e.wake(2000)
	e.fail("a", "exit.3")
	e.want(machine.Failed, "a=failed")
	if got := e.kinds(); got != "attempt attempt" {
		t.Errorf("history = %q, want the two attempts that were replaced", got)
	}
	if s := e.run.Step(e.ref("a")); s.Attempt != 3 || s.Failures != 3 || s.Failure.Code != "exit.3" {
		t.Errorf("Attempt, Failures, Failure = %d, %d, %v", s.Attempt, s.Failures, s.Failure)
	}
}

func TestAFailureAsksForALongerPause(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x", "retry": {"max": 3, "backoff": "1s", "max-backoff": "1m"}}`))
	for asked, want := range map[time.Duration]int64{0: 1000, 30 * time.Second: 30_000, time.Hour: 60_000} {
		e.run.State.Steps[0].Failures = 0
		e.claim("a")
		e.complete("a", machine.Outcome{Failure: &machine.Failure{Code: "http.429", RetryAfter: workflow.Duration(asked)}})
		e.want(machine.Running, "a=backoff")
		if got := e.run.NextWake() - e.now; got != want {
			t.Errorf("asked for %v, it waits %d ms, want %d", asked, got, want)
		}
		if f := e.run.Step(e.ref("a")).Failure; f.RetryAfter != 0 {
			t.Errorf("the step's failure still has a pause of %v", f.RetryAfter.Std())
		}
		e.wake(want)
		e.want(machine.Running, "a=ready")
	}
	e.claim("a")
	e.complete("a", machine.Outcome{Failure: &machine.Failure{Code: "http.429", Fatal: true, RetryAfter: workflow.Duration(time.Second)}})
	e.want(machine.Failed, "a=failed")
}

func TestWhatIsNotRetried(t *testing.T) {
	t.Parallel()
	doc := steps(`{"name": "a", "run": "x", "retry": {"max": 2, "on": ["exit.*"]}}`)
	for _, f := range []machine.Failure{{Code: "http.404"}, {Code: "exit.1", Fatal: true}} {
		e := begun(t, doc)
		e.claim("a")
		e.complete("a", machine.Outcome{Failure: &f})
		e.want(machine.Failed, "a=failed")
	}
}

func TestOnErrorContinue(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x", "on-error": "continue"}`,
		`{"name": "b", "run": "x", "needs": ["a"], "when": "steps.a.error.code == 'exit.1'", "with": "${steps.a.output ?? 5}"}`,
	))
	e.fail("a", "exit.1")
	if with, _ := e.claim("b"); with != "5" {
		t.Errorf("payload = %s, want 5", with)
	}
	e.do("b")
	e.want(machine.Succeeded, "a=failed b=succeeded")
}

func TestHandlers(t *testing.T) {
	t.Parallel()
	handled := steps(
		`{"name": "a", "run": "x", "on-error": {"run": "h"}}`, `{"name": "b", "run": "x", "needs": ["a"]}`,
		`{"name": "h", "run": "x", "with": "${steps.a.error.code}"}`,
	)
	t.Run("nobody calls it", func(t *testing.T) {
		t.Parallel()
		e := begun(t, handled)
		e.do("a", "b")
		e.want(machine.Succeeded, "a=succeeded b=succeeded h=skipped:uncalled")
	})
	t.Run("it succeeds, and those who need the failed step go on", func(t *testing.T) {
		t.Parallel()
		e := begun(t, handled)
		e.fail("a", "exit.1")
		e.want(machine.Running, "a=failed b=waiting h=ready")
		if with, _ := e.claim("h"); with != `"exit.1"` {
			t.Errorf("payload = %s", with)
		}
		e.do("h")
		e.want(machine.Running, "a=failed b=ready h=succeeded")
		e.do("b")
		e.want(machine.Succeeded, "a=failed b=succeeded h=succeeded")
	})
	t.Run("it waits for its second attempt and takes no further failure", func(t *testing.T) {
		t.Parallel()
		e := begun(t, steps(
			`{"name": "a", "run": "x", "on-error": {"run": "h"}}`, `{"name": "b", "run": "x", "on-error": {"run": "h"}}`,
			`{"name": "h", "run": "x", "retry": {"max": 1, "backoff": "1s"}}`,
		))
		e.fail("a", "exit.1")
		e.fail("h", "exit.2")
		e.wake(1000)
		e.want(machine.Running, "a=failed b=ready h=ready")
		e.fail("b", "exit.3")
		e.want(machine.Failed, "a=failed b=failed:unhandled h=failed")
	})
	t.Run("it fails, and the run fails of the first failure", func(t *testing.T) {
		t.Parallel()
		e := begun(t, handled)
		e.fail("a", "exit.1")
		e.fail("h", "exit.2")
		e.want(machine.Failed, "a=failed b=skipped:upstream h=failed")
	})
	t.Run("then continue goes on though it failed", func(t *testing.T) {
		t.Parallel()
		e := begun(t, steps(
			`{"name": "a", "run": "x", "on-error": {"run": "h", "then": "continue"}}`, `{"name": "b", "run": "x", "needs": ["a"]}`,
			`{"name": "h", "run": "x", "on-error": "continue"}`,
		))
		e.fail("a", "exit.1")
		e.want(machine.Running, "a=failed b=waiting h=ready")
		e.fail("h", "exit.2")
		e.do("b")
		e.want(machine.Succeeded, "a=failed b=succeeded h=failed")
	})
	t.Run("one handler of a chain runs at the first failure and does not take a later one", func(t *testing.T) {
		t.Parallel()
		e := begun(t, steps(
			`{"name": "a", "run": "x", "on-error": {"run": "h"}}`, `{"name": "b", "run": "x", "needs": ["a"], "on-error": {"run": "h"}}`,
			`{"name": "h", "run": "x"}`,
		))
		e.fail("a", "exit.1")
		e.do("h")
		e.fail("b", "exit.2")
		e.want(machine.Failed, "a=failed b=failed:unhandled h=succeeded")
		if f := e.run.State.Failure; f.Step != "b" {
			t.Errorf("Failure.Step = %q, want b", f.Step)
		}
	})
	t.Run("one handler takes all failures before it begins", func(t *testing.T) {
		t.Parallel()
		e := begun(t, steps(
			`{"name": "a", "run": "x", "on-error": {"run": "h"}}`, `{"name": "b", "run": "x", "on-error": {"run": "h"}}`,
			`{"name": "h", "run": "x"}`,
		))
		e.fail("a", "exit.1")
		e.fail("b", "exit.2")
		e.do("h")
		e.want(machine.Succeeded, "a=failed b=failed h=succeeded")
	})
}

func TestFinally(t *testing.T) {
	t.Parallel()
	doc := `{"name": "t", "steps": [{"name": "a", "run": "x"}, {"name": "b", "run": "x", "needs": ["a"]}],
		"finally": [{"name": "f", "run": "x", "with": "${steps.a.status}"}, {"name": "g", "run": "x", "needs": ["f"]}]}`
	t.Run("after success", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		e.do("a", "b")
		e.want(machine.Running, "a=succeeded b=succeeded f=ready g=waiting")
		if e.run.State.Verdict != machine.Succeeded {
			t.Errorf("Verdict = %v", e.run.State.Verdict)
		}
		e.do("f", "g")
		e.want(machine.Succeeded, "a=succeeded b=succeeded f=succeeded g=succeeded")
	})
	t.Run("after a failure", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		e.fail("a", "exit.1")
		if with, _ := e.claim("f"); with != `"failed"` {
			t.Errorf("payload = %s", with)
		}
		e.do("f", "g")
		e.want(machine.Failed, "a=failed b=skipped:upstream f=succeeded g=succeeded")
	})
	t.Run("after a cancellation, until canceled again", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		e.claim("a")
		e.event(e.run.Cancel("ann", "no need", e.now))
		e.want(machine.Running, "a=canceled b=canceled f=ready g=waiting")
		e.claim("f")
		e.event(e.run.Cancel("ann", "", e.now))
		e.want(machine.Canceled, "a=canceled b=canceled f=canceled g=canceled")
		if got, want := e.recalls(), "a:canceled f:canceled"; got != want {
			t.Errorf("recalls = %q, want %q", got, want)
		}
	})
	t.Run("one that fails lets the run fail, and others still run", func(t *testing.T) {
		t.Parallel()
		e := begun(t, `{"name": "t", "steps": [{"name": "a", "run": "x"}],
			"finally": [{"name": "f", "run": "x"}, {"name": "g", "run": "x", "needs": ["f"]}, {"name": "h", "run": "x"}]}`)
		e.do("a")
		e.fail("f", "exit.1")
		e.want(machine.Running, "a=succeeded f=failed g=skipped:upstream h=ready")
		e.do("h")
		e.want(machine.Failed, "a=succeeded f=failed g=skipped:upstream h=succeeded")
	})
	t.Run("one that may fail does not", func(t *testing.T) {
		t.Parallel()
		e := begun(t, `{"name": "t", "steps": [{"name": "a", "run": "x"}], "finally": [{"name": "f", "run": "x", "on-error": "continue"}]}`)
		e.do("a")
		e.fail("f", "exit.1")
		e.want(machine.Succeeded, "a=succeeded f=failed")
	})
	t.Run("also of a run that was paused when it was canceled", func(t *testing.T) {
		t.Parallel()
		e := begun(t, `{"name": "t", "steps": [{"name": "a", "run": "x"}], "finally": [{"name": "f", "run": "x"}]}`)
		e.event(e.run.Pause("ann", e.now))
		e.event(e.run.Cancel("ann", "", e.now))
		e.want(machine.Running, "a=canceled f=ready")
	})
	t.Run("not for a run that never began", func(t *testing.T) {
		t.Parallel()
		e := newEngine(t, doc, nil)
		e.event(e.run.Cancel("", "", e.now))
		e.want(machine.Canceled, "a=canceled b=canceled f=canceled g=canceled")
	})
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	e := begun(t, `{"name": "t", "deadline": "10s", "steps": [{"name": "a", "run": "x"}, {"name": "b", "run": "x"}],
		"finally": [{"name": "f", "run": "x"}]}`)
	e.claim("a")
	if got, want := e.run.NextWake(), int64(created+10_000); got != want {
		t.Errorf("NextWake() = %d, want %d", got, want)
	}
	e.wake(10_000)
	e.want(machine.Running, "a=canceled b=canceled f=ready")
	e.wake(10_000)
	e.do("f")
	e.want(machine.TimedOut, "a=canceled b=canceled f=succeeded")
	if got := e.recalls(); got != "a:deadline" {
		t.Errorf("recalls = %q", got)
	}
	e.event(e.run.RetryFailed("ann", e.now))
	e.want(machine.Queued, "a=waiting b=waiting f=waiting")
	if got, want := e.run.NextWake(), e.now+10_000; got != want {
		t.Errorf("NextWake() after the retry = %d, want %d: the deadline counts anew", got, want)
	}
}

func TestARunThatNobodyPicksInTime(t *testing.T) {
	t.Parallel()
	doc := `{"name": "t", "start-within": "5s", "steps": [{"name": "a", "run": "x"}]}`
	e := newEngine(t, doc, nil)
	e.wake(4999)
	e.want(machine.Queued, "a=waiting")
	e.wake(1)
	e.want(machine.TimedOut, "a=canceled")
	e = begun(t, doc)
	e.wake(5000)
	e.want(machine.Running, "a=ready")
}

func TestARunIsTriedAgainFromWhereItFailed(t *testing.T) {
	t.Parallel()
	e := begun(t, `{"name": "t", "attempts": 2, "steps": [{"name": "a", "run": "x"}, {"name": "b", "run": "x"}, {"name": "c", "run": "x", "needs": ["b"]}],
		"finally": [{"name": "f", "run": "x"}]}`)
	e.do(`a={"n":1}`)
	e.fail("b", "exit.1")
	e.want(machine.Queued, "a=succeeded b=waiting c=waiting f=waiting")
	if !e.told.Requeue || e.run.State.Attempt != 2 {
		t.Errorf("Requeue, Attempt = %v, %d", e.told.Requeue, e.run.State.Attempt)
	}
	e.begin()
	e.want(machine.Running, "a=succeeded b=ready c=waiting f=waiting")
	e.fail("b", "exit.1")
	e.want(machine.Running, "a=succeeded b=failed c=skipped:upstream f=ready")
	e.do("f")
	e.want(machine.Failed, "a=succeeded b=failed c=skipped:upstream f=succeeded")
}

func TestCancelWhileItWaitsForItsNextAttempt(t *testing.T) {
	t.Parallel()
	e := begun(t, `{"name": "t", "attempts": 2, "steps": [{"name": "a", "run": "x"}], "finally": [{"name": "f", "run": "x"}]}`)
	e.fail("a", "exit.1")
	e.event(e.run.Cancel("", "", e.now))
	e.want(machine.Queued, "a=canceled f=waiting")
	e.begin()
	e.do("f")
	e.want(machine.Canceled, "a=canceled f=succeeded")
}
