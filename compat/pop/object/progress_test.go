package object_test

import (
	"testing"

	"github.com/berth-project/berth/compat/pop/object"
)

func TestSummarise(t *testing.T) {
	t.Parallel()
	p := func(s object.State, message string, percent float64) *object.Progress {
		return &object.Progress{State: s, StateMessage: message, PercentComplete: &percent}
	}
	for _, c := range []struct {
		list    []*object.Progress
		state   object.State
		percent float64
	}{
		{nil, object.Complete, -1},
		{[]*object.Progress{p(object.Waiting, "", 0), p(object.Waiting, "", 0)}, object.Waiting, 0},
		{[]*object.Progress{p(object.Waiting, "", 0), p(object.Complete, "succeeded", 100)}, object.Executing, 50},
		{[]*object.Progress{p(object.Executing, "", 40), {State: object.Complete}}, object.Executing, 20},
		{[]*object.Progress{p(object.Complete, "", 150), p(object.Complete, "", 100)}, object.Complete, 100},
		{[]*object.Progress{p(object.Executing, "", 40), p(object.Waiting, "FAILED", 0)}, object.Complete, -1},
	} {
		got := object.Summarise(c.list)
		percent := -1.0
		if got.Percent != nil {
			percent = *got.Percent
		}
		if got.State != c.state || percent != c.percent {
			t.Errorf("Summarise(%d) = %s %v, want %s %v", len(c.list), got.State, percent, c.state, c.percent)
		}
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	half, much := 50.0, 250.0
	got := object.Percent([]object.OperationProgress{
		{State: object.Complete},
		{State: object.Executing, PercentComplete: &half},
		{State: object.Executing, PercentComplete: &much},
		{State: object.Waiting, PercentComplete: &much},
	})
	if got != 62.5 {
		t.Errorf("Percent = %v, want 62.5", got)
	}
}
