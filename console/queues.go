package console

import (
	"cmp"
	"context"
	"html/template"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/berth-project/berth/internal/plot"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// queueList is the page of all queues.
type queueList struct {
	Queues  []queueRow `json:"queues"`
	Actions bool       `json:"-"`
}

// queueRow is a queue with what waits in it.
type queueRow struct {
	engine.QueueState
	Spark template.HTML `json:"-"`
	now   time.Time
}

// Mark is the state for people.
func (q queueRow) Mark() stateMark {
	switch {
	case q.Paused:
		return stateMark{"wait", "‖", "paused"}
	case q.Draining:
		return stateMark{"wait", "◔", "draining"}
	case q.Stats.Waiting > 0 && q.Stats.Rate == 0 && q.Stats.Running == 0:
		return stateMark{"wait", "!", "stands"}
	}
	return stateMark{"ok", "●", "open"}
}

// P50 and P99 are how long runs waited that were picked lately, of the class that
// waited longest.
func (q queueRow) P50() time.Duration { return q.wait(func(c queue.ClassStats) int64 { return c.P50 }) }

// P99 is described at P50.
func (q queueRow) P99() time.Duration { return q.wait(func(c queue.ClassStats) int64 { return c.P99 }) }

// Waited says that runs were picked lately: that waits of 0 are what they waited.
func (q queueRow) Waited() bool { return q.P99() > 0 || q.Stats.Rate > 0 }

func (q queueRow) wait(of func(queue.ClassStats) int64) time.Duration {
	most := int64(0)
	for _, c := range q.Stats.Classes {
		most = max(most, of(c))
	}
	return time.Duration(most) * time.Millisecond
}

// Oldest is how long the run has waited that waits longest, 0 for none.
func (q queueRow) Oldest() time.Duration {
	oldest := int64(0)
	for _, t := range q.Stats.Top {
		if t.Oldest != 0 && (oldest == 0 || t.Oldest < oldest) {
			oldest = t.Oldest
		}
	}
	if oldest == 0 {
		return 0
	}
	return max(0, q.now.Sub(at(oldest)))
}

func (c *Console) queueList(ctx context.Context, r *http.Request) (*page, *fault) {
	states, err := c.src.Work.Queues(ctx, topTenants)
	if err != nil {
		return nil, c.workFault(err)
	}
	v := queueList{Queues: []queueRow{}, Actions: c.src.WorkActions != nil}
	for i := range states {
		v.Queues = append(v.Queues, c.queueRow(states[i]))
	}
	return &page{
		title: "Queues", template: "queues", room: "/queues", up: "/", topic: topicQueues, twin: "/queues.json",
		command: "berth queue list", data: v,
	}, nil
}

func (c *Console) queueRow(q engine.QueueState) queueRow {
	row := queueRow{QueueState: q, now: c.src.Now()}
	var values []float64
	for _, s := range c.src.QueueHistory.of(q.Name) {
		values = append(values, float64(s.Waiting))
	}
	if len(values) > 1 {
		row.Spark = picture(plot.Spark{Title: "runs waiting over the last hour", Values: values}.SVG)
	}
	return row
}

// queuePage is one queue.
type queuePage struct {
	Queue   queueRow      `json:"queue"`
	Tenants []tenantShare `json:"tenants"`
	Next    []runRow      `json:"waiting_longest"`
	Actions bool          `json:"-"`
	Done    string        `json:"-"`
	// Depth, Wait and Share are plots of the last hour, with their tables.
	Plots []plotted `json:"-"`
}

// plotted is a plot with the same as a table.
type plotted struct {
	Title      string
	SVG, Table template.HTML
}

// tenantShare is what a tenant gets of a queue beside what it should.
type tenantShare struct {
	queue.TenantStats
	// Fair is its weight among the tenants that are told of.
	Fair float64 `json:"fair_share"`
	now  time.Time
}

// OldestTime is how long its oldest run has waited.
func (t tenantShare) OldestTime() time.Duration {
	if t.Oldest == 0 {
		return 0
	}
	return max(0, t.now.Sub(at(t.Oldest)))
}

// heldTexts say what holds a tenant's runs.
var heldTexts = map[queue.Reason]string{
	queue.QueuePaused: "the queue is paused", queue.QueueFull: "the queue runs all it may", queue.TenantSuspended: "it is suspended",
	queue.TenantFull: "it runs all it may", queue.TenantQueueFull: "it runs all it may in this queue", queue.KeyFull: "runs with the same key are running",
}

// HeldText is why none of its runs can start.
func (t tenantShare) HeldText() string { return heldTexts[t.Held] }

// queueDone are what a queue's page says after an action.
var queueDone = map[string]string{
	"pause": "Paused: nothing starts from it until it is resumed; what runs goes on.", "resume": "Resumed.",
	"drain": "Draining: it takes nothing new and runs what waits.", "fill": "It takes runs again.",
}

const longestWaiting = 20

func (c *Console) queueDetail(ctx context.Context, r *http.Request) (*page, *fault) {
	state, f := c.queueNamed(ctx, r.PathValue("name"))
	if f != nil {
		return nil, f
	}
	v := queuePage{Queue: c.queueRow(*state), Tenants: []tenantShare{}, Next: []runRow{}, Actions: c.src.WorkActions != nil, Done: queueDone[r.URL.Query().Get("done")]}
	weights := 0.0
	for _, t := range state.Stats.Top {
		weights += t.Weight
	}
	now := c.src.Now()
	for _, t := range state.Stats.Top {
		v.Tenants = append(v.Tenants, tenantShare{TenantStats: t, Fair: t.Weight / weights, now: now})
	}
	filter := store.Filter{Queue: state.Name, Statuses: []machine.Status{machine.Queued}, Order: store.Oldest}
	waiting, _, err := c.src.Work.List(ctx, filter, "", longestWaiting)
	if err != nil {
		return nil, c.workFault(err)
	}
	for i := range waiting {
		v.Next = append(v.Next, rowOf(&waiting[i], now))
	}
	v.Plots = plotsOf(c.src.QueueHistory.of(state.Name))
	twin := c.href("/queues/{name}.json", "/name", state.Name)[len(c.cfg.BasePath):]
	return &page{
		title: "Queue " + state.Name, template: "queue", room: "/queues", up: "/queues", topic: topicQueues, twin: twin,
		command: "berth queue show " + quote(state.Name), params: []string{"done"}, data: v,
	}, nil
}

func (c *Console) queueNamed(ctx context.Context, name string) (*engine.QueueState, *fault) {
	states, err := c.src.Work.Queues(ctx, topTenants)
	if err != nil {
		return nil, c.workFault(err)
	}
	for i := range states {
		if states[i].Name == name {
			return &states[i], nil
		}
	}
	return nil, &fault{status: http.StatusNotFound, code: "not_found", text: "There is no such queue."}
}

// plotsOf draws the last hour of a queue; nothing before there are two samples.
func plotsOf(samples []queueSample) []plotted {
	if len(samples) < 2 {
		return nil
	}
	waiting, running, p50, p99 := plot.Series{Name: "waiting"}, plot.Series{Name: "running"}, plot.Series{Name: "p50"}, plot.Series{Name: "p99"}
	var times []time.Time
	for _, s := range samples {
		times = append(times, s.At)
		waiting.Values, running.Values = append(waiting.Values, float64(s.Waiting)), append(running.Values, float64(s.Running))
		median, longest := secondsOf(s.P50), secondsOf(s.P99)
		if s.P50 == 0 && s.P99 != 0 {
			median = 0
		}
		p50.Values, p99.Values = append(p50.Values, median), append(p99.Values, longest)
	}
	x := plot.Times(times)
	return []plotted{
		plottedOf(plot.Chart{Title: "Runs in the queue", X: x, XUnit: plot.Clock, Series: []plot.Series{waiting, running}}),
		plottedOf(plot.Chart{Title: "How long runs waited that were picked", X: x, XUnit: plot.Clock, Unit: plot.Seconds, Series: []plot.Series{p50, p99}}),
		plottedOf(plot.Chart{Title: "Share of each tenant in what was picked", Kind: plot.Shares, X: x, XUnit: plot.Clock, Series: sharesOf(samples)}),
	}
}

// plotWidth and plotHeight let two plots stand side by side.
const (
	plotWidth  = 520
	plotHeight = 200
)

func plottedOf(c plot.Chart) plotted {
	c.Width, c.Height = plotWidth, plotHeight
	return plotted{Title: c.Title, SVG: picture(c.SVG), Table: picture(c.Table)}
}

// secondsOf is a wait in seconds; a gap where nothing was picked.
func secondsOf(ms int64) float64 {
	if ms == 0 {
		return math.NaN()
	}
	return float64(ms) / 1000
}

// sharesOf are the shares of the tenants with the largest, by name.
func sharesOf(samples []queueSample) []plot.Series {
	sums := map[string]float64{}
	for _, s := range samples {
		for tenant, share := range s.Shares {
			sums[tenant] += share
		}
	}
	names := slices.SortedFunc(maps.Keys(sums), func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	var all []plot.Series
	rest := plot.Series{Name: "those with nothing left"}
	for _, s := range samples {
		known := 0.0
		for _, share := range s.Shares {
			known += share
		}
		// The engine tells of tenants with runs; what others were given is what is
		// missing.
		if known == 0 || known > 0.999 {
			known = 1
		}
		rest.Values = append(rest.Values, 1-known)
	}
	for _, name := range names {
		one := plot.Series{Name: name}
		for _, s := range samples {
			one.Values = append(one.Values, s.Shares[name])
		}
		all = append(all, one)
	}
	if len(all) > 0 && slices.Max(rest.Values) > 0 {
		all = append(all, rest)
	}
	return all
}
