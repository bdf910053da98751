package machine_test

import (
	"encoding/json"
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

func TestStatusesAsText(t *testing.T) {
	t.Parallel()
	for s, want := range map[machine.Status]string{
		machine.Held: "held", machine.Queued: "queued", machine.Running: "running", machine.Succeeded: "succeeded",
		machine.Failed: "failed", machine.Canceled: "canceled", machine.TimedOut: "timed-out",
	} {
		if got := s.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
		if got, err := machine.ParseStatus(want); got != s || err != nil {
			t.Errorf("ParseStatus(%q) = %v, %v", want, got, err)
		}
		if final := s >= machine.Succeeded; s.Final() != final {
			t.Errorf("%v.Final() = %v", s, s.Final())
		}
	}
	for s, want := range map[machine.StepStatus]string{
		machine.StepWaiting: "waiting", machine.StepReady: "ready", machine.StepRunning: "running", machine.StepBackoff: "backoff",
		machine.StepSleeping: "sleeping", machine.StepSucceeded: "succeeded", machine.StepFailed: "failed",
		machine.StepSkipped: "skipped", machine.StepCanceled: "canceled",
	} {
		if got := s.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
		if got, err := machine.ParseStepStatus(want); got != s || err != nil {
			t.Errorf("ParseStepStatus(%q) = %v, %v", want, got, err)
		}
	}
	for _, text := range []string{"", "done", "Queued", "timed_out"} {
		if got, err := machine.ParseStatus(text); err == nil {
			t.Errorf("ParseStatus(%q) = %v, want an error", text, got)
		}
		if got, err := machine.ParseStepStatus(text); err == nil {
			t.Errorf("ParseStepStatus(%q) = %v, want an error", text, got)
		}
	}
}

func TestStatusesInJSON(t *testing.T) {
	t.Parallel()
	type all struct {
		Run    machine.Status
		Step   machine.StepStatus
		Reason machine.Reason
	}
	in := all{machine.TimedOut, machine.StepBackoff, machine.ByHand}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Run":"timed-out","Step":"backoff","Reason":"by-hand"}`; string(text) != want {
		t.Errorf("Marshal = %s, want %s", text, want)
	}
	var out all
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("Unmarshal = %v, %v, want %v", out, err, in)
	}
	if err := json.Unmarshal([]byte(`{"Reason": "bored"}`), &out); err == nil {
		t.Error("Unmarshal of a reason there is not = nil, want an error")
	}
}
