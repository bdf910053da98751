package machine_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func leased(t *testing.T, doc string) *engine {
	t.Helper()
	e := newEngine(t, doc, nil)
	e.event(e.run.LeaseRun(machine.Lease{Fence: 7, Worker: "puller", Until: e.now + lease}, e.now))
	return e
}

func (e *engine) report(rep machine.StepReport) {
	e.tb.Helper()
	e.event(e.run.ReportStep(7, rep, e.now))
}

func TestAWholeRunIsItsWorkers(t *testing.T) {
	t.Parallel()
	e := leased(t, chain)
	e.want(machine.Running, "a=waiting b=waiting c=waiting o=waiting")
	if len(e.told.Ready) != 0 {
		t.Errorf("Ready = %v, want none", e.told.Ready)
	}
	e.report(machine.StepReport{Step: "b", Status: machine.StepRunning, Percent: 50})
	e.report(machine.StepReport{Step: "a", Status: machine.StepSucceeded, Output: json.RawMessage(`1`)})
	e.want(machine.Running, "a=succeeded b=running c=waiting o=waiting")
	if got := e.run.RunningSteps(); len(got) != 0 {
		t.Errorf("RunningSteps() = %v, want none: no step is leased", got)
	}
	e.event(e.run.ExtendRun(7, e.now+2*lease, e.now))
	e.wake(2*lease - 1)
	e.report(machine.StepReport{Step: "b", Status: machine.StepFailed, Failure: &machine.Failure{Code: "exit.1", Message: "x"}})
	e.event(e.run.CompleteRun(7, machine.Outcome{Failure: &machine.Failure{Code: "exit.1", Message: "b broke", Step: "b"}}, e.now))
	e.want(machine.Failed, "a=succeeded b=failed c=skipped:by-hand o=skipped:by-hand")
	e.event(e.run.CompleteRun(7, machine.Outcome{}, e.now))
	e.want(machine.Failed, "a=succeeded b=failed c=skipped:by-hand o=skipped:by-hand")
}

func TestTheAttemptsAWorkerCountsAreBounded(t *testing.T) {
	t.Parallel()
	e := leased(t, chain)
	for _, attempt := range []int{-1, machine.MaxAttempt + 1, 1 << 31} { // a blob with the last could not be read again
		err := e.run.ReportStep(7, machine.StepReport{Step: "a", Status: machine.StepRunning, Attempt: attempt}, e.now)
		if !errors.Is(err, machine.ErrInvalid) {
			t.Errorf("ReportStep of attempt %d = %v, want ErrInvalid", attempt, err)
		}
	}
	e.report(machine.StepReport{Step: "a", Status: machine.StepRunning, Attempt: machine.MaxAttempt})
	e.want(machine.Running, "a=running b=waiting c=waiting o=waiting")
}

func TestTheFenceOfAWholeRun(t *testing.T) {
	t.Parallel()
	e := leased(t, chain)
	for _, f := range []machine.Fence{0, 6, 8} {
		for what, err := range map[string]error{
			"ExtendRun":   e.run.ExtendRun(f, e.now+1, e.now),
			"ReportStep":  e.run.ReportStep(f, machine.StepReport{Step: "a", Status: machine.StepSucceeded}, e.now),
			"CompleteRun": e.run.CompleteRun(f, machine.Outcome{}, e.now),
			"GiveBackRun": e.run.GiveBackRun(f, e.now),
		} {
			if !errors.Is(err, machine.ErrStale) {
				t.Errorf("%s(%d) = %v, want ErrStale", what, f, err)
			}
		}
	}
	if err := e.run.LeaseRun(machine.Lease{Fence: 8}, e.now); !errors.Is(err, machine.ErrState) {
		t.Errorf("a second LeaseRun = %v, want ErrState", err)
	}
	if err := e.run.ReportStep(7, machine.StepReport{Step: "z"}, e.now); !errors.Is(err, machine.ErrNoStep) {
		t.Errorf("ReportStep(z) = %v, want ErrNoStep", err)
	}
	for _, s := range []machine.StepStatus{machine.StepReady, machine.StepBackoff, machine.StepSleeping, 77} {
		if err := e.run.ReportStep(7, machine.StepReport{Step: "a", Status: s}, e.now); !errors.Is(err, machine.ErrInvalid) {
			t.Errorf("ReportStep(%v) = %v, want ErrInvalid", s, err)
		}
	}
	e.want(machine.Running, "a=waiting b=waiting c=waiting o=waiting")
}

func TestALostWholeRunIsQueuedAgain(t *testing.T) {
	t.Parallel()
	e := leased(t, chain)
	e.report(machine.StepReport{Step: "a", Status: machine.StepSucceeded})
	e.report(machine.StepReport{Step: "b", Status: machine.StepRunning})
	for n := 1; n <= 3; n++ {
		e.wake(lease)
		if n == 3 {
			break
		}
		e.want(machine.Queued, "a=succeeded b=waiting c=waiting o=waiting")
		if err := e.run.ReportStep(7, machine.StepReport{Step: "b", Status: machine.StepSucceeded}, e.now); !errors.Is(err, machine.ErrStale) {
			t.Errorf("ReportStep after the lease ran out = %v, want ErrStale", err)
		}
		e.event(e.run.LeaseRun(machine.Lease{Fence: 7 + machine.Fence(n), Worker: "puller", Until: e.now + lease}, e.now))
	}
	e.want(machine.Failed, "a=succeeded b=canceled c=canceled o=canceled")
	if f := e.run.State.Failure; f.Code != "crash" {
		t.Errorf("Failure = %v, want crash", f)
	}
}

func TestGiveBackRunAndAttempts(t *testing.T) {
	t.Parallel()
	e := leased(t, `{"name": "t", "attempts": 2, "steps": [{"name": "a", "run": "x"}, {"name": "b", "run": "x"}]}`)
	e.event(e.run.GiveBackRun(7, e.now))
	e.want(machine.Queued, "a=waiting b=waiting")
	e.begin() // as an engine does that begins before it leases
	e.event(e.run.LeaseRun(machine.Lease{Fence: 7, Until: e.now + lease}, e.now))
	e.report(machine.StepReport{Step: "a", Status: machine.StepSucceeded})
	e.report(machine.StepReport{Step: "b", Status: machine.StepFailed})
	e.event(e.run.CompleteRun(7, machine.Outcome{Failure: &machine.Failure{Code: "oops"}}, e.now))
	e.want(machine.Queued, "a=succeeded b=waiting")
	e.event(e.run.LeaseRun(machine.Lease{Fence: 7, Until: e.now + lease}, e.now))
	e.report(machine.StepReport{Step: "b", Status: machine.StepSucceeded})
	e.event(e.run.CompleteRun(7, machine.Outcome{Output: json.RawMessage(`{"done":true}`)}, e.now))
	e.want(machine.Succeeded, "a=succeeded b=succeeded")
	if got := string(e.run.State.Output); got != `{"done":true}` {
		t.Errorf("Output = %s", got)
	}
}

func TestCancelOfAWholeRun(t *testing.T) {
	t.Parallel()
	e := leased(t, `{"name": "t", "steps": [{"name": "a", "run": "x"}], "finally": [{"name": "f", "run": "x"}]}`)
	e.event(e.run.Cancel("ann", "", e.now))
	e.want(machine.Canceled, "a=canceled f=canceled")
	if got := e.recalls(); got != "run:canceled" {
		t.Errorf("recalls = %q", got)
	}
}

func TestAWorkerCannotReportWhatACancelSettled(t *testing.T) {
	t.Parallel()
	e := newEngine(t, `{"name": "t", "attempts": 2, "steps": [{"name": "a", "run": "x"}], "finally": [{"name": "f", "run": "x"}]}`, nil)
	e.begin()
	e.fail("a", "exit.1") // it waits for its second attempt
	e.event(e.run.Cancel("ann", "", e.now))
	e.event(e.run.LeaseRun(machine.Lease{Fence: 7, Worker: "puller", Until: e.now + lease}, e.now))
	if err := e.run.ReportStep(7, machine.StepReport{Step: "a", Status: machine.StepSucceeded}, e.now); !errors.Is(err, machine.ErrState) {
		t.Errorf("ReportStep of a step that was canceled = %v, want ErrState", err)
	}
	e.report(machine.StepReport{Step: "f", Status: machine.StepSucceeded})
	e.event(e.run.CompleteRun(7, machine.Outcome{}, e.now))
	e.want(machine.Canceled, "a=canceled f=succeeded")
}

func TestCrashesAreForgottenWhenARunIsReset(t *testing.T) {
	t.Parallel()
	e := leased(t, chain)
	lose := func() {
		e.wake(lease)
		e.want(machine.Queued, "a=waiting b=waiting c=waiting o=waiting")
		e.event(e.run.LeaseRun(machine.Lease{Fence: 7, Until: e.now + lease}, e.now))
	}
	lose()
	lose()
	e.event(e.run.Reset(nil, "ann", e.now))
	e.event(e.run.LeaseRun(machine.Lease{Fence: 7, Until: e.now + lease}, e.now))
	lose()
	lose()
}

func TestAddSteps(t *testing.T) {
	t.Parallel()
	e := begun(t, chain)
	outside := machine.Ref{Node: -1, Item: -1}
	add := []workflow.Step{{Name: "n1", Run: "x"}, {Name: "n2", Run: "x", Needs: []string{"n1", "o"}}}
	e.event(e.run.AddSteps(outside, add, e.now))
	e.event(e.run.AddSteps(outside, add, e.now)) // once is enough
	e.want(machine.Running, "a=ready b=waiting c=waiting o=ready n1=ready n2=waiting")
	if err := e.run.AddSteps(outside, []workflow.Step{{Name: "n3", Run: "x"}, {Name: "a", Run: "x"}}, e.now); !errors.Is(err, machine.ErrInvalid) {
		t.Errorf("AddSteps with a name that is taken = %v, want ErrInvalid", err)
	}
	e.want(machine.Running, "a=ready b=waiting c=waiting o=ready n1=ready n2=waiting")
	e.do("o", "n1", "n2", "a", "b", "c")
	e.want(machine.Succeeded, "a=succeeded b=succeeded c=succeeded o=succeeded n1=succeeded n2=succeeded")
	if err := e.run.AddSteps(outside, add, e.now); !errors.Is(err, machine.ErrState) {
		t.Errorf("AddSteps to a final run = %v, want ErrState", err)
	}
	e.event(e.run.Reset(nil, "", e.now))
	e.want(machine.Queued, "a=waiting b=waiting c=waiting o=waiting n1=waiting n2=waiting")
}
