// Package cause names why the context of a task ended, as the code of a
// failure.
package cause

import (
	"context"
	"errors"

	"github.com/berth-project/berth/work"
)

// Code returns "timeout", "lease-lost", "stopping" or "canceled" for a context
// that has ended.
func Code(ctx context.Context) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, work.ErrTimeout), errors.Is(cause, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(cause, work.ErrLeaseLost):
		return "lease-lost"
	case errors.Is(cause, work.ErrStopping):
		return "stopping"
	}
	return "canceled"
}
