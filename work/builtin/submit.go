package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/with"
)

// submit submits a run of the step's own tenant. Its "with" is a
// [work.Submission]; without an idempotency key of its own it is the step
// run's, so that another attempt does not submit it again.
func (e *Executor) submit(ctx context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	var s work.Submission
	if err := with.Decode(task.With, &s); err != nil {
		return nil, err
	}
	if s.Tenant != "" && s.Tenant != task.Tenant {
		return nil, failedForGood("refused", "a run of tenant %q cannot submit one of tenant %q", task.Tenant, s.Tenant)
	}
	if s.Parent != 0 {
		return nil, errors.New("parent: a run that has one is a step of type workflow")
	}
	s.Tenant, s.By = task.Tenant, fmt.Sprintf("run %s, step %s", task.Run, task.Step)
	if s.IdempotencyKey == "" {
		s.IdempotencyKey = task.Key
	}
	receipt, err := e.opts.Submit(ctx, s)
	if err == nil && receipt.Error != nil {
		err = receipt.Error
	}
	if err != nil {
		return nil, refusal(err)
	}
	return json.Marshal(submitted{receipt.ID.String(), receipt.Queue})
}

type submitted struct {
	ID    string `json:"id"`
	Queue string `json:"queue,omitempty"`
}

// refusal is the failure of a submission that was not taken.
func refusal(err error) error {
	switch {
	case errors.Is(err, work.ErrInvalid):
		return failedForGood("invalid", "%v", err)
	case errors.Is(err, work.ErrNotFound):
		return failedForGood("not-found", "%v", err)
	case errors.Is(err, work.ErrConflict):
		return failedForGood("conflict", "%v", err)
	case errors.Is(err, work.ErrQuota):
		return failed("quota", "%v", err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return failed("canceled", "%v", err)
	}
	return failed("busy", "%v", err)
}
