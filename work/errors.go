package work

import (
	"errors"
	"fmt"
	"time"
)

// Why the context of a task ended; see Executor.
var (
	ErrTimeout   = errors.New("the attempt took longer than its timeout")
	ErrCanceled  = errors.New("the run was canceled")
	ErrLeaseLost = errors.New("the lease was lost: another attempt may have begun")
	ErrStopping  = errors.New("the engine is stopping")

	// ErrShardLost is an ErrLeaseLost: another engine has the shard, or will, and
	// begins the step again. What it can take over may go on.
	ErrShardLost = fmt.Errorf("%w: another engine has its shard", ErrLeaseLost)
)

// What the engine answers when it does not do what it was asked.
var (
	// ErrNotFound: there is no such run, step, queue, pool, tenant or schedule.
	ErrNotFound = errors.New("not found")
	// ErrStale: the fence is not that of the current lease; whoever holds it
	// must stop and forget its result.
	ErrStale = errors.New("stale fence: the lease was lost or given to another")
	// ErrConflict: the run's state does not allow this, or a version differs.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: what was sent is wrong; the text says where.
	ErrInvalid = errors.New("invalid")
	// ErrQuota: the tenant has reached one of its quotas.
	ErrQuota = errors.New("quota exceeded")
	// ErrBusy: the engine takes no more for the moment; try again later.
	ErrBusy = errors.New("busy")
	// ErrNotOwner: another engine owns this shard at present; OwnerError
	// names it.
	ErrNotOwner = errors.New("another engine owns the shard")
)

// RateError is an ErrQuota that passes by itself.
type RateError struct {
	After time.Duration // when trying again makes sense
	Why   string
}

// Error says what was too much, and how long to wait.
func (r *RateError) Error() string {
	return ErrQuota.Error() + ": " + r.Why + ": try again in " + r.After.Round(time.Millisecond).String()
}

// Unwrap makes it ErrQuota.
func (r *RateError) Unwrap() error { return ErrQuota }
