package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func (a *API) workerRoutes() []route {
	return []route{
		{
			method: "POST", path: "/pools/{pool}/poll", name: "poll", takes: PollRequest{}, gives: PollAnswer{},
			text: "Ask for tasks, and wait for them. The same call may bring results and heartbeats of earlier ones.", do: (*call).poll,
		},
		{
			method: "POST", path: "/pools/{pool}/report", name: "report", takes: ReportRequest{}, gives: ReportAnswer{},
			text: "Bring results and heartbeats, and give back tasks that were not begun.", do: (*call).report,
		},
	}
}

// TaskReport is what a worker tells of one task.
type TaskReport struct {
	Run   workflow.RunID `json:"run"`
	Step  string         `json:"step"`
	Item  *int           `json:"item,omitempty"` // as in the task; -1 without
	Fence machine.Fence  `json:"fence"`
	// Percent, Message, State and Log come with heartbeats and results.
	Percent float64         `json:"percent,omitempty"`
	Message string          `json:"message,omitempty"`
	State   json.RawMessage `json:"state,omitempty"`
	Log     string          `json:"log,omitempty"`
	// Output or Failure come with results.
	Output  json.RawMessage  `json:"output,omitempty"`
	Failure *machine.Failure `json:"failure,omitempty"`
}

func (t TaskReport) held() shard.Held {
	item := -1
	if t.Item != nil {
		item = *t.Item
	}
	return shard.Held{Run: t.Run, Step: t.Step, Item: item, Fence: t.Fence}
}

func (t TaskReport) beat() shard.Beat {
	return shard.Beat{
		Held: t.held(), Report: machine.Report{Percent: t.Percent, Message: t.Message, Saved: t.State}, Log: []byte(t.Log),
	}
}

// ReportRequest brings what became of tasks.
type ReportRequest struct {
	Complete  []TaskReport `json:"complete,omitempty"`
	Heartbeat []TaskReport `json:"heartbeat,omitempty"`
	GiveBack  []TaskReport `json:"give-back,omitempty"`
}

// ReportAnswer says which reports did not count.
type ReportAnswer struct {
	// Lost are tasks that are not the worker's any more: it must stop them.
	Lost []LostTask `json:"lost,omitempty"`
	// Again are reports that must be sent again.
	Again []LostTask `json:"again,omitempty"`
}

// LostTask is a report that did not count, and why.
type LostTask struct {
	Run   workflow.RunID `json:"run"`
	Step  string         `json:"step"`
	Item  int            `json:"item"`
	Fence machine.Fence  `json:"fence"`
	Why   string         `json:"why"`
}

// PollRequest asks for tasks.
type PollRequest struct {
	Worker string   `json:"worker"`
	Types  []string `json:"types,omitempty"` // what the worker executes; all without
	Max    int      `json:"max,omitempty"`   // 0 asks for none: only reports; at most 64
	// Wait is how long to wait for a task: at most 60s, default 30s.
	Wait *workflow.Duration `json:"wait,omitempty"`
	ReportRequest
}

// PollAnswer brings tasks, and what became of the reports.
type PollAnswer struct {
	Tasks []work.Task `json:"tasks"`
	ReportAnswer
}

const (
	maxReports  = 1000
	defaultWait = 30 * time.Second
	maxWait     = time.Minute
)

func (c *call) serving() (string, error) {
	pool := c.r.PathValue("pool")
	if !c.caller.serves(pool) {
		return "", &statusError{http.StatusForbidden, fmt.Errorf("you do not work for pool %q", pool)}
	}
	return pool, nil
}

func (c *call) poll() (any, error) {
	pool, err := c.serving()
	if err != nil {
		return nil, err
	}
	var req PollRequest
	if err := c.read(&req); err != nil {
		return nil, err
	}
	answer := PollAnswer{Tasks: []work.Task{}}
	if answer.ReportAnswer, err = c.take(req.ReportRequest, pool); err != nil {
		return nil, err
	}
	if req.Max <= 0 {
		return answer, nil
	}
	wait := defaultWait
	if req.Wait != nil {
		wait = min(max(req.Wait.Std(), 0), maxWait)
	}
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(wait + 30*time.Second))
	ctx, cancel := context.WithTimeout(c.r.Context(), wait)
	defer cancel()
	tasks, err := c.e.Poll(ctx, engine.Ask{Worker: req.Worker, Pool: pool, Types: req.Types, Max: req.Max})
	if err != nil {
		return nil, err
	}
	if len(tasks) > 0 && c.r.Context().Err() != nil { // nobody is there to execute them
		c.returned(tasks)
		return nil, c.r.Context().Err()
	}
	answer.Tasks = append(answer.Tasks, tasks...)
	return answer, nil
}

func (c *call) returned(tasks []work.Task) {
	held := make([]shard.Held, len(tasks))
	for i, t := range tasks {
		held[i] = shard.Held{Run: t.Run, Step: t.Step, Item: t.Item, Fence: t.Fence}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), 10*time.Second)
	defer cancel()
	_, _ = c.e.GiveBack(ctx, held) // otherwise their leases run out
}

func (c *call) report() (any, error) {
	pool, err := c.serving()
	if err != nil {
		return nil, err
	}
	var req ReportRequest
	if err := c.read(&req); err != nil {
		return nil, err
	}
	return c.take(req, pool)
}

// take takes reports. Only the holder of a task knows its fence, which is not
// to be guessed by chance but is no secret either: a task must also be of the
// pool that the caller works for.
func (c *call) take(req ReportRequest, pool string) (ReportAnswer, error) {
	var answer ReportAnswer
	if n := len(req.Complete) + len(req.Heartbeat) + len(req.GiveBack); n > maxReports {
		return answer, fmt.Errorf("%w: %d reports in one call, of %d allowed", work.ErrInvalid, n, maxReports)
	}
	ctx := c.r.Context()
	beats := make([]shard.Beat, 0, len(req.Heartbeat)+len(req.Complete))
	for _, t := range req.Heartbeat {
		beats = append(beats, c.ofPool(t.beat(), pool))
	}
	done := make([]shard.Completion, 0, len(req.Complete))
	for _, t := range req.Complete {
		if t.Log != "" || t.State != nil {
			beats = append(beats, c.ofPool(t.beat(), pool))
		}
		h := t.held()
		h.Pool = pool
		done = append(done, shard.Completion{Held: h, Result: work.Result{Failure: t.Failure, Output: t.Output}})
	}
	back := make([]shard.Held, 0, len(req.GiveBack))
	for _, t := range req.GiveBack {
		h := t.held()
		h.Pool = pool
		back = append(back, h)
	}
	for _, part := range []func() ([]shard.Held, []error, error){
		func() ([]shard.Held, []error, error) {
			errs, err := c.e.Heartbeat(ctx, beats)
			return heldOf(beats, func(b shard.Beat) shard.Held { return b.Held }), errs, err
		},
		func() ([]shard.Held, []error, error) {
			errs, err := c.e.Complete(ctx, done)
			return heldOf(done, func(d shard.Completion) shard.Held { return d.Held }), errs, err
		},
		func() ([]shard.Held, []error, error) {
			errs, err := c.e.GiveBack(ctx, back)
			return back, errs, err
		},
	} {
		held, errs, err := part()
		if err != nil {
			return answer, err
		}
		if err := answer.add(held, errs); err != nil {
			return answer, err
		}
	}
	return answer, nil
}

func (c *call) ofPool(b shard.Beat, pool string) shard.Beat {
	b.Pool = pool
	return b
}

func heldOf[T any](all []T, of func(T) shard.Held) []shard.Held {
	list := make([]shard.Held, len(all))
	for i, one := range all {
		list[i] = of(one)
	}
	return list
}

// add sorts answers to reports. When another engine owns the shard the whole
// call is passed on to it.
func (a *ReportAnswer) add(held []shard.Held, errs []error) error {
	for i, err := range errs {
		lost := LostTask{Run: held[i].Run, Step: held[i].Step, Item: held[i].Item, Fence: held[i].Fence}
		var owner *engine.OwnerError
		switch {
		case err == nil:
		case errors.As(err, &owner):
			return err
		case errors.Is(err, work.ErrBusy):
			lost.Why = err.Error()
			a.Again = append(a.Again, lost)
		default:
			lost.Why = err.Error()
			if !a.has(lost) {
				a.Lost = append(a.Lost, lost)
			}
		}
	}
	return nil
}

func (a *ReportAnswer) has(l LostTask) bool {
	for _, have := range a.Lost {
		if have.Run == l.Run && have.Fence == l.Fence && have.Step == l.Step && have.Item == l.Item {
			return true
		}
	}
	return false
}
