package translate_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/workflow/machine"
)

const now = 1_700_000_000_000

// executed is an agenda whose run was leased as a whole, and its progress.
type executed struct {
	run      *machine.Run
	progress *object.Progress
}

const fence = machine.Fence(7)

func execute(t *testing.T, text string) *executed {
	t.Helper()
	a := agenda(t, text)
	p, w := compile(t, a)
	r := machine.New(p, machine.Meta{ID: 1, Tenant: a.CustomerID, Labels: w.Labels, Params: w.Params, Created: now}, nil, now)
	e := &executed{run: r, progress: translate.NewProgress(a, object.DefaultMaximumAttempts)}
	e.lease(t)
	return e
}

func (e *executed) lease(t *testing.T) {
	t.Helper()
	e.run.Begin(now)
	if err := e.run.LeaseRun(machine.Lease{Fence: fence, Worker: "executor", Until: now + 1000}, now); err != nil {
		t.Fatal(err)
	}
}

// report tells what an executor of POP's tells.
func (e *executed) report(t *testing.T, text string) {
	t.Helper()
	var p object.Progress
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	for i := range p.Operations {
		if err := e.run.ReportStep(fence, translate.StepReport(&p.Operations[i]), now+10); err != nil {
			t.Fatal(err)
		}
	}
	if done := translate.Outcome(&p); done != nil {
		if err := e.run.CompleteRun(fence, *done, now+20); err != nil {
			t.Fatal(err)
		}
	}
}

// seen is what matters of progress.
type seen struct {
	State      object.State
	Message    string
	Percent    float64
	Attempts   int
	Operations []string
}

func (e *executed) seen() seen {
	v := e.run.View()
	translate.Apply(&v, e.progress)
	s := seen{State: e.progress.State, Message: e.progress.StateMessage, Percent: *e.progress.PercentComplete, Attempts: *e.progress.AttemptsCompleted}
	for _, o := range e.progress.Operations {
		s.Operations = append(s.Operations, string(o.State)+" "+o.StateMessage+" "+o.ResultPayload)
	}
	return s
}

func (e *executed) want(t *testing.T, want seen) {
	t.Helper()
	if d := cmp.Diff(want, e.seen()); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
}

const chain = `{"id": "a1", "progressId": "p1", "customerId": "acme", "params": {"maximumAttempts": 2}, "operations": [
	{"name": "first op"}, {"name": "second", "payload": "@<first op.out::/x>"}, {"name": "third", "params": {"dependsOn": "second"}}]}`

func TestProgressOfARunThatSucceeds(t *testing.T) {
	t.Parallel()
	e := execute(t, chain)
	e.want(t, seen{State: object.Executing, Message: "Running Operations", Operations: []string{"WAITING  ", "WAITING  ", "WAITING  "}})
	e.report(t, `{"processingState": "EXECUTING", "operationProgress": [
		{"operation": "first op", "processingState": "COMPLETE", "processingStateMessage": "Succeeded", "resultPayload": "{\"x\": 1}", "startedTime": 1700000000005},
		{"operation": "second", "processingState": "EXECUTING", "processingStateMessage": "half way", "percentComplete": 50}]}`)
	e.want(t, seen{State: object.Executing, Message: "Running Operations", Percent: 50, Operations: []string{`COMPLETE succeeded {"x": 1}`, "EXECUTING half way ", "WAITING  "}})
	if got := e.progress.Operations[0]; got.StartedTime != now+5 || got.ID != "p1-first op" || got.AgendaProgressID != "p1" || *got.AttemptCount != 1 {
		t.Errorf("progress of the first operation: %+v", got)
	}
	e.report(t, `{"processingState": "COMPLETE", "processingStateMessage": "succeeded", "operationProgress": [
		{"operation": "second", "processingState": "COMPLETE", "processingStateMessage": "succeeded"},
		{"operation": "third", "processingState": "COMPLETE", "processingStateMessage": "succeeded", "resultPayload": "no JSON"}]}`)
	e.want(t, seen{State: object.Complete, Message: "succeeded", Percent: 100, Attempts: 1, Operations: []string{`COMPLETE succeeded {"x": 1}`, "COMPLETE succeeded {}", `COMPLETE succeeded "no JSON"`}})
}

func TestProgressOfARunThatFailsAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	e := execute(t, chain)
	failed := `{"processingState": "COMPLETE", "processingStateMessage": "failed", "diagnosticEvents": [{"message": "launcher is gone"}], "operationProgress": [
		{"operation": "first op", "processingState": "COMPLETE", "processingStateMessage": "succeeded"},
		{"operation": "second", "processingState": "COMPLETE", "processingStateMessage": "failed", "diagnosticEvents": [
			{"message": "first"}, {"message": "disk full", "payload": ["last line"]}]}]}`
	e.report(t, failed)
	e.want(t, seen{State: object.Waiting, Message: "pending", Percent: 100.0 / 3, Attempts: 1, Operations: []string{"COMPLETE succeeded {}", "WAITING  ", "WAITING  "}})
	e.lease(t)
	e.report(t, failed)
	e.want(t, seen{State: object.Complete, Message: "failed", Percent: 200.0 / 3, Attempts: 2, Operations: []string{"COMPLETE succeeded {}", "COMPLETE failed ", "WAITING  "}})
	e.seen() // once more: events are not told twice
	agendaEvents := []object.DiagnosticEvent{{Message: "launcher is gone", StatusCode: "failed", Time: now + 20}}
	if d := cmp.Diff(agendaEvents, e.progress.Diagnostics); d != "" {
		t.Errorf("events of the agenda (-want +got):\n%s", d)
	}
	operationEvents := []object.DiagnosticEvent{{Message: "disk full", StatusCode: "failed", Time: now + 10, Payload: json.RawMessage(`["last line"]`)}}
	if d := cmp.Diff(operationEvents, e.progress.Operations[1].Diagnostics); d != "" {
		t.Errorf("events of the operation (-want +got):\n%s", d)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	e := execute(t, `{"operations": [{"name": "a b"}, {"name": "gen", "type": "updateAgenda"}]}`)
	v := e.run.View()
	if len(v.Steps) != 3 || !translate.Covers(e.progress, &v) {
		t.Errorf("progress does not cover its run of %d steps", len(v.Steps))
	}
	e.progress.Operations = e.progress.Operations[1:]
	if translate.Covers(e.progress, &v) {
		t.Error("progress without an operation covers its run")
	}
}

func TestWhatTheRunDoesNotKnowStays(t *testing.T) {
	t.Parallel()
	e := execute(t, chain)
	e.progress.Title = "mine"
	e.progress.Operations[1].Params = object.Params{"jobInfo": json.RawMessage(`"j1"`)}
	e.seen()
	if e.progress.Title != "mine" || e.progress.Operations[1].Params.Text("jobInfo") != "j1" || e.progress.ID != "p1" {
		t.Errorf("progress after Apply: %+v", e.progress)
	}
}

func TestCanceledAndHeldRuns(t *testing.T) {
	t.Parallel()
	a := agenda(t, chain)
	p, _ := compile(t, a)
	e := &executed{progress: translate.NewProgress(a, object.DefaultMaximumAttempts), run: machine.New(p, machine.Meta{ID: 1, Created: now}, nil, now)}
	e.run.Hold(0)
	waiting := []string{"WAITING  ", "WAITING  ", "WAITING  "}
	e.want(t, seen{State: object.Waiting, Operations: waiting})
	if err := e.run.Cancel("operator", "", now); err != nil {
		t.Fatal(err)
	}
	e.want(t, seen{State: object.Complete, Message: "failed", Attempts: 1, Operations: waiting})
	if len(e.progress.Diagnostics) != 1 || e.progress.Diagnostics[0].StatusCode != "canceled" {
		t.Errorf("events: %+v, want that it was canceled", e.progress.Diagnostics)
	}
}

func TestStepReports(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]machine.StepReport{
		`{"operation": "a b"}`: {Step: translate.StepName("a b"), Status: machine.StepWaiting},
		`{"operation": "a", "processingState": "EXECUTING", "percentComplete": 250, "startedTime": 5}`:                           {Step: "a", Status: machine.StepRunning, Percent: 100, Started: 5},
		`{"operation": "a", "processingState": "COMPLETE", "processingStateMessage": "Success", "completedTime": 9}`:             {Step: "a", Status: machine.StepFailed, Message: "Success", Finished: 9, Failure: &machine.Failure{Code: "failed", Message: "Success"}},
		`{"operation": "a", "processingState": "COMPLETE", "processingStateMessage": "SUCCEEDED", "resultPayload": "[1, 2.50]"}`: {Step: "a", Status: machine.StepSucceeded, Output: json.RawMessage("[1, 2.50]")},
	} {
		var o object.OperationProgress
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, translate.StepReport(&o)); d != "" {
			t.Errorf("StepReport of %s (-want +got):\n%s", text, d)
		}
	}
	if got := translate.Outcome(&object.Progress{State: object.Executing}); got != nil {
		t.Errorf("Outcome of what executes = %+v, want none", got)
	}
}
