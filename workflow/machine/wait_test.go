package machine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func TestWaitForATime(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		with string
		ms   int64
	}{
		{`{"for": "2s"}`, 2000},
		{`{"for": 0}`, 0},
		{`{"until": "2025-06-15T15:06:50Z"}`, 10_000},
		{`{"until": 1750000000500}`, 500},
		{`{"until": "2001-01-01T00:00:00Z"}`, 0},
		{`{"until": -5}`, 0},
	} {
		e := begun(t, steps(`{"name": "w", "run": "wait", "with": `+tc.with+`}`))
		if tc.ms > 0 {
			e.wake(tc.ms - 1)
			e.want(machine.Running, "w=sleeping")
			e.wake(1)
		}
		e.want(machine.Succeeded, "w=succeeded")
	}
}

func TestAWaitThatIsLongerThanItsTimeoutFails(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "w", "run": "wait", "with": {"for": "10s"}, "timeout": "5s"}`))
	e.wake(20_000) // nobody looked for long: both are over
	e.want(machine.Failed, "w=failed")
}

func TestWaitForASignal(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x"}`,
		`{"name": "w", "run": "wait", "with": {"signal": "paid", "timeout": "1h"}}`,
		`{"name": "v", "run": "wait", "with": {"signal": "paid"}}`,
		`{"name": "u", "run": "wait", "with": {"signal": "paid"}, "needs": ["a"]}`,
		`{"name": "s", "run": "x", "with": ["${steps.w.output}", "${signal.paid.by}"], "needs": ["v"]}`,
	))
	e.event(e.run.Signal(machine.Signal{Name: "other"}, e.now))
	e.event(e.run.Signal(machine.Signal{Name: "paid", Data: json.RawMessage(`{"sum": 3}`), By: "bank"}, e.now))
	e.want(machine.Running, "a=ready w=succeeded v=succeeded u=waiting s=ready")
	if with, _ := e.claim("s"); strings.ReplaceAll(with, " ", "") != `[{"sum":3},"bank"]` {
		t.Errorf("payload = %s", with)
	}
	e.do("a")
	e.want(machine.Running, "a=succeeded w=succeeded v=succeeded u=sleeping s=running") // the signal was for those who waited
	e.do("s")
	e.event(e.run.Signal(machine.Signal{Name: "paid"}, e.now))
	e.want(machine.Succeeded, "a=succeeded w=succeeded v=succeeded u=succeeded s=succeeded")
}

func TestASignalIsKeptForTheFirstThatWaits(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "a", "run": "x"}`, `{"name": "w", "run": "wait", "needs": ["a"], "with": {"signal": "go"}}`,
		`{"name": "v", "run": "wait", "needs": ["w"], "with": {"signal": "go", "timeout": "1s"}}`,
	))
	e.event(e.run.Signal(machine.Signal{Name: "go", Data: json.RawMessage(`1`)}, e.now))
	e.do("a")
	e.want(machine.Running, "a=succeeded w=succeeded v=sleeping")
	e.wake(1000)
	e.want(machine.Failed, "a=succeeded w=succeeded v=failed")
	if f := e.run.State.Failure; f.Code != "timeout" {
		t.Errorf("Failure = %v, want timeout", f)
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	doc := steps(`{"name": "ok", "run": "wait", "with": {"approval": {"who": "boss"}, "message": "ship it?"}, "retry": {"max": 3}}`)
	for _, tc := range []struct {
		data   string
		status machine.Status
	}{
		{``, machine.Succeeded},
		{`true`, machine.Succeeded},
		{`{"approved": true, "comment": "fine"}`, machine.Succeeded},
		{`false`, machine.Failed},
		{`{"approved": false, "comment": "no"}`, machine.Failed},
		{`{}`, machine.Failed},
		{`"yes"`, machine.Failed},
		{`[1]`, machine.Failed},
	} {
		e := begun(t, doc)
		e.event(e.run.Signal(machine.Signal{Name: "ok", Data: json.RawMessage(tc.data), By: "ann"}, e.now))
		if got := e.run.State.Status; got != tc.status {
			t.Errorf("Status after %q = %v, want %v", tc.data, got, tc.status)
		}
		if f := e.run.State.Failure; f != nil && (f.Code != "rejected" || !strings.Contains(f.Message, "ann")) {
			t.Errorf("Failure after %q = %+v", tc.data, f)
		}
	}
}

func TestAnApprovalSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	for with, want := range map[string][2]string{
		`{"approval": {"question": "Publish ${params.n ?? 1}?"}}`:                      {"Publish 1?", "ok"},
		`{"approval": {"question": "Publish?", "signal": "go"}, "message": "ship it"}`: {"ship it", "go"},
		`{"approval": {"question": {"en": "Publish?"}, "signal": "go"}}`:               {"", "go"},
		`{"approval": "boss"}`: {"", "ok"},
	} {
		e := begun(t, `{"name": "w", "steps": [{"name": "ok", "run": "wait", "with": `+with+`}]}`)
		s := e.run.View().Steps[0]
		if got := [2]string{s.Message, s.Awaits}; got != want || !s.Approval {
			t.Errorf("%s asks %q for signal %q, want %q", with, got[0], got[1], want)
		}
	}
}

func TestWaitsThatSayNothing(t *testing.T) {
	t.Parallel()
	for _, with := range []string{`{}`, `null`, `[]`, `{"for": "1s", "signal": "x"}`, `{"for": "1s", "timeout": "2s"}`, `{"untl": 5}`, `{"until": "soon"}`, `{"until": {}}`} {
		e := begun(t, steps(`{"name": "w", "run": "wait", "with": `+with+`}`))
		if f := e.run.State.Failure; f == nil || f.Code != "wait" {
			t.Errorf("Failure of %s = %v, want code wait", with, f)
		}
	}
}

func TestSignalsAreBounded(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`))
	for name, g := range map[string]machine.Signal{
		"no name": {}, "no JSON": {Name: "a", Data: json.RawMessage(`{`)}, "too long": {Name: "a", Data: make(json.RawMessage, machine.MaxSignal+1)},
	} {
		if err := e.run.Signal(g, e.now); !errors.Is(err, machine.ErrInvalid) {
			t.Errorf("Signal with %s = %v, want ErrInvalid", name, err)
		}
	}
	e.alone = true
	for range machine.MaxSignals {
		if err := e.run.Signal(machine.Signal{Name: "a"}, e.now); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.run.Signal(machine.Signal{Name: "a"}, e.now); !errors.Is(err, machine.ErrState) {
		t.Errorf("one signal too many = %v, want ErrState", err)
	}
}

func TestSignalsThatWereHeardMakeRoom(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "a", "run": "x"}`, `{"name": "w", "run": "wait", "with": {"signal": "go"}}`))
	e.event(e.run.Signal(machine.Signal{Name: "go"}, e.now))
	e.alone = true
	for range machine.MaxSignals {
		if err := e.run.Signal(machine.Signal{Name: "a"}, e.now); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.run.State.Signals; len(got) != machine.MaxSignals || got[0].Name != "a" {
		t.Errorf("%d signals are kept, the first %q, want %d without the one that was heard", len(got), got[0].Name, machine.MaxSignals)
	}
}

func TestTheViewSaysWhatIsAwaited(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "ok", "run": "wait", "with": {"approval": {}}}`, `{"name": "w", "run": "wait", "for-each": {"in": ["a"]}, "with": {"signal": "paid-${item}"}}`))
	v := e.run.View()
	if s := v.Steps[0]; s.Awaits != "ok" || !s.Approval {
		t.Errorf("Awaits, Approval = %q, %v", s.Awaits, s.Approval)
	}
	if s := v.Steps[1].Items[0]; s.Awaits != "paid-a" || s.Approval {
		t.Errorf("Awaits, Approval of the item = %q, %v", s.Awaits, s.Approval)
	}
}

func TestSubWorkflows(t *testing.T) {
	t.Parallel()
	doc := steps(
		`{"name": "s", "run": "workflow", "with": {"workflow": "sub"}, "timeout": "10s", "retry": {"max": 1, "backoff": "1s"}}`,
		`{"name": "z", "run": "x", "with": "${steps.s.output}"}`,
	)
	t.Run("succeeds", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		if c := e.told.Children; len(c) != 1 || c[0].Ref != e.ref("s") || strings.ReplaceAll(string(c[0].With), " ", "") != `{"workflow":"sub"}` {
			t.Fatalf("Children = %+v", c)
		}
		e.run.ChildStarted(e.ref("s"), 70, e.now)
		e.after()
		if err := e.run.ChildFinished(e.end("s", 69, machine.Succeeded, nil, nil), e.now); !errors.Is(err, machine.ErrStale) {
			t.Errorf("ChildFinished of another = %v, want ErrStale", err)
		}
		e.event(e.run.ChildFinished(e.end("s", 70, machine.Succeeded, json.RawMessage(`5`), nil), e.now))
		if with, _ := e.claim("z"); with != "5" {
			t.Errorf("payload = %s", with)
		}
	})
	t.Run("fails and is tried again under another key", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		e.run.ChildStarted(e.ref("s"), 70, e.now)
		e.event(e.run.ChildFinished(e.end("s", 70, machine.Failed, nil, &machine.Failure{Code: "exit.2", Message: "broke", Step: "q", Fatal: true}), e.now))
		e.want(machine.Running, "s=backoff z=waiting")
		e.wake(1000)
		if c := e.told.Children; len(c) != 2 || c[0].Key == c[1].Key {
			t.Fatalf("Children = %+v, want two keys", c)
		}
		e.run.ChildStarted(e.ref("s"), 80, e.now)
		e.after()
		if err := e.run.ChildFinished(e.end("s", 70, machine.Failed, nil, nil), e.now); !errors.Is(err, machine.ErrStale) {
			t.Errorf("ChildFinished of the first = %v, want ErrStale", err)
		}
		e.event(e.run.ChildFinished(e.end("s", 80, machine.TimedOut, nil, nil), e.now))
		e.want(machine.Failed, "s=failed z=skipped:upstream")
		if f := e.run.State.Failure; f.Code != "timeout" {
			t.Errorf("Failure = %+v", f)
		}
	})
	t.Run("is not ended by the run of an earlier attempt", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		old := e.end("s", 70, machine.Succeeded, json.RawMessage(`"old"`), nil)
		e.run.ChildStarted(e.ref("s"), 70, e.now)
		e.event(e.run.Reset([]string{"s"}, "ann", e.now))
		e.begin()
		if err := e.run.ChildFinished(old, e.now); !errors.Is(err, machine.ErrStale) {
			t.Errorf("ChildFinished of a run before the reset = %v, want ErrStale", err)
		}
		e.want(machine.Running, "s=sleeping z=waiting")
	})
	t.Run("times out and is canceled", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		e.run.ChildStarted(e.ref("s"), 70, e.now)
		e.wake(10_000)
		e.want(machine.Running, "s=backoff z=waiting")
		if c := e.told.Cancel; len(c) != 1 || c[0] != 70 {
			t.Errorf("Cancel = %v, want 70", c)
		}
		e.run.ChildStarted(e.ref("s"), 71, e.now)
		e.after()
		if c := e.told.Cancel; len(c) != 2 || c[1] != 71 {
			t.Errorf("Cancel = %v, want 70 and 71, which nobody waits for", c)
		}
	})
	t.Run("of two runs the older is canceled", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		for _, child := range []workflow.RunID{70, 60, 80} {
			e.run.ChildStarted(e.ref("s"), child, e.now)
			e.after()
		}
		if c := e.told.Cancel; len(c) != 2 || c[0] != 60 || c[1] != 70 {
			t.Errorf("Cancel = %v, want 60 and 70", c)
		}
		e.event(e.run.ChildFinished(e.end("s", 80, machine.Succeeded, nil, nil), e.now))
	})
	t.Run("cannot be submitted", func(t *testing.T) {
		t.Parallel()
		e := begun(t, doc)
		e.event(e.run.ChildFinished(e.end("s", 0, machine.Failed, nil, &machine.Failure{Code: "invalid", Message: "no such workflow", Fatal: true}), e.now))
		e.want(machine.Failed, "s=failed z=skipped:upstream")
	})
	t.Run("goes on while its run fails", func(t *testing.T) {
		t.Parallel()
		e := begun(t, steps(`{"name": "s", "run": "workflow", "with": {}}`, `{"name": "z", "run": "x"}`))
		e.run.ChildStarted(e.ref("s"), 70, e.now)
		e.fail("z", "exit.1")
		e.want(machine.Running, "s=sleeping z=failed")
		e.event(e.run.ChildFinished(e.end("s", 70, machine.Succeeded, nil, nil), e.now))
		e.want(machine.Failed, "s=succeeded z=failed")
	})
}
