package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Work is what the rooms of work look at. An [engine.Engine] has the methods.
type Work interface {
	List(ctx context.Context, f store.Filter, cursor string, limit int) ([]store.Summary, string, error)
	Count(ctx context.Context, f store.Filter, limit int) (int, error)
	Get(ctx context.Context, id workflow.RunID, tenants []string) (engine.Run, error)
	History(ctx context.Context, id workflow.RunID, tenants []string) ([]machine.Entry, error)
	Explain(ctx context.Context, id workflow.RunID, tenants []string) (shard.Explanation, error)
	Logs(ctx context.Context, id workflow.RunID, tenants []string, step string, item, attempt int, after int64, limit int) ([]engine.LogLine, error)
	Watch(ctx context.Context, after uint64, want func(*work.Event) bool) (events <-chan work.Event, ok bool)

	Queues(ctx context.Context, top int) ([]engine.QueueState, error)
	Pools(ctx context.Context) ([]shard.PoolState, error)
	Tenants(ctx context.Context) ([]engine.TenantState, error)
	Schedules(tenants []string) []work.Schedule
	Dead(ctx context.Context, f store.DeadFilter, cursor string, limit int) ([]store.Event, string, error)

	Definitions(tenants []string) []work.Definition
	Definition(name string, version int, tenant string) (work.Definition, *workflow.Plan, error)
	Versions(name string) []work.Definition
	Plan(ctx context.Context, s work.Submission) (engine.Planned, error)
}

// WorkActions is what an operator can have done about work. An [engine.Engine]
// has the methods.
type WorkActions interface {
	Control(ctx context.Context, o shard.Order) error
	Submit(ctx context.Context, subs []work.Submission) ([]work.Receipt, error)
	PutQueue(ctx context.Context, q work.Queue, version int64) (int64, error)
	PutPool(ctx context.Context, p work.Pool, version int64) (int64, error)
	PutTenant(ctx context.Context, t work.Tenant, version int64) (int64, error)
	PutSchedule(ctx context.Context, s work.Schedule, version int64) (int64, error)
	RunSchedule(ctx context.Context, name, by string) (workflow.RunID, error)
	Setting(ctx context.Context, kind, id string) (store.Setting, error)
	Replay(ctx context.Context, ev store.Event) error
	ReplayAll(ctx context.Context, dead []store.Event) error
	Drop(ctx context.Context, ev store.Event) error
}

// workTimeout bounds what is asked of the engine for one page or action.
const workTimeout = 10 * time.Second

// working gives a builder of a page about work a deadline, and answers for it
// where there is no work.
func (c *Console) working(build func(context.Context, *http.Request) (*page, *fault)) builder {
	return func(r *http.Request) (*page, *fault) {
		if c.src.Work == nil {
			return nil, faultNotFound
		}
		ctx, cancel := context.WithTimeout(r.Context(), workTimeout)
		defer cancel()
		return build(ctx, r)
	}
}

// workFault is what a reader is told of an error of the engine.
func (c *Console) workFault(err error) *fault {
	var owner *engine.OwnerError
	switch {
	case errors.Is(err, work.ErrNotFound):
		return &fault{status: http.StatusNotFound, code: "not_found", text: sentence(without(err, work.ErrNotFound))}
	case errors.Is(err, work.ErrInvalid), errors.Is(err, store.ErrCursor):
		return &fault{status: http.StatusBadRequest, code: "invalid", text: sentence(err)}
	case errors.Is(err, work.ErrConflict):
		return &fault{status: http.StatusConflict, code: "conflict", text: sentence(err)}
	case errors.As(err, &owner):
		return &fault{status: http.StatusServiceUnavailable, code: "not_owner", text: sentence(err)}
	case errors.Is(err, work.ErrBusy), errors.Is(err, work.ErrQuota):
		return &fault{status: http.StatusServiceUnavailable, code: "busy", text: sentence(err)}
	}
	c.src.Log.Warn("the engine did not answer the console", "error", err)
	return &fault{
		status: http.StatusServiceUnavailable, code: "unavailable",
		text: "The engine or its store does not answer at the moment; the log says why. Try again.",
	}
}

// without is an error without the kind that its text begins with: the heading of
// a page says as much.
func without(err, kind error) error {
	if rest, ok := strings.CutPrefix(err.Error(), kind.Error()+": "); ok {
		return errors.New(rest)
	}
	return err
}

// sentence makes one of an error.
func sentence(err error) string {
	text := []rune(err.Error())
	if len(text) == 0 {
		return ""
	}
	if text[0] >= 'a' && text[0] <= 'z' {
		text[0] -= 'a' - 'A'
	}
	return string(text) + "."
}

// byName is who did something, for the history of a run.
func byName(r *http.Request) string {
	if user := userOf(r); user != "" {
		return user
	}
	return "the console"
}

// at is a time of the engine's, zero for none.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
