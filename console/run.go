package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/internal/plot"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// runPage is one run.
type runPage struct {
	Run     machine.View       `json:"run"`
	Explain *shard.Explanation `json:"explain,omitempty"`
	History []machine.Entry    `json:"history,omitempty"`
	Log     []logLine          `json:"log,omitempty"`

	Row     runRow        `json:"-"`
	Views   []runTab      `json:"-"`
	View    string        `json:"-"`
	Strip   template.HTML `json:"-"`
	Drawing *drawing      `json:"-"`
	Gantt   *gantt        `json:"-"`
	Steps   []stepRow     `json:"-"`
	Entries []entryRow    `json:"-"`
	Awaits  []stepRow     `json:"-"`
	// Cut says that the log has more lines, Left how many steps or lines of the
	// history are not shown.
	Cut     bool `json:"-"`
	Left    int  `json:"-"`
	Actions bool `json:"-"`
	// Started says that a retry or a reset makes sense.
	Started  bool      `json:"-"`
	Deadline time.Time `json:"-"`
	Done     string    `json:"-"`
}

// Settled is how many steps came to which end, and of a run that goes on how far
// it is.
func (p runPage) Settled() string {
	count := map[machine.StepStatus]int{}
	for i := range p.Run.Steps {
		count[p.Run.Steps[i].Status]++
	}
	text := fmt.Sprintf("%d of %d succeeded", count[machine.StepSucceeded], len(p.Run.Steps))
	for _, s := range [...]machine.StepStatus{machine.StepFailed, machine.StepSkipped, machine.StepCanceled} {
		if n := count[s]; n > 0 {
			text += fmt.Sprintf(", %d %v", n, s)
		}
	}
	if !p.Run.Status.Final() {
		text += fmt.Sprintf(", %.0f %%", p.Run.Percent)
	}
	return text
}

// Pane is the log of all steps.
func (p runPage) Pane() logPane { return logPane{p.Log, p.Cut, p.Run.Status.Final()} }

// runTab is a way to look at a run.
type runTab struct {
	Name, Title, Href string
	Current           bool
}

// tableRows is how many rows a table of a run has; the JSON form has all.
const tableRows = 1000

// runViews are the ways, the first by default.
var runViews = [...]struct{ name, title string }{
	{"graph", "Graph"}, {"timeline", "Timeline"}, {"steps", "Steps"}, {"log", "Log"}, {"history", "History"}, {"data", "Data"},
}

// runDone are what a run's page says after an action.
var runDone = map[string]string{
	"cancel":  "Canceled: what executes is called back, what waits does not start; steps under finally still run.",
	"pause":   "Paused: what executes goes on, nothing new starts.",
	"resume":  "Resumed.",
	"release": "Released: it waits in its queue now.",
	"retry":   "It runs again from where it failed; what succeeded stays.",
	"reset":   "The steps were reset and run again.",
	"skip":    "The step was skipped: those that need it go on.",
	"signal":  "The signal was sent.",
	"move":    "Moved.",
	"submit":  "Submitted.",
}

var runPageParams = []string{"view", "show", "group", "done"}

func (c *Console) runDetail(ctx context.Context, r *http.Request) (*page, *fault) {
	run, f := c.runNamed(ctx, r)
	if f != nil {
		return nil, f
	}
	id, now := run.ID.String(), c.src.Now()
	q := r.URL.Query()
	v := runPage{
		Run: run.View, Row: rowOf(&run.Summary, now), View: q.Get("view"), Actions: c.src.WorkActions != nil,
		Started: run.View.Started != 0, Deadline: at(run.Deadline), Done: runDone[q.Get("done")],
	}
	if v.View == "" {
		v.View = runViews[0].name
	}
	if !slices.ContainsFunc(runViews[:], func(t struct{ name, title string }) bool { return t.name == v.View }) {
		return nil, invalid("There is no such view of a run.")
	}
	for _, t := range runViews {
		v.Views = append(v.Views, runTab{t.name, t.title, c.href("/runs/{id}", "/id", id, "view", t.name), t.name == v.View})
	}
	if !run.Status.Final() {
		// Why it waits is worth knowing, but not worth the page.
		if why, err := c.src.Work.Explain(ctx, run.ID, nil); err == nil {
			v.Explain = &why
		}
	}
	if f := c.fillRun(ctx, &v, run, q.Get("show"), q.Get("group") != "off"); f != nil {
		return nil, f
	}
	twin, about := c.href("/runs/{id}.json", "/id", id)[len(c.cfg.BasePath):], id
	if v.View == "log" {
		about += anyStep
	}
	return &page{
		title: "Run " + id, template: "run", room: "/runs", up: "/runs", topic: topicRun, about: about, twin: twin,
		command: runCommand(v.View) + " " + id, params: runPageParams, data: v,
	}, nil
}

// runCommand is the command that shows a run as a view does.
func runCommand(view string) string {
	switch view {
	case "log":
		return "berth workflow logs"
	case "history":
		return "berth workflow history"
	}
	return "berth workflow show"
}

// fillRun adds what the view that was chosen shows.
func (c *Console) fillRun(ctx context.Context, v *runPage, run *engine.Run, show string, group bool) *fault {
	now := c.src.Now()
	v.Strip = stripOf(run.View.Steps)
	for i := range run.View.Steps {
		row := stepRow{StepView: run.View.Steps[i], Run: run.ID.String(), now: now}
		v.Steps = append(v.Steps, row)
		if row.Status == machine.StepSleeping && row.Awaits != "" {
			v.Awaits = append(v.Awaits, row)
		}
	}
	if v.View == "timeline" || v.View == "history" {
		entries, err := c.src.Work.History(ctx, run.ID, nil)
		if err != nil {
			return c.workFault(err)
		}
		v.History = entries
	}
	switch v.View {
	case "log":
		var err error
		if v.Log, v.Cut, err = c.logTail(ctx, run, ""); err != nil {
			return c.workFault(err)
		}
	case "graph":
		v.Drawing = c.drawRun(run, show, group)
	case "timeline":
		v.Gantt = c.ganttOf(run, v.History)
	case "steps":
		v.Left = max(0, len(v.Steps)-tableRows)
		v.Steps = v.Steps[:len(v.Steps)-v.Left]
	case "history":
		v.Left = max(0, len(v.History)-tableRows)
		v.Entries = entryRows(v.History[v.Left:])
	}
	return nil
}

// runNamed finds the run of an address.
func (c *Console) runNamed(ctx context.Context, r *http.Request) (*engine.Run, *fault) {
	id, err := workflow.ParseRunID(r.PathValue("name"))
	if err != nil {
		return nil, &fault{status: http.StatusNotFound, code: "not_found", text: "This is no id of a run."}
	}
	run, err := c.src.Work.Get(ctx, id, nil)
	if err != nil {
		return nil, c.workFault(err)
	}
	return &run, nil
}

// stripOf is how many steps are in which state, as a picture.
func stripOf(steps []machine.StepView) template.HTML {
	order := [...]machine.StepStatus{
		machine.StepSucceeded, machine.StepRunning, machine.StepBackoff, machine.StepFailed, machine.StepSleeping, machine.StepReady,
		machine.StepCanceled, machine.StepSkipped, machine.StepWaiting,
	}
	strip := plot.Strip{Title: "Steps", Width: 240}
	for _, s := range order {
		n := 0
		for i := range steps {
			if steps[i].Status == s {
				n++
			}
		}
		strip.Parts = append(strip.Parts, plot.Part{Class: stepKind(s).String(), Word: stepWord(&machine.Standing{Status: s}), Count: n})
	}
	return picture(strip.SVG)
}

// picture is what draws itself, for a template. What it draws is escaped where it
// is drawn.
func picture(draw func(io.Writer) error) template.HTML {
	var b bytes.Buffer
	if err := draw(&b); err != nil {
		return ""
	}
	return template.HTML(b.String()) //nolint:gosec // made by internal/graph and internal/plot, which escape
}

// stepRow is a step in a table.
type stepRow struct {
	machine.StepView
	Run string
	now time.Time
}

// Mark is the state for people.
func (s stepRow) Mark() stateMark { return stepMark(&s.Standing) }

// Why is what there is to say of the state.
func (s stepRow) Why() string { return standingText(&s.Standing) }

// Tally is how many items are in which state: "30: 1 failed, 29 succeeded".
func (s stepRow) Tally() string {
	order := [...]machine.StepStatus{
		machine.StepFailed, machine.StepBackoff, machine.StepRunning, machine.StepSleeping, machine.StepReady, machine.StepWaiting,
		machine.StepSucceeded, machine.StepSkipped, machine.StepCanceled,
	}
	var parts []string
	for _, status := range order {
		n := 0
		for i := range s.Items {
			if s.Items[i].Status == status {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, stepWord(&machine.Standing{Status: status})))
		}
	}
	return fmt.Sprintf("%d: %s", len(s.Items), strings.Join(parts, ", "))
}

// Took is how long the last attempt took, or has taken so far.
func (s stepRow) Took() time.Duration { return took(s.Started, s.Finished, s.now) }

func standingText(s *machine.Standing) string {
	switch {
	case s.Failure != nil:
		return s.Failure.Code + ": " + s.Failure.Message
	case s.Reason != machine.NoReason:
		return reasonText(s.Reason)
	case s.Awaits != "":
		return "signal " + strconv.Quote(s.Awaits)
	}
	return s.Message
}

// entryRow is a line of a run's history.
type entryRow struct {
	machine.Entry
	Text string
	// Day is the date, in the first line of each day.
	Day string
}

// When is the time for people.
func (e entryRow) When() time.Time { return at(e.At) }

// entryRows are the lines of a history, the newest first.
func entryRows(entries []machine.Entry) []entryRow {
	rows := make([]entryRow, 0, len(entries))
	last := ""
	for _, e := range slices.Backward(entries) {
		row := entryRow{Entry: e}
		var worker string
		row.Text, worker = entryText(&e)
		row.By = cmp.Or(row.By, worker)
		if day := row.When().Format(time.DateOnly); day != last {
			row.Day, last = day, day
		}
		rows = append(rows, row)
	}
	return rows
}

// entryText is what the detail of an entry says, and who executed an attempt.
func entryText(e *machine.Entry) (text, worker string) {
	if len(e.Detail) == 0 {
		return "", ""
	}
	var d struct {
		machine.AttemptDetail
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return clip(string(e.Detail)), ""
	}
	in, why := "", ""
	if d.Started != 0 {
		in = " in " + duration(took(d.Started, cmp.Or(d.Finished, e.At), at(e.At)))
	}
	if d.Failure != nil {
		why = d.Failure.Code + ": " + d.Failure.Message
	}
	switch {
	case d.Failure != nil && in != "":
		return "failed" + in + ", " + why, d.Worker
	case d.Failure != nil:
		return why, d.Worker
	case d.Reason != "":
		return d.Reason, d.Worker
	case d.Status != "":
		return d.Status + in, d.Worker
	}
	return clip(string(e.Detail)), d.Worker
}
