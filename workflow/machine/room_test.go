package machine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// given returns an engine whose run was given parameters. It does not load the
// run again after each event, as that takes long for large ones.
func given(tb testing.TB, doc, params string) *engine {
	tb.Helper()
	e := &engine{
		tb: tb, base: compile(tb, doc), now: created, fence: 1 << 40, alone: true,
		beside: map[machine.Ref]json.RawMessage{}, ready: map[machine.Ref]bool{}, leases: map[machine.Ref]machine.Fence{},
	}
	meta := testMeta()
	meta.Params = json.RawMessage(params)
	e.run = machine.New(e.base, meta, nil, e.now)
	e.run.Begin(e.now)
	return e
}

func jsonText(n int) string { return `"` + strings.Repeat("x", n) + `"` }

func numbers(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }

func TestSubworkflowsAreWantedAFewAtATime(t *testing.T) {
	t.Parallel()
	doc := steps(`{"name": "each", "run": "workflow", "for-each": {"in": "${params.list}"}, "with": {"workflow": "w", "params": {"all": "${params}"}}}`)
	e := given(t, doc, `{"list": `+numbers(1000)+`, "big": `+jsonText(1<<20)+`}`)
	wanted, most := 0, 0
	for wanted < 1000 {
		children := e.run.Effects().Children
		if most = max(most, len(children)); len(children) == 0 {
			t.Fatalf("no further sub-workflow is wanted after %d", wanted)
		}
		for _, c := range children {
			wanted++
			e.run.ChildStarted(c.Ref, workflow.RunID(wanted), e.now)
		}
	}
	if most > 16 {
		t.Errorf("%d sub-workflows are wanted at once, want 16 at most", most)
	}
	if again := e.run.Effects().Children; len(again) > 0 {
		t.Errorf("%d sub-workflows too many", len(again))
	}
}

// TestAnEventDoesNotTakeTooLong holds what needs no slot, and so could all be
// decided in one event.
func TestAnEventDoesNotTakeTooLong(t *testing.T) {
	t.Parallel()
	params := `{"list": ` + numbers(80) + `, "big": ` + jsonText(1<<20) + `, "no": 2}`
	for name, step := range map[string]string{
		"conditions": `{"name": "each", "run": "x", "for-each": {"in": "${params.list}"}, "when": "item == params.no"}`,
		"waits":      `{"name": "each", "run": "wait", "for-each": {"in": "${params.list}"}, "with": {"for": "1s", "message": "${params.big}"}}`,
	} {
		e := given(t, steps(step), params)
		events := 1
		for ; e.run.NextWake() == 1; events++ {
			e.run.Effects()
			loaded, err := machine.Load(e.base, e.run.Meta, nil, e.run.AppendState(nil))
			if err != nil {
				t.Fatal(err)
			}
			loaded.SetExternal(machine.Ref{Node: 0, Item: machine.ItemInputs}, json.RawMessage(numbers(80)))
			if got := loaded.NextWake(); got != 1 {
				t.Fatalf("%s: NextWake() of the run that was loaded = %d, want 1", name, got)
			}
			e.run = loaded
			e.run.Wake(e.now)
		}
		if events < 2 || events > 40 {
			t.Errorf("%s: %d events, want a few", name, events)
		}
		for k, item := range e.run.State.Steps[0].Items {
			if item.Status != machine.StepSkipped && item.Status != machine.StepSleeping {
				t.Fatalf("%s: item %d is %v", name, k, item.Status)
			}
		}
	}
}

func TestManyLargeConditionsFail(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range 60 {
		list = append(list, fmt.Sprintf(`{"name": "s%d", "run": "x", "on-error": "continue", "when": "params.x == params.y"}`, i))
	}
	e := given(t, steps(list...), `{"x": `+numbers(100_000)+`, "y": `+numbers(100_000)+`}`)
	last := e.run.State.Steps[59]
	if last.Status != machine.StepFailed || last.Failure.Code != machine.CodeWork {
		t.Errorf("the last of 60 conditions: %v, %v, want a failure %q", last.Status, last.Failure, machine.CodeWork)
	}
	if first := e.run.State.Steps[0]; first.Failure != nil {
		t.Errorf("the first of 60 conditions: %v, %v, want no failure", first.Status, first.Failure)
	}
}

func TestOutputsOfARunAreBoundedTogether(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "b", "run": "x"}`, `{"name": "c", "run": "x", "on-error": "continue"}`), &machine.Limits{MaxKept: 1000})
	e.do("a=" + jsonText(400))
	e.do("b=" + jsonText(400))
	e.do("c=" + jsonText(400))
	c := e.run.Step(e.ref("c"))
	if c.Status != machine.StepFailed || c.Failure.Code != machine.CodeOutput || !c.Failure.Fatal {
		t.Errorf("step with an output beyond what the run may keep: %v, %v", c.Status, c.Failure)
	}
	if err := e.run.Reset([]string{"a", "c"}, "", e.now); err != nil {
		t.Fatal(err)
	}
	e.after()
	e.begin()
	e.do("c=" + jsonText(400))
	e.want(machine.Running, "a=ready b=succeeded c=succeeded")
}

func TestItemsOfARunAreBoundedTogether(t *testing.T) {
	t.Parallel()
	each := func(name string, n int) string {
		return fmt.Sprintf(`{"name": %q, "run": "wait", "on-error": "continue", "for-each": {"in": %s}, "with": {"signal": "s"}}`, name, numbers(n))
	}
	e := begun(t, steps(each("a", 4), each("b", 4), each("c", 2), each("d", 1)), &machine.Limits{MaxAllItems: 10, MaxItems: 5})
	e.want(machine.Running, "a=running b=running c=running d=failed")
	if f := e.run.Step(e.ref("d")).Failure; f.Code != machine.CodeItems || !strings.Contains(f.Message, "1 items more than the 10") {
		t.Errorf("for-each with an item too many: %v", f)
	}
	e = begun(t, steps(`{"name": "a", "run": "x", "for-each": {"in": [`+jsonText(600)+`]}, "on-error": "continue"}`, `{"name": "b", "run": "x", "for-each": {"in": [`+jsonText(600)+`]}}`), &machine.Limits{MaxKept: 1000})
	if f := e.run.Step(e.ref("b")).Failure; f == nil || f.Code != machine.CodeItems {
		t.Errorf("for-each with values beyond what the run may keep: %v", f)
	}
}

func TestSignalsAreBoundedTogether(t *testing.T) {
	t.Parallel()
	e := given(t, steps(`{"name": "a", "run": "wait", "with": {"signal": "go"}}`, `{"name": "b", "run": "wait", "needs": ["a"], "with": {"signal": "never"}}`), `{}`)
	send := func(name string) error {
		return e.run.Signal(machine.Signal{Name: name, Data: json.RawMessage(jsonText(machine.MaxSignal - 2))}, e.now)
	}
	want := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	want(send("go"))
	most := machine.MaxSignalsKept / machine.MaxSignal
	for range most - 1 {
		want(send("other"))
	}
	want(send("other")) // the one that was taken made room
	if n := len(e.run.State.Signals); n != most {
		t.Errorf("%d signals are kept, want %d", n, most)
	}
	before := len(e.run.AppendState(nil))
	if err := send("other"); !errors.Is(err, machine.ErrState) {
		t.Errorf("Signal() beyond what is kept = %v, want ErrState", err)
	}
	if after := len(e.run.AppendState(nil)); after != before {
		t.Errorf("a signal that was refused changes the state from %d bytes to %d", before, after)
	}
}

func TestGeneratedStepsAreBoundedTogether(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`))
	e.alone = true
	var err error
	for i := 0; i < 100 && err == nil; i++ {
		err = e.run.AddSteps(machine.Ref{Node: -1, Item: -1}, []workflow.Step{{Name: fmt.Sprint("s", i), Run: "x", With: json.RawMessage(jsonText(256 << 10))}}, e.now)
	}
	if !errors.Is(err, machine.ErrInvalid) || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("AddSteps() of 25 MiB = %v, want ErrInvalid", err)
	}
}

func TestWhatStepsSayIsBoundedTogether(t *testing.T) {
	t.Parallel()
	e := given(t, steps(`{"name": "a", "run": "x", "on-error": "continue", "for-each": {"in": `+numbers(400)+`}}`), `{}`)
	detail := json.RawMessage(jsonText(machine.MaxDetail - 2))
	for k := range 350 {
		ref := e.ref(fmt.Sprint("a/", k))
		if _, _, err := e.run.Claim(ref, machine.Lease{Fence: machine.Fence(k + 1), Worker: "w", Until: e.now + lease}, e.now); err != nil {
			t.Fatal(err)
		}
		if err := e.run.Complete(ref, machine.Fence(k+1), machine.Outcome{Failure: &machine.Failure{Code: "x", Message: strings.Repeat("m", 5000), Detail: detail}}, e.now); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.run.AppendState(nil)); n > machine.MaxNotes+400*500 {
		t.Errorf("the state of a run with many failures has %d bytes", n)
	}
	if f := e.run.Step(e.ref("a/0")).Failure; f.Detail == nil {
		t.Error("the first failure has no detail")
	}
	if f := e.run.Step(e.ref("a/349")).Failure; f.Detail != nil || len(f.Message) > 200 {
		t.Errorf("the last failure has a detail of %d bytes, and a message of %d", len(f.Detail), len(f.Message))
	}
	ref := e.ref("a/350")
	if _, _, err := e.run.Claim(ref, machine.Lease{Fence: 1000, Worker: "w", Until: e.now + lease}, e.now); err != nil {
		t.Fatal(err)
	}
	err := e.run.Extend(ref, 1000, e.now+lease, machine.Report{Saved: detail}, e.now)
	if !errors.Is(err, machine.ErrInvalid) {
		t.Errorf("Extend() with more to be saved than there is room for = %v, want ErrInvalid", err)
	}
}

func TestAKeyThatLeadsNowhereFailsTheStep(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x", "key": "k-${params.none}"}`))
	e.want(machine.Failed, "a=failed")
	if f := e.run.State.Failure; f.Code != workflow.CodeReference {
		t.Errorf("failure %v, want a reference", f)
	}
}

func TestAReportWithWrongStepsChangesNothing(t *testing.T) {
	t.Parallel()
	e := newEngine(t, steps(`{"name": "a", "run": "x", "generate": {"steps": ""}}`), nil)
	e.event(e.run.LeaseRun(machine.Lease{Fence: 7, Worker: "w", Until: e.now + lease}, e.now))
	report := func(output string) error {
		return e.run.ReportStep(7, machine.StepReport{Step: "a", Status: machine.StepSucceeded, Output: json.RawMessage(output)}, e.now)
	}
	if err := report(`[{"name": "b"}]`); !errors.Is(err, machine.ErrInvalid) {
		t.Errorf("ReportStep() with a step that has no type = %v, want ErrInvalid", err)
	}
	e.after()
	e.want(machine.Running, "a=waiting")
	e.event(report(`[{"name": "b", "run": "x"}]`))
	e.want(machine.Running, "a=succeeded b=waiting")
}
