package object_test

import (
	"testing"
	"time"

	"github.com/berth-project/berth/compat/pop/object"
)

func TestUpkeep(t *testing.T) {
	t.Parallel()
	n := func(i int) *int { return &i }
	for _, c := range []struct {
		p    object.Progress
		want bool
	}{
		{object.Progress{State: object.Complete, StateMessage: "failed"}, true},
		{object.Progress{State: object.Complete, StateMessage: "failed", AttemptsCompleted: n(3)}, false},
		{object.Progress{State: object.Complete, StateMessage: "failed", AttemptsCompleted: n(3), MaximumAttempts: n(4)}, true},
		{object.Progress{State: object.Complete, StateMessage: "failed", AttemptsCompleted: n(20), MaximumAttempts: n(50)}, false},
		{object.Progress{State: object.Complete, StateMessage: "succeeded"}, false},
		{object.Progress{State: object.Executing, StateMessage: "failed"}, false},
	} {
		if got := c.p.RetryDue(); got != c.want {
			t.Errorf("RetryDue of %+v = %t", c.p, got)
		}
	}
	for text, want := range map[string]int{`{}`: 3, `{"maximumAttempts": "7"}`: 7, `{"maximumAttempts": 99}`: 20, `{"maximumAttempts": 0}`: 1, `{"maximumAttempts": []}`: 3} {
		if got := decode[object.Params](t, []byte(text)).Attempts(object.DefaultMaximumAttempts); got != want {
			t.Errorf("Attempts of %s = %d, want %d", text, got, want)
		}
	}
	now := time.UnixMilli(1_700_000_000_000)
	old := object.Common{UpdatedTime: now.Add(-object.ReapAge).UnixMilli() - 1}
	silent := object.Common{UpdatedTime: now.Add(-object.ReclaimAge).UnixMilli() - 1}
	for name, c := range map[string]struct{ got, want bool }{
		"silent executor":       {(&object.Progress{Common: silent, State: object.Executing}).ReclaimDue(now, object.ReclaimAge), true},
		"executor just heard":   {(&object.Progress{Common: object.Common{UpdatedTime: now.UnixMilli()}, State: object.Executing}).ReclaimDue(now, object.ReclaimAge), false},
		"silent but waiting":    {(&object.Progress{Common: silent, State: object.Waiting}).ReclaimDue(now, object.ReclaimAge), false},
		"old and complete":      {(&object.Progress{Common: old, State: object.Complete}).ReapDue(now, object.ReapAge), true},
		"old and still waiting": {(&object.Progress{Common: old, State: object.Waiting}).ReapDue(now, object.ReapAge), false},
		"complete, not old":     {(&object.Progress{Common: silent, State: object.Complete}).ReapDue(now, object.ReapAge), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: due = %t", name, c.got)
		}
	}
}
