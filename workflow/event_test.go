package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow"
)

func TestTemplateOfAnEventRefersToNothingElse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a": "${evnt.body}"}`:   "a reference begins with event",
		`{"a": "${params.size}"}`: "refer to event",
		`{"a": "${event.body"}`:   `"${" without "}"`,
	} {
		_, err := workflow.ParseTemplate("params", json.RawMessage(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "signal") {
			t.Errorf("ParseTemplate(%s) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestNoEventSaysWhatMayHaveBeenMeant(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"run.failed": "", "run.*": "", "*.failed": "", "step.*": "", "*": "",
		"run.faild":  `did you mean "run.failed"?`,
		"run.queued": "there are run.succeeded, run.failed, run.canceled, run.timed-out, step.failed",
	} {
		if got := workflow.NoEvent(pattern); got != want {
			t.Errorf("NoEvent(%q) = %q, want %q", pattern, got, want)
		}
	}
}
