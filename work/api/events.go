package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

func (a *API) eventRoutes() []route {
	watching := []parameter{
		{"tenant", "of this tenant; may be repeated"},
		{"kind", "run: only those of runs, not of steps"},
		{"logs", "1: log lines too"},
	}
	return []route{
		{
			method: "GET", path: "/watch", name: "watch", query: watching, text: "What happens, as server-sent events. " +
				"Last-Event-ID goes on where a connection broke; the event \"reset\" says that some were missed.",
			do: func(c *call) (any, error) { return c.watch(0) },
		},
		{
			method: "GET", path: "/runs/{run}/watch", name: "watchRun", query: watching[2:],
			text: "What happens to one run, as server-sent events, until it is final.",
			do: func(c *call) (any, error) {
				id, err := c.run()
				if err != nil {
					return nil, err
				}
				return c.watch(id)
			},
		},
		{
			method: "GET", path: "/events/dead", name: "deadEvents", gives: deadPage{},
			query: append([]parameter{{"to", "for this destination"}, {"run", "of this run"}}, paging...),
			text:  "Events that could not be delivered and were given up.", do: (*call).dead,
		},
		{
			method: "POST", path: "/events/{event}/replay", name: "replayEvent", gives: done{}, text: "Try a dead event again.",
			do: func(c *call) (any, error) { return c.revive(c.e.Replay) },
		},
		{
			method: "DELETE", path: "/events/{event}", name: "dropEvent", gives: done{}, text: "Forget a dead event.",
			do: func(c *call) (any, error) { return c.revive(c.e.Drop) },
		},
	}
}

// silence is how often a watch says that it is alive.
const silence = 15 * time.Second

// watch streams events. Those of one run end with it.
func (c *call) watch(id workflow.RunID) (any, error) {
	want, err := c.wanted(id)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.ParseUint(c.r.Header.Get("Last-Event-ID"), 10, 64)
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	events, complete := c.e.Watch(ctx, after, want)
	rc := http.NewResponseController(c.w)
	_ = rc.SetWriteDeadline(time.Time{})
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.WriteHeader(http.StatusOK)
	if !complete {
		_, _ = fmt.Fprint(c.w, "event: reset\ndata: {}\n\n")
	}
	if id != 0 && c.over(id) {
		return nil, rc.Flush()
	}
	_ = rc.Flush()
	return nil, c.stream(rc, events, id)
}

func (c *call) stream(rc *http.ResponseController, events <-chan work.Event, id workflow.RunID) error {
	beat := time.NewTicker(silence)
	defer beat.Stop()
	for {
		select {
		case e, open := <-events:
			if !open {
				_, _ = fmt.Fprint(c.w, "event: reset\ndata: {}\n\n")
				return rc.Flush()
			}
			data, err := json.Marshal(e)
			if err != nil {
				return nil //nolint:nilerr // the stream has begun: it just ends
			}
			if _, err := fmt.Fprintf(c.w, "id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Kind, data); err != nil {
				return nil //nolint:nilerr // the client is gone
			}
			if id != 0 && e.Step == "" && e.Status.Final() {
				return rc.Flush()
			}
		case <-beat.C:
			if _, err := fmt.Fprint(c.w, ": alive\n\n"); err != nil {
				return nil //nolint:nilerr // the client is gone
			}
		}
		if len(events) == 0 {
			if rc.Flush() != nil {
				return nil
			}
		}
	}
}

// over says whether a run is final already; then it tells so.
func (c *call) over(id workflow.RunID) bool {
	run, err := c.e.Get(c.r.Context(), id, nil)
	if err != nil || !run.Status.Final() {
		return false
	}
	data, err := json.Marshal(work.Event{
		At: run.Finished, Kind: "run." + run.Status.String(), Run: id, Tenant: run.Tenant, Queue: run.Queue,
		Workflow: run.Workflow, Status: run.Status, Failure: run.View.Failure,
	})
	if err == nil {
		_, _ = fmt.Fprintf(c.w, "event: run.%s\ndata: %s\n\n", run.Status, data)
	}
	return true
}

func (c *call) wanted(id workflow.RunID) (func(*work.Event) bool, error) {
	q := c.r.URL.Query()
	tenants := c.readable(q["tenant"])
	if id != 0 {
		if _, err := c.e.Get(c.r.Context(), id, tenants); err != nil {
			return nil, err
		}
	}
	logs, runsOnly := q.Get("logs") == "1", q.Get("kind") == "run"
	return func(e *work.Event) bool {
		switch {
		case id != 0 && e.Run != id, tenants != nil && !slices.Contains(tenants, e.Tenant):
			return false
		case e.Kind == "step.log":
			return logs
		}
		return !runsOnly || e.Step == ""
	}, nil
}

type deadPage struct {
	Events []DeadEvent `json:"events"`
	Next   string      `json:"next,omitempty"`
}

// DeadEvent is an event that was given up.
type DeadEvent struct {
	ID      string          `json:"id"`
	Run     workflow.RunID  `json:"run"`
	Tenant  string          `json:"tenant"`
	Kind    string          `json:"kind"`
	To      string          `json:"to"`
	Created string          `json:"created"`
	Dead    string          `json:"dead"`
	Tries   int             `json:"tries"`
	Error   string          `json:"error"`
	Body    json.RawMessage `json:"body"`
}

// deadFor gives dead events that the caller may steer.
func (c *call) deadFor(cursor string, limit int) ([]store.Event, string, error) {
	f := store.DeadFilter{To: c.r.URL.Query().Get("to")}
	if text := c.r.URL.Query().Get("run"); text != "" {
		id, err := workflow.ParseRunID(text)
		if err != nil {
			return nil, "", fmt.Errorf("%w: run: %w", work.ErrInvalid, err)
		}
		f.Run = id
	}
	if !c.caller.Admin {
		tenants := c.caller.tenants(Define)
		if len(tenants) != 1 {
			return nil, "", adminOnly(c.caller)
		}
		f.Tenant = tenants[0]
	}
	return c.e.Dead(c.r.Context(), f, cursor, limit)
}

func (c *call) dead() (any, error) {
	limit, err := c.number("limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	list, next, err := c.deadFor(c.r.URL.Query().Get("cursor"), limit)
	if err != nil {
		return nil, err
	}
	page := deadPage{Events: []DeadEvent{}, Next: next}
	for _, e := range list {
		page.Events = append(page.Events, DeadEvent{
			ID: strconv.FormatUint(e.ID, 10), Run: e.Run, Tenant: e.Tenant, Kind: e.Kind, To: e.To, Created: instant(e.Created),
			Dead: instant(e.Dead), Tries: e.Try, Error: e.Error, Body: e.Body,
		})
	}
	return page, nil
}

// revive does something with one dead event, or with all of them for "all".
func (c *call) revive(do func(context.Context, store.Event) error) (any, error) {
	want := c.r.PathValue("event")
	found := false
	for cursor := ""; ; {
		list, next, err := c.deadFor(cursor, 1000)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if want != "all" && strconv.FormatUint(e.ID, 10) != want {
				continue
			}
			found = true
			if err := do(c.r.Context(), e); err != nil {
				return nil, err
			}
		}
		if cursor = next; next == "" || found && want != "all" {
			break
		}
	}
	if !found && want != "all" {
		return nil, fmt.Errorf("%w: there is no dead event %.40q", work.ErrNotFound, want)
	}
	return done{true}, nil
}
