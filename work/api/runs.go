package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func (a *API) runRoutes() []route {
	return []route{
		{
			method: "POST", path: "/runs", name: "submit", status: http.StatusCreated, may: submitter,
			takes: either{work.Submission{}, batch{}}, gives: work.Receipt{}, also: map[int]any{http.StatusOK: either{work.Receipt{}, receiptPage{}}},
			text: "Submit a run, or up to 1000 as {\"runs\": […]}: then the answer is {\"receipts\": […]} with status 200, one for each. " +
				"With an idempotency key a second submission answers the first one's run, with status 200.",
			do: (*call).submit,
		},
		{
			method: "POST", path: "/runs/plan", name: "planRun", may: submitter, takes: work.Submission{}, gives: engine.Planned{},
			text: "Say what a submission would become: which queue takes it and why, its parameters with defaults. Nothing is stored.",
			do:   (*call).plan,
		},
		{
			method: "GET", path: "/runs", name: "listRuns", may: reader, gives: either{runPage{}, idPage{}},
			query: append(slices.Clone(filters), parameter{name: "wait", text: "when there are none, wait for some: at most 60s"}),
			text:  "List runs, newest first. With order=finished, wait and the cursor of the last page you hear of every run that ends, soon, and once.", do: (*call).list,
		},
		{
			method: "GET", path: "/runs/count", name: "countRuns", may: reader, query: append(slices.Clone(filters[:len(filters)-len(paging)-2]),
				parameter{name: "limit", text: "count up to this: 1 to 100000, default 10000", number: true}), gives: counted{},
			text: "Count runs, up to a limit.", do: (*call).count,
		},
		{
			method: "GET", path: "/runs/{run}", name: "getRun", may: reader, gives: Run{}, text: "A run with its steps.",
			do: (*call).get,
		},
		{
			method: "GET", path: "/runs/{run}/history", name: "runHistory", may: reader, gives: historyPage{},
			text: "All that happened to a run, every attempt of every step, oldest first.", do: (*call).history,
		},
		{
			method: "GET", path: "/runs/{run}/explain", name: "explainRun", may: reader, gives: shard.Explanation{},
			text: "Why a run is where it is: what holds it in its queue, what its steps wait for.", do: (*call).explain,
		},
		{
			method: "GET", path: "/runs/{run}/logs", name: "runLogs", may: reader, gives: logPage{},
			query: []parameter{
				{name: "step", text: "of this step"},
				{name: "item", text: "of this item of the step; -1 a step without items, all by default", number: true},
				{name: "attempt", text: "of this attempt; all by default", number: true},
				{name: "after", text: "the seq of the last line seen", number: true},
				{name: "limit", text: "1 to 1000, default 200", number: true},
			},
			text: "The logs of a run's attempts.", do: (*call).logs,
		},
		{
			method: "GET", path: "/runs/{run}/steps/{step}/output", name: "stepOutput", may: reader, gives: json.RawMessage{},
			query: []parameter{{name: "item", text: "of this item", number: true}},
			text:  "The output of a step, as it is.", do: (*call).output,
		},
	}
}

// Run is a run as clients get it.
type Run struct {
	ID       workflow.RunID    `json:"id"`
	Tenant   string            `json:"tenant"`
	Queue    string            `json:"queue"`
	Workflow string            `json:"workflow"`
	Version  int               `json:"version,omitempty"`
	State    machine.Status    `json:"state"`
	Paused   bool              `json:"paused,omitempty"`
	Priority int               `json:"priority"`
	Labels   map[string]string `json:"labels,omitempty"`
	Created  string            `json:"created"`
	Started  string            `json:"started,omitempty"`
	Finished string            `json:"finished,omitempty"`
	StartAt  string            `json:"start-at,omitempty"`
	Deadline string            `json:"deadline,omitempty"`
	Failed   string            `json:"failed-with,omitempty"` // the failure's code
	Parent   *workflow.RunID   `json:"parent,omitempty"`
	Cost     float64           `json:"cost,omitempty"`
	Key      string            `json:"key,omitempty"`
	Params   json.RawMessage   `json:"params,omitempty"`
	// Detail is the run's steps, output and failure; lists do not have it.
	Detail *machine.View `json:"detail,omitempty"`
}

func instant(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

func summary(s store.Summary) Run {
	r := Run{
		ID: s.ID, Tenant: s.Tenant, Queue: s.Queue, Workflow: s.Workflow, Version: s.Version, State: s.Status, Paused: s.Paused,
		Priority: int(s.Priority), Labels: s.Labels, Created: instant(s.Created), Started: instant(s.Started),
		Finished: instant(s.Finished), Failed: s.Failure, Cost: s.Cost,
	}
	if s.Status == machine.Held {
		r.StartAt = instant(s.WakeAt)
	}
	if s.Parent != 0 {
		r.Parent = &s.Parent
	}
	return r
}

type runPage struct {
	Runs []Run  `json:"runs"`
	Next string `json:"next,omitempty"`
}

// idPage is what fields=id gives.
type idPage struct {
	IDs  []string `json:"ids"`
	Next string   `json:"next,omitempty"`
}

func (c *call) list() (any, error) {
	f, err := c.filter()
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	fields := c.query.Get("fields")
	if fields != "" && fields != "id" {
		return nil, fmt.Errorf("%w: fields=%.40s: id, or nothing for all", work.ErrInvalid, fields)
	}
	wait, err := c.wait()
	if err != nil {
		return nil, err
	}
	list, next, err := c.listed(f, limit, wait)
	if err != nil {
		return nil, err
	}
	if fields == "id" {
		page := idPage{IDs: make([]string, len(list)), Next: next}
		for i, s := range list {
			page.IDs[i] = s.ID.String()
		}
		return page, nil
	}
	page := runPage{Runs: make([]Run, len(list)), Next: next}
	for i, s := range list {
		page.Runs[i] = summary(s)
	}
	return page, nil
}

// wait reads how long the caller would wait.
func (c *call) wait() (time.Duration, error) {
	text := c.query.Get("wait")
	if text == "" {
		return 0, nil
	}
	d, err := workflow.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%w: wait: %w", work.ErrInvalid, err)
	}
	return min(d.Std(), maxWait), nil
}

// elsewhere is how often a list that waits is read again for what other
// engines do.
const elsewhere = time.Second

// listed lists runs, and waits for some when there are none.
func (c *call) listed(f store.Filter, limit int, wait time.Duration) ([]store.Summary, string, error) {
	cursor := c.query.Get("cursor")
	if wait <= 0 {
		return c.e.List(c.r.Context(), f, cursor, limit)
	}
	if !c.watchers.enter(c.caller.Name) {
		return nil, "", fmt.Errorf("%w: too many lists and watches wait: end some", work.ErrQuota)
	}
	defer c.watchers.leave(c.caller.Name)
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(wait + 30*time.Second))
	ctx, cancel := context.WithTimeout(c.r.Context(), wait)
	defer cancel()
	news := c.news(ctx, f)
	again := time.NewTicker(elsewhere)
	defer again.Stop()
	for {
		list, next, err := c.e.List(c.r.Context(), f, cursor, limit)
		if err != nil || len(list) > 0 {
			return list, next, err
		}
		select {
		case <-news:
		case <-again.C:
		case <-ctx.Done():
			return list, next, nil
		}
	}
}

// news says when something happened, in this engine, that could bring a run
// into a list.
func (c *call) news(ctx context.Context, f store.Filter) <-chan struct{} {
	news := make(chan struct{}, 1)
	c.e.Watch(ctx, 0, func(e *work.Event) bool {
		if e.Step == "" && (f.Tenants == nil || slices.Contains(f.Tenants, e.Tenant)) &&
			(len(f.Statuses) == 0 || slices.Contains(f.Statuses, e.Status)) {
			select {
			case news <- struct{}{}:
			default:
			}
		}
		return false // that something happened is enough
	})
	return news
}

// counted is how many runs there are.
type counted struct {
	Count int `json:"count"`
	// More says that there are more than were counted.
	More bool `json:"more,omitempty"`
}

func (c *call) count() (any, error) {
	f, err := c.filter()
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 10_000, 1, 100_000)
	if err != nil {
		return nil, err
	}
	n, err := c.e.Count(c.r.Context(), f, limit+1)
	return counted{min(n, limit), n > limit}, err
}

// filter reads the filters of a query, within what the caller may read.
func (c *call) filter() (store.Filter, error) {
	q := c.query
	f := store.Filter{
		Queue: q.Get("queue"), Workflow: q.Get("workflow"), Idempotency: q.Get("idempotency-key"),
		Failure: q.Get("failure"), Text: q.Get("text"), Order: q.Get("order"),
	}
	if f.Order == "newest" {
		f.Order = store.Newest
	}
	f.Tenants = c.readable(q["tenant"])
	for name, values := range q {
		if label, ok := strings.CutPrefix(name, "label."); ok {
			if f.Label == nil {
				f.Label = map[string]string{}
			}
			f.Label[label] = values[0]
		}
	}
	var err error
	if f.Statuses, err = states(q["state"]); err != nil {
		return f, err
	}
	if text := q.Get("parent"); text != "" {
		if f.Parent, err = workflow.ParseRunID(text); err != nil {
			return f, fmt.Errorf("%w: parent: %w", work.ErrInvalid, err)
		}
	}
	if f.Version, err = c.number("version", 0, 0, 1<<30); err != nil {
		return f, err
	}
	for name, into := range map[string]*int64{"from": &f.CreatedFrom, "to": &f.CreatedTo} {
		if text := q.Get(name); text != "" {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return f, fmt.Errorf("%w: %s=%.40s: a time such as 2006-01-02T15:04:05Z", work.ErrInvalid, name, text)
			}
			*into = at.UnixMilli()
		}
	}
	if !slices.Contains([]string{store.Newest, store.Oldest, store.Finished}, f.Order) {
		return f, fmt.Errorf("%w: order=%.40s: newest, oldest or finished", work.ErrInvalid, f.Order)
	}
	return f, nil
}

// readable are the tenants a query is about: those asked for that the caller
// may read, or all of these.
func (c *call) readable(asked []string) []string {
	may := c.caller.tenants(Read)
	if len(asked) == 0 {
		return may
	}
	list := []string{}
	for _, t := range asked {
		if may == nil || slices.Contains(may, t) {
			list = append(list, t)
		}
	}
	return list
}

func states(words []string) ([]machine.Status, error) {
	var list []machine.Status
	for _, w := range words {
		for _, one := range strings.Split(w, ",") {
			switch one {
			case "live":
				list = append(list, machine.Held, machine.Queued, machine.Running)
			case "final":
				list = append(list, machine.Succeeded, machine.Failed, machine.Canceled, machine.TimedOut)
			default:
				s, err := machine.ParseStatus(one)
				if err != nil {
					return nil, fmt.Errorf("%w: state=%.40s: %w", work.ErrInvalid, one, err)
				}
				list = append(list, s)
			}
		}
	}
	return list, nil
}

// run reads the run a path names.
func (c *call) run() (workflow.RunID, error) {
	id, err := workflow.ParseRunID(c.r.PathValue("run"))
	if err != nil {
		return 0, fmt.Errorf("%w: there is no run %.40q", work.ErrNotFound, c.r.PathValue("run"))
	}
	return id, nil
}

func (c *call) get() (any, error) {
	id, err := c.run()
	if err != nil {
		return nil, err
	}
	run, err := c.e.Get(c.r.Context(), id, c.caller.tenants(Read))
	if err != nil {
		return nil, err
	}
	out := summary(run.Summary)
	out.Params, out.Key, out.Deadline, out.Detail = run.Params, run.Key, instant(run.Deadline), &run.View
	return out, nil
}

type historyPage struct {
	History []machine.Entry `json:"history"`
}

func (c *call) history() (any, error) {
	id, err := c.run()
	if err != nil {
		return nil, err
	}
	list, err := c.e.History(c.r.Context(), id, c.caller.tenants(Read))
	return historyPage{nonNil(list)}, err
}

func (c *call) explain() (any, error) {
	id, err := c.run()
	if err != nil {
		return nil, err
	}
	return c.e.Explain(c.r.Context(), id, c.caller.tenants(Read))
}

type logPage struct {
	Lines []engine.LogLine `json:"lines"`
	After int64            `json:"after"`
}

func (c *call) logs() (any, error) {
	id, err := c.run()
	if err != nil {
		return nil, err
	}
	var item, attempt, limit int
	for _, n := range []struct {
		into                   *int
		name                   string
		otherwise, least, most int
	}{{&item, "item", -2, -1, 1 << 20}, {&attempt, "attempt", -1, 0, 1 << 20}, {&limit, "limit", 200, 1, 1000}} {
		if *n.into, err = c.number(n.name, n.otherwise, n.least, n.most); err != nil {
			return nil, err
		}
	}
	after, err := c.number64("after", 0, 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	lines, err := c.e.Logs(c.r.Context(), id, c.caller.tenants(Read), c.query.Get("step"), item, attempt, after, limit)
	if err != nil {
		return nil, err
	}
	if len(lines) > 0 {
		after = lines[len(lines)-1].Seq
	}
	return logPage{nonNil(lines), after}, nil
}

func (c *call) output() (any, error) {
	id, err := c.run()
	if err != nil {
		return nil, err
	}
	item, err := c.number("item", -1, -1, 1<<20)
	if err != nil {
		return nil, err
	}
	run, err := c.e.Get(c.r.Context(), id, c.caller.tenants(Read))
	if err != nil {
		return nil, err
	}
	out, ok := run.View.OutputOf(c.r.PathValue("step"), item)
	if !ok {
		return nil, fmt.Errorf("%w: run %v has no step %.200q with an output", work.ErrNotFound, id, c.r.PathValue("step"))
	}
	return out, nil
}
