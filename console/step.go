package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow/machine"
)

const (
	// stepItems is how many items of a step the page shows, the ones that need
	// looking at first.
	stepItems = 200
	// tailLines is how many lines of a log a page shows, logChunks how many pieces
	// are read at once, tailReads how often: the last lines of a longer log are in
	// the file.
	tailLines = 500
	logChunks = 1000
	tailReads = 20
	// allAttempts and allItems ask for the log of all of them.
	allAttempts = -1
	allItems    = -2
)

// stepPage is one step of a run.
type stepPage struct {
	Run      string           `json:"run"`
	Workflow string           `json:"workflow"`
	Step     machine.StepView `json:"step"`
	Attempts []attemptRow     `json:"attempts"`
	Log      []logLine        `json:"log"`
	Row      stepRow          `json:"-"`
	Items    []itemRow        `json:"-"`
	Hidden   int              `json:"-"`
	Plan     *stepPlan        `json:"plan,omitempty"`
	Cut      bool             `json:"-"`
	Actions  bool             `json:"-"`
	Final    bool             `json:"-"`
	RunMark  stateMark        `json:"-"`
	Waits    string           `json:"waits,omitempty"`
}

// logPane is a log on a page.
type logPane struct {
	Lines      []logLine
	Cut, Final bool
}

// Pane is the log of the step.
func (s stepPage) Pane() logPane { return logPane{s.Log, s.Cut, s.Final} }

// stepPlan is what the document says of a step.
type stepPlan struct {
	With    string `json:"with,omitempty"`
	When    string `json:"when,omitempty"`
	Pool    string `json:"pool,omitempty"`
	Timeout string `json:"timeout,omitempty"`
}

// attemptRow is an attempt in the table.
type attemptRow struct {
	Number   int              `json:"attempt"`
	Item     *int             `json:"item,omitempty"`
	Started  time.Time        `json:"started"`
	Finished time.Time        `json:"finished,omitzero"`
	Worker   string           `json:"worker,omitempty"`
	Status   string           `json:"status"`
	Failure  *machine.Failure `json:"failure,omitempty"`
	Mark     stateMark        `json:"-"`
	now      time.Time
}

// Took is how long it took, or has taken so far.
func (a attemptRow) Took() time.Duration {
	end := a.Finished
	if end.IsZero() {
		end = a.now
	}
	return max(0, end.Sub(a.Started))
}

// itemRow is an item of a step with for-each.
type itemRow struct {
	machine.ItemView
	now time.Time
}

// Mark is the state for people.
func (i itemRow) Mark() stateMark { return stepMark(&i.Standing) }

// Why is what there is to say of the state.
func (i itemRow) Why() string { return standingText(&i.Standing) }

// Took is how long the last attempt took, or has taken so far.
func (i itemRow) Took() time.Duration { return took(i.Started, i.Finished, i.now) }

// logLine is a line of an attempt's log.
type logLine struct {
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt"`
	Item    int       `json:"item"`
	// Step is its name, in a log of several steps.
	Step string `json:"step,omitempty"`
	Text string `json:"text"`
}

func (c *Console) stepDetail(ctx context.Context, r *http.Request) (*page, *fault) {
	run, f := c.runNamed(ctx, r)
	if f != nil {
		return nil, f
	}
	name, _ := strings.CutSuffix(r.PathValue("step"), ".json")
	i := slices.IndexFunc(run.View.Steps, func(s machine.StepView) bool { return strings.EqualFold(s.Name, name) })
	if i < 0 {
		return nil, &fault{status: http.StatusNotFound, code: "not_found", text: "The run has no such step."}
	}
	step, now, id := &run.View.Steps[i], c.src.Now(), run.ID.String()
	v := stepPage{
		Run: id, Workflow: run.Workflow, Step: *step, Row: stepRow{StepView: *step, Run: id, now: now}, Actions: c.src.WorkActions != nil,
		Final: run.Status.Final(), RunMark: runMark(run.Status, run.Paused), Plan: planOf(run, step.Name),
	}
	history, err := c.src.Work.History(ctx, run.ID, nil)
	if err != nil {
		return nil, c.workFault(err)
	}
	v.Attempts = attemptRows(step, attemptsOf(history)[step.Name], now)
	v.Items, v.Hidden = itemRows(step, now)
	if v.Log, v.Cut, err = c.logTail(ctx, run, step.Name); err != nil {
		return nil, c.workFault(err)
	}
	if !run.Status.Final() && !step.Status.Final() && step.Status != machine.StepRunning {
		v.Waits = c.stepWaits(ctx, run, step.Name)
	}
	twin := c.href("/runs/{id}/steps/{step}.json", "/id", id, "/step", step.Name)[len(c.cfg.BasePath):]
	return &page{
		title: step.Name, template: "step", room: "/runs", up: c.href("/runs/{id}", "/id", id)[len(c.cfg.BasePath):],
		topic: topicStep, about: id + "/" + step.Name, twin: twin, command: "berth workflow logs " + id + " " + quote(step.Name), data: v,
	}, nil
}

// planOf is what the document says of a step.
func planOf(run *engine.Run, name string) *stepPlan {
	i, ok := run.Plan.Index(name)
	if !ok {
		return nil
	}
	s := run.Plan.Node(i).Step
	p := &stepPlan{With: indented(s.With), When: s.When, Pool: s.Pool}
	if s.Timeout != 0 {
		p.Timeout = s.Timeout.String()
	}
	return p
}

// stepWaits is why a step is not settled.
func (c *Console) stepWaits(ctx context.Context, run *engine.Run, name string) string {
	why, err := c.src.Work.Explain(ctx, run.ID, nil)
	if err != nil {
		return ""
	}
	for _, s := range why.Steps {
		if s.Step == name {
			return "It " + s.Why + "."
		}
	}
	return ""
}

// attemptRows are the attempts of a step, the newest first.
func attemptRows(s *machine.StepView, before []attempt, now time.Time) []attemptRow {
	rows := []attemptRow{}
	if s.Status == machine.StepRunning && s.Started != 0 && len(s.Items) == 0 {
		rows = append(rows, attemptRow{
			Number: s.Attempt, Started: at(s.Started), Worker: s.Worker, Status: "running", Mark: stepMark(&s.Standing), now: now,
		})
	}
	for _, a := range slices.Backward(before) {
		row := attemptRow{
			Number: a.Number, Item: a.Item, Started: at(a.Started), Finished: at(a.Finished), Worker: a.Worker, Status: a.Status, Failure: a.Failure, now: now,
		}
		switch {
		case a.Crashed:
			row.Status, row.Mark = "crashed", stateMark{"fail", "✕", "crashed"}
		case a.Failure != nil:
			row.Status, row.Mark = "failed", stateMark{"fail", "✕", "failed"}
		default:
			status, err := machine.ParseStepStatus(a.Status)
			if err != nil {
				status = machine.StepSucceeded
			}
			row.Status, row.Mark = status.String(), stepMark(&machine.Standing{Status: status})
		}
		rows = append(rows, row)
	}
	return rows
}

// itemRows are the items of a step: those that failed or are under way first.
func itemRows(s *machine.StepView, now time.Time) (rows []itemRow, hidden int) {
	urgent := func(i machine.ItemView) int {
		switch i.Status {
		case machine.StepFailed:
			return 0
		case machine.StepBackoff, machine.StepRunning, machine.StepSleeping, machine.StepReady:
			return 1
		}
		return 2
	}
	items := slices.Clone(s.Items)
	slices.SortStableFunc(items, func(a, b machine.ItemView) int { return urgent(a) - urgent(b) })
	for i := range items {
		if i == stepItems {
			return rows, len(items) - stepItems
		}
		rows = append(rows, itemRow{items[i], now})
	}
	return rows, 0
}

// logTail is the last lines of a step's log, or of all steps' where there is no name;
// cut says that there are earlier ones,
// or later ones than could be read.
func (c *Console) logTail(ctx context.Context, run *engine.Run, step string) (lines []logLine, cut bool, err error) {
	lines = []logLine{}
	after := int64(0)
	for range tailReads {
		chunks, err := c.src.Work.Logs(ctx, run.ID, nil, step, allItems, allAttempts, after, logChunks)
		if err != nil {
			return nil, false, err
		}
		for i := range chunks {
			after = chunks[i].Seq
			if step != "" {
				chunks[i].Step = "" // the page says which
			}
			lines = append(lines, linesOf(&chunks[i])...)
		}
		if len(lines) > tailLines {
			lines, cut = lines[len(lines)-tailLines:], true
		}
		if len(chunks) < logChunks {
			return lines, cut, nil
		}
	}
	return lines, true, nil
}

// linesOf are the lines of a piece of a log.
func linesOf(chunk *engine.LogLine) []logLine {
	var lines []logLine
	for text := range strings.Lines(chunk.Text) {
		lines = append(lines, logLine{At: at(chunk.At), Attempt: chunk.Attempt, Item: chunk.Item, Step: chunk.Step, Text: strings.TrimRight(text, "\r\n")})
	}
	return lines
}

// stepLog answers with the whole log of a step as a file.
func (c *Console) stepLog(w http.ResponseWriter, r *http.Request) {
	if c.src.Work == nil {
		c.fail(w, r, faultNotFound)
		return
	}
	run, f := c.runNamed(r.Context(), r)
	if f != nil {
		c.fail(w, r, f)
		return
	}
	step, after, begun := r.PathValue("step"), int64(0), false
	for {
		ctx, cancel := context.WithTimeout(r.Context(), workTimeout)
		chunks, err := c.src.Work.Logs(ctx, run.ID, nil, step, allItems, allAttempts, after, logChunks)
		cancel()
		if err != nil && !begun {
			c.fail(w, r, c.workFault(err))
			return
		}
		if !begun {
			begun = true
			h := w.Header()
			h.Set("Content-Type", "text/plain; charset=utf-8")
			h.Set("Content-Disposition", `attachment; filename="`+run.ID.String()+`.log"`)
			h.Set("Content-Security-Policy", contentPolicy+"; sandbox")
		}
		for i := range chunks {
			if _, err := w.Write([]byte(logText(&chunks[i]))); err != nil {
				return // the reader left
			}
			after = chunks[i].Seq
		}
		if err != nil || len(chunks) < logChunks {
			return
		}
	}
}

// logText is a piece of a log in the file: each line with its time and attempt.
func logText(chunk *engine.LogLine) string {
	head := at(chunk.At).Format(time.RFC3339Nano) + " attempt=" + strconv.Itoa(chunk.Attempt)
	if chunk.Item >= 0 {
		head += " item=" + strconv.Itoa(chunk.Item)
	}
	var b strings.Builder
	for _, l := range linesOf(chunk) {
		b.WriteString(head + " " + l.Text + "\n")
	}
	return b.String()
}
