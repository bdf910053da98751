package machine_test

import (
	"errors"
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

func TestADiamondRunsInOrder(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x"}`,
		`{"name": "b", "run": "x", "needs": ["a"]}`,
		`{"name": "c", "run": "x", "with": {"v": "${steps.a.output.n}"}}`,
		`{"name": "d", "run": "x", "needs": ["b", "c"]}`,
	))
	e.want(machine.Running, "a=ready b=waiting c=waiting d=waiting")
	e.do(`a={"n": 7}`)
	e.want(machine.Running, "a=succeeded b=ready c=ready d=waiting")
	if with, _ := e.claim("c"); with != `{"v": 7}` && with != `{"v":7}` {
		t.Errorf("payload = %s", with)
	}
	e.do("c")
	e.want(machine.Running, "a=succeeded b=ready c=succeeded d=waiting")
	e.do("b", "d")
	e.want(machine.Succeeded, "a=succeeded b=succeeded c=succeeded d=succeeded")
	if got := e.kinds(); got != "" {
		t.Errorf("history of a happy path = %q, want none", got)
	}
}

func TestConditionsAndBranches(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, doc string
		do        []string
		status    machine.Status
		want      string
	}{
		{
			name:   "a false condition skips the step, and what only it leads to",
			doc:    steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "needs": ["a"], "when": "false"}`, `{"name": "c", "run": "x", "needs": ["b"]}`, `{"name": "d", "run": "x", "needs": ["c"]}`),
			do:     []string{"a"},
			status: machine.Succeeded,
			want:   "a=succeeded b=skipped:when c=skipped:branch d=skipped:branch",
		},
		{
			name:   "a join runs when one of its branches did",
			doc:    steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "needs": ["a"], "when": "false"}`, `{"name": "c", "run": "x", "needs": ["a"], "when": "true"}`, `{"name": "d", "run": "x", "needs": ["b", "c"]}`),
			do:     []string{"a", "c", "d"},
			status: machine.Succeeded,
			want:   "a=succeeded b=skipped:when c=succeeded d=succeeded",
		},
		{
			name:   "a join of branches not taken is skipped",
			doc:    steps(`{"name": "b", "run": "x", "when": "false"}`, `{"name": "c", "run": "x", "when": "false"}`, `{"name": "d", "run": "x", "needs": ["b", "c"]}`),
			status: machine.Succeeded,
			want:   "b=skipped:when c=skipped:when d=skipped:branch",
		},
		{
			name:   "a step with a condition of its own is asked whatever was skipped",
			doc:    steps(`{"name": "b", "run": "x", "when": "false"}`, `{"name": "c", "run": "x", "when": "steps.b.status == 'skipped'"}`),
			do:     []string{"c"},
			status: machine.Succeeded,
			want:   "b=skipped:when c=succeeded",
		},
		{
			name:   "a condition looks at outputs",
			doc:    steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "when": "steps.a.output.n > 3"}`, `{"name": "c", "run": "x", "when": "steps.a.output.n <= 3"}`),
			do:     []string{`a={"n": 4}`, "b"},
			status: machine.Succeeded,
			want:   "a=succeeded b=succeeded c=skipped:when",
		},
		{
			name:   "a condition without a value fails the step",
			doc:    steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "when": "steps.a.output.n > 3"}`),
			do:     []string{`a={}`},
			status: machine.Failed,
			want:   "a=succeeded b=failed",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := begun(t, tc.doc)
			e.do(tc.do...)
			e.want(tc.status, tc.want)
		})
	}
}

func TestAReferenceThatLeadsNowhereFailsTheStep(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x", "with": "${steps.a.output.n}", "retry": {"max": 5}}`))
	e.do("a={}")
	ref := e.ref("b")
	delete(e.ready, ref)
	if _, _, err := e.run.Claim(ref, machine.Lease{Fence: 9, Until: e.now + 1}, e.now); err == nil {
		t.Error("Claim(b) = nil, want an error")
	}
	e.after()
	e.want(machine.Failed, "a=succeeded b=failed")
	if f := e.run.State.Failure; f.Code != "reference" || f.Step != "b" {
		t.Errorf("Failure = %+v, want code reference of step b", f)
	}
}

func TestParallelBoundsWhatIsReadyAndRunning(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x"}`, `{"name": "c", "run": "x"}`, `{"name": "d", "run": "x", "needs": ["a"]}`,
		`{"name": "w", "run": "wait", "with": {"for": "1m"}}`,
	), &machine.Limits{Parallel: 2})
	e.want(machine.Running, "a=ready b=ready c=waiting d=waiting w=sleeping")
	e.do("b")
	e.want(machine.Running, "a=ready b=succeeded c=ready d=waiting w=sleeping")
	e.do("a")
	e.want(machine.Running, "a=succeeded b=succeeded c=ready d=ready w=sleeping")
}

func TestTheRunAnswersItsOutput(t *testing.T) {
	t.Parallel()
	doc := `{"name": "t", "steps": [{"name": "a", "run": "x"}], "output": {"sum": "${steps.a.output.n}"}}`
	e := begun(t, doc)
	e.do(`a={"n": 3}`)
	if got := string(e.run.State.Output); got != `{"sum": 3}` && got != `{"sum":3}` {
		t.Errorf("Output = %s", got)
	}
	e = begun(t, doc)
	e.do(`a={}`)
	e.want(machine.Failed, "a=succeeded")
	if f := e.run.State.Failure; f == nil || f.Code != "reference" {
		t.Errorf("Failure = %v, want code reference", f)
	}
}

func TestStepKey(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x", "key": "k-${run.tenant}"}`, `{"name": "e", "run": "x", "for-each": {"in": [7]}, "key": "i-${item}"}`, `{"name": "n", "run": "x"}`,
		`{"name": "b", "run": "x", "key": "${params.none}"}`))
	for name, want := range map[string]string{"a": "k-acme", "e/0": "i-7", "n": ""} {
		if got, err := e.run.StepKey(e.ref(name)); got != want || err != nil {
			t.Errorf("StepKey(%s) = %q, %v, want %q", name, got, err, want)
		}
	}
	if got, err := e.run.StepKey(e.ref("b")); err == nil {
		t.Errorf("StepKey(b) = %q, want an error", got)
	}
	if got, err := e.run.StepKey(machine.Ref{Node: 9}); !errors.Is(err, machine.ErrNoStep) {
		t.Errorf("StepKey of no step = %q, %v, want ErrNoStep", got, err)
	}
}

// A plan does not let steps wait for each other; a stored state that does
// must not hang its run.
func TestARunThatHangsFails(t *testing.T) {
	t.Parallel()
	e := begun(t, `{"name": "t", "steps": [{"name": "e", "run": "x", "for-each": {"in": [1]}}, {"name": "b", "run": "x", "needs": ["e"]}],
		"finally": [{"name": "f", "run": "x"}]}`)
	delete(e.ready, e.ref("e/0"))
	e.run.State.Steps[0].Items[0].Status = machine.StepSucceeded
	e.store()
	e.run.Recover(e.now)
	e.after()
	e.want(machine.Running, "e=skipped:upstream b=skipped:upstream f=ready")
	e.do("f")
	e.want(machine.Failed, "e=skipped:upstream b=skipped:upstream f=succeeded")
	if f := e.run.State.Failure; f.Code != "stuck" {
		t.Errorf("Failure = %v, want code stuck", f)
	}
}
