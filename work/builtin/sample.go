package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/cause"
	"github.com/berth-project/berth/work/internal/with"
)

// Sample is the "with" of a step of type "sample": a stand-in for a program,
// with the payload of the sample handler of Comcast's POP. It does what the
// actions say, in their order, and its output is ResultPayload.
type Sample struct {
	Actions       []Action        `json:"actions"`
	ResultPayload json.RawMessage `json:"resultPayload,omitempty"`
}

// Action is one thing that a sample does: "log" writes LogMessage, "exception"
// fails with ExceptionMessage. "externalExecute" runs a program in POP and is
// refused here: that is what the step type "shell" is for.
type Action struct {
	Action    string `json:"action"`
	ParamsMap struct {
		// SleepMilliseconds is how long the action takes besides.
		SleepMilliseconds int64    `json:"sleepMilliseconds,omitempty"`
		LogMessage        string   `json:"logMessage,omitempty"`
		ExceptionMessage  string   `json:"exceptionMessage,omitempty"`
		ExternalArgs      []string `json:"externalArgs,omitempty"`
	} `json:"paramsMap"`
}

const (
	maxActions = 1000
	// maxSleep bounds the sleep of one action.
	maxSleep = 24 * time.Hour
	// beat is how often a sleeping sample tells how far it is.
	beat = time.Second
)

func sample(ctx context.Context, task work.Task, report work.Reporter) (json.RawMessage, error) {
	var s Sample
	if err := with.Decode(task.With, &s); err != nil {
		return nil, err
	}
	if len(s.Actions) > maxActions {
		return nil, fmt.Errorf("actions: %d are more than the %d allowed", len(s.Actions), maxActions)
	}
	total, done := time.Duration(0), time.Duration(0)
	for i, a := range s.Actions {
		sleep := time.Duration(a.ParamsMap.SleepMilliseconds) * time.Millisecond
		if a.ParamsMap.SleepMilliseconds < 0 || a.ParamsMap.SleepMilliseconds > maxSleep.Milliseconds() {
			return nil, fmt.Errorf("actions[%d]: sleepMilliseconds: want 0 to %d", i, maxSleep.Milliseconds())
		}
		total += sleep
	}
	for i, a := range s.Actions {
		switch a.Action {
		case "log":
			report.Log([]byte(a.ParamsMap.LogMessage + "\n"))
		case "exception":
		case "externalExecute":
			return nil, failedForGood("refused", "actions[%d]: a sample runs no programs: use a step of type shell", i)
		default:
			return nil, fmt.Errorf("actions[%d]: %q is not log or exception", i, a.Action)
		}
		for left := time.Duration(a.ParamsMap.SleepMilliseconds) * time.Millisecond; left > 0; left -= beat {
			if err := sleep(ctx, min(left, beat)); err != nil {
				return nil, err
			}
			done += min(left, beat)
			report.Progress(100*float64(done)/float64(total), a.Action)
		}
		if a.Action == "exception" {
			return nil, failed("exception", "%s", a.ParamsMap.ExceptionMessage)
		}
	}
	return orNull(s.ResultPayload), nil
}

// sleep returns the failure of an attempt that is over before its time.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
	}
	return failed(cause.Code(ctx), "it was interrupted: %v", context.Cause(ctx))
}
