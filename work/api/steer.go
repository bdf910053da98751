package api

import (
	"fmt"
	"net/http"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// steering is what one may ask of a run, and what one must be allowed for it.
type steering struct {
	verb   shard.Verb
	path   string
	action Action
	text   string
}

func (a *API) steerRoutes() []route {
	all := []steering{
		{shard.Cancel, "cancel", Cancel, "Stop a run: what executes is called back, what waits does not start; steps under finally still run."},
		{shard.Pause, "pause", Cancel, "Let a run rest: what executes goes on, nothing new starts."},
		{shard.Resume, "resume", Cancel, "End a pause."},
		{shard.Release, "release", Cancel, "Queue a held run now."},
		{shard.Retry, "retry", Rerun, "Run again what did not succeed; what succeeded stays."},
		{shard.Reset, "reset", Rerun, "Run again the named steps and all that depend on them; all steps without names."},
		{shard.Skip, "skip", Rerun, "Settle the named steps as skipped."},
		{shard.SignalIt, "signal", Signal, "Tell a run something that a step waits for: an event, an approval."},
		{shard.Extend, "steps", Rerun, "Add steps to a run."},
		{shard.Requeue, "move", Cancel, "Move a waiting run to another queue or priority."},
	}
	list := make([]route, 0, len(all)+1)
	for _, s := range all {
		list = append(list, route{
			method: http.MethodPost, path: "/runs/{run}/" + s.path, name: s.path + "Run", may: string(s.action), text: s.text,
			takes: Steer{}, optional: true, gives: either{Run{}, done{}},
			do: func(c *call) (any, error) { return c.steer(s) },
		})
	}
	return append(list, route{
		method: http.MethodDelete, path: "/runs/{run}", name: "deleteRun", may: string(Cancel), text: "Delete a run that is final, with all that is kept of it.",
		status: http.StatusOK, gives: done{},
		do: func(c *call) (any, error) {
			return c.steer(steering{verb: shard.Delete, action: Cancel})
		},
	})
}

// Steer is the body of what is asked of a run; each verb reads its own
// fields. It may be empty where no field is needed.
type Steer struct {
	Reason   string          `json:"reason,omitempty"`
	Steps    []string        `json:"steps,omitempty"`    // reset, skip
	Hold     bool            `json:"hold,omitempty"`     // reset: do not queue it
	Signal   *machine.Signal `json:"signal,omitempty"`   // signal
	Add      []workflow.Step `json:"add,omitempty"`      // steps
	Parent   string          `json:"parent,omitempty"`   // steps: the step they belong to
	Queue    string          `json:"queue,omitempty"`    // move
	Priority *int            `json:"priority,omitempty"` // move: 0 to 9
}

type done struct {
	Done bool `json:"done"`
}

func (c *call) steer(s steering) (any, error) {
	id, err := c.run()
	if err != nil {
		return nil, err
	}
	var body Steer
	if len(c.body) > 0 {
		if err := c.read(&body); err != nil {
			return nil, err
		}
	}
	run, err := c.mayOn(id, s.action)
	if err != nil {
		return nil, err
	}
	o, err := c.order(s, run, body)
	if err != nil {
		return nil, err
	}
	if err := c.e.Control(c.r.Context(), o); err != nil {
		return nil, err
	}
	if s.verb == shard.Delete || !c.caller.May(Read, run.Tenant) {
		return done{true}, nil
	}
	return c.get()
}

// order is what the engine is asked to do.
func (c *call) order(s steering, run engine.Run, body Steer) (shard.Order, error) {
	o := shard.Order{
		Verb: s.verb, Run: run.ID, Tenants: c.caller.tenants(s.action), By: c.caller.Name, Reason: body.Reason, Steps: body.Steps,
		Add: body.Add, Parent: body.Parent, Queue: body.Queue, Priority: body.Priority, Hold: body.Hold,
	}
	switch {
	case len(body.Reason) > maxReason:
		return o, fmt.Errorf("%w: reason: at most %d bytes", work.ErrInvalid, maxReason)
	case body.Priority != nil && (*body.Priority < 0 || *body.Priority > 9):
		return o, fmt.Errorf("%w: priority: 0, the most urgent, to 9", work.ErrInvalid)
	case s.verb == shard.Skip && len(body.Steps) == 0:
		return o, fmt.Errorf("%w: steps: which ones are to be skipped", work.ErrInvalid)
	case s.verb == shard.SignalIt && (body.Signal == nil || body.Signal.Name == ""):
		return o, fmt.Errorf("%w: signal.name: which signal it is", work.ErrInvalid)
	case s.verb == shard.SignalIt:
		o.Signal = machine.Signal{Name: body.Signal.Name, Data: body.Signal.Data}
	}
	return o, nil
}

// maxReason bounds what a history keeps of a reason, in bytes.
const maxReason = 1000

// mayOn tells a caller who may read a run that they may not do something to
// it; to others it does not exist.
func (c *call) mayOn(id workflow.RunID, a Action) (engine.Run, error) {
	run, err := c.e.Get(c.r.Context(), id, nil)
	switch {
	case err != nil:
		return run, err
	case c.caller.May(a, run.Tenant):
		return run, nil
	case c.caller.May(Read, run.Tenant):
		return run, forbidden(a, run.Tenant)
	}
	return run, fmt.Errorf("%w: there is no run %v", work.ErrNotFound, id)
}
