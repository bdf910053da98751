package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// runsPage is how many runs a page of the list has, runsCounted up to where they
// are counted: beyond, nobody needs to know, and the store need not look.
const (
	runsPage    = 50
	runsCounted = 1000
)

// runList is the page.
type runList struct {
	Filter    runFilter `json:"filter"`
	Runs      []runRow  `json:"runs"`
	Next      string    `json:"next,omitempty"`
	Count     int       `json:"count"`
	More      bool      `json:"more_than_count"`
	States    []string  `json:"-"`
	Spans     []string  `json:"-"`
	Queues    []string  `json:"-"`
	Workflows []string  `json:"-"`
	Older     string    `json:"-"`
	Newest    bool      `json:"-"`
	Filtered  bool      `json:"-"`
	Actions   bool      `json:"-"`
	Done      string    `json:"-"`
}

// runFilter narrows the list; empty fields do not.
type runFilter struct {
	State    string `json:"state,omitempty"`
	Tenant   string `json:"tenant,omitempty"`
	Workflow string `json:"workflow,omitempty"`
	Queue    string `json:"queue,omitempty"`
	Text     string `json:"text,omitempty"`
	Since    string `json:"since,omitempty"`
	Until    string `json:"until,omitempty"`
	Parent   string `json:"parent,omitempty"`
	Failure  string `json:"failure,omitempty"`
}

var runParams = []string{"state", "tenant", "workflow", "queue", "text", "since", "until", "parent", "failure", "after", "done"}

// runStates are what can be asked for: each state, and two words for several.
var runStates = [...]string{"live", "held", "queued", "running", "paused", "succeeded", "failed", "timed-out", "canceled", "ended"}

// runSpans are the times the form offers.
var runSpans = [...]string{"15m", "1h", "24h", "168h", "720h"}

// runRow is a run in the list.
type runRow struct {
	ID       workflow.RunID    `json:"id"`
	State    machine.Status    `json:"state"`
	Paused   bool              `json:"paused,omitempty"`
	Workflow string            `json:"workflow"`
	Version  int               `json:"version,omitempty"`
	Tenant   string            `json:"tenant"`
	Queue    string            `json:"queue"`
	Priority int               `json:"priority"`
	Labels   map[string]string `json:"labels,omitempty"`
	Failure  string            `json:"failure,omitempty"`
	Created  time.Time         `json:"created"`
	Started  time.Time         `json:"started,omitzero"`
	Finished time.Time         `json:"finished,omitzero"`
	WakeAt   time.Time         `json:"wake_at,omitzero"`
	Parent   workflow.RunID    `json:"parent,omitzero"`

	now time.Time
}

// Mark is the state for people.
func (r runRow) Mark() stateMark { return runMark(r.State, r.Paused) }

// Waited is how long the run waited, or has waited, until it was picked.
func (r runRow) Waited() time.Duration {
	end := r.Started
	switch {
	case !end.IsZero():
	case !r.Finished.IsZero():
		end = r.Finished
	default:
		end = r.now
	}
	return max(0, end.Sub(r.Created))
}

// Took is how long it has run; 0 for one that was never picked.
func (r runRow) Took() time.Duration {
	if r.Started.IsZero() {
		return 0
	}
	end := r.Finished
	if end.IsZero() {
		end = r.now
	}
	return max(0, end.Sub(r.Started))
}

func rowOf(s *store.Summary, now time.Time) runRow {
	return runRow{
		ID: s.ID, State: s.Status, Paused: s.Paused, Workflow: s.Workflow, Version: s.Version, Tenant: s.Tenant, Queue: s.Queue,
		Priority: int(s.Priority), Labels: s.Labels, Failure: s.Failure, Created: at(s.Created), Started: at(s.Started),
		Finished: at(s.Finished), WakeAt: at(s.WakeAt), Parent: s.Parent, now: now,
	}
}

func (c *Console) runList(ctx context.Context, r *http.Request) (*page, *fault) {
	q := r.URL.Query()
	f, filter, fail := runFilterOf(q, c.src.Now())
	if fail != nil {
		return nil, fail
	}
	found, next, err := c.src.Work.List(ctx, filter, q.Get("after"), runsPage)
	if err != nil {
		return nil, c.workFault(err)
	}
	count, err := c.src.Work.Count(ctx, filter, runsCounted+1)
	if err != nil {
		return nil, c.workFault(err)
	}
	v := runList{
		Filter: f, Runs: []runRow{}, Next: next, Count: min(count, runsCounted), More: count > runsCounted, States: runStates[:],
		Actions: c.src.WorkActions != nil, Done: runDone[q.Get("done")], Spans: runSpans[:], Newest: q.Get("after") == "", Filtered: f != runFilter{},
	}
	if f.Since != "" && !slices.Contains(v.Spans, f.Since) {
		v.Spans = append([]string{f.Since}, v.Spans...)
	}
	now := c.src.Now()
	for i := range found {
		v.Runs = append(v.Runs, rowOf(&found[i], now))
	}
	if next != "" {
		again := known(q, runParams[:len(runParams)-1])
		again.Set("after", next)
		v.Older = c.path("/runs", again)
	}
	v.Workflows, v.Queues = c.workflowNames(f.Workflow), c.queueNames(ctx, f.Queue)
	return &page{
		title: "Runs", template: "runs", room: "/runs", up: "/", topic: topicRuns, twin: "/runs.json", params: runParams,
		command: ofWork(q, "berth workflow list", runParams[:len(runParams)-2]...), data: v,
	}, nil
}

// runFilterOf reads the filter of an address.
func runFilterOf(q url.Values, now time.Time) (runFilter, store.Filter, *fault) {
	f := runFilter{
		State: q.Get("state"), Tenant: q.Get("tenant"), Workflow: q.Get("workflow"), Queue: q.Get("queue"),
		Text: strings.TrimSpace(q.Get("text")), Since: q.Get("since"), Until: q.Get("until"), Parent: q.Get("parent"), Failure: q.Get("failure"),
	}
	out := store.Filter{Queue: f.Queue, Workflow: f.Workflow, Text: f.Text, Failure: f.Failure}
	if f.Tenant != "" {
		out.Tenants = []string{f.Tenant}
	}
	if f.Parent != "" {
		id, err := workflow.ParseRunID(f.Parent)
		if err != nil {
			return f, out, invalid("The parent is no id of a run.")
		}
		out.Parent = id
	}
	switch f.State {
	case "":
	case "live":
		out.Statuses = []machine.Status{machine.Held, machine.Queued, machine.Running}
	case "ended":
		out.Statuses = []machine.Status{machine.Succeeded, machine.Failed, machine.Canceled, machine.TimedOut}
	case "paused":
		paused := true
		out.Paused = &paused
		out.Statuses = []machine.Status{machine.Held, machine.Queued, machine.Running}
	default:
		s, err := machine.ParseStatus(f.State)
		if err != nil {
			return f, out, invalid("The state is none of " + strings.Join(runStates[:], ", ") + ".")
		}
		out.Statuses = []machine.Status{s}
	}
	var ok1, ok2 bool
	out.CreatedFrom, ok1 = moment(f.Since, now)
	out.CreatedTo, ok2 = moment(f.Until, now)
	if !ok1 || !ok2 {
		return f, out, invalid(`The time is neither a duration, such as "24h", nor a time, such as "2026-03-05T12:00:00Z".`)
	}
	return f, out, nil
}

// moment reads a time: how long ago, or RFC 3339.
func moment(text string, now time.Time) (ms int64, ok bool) {
	if text == "" {
		return 0, true
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d).UnixMilli(), true
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UnixMilli(), err == nil
}

// workflowNames are those a form offers, with the one that is chosen.
func (c *Console) workflowNames(chosen string) []string {
	var names []string
	for _, d := range c.src.Work.Definitions(nil) {
		names = append(names, d.Name)
	}
	return with(names, chosen)
}

// queueNames are those a form offers; without an answer of the engine, none but
// the one that is chosen.
func (c *Console) queueNames(ctx context.Context, chosen string) []string {
	var names []string
	if queues, err := c.src.Work.Queues(ctx, 0); err == nil {
		for i := range queues {
			names = append(names, queues[i].Name)
		}
	}
	return with(names, chosen)
}

// with adds a name that is missing.
func with(names []string, chosen string) []string {
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append(names, chosen)
	}
	return names
}
