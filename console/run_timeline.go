package console

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/berth-project/berth/internal/plot"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow/machine"
)

// ganttRows is how many steps a timeline shows.
const ganttRows = 200

// gantt is when the steps of a run did what.
type gantt struct {
	SVG template.HTML
	// Left is how many steps are not shown: they have not begun, or there are
	// too many.
	Left int
}

// ganttOf draws the timeline of a run: for each step its attempts, and what it
// waited for before and between them.
func (c *Console) ganttOf(run *engine.Run, history []machine.Entry) *gantt {
	now := c.src.Now()
	start, end := at(run.View.Created), at(run.View.Finished)
	if end.IsZero() {
		end = now
	}
	if end.Before(start) {
		end = start
	}
	before := attemptsOf(history)
	t := plot.Timeline{Title: "When steps of " + run.Workflow + " ran", Start: start, End: end}
	queue := plot.Row{Name: "in the queue", Spans: []plot.Span{{From: start, To: at(run.View.Started), Class: "wait", Word: "waited to be picked"}}}
	t.Rows = append(t.Rows, queue)
	g := &gantt{}
	steps := slices.Clone(run.View.Steps)
	slices.SortStableFunc(steps, func(a, b machine.StepView) int { return int(begun(&a) - begun(&b)) })
	for i := range steps {
		s := &steps[i]
		if begun(s) == 0 || len(t.Rows) > ganttRows {
			g.Left++
			continue
		}
		t.Rows = append(t.Rows, plot.Row{
			Name: s.Name, Href: c.href("/runs/{id}/steps/{step}", "/id", run.ID.String(), "/step", s.Name), Spans: spansOf(s, before[s.Name]),
		})
	}
	g.SVG = picture(t.SVG)
	return g
}

// begun is when a step was ready or began, 0 for one that has not.
func begun(s *machine.StepView) int64 {
	if s.Ready != 0 {
		return s.Ready
	}
	return s.Started
}

// attempt is one attempt of a step or an item.
type attempt struct {
	machine.AttemptDetail
	Item    *int
	Number  int
	Crashed bool
}

// attemptsOf are the attempts that others follow, by step, in order of time.
func attemptsOf(history []machine.Entry) map[string][]attempt {
	all := map[string][]attempt{}
	for _, e := range history {
		if e.Kind != "attempt" && e.Kind != "crash" || e.Step == "" {
			continue
		}
		a := attempt{Item: e.Item, Number: e.Attempt, Crashed: e.Kind == "crash"}
		if json.Unmarshal(e.Detail, &a.AttemptDetail) != nil || a.Started == 0 {
			continue
		}
		if a.Finished == 0 {
			a.Finished = e.At
		}
		all[e.Step] = append(all[e.Step], a)
	}
	return all
}

// spansOf are the bars of a step: it waits, an attempt runs, it waits to try again.
func spansOf(s *machine.StepView, before []attempt) []plot.Span {
	var spans []plot.Span
	waited := s.Ready
	for _, a := range before {
		if a.Item != nil || a.Started == s.Started && a.Number == s.Attempt {
			continue // the last attempt is the step's own
		}
		spans = append(spans, waitSpan(waited, a.Started, len(spans) > 0))
		word := fmt.Sprintf("attempt %d failed", a.Number)
		if a.Crashed {
			word = fmt.Sprintf("attempt %d crashed", a.Number)
		}
		spans = append(spans, plot.Span{From: at(a.Started), To: at(a.Finished), Class: "fail", Word: word})
		waited = a.Finished
	}
	switch {
	case s.Status == machine.StepBackoff, s.Started == 0:
		spans = append(spans, waitSpan(waited, 0, len(spans) > 0))
	default:
		spans = append(spans, waitSpan(waited, s.Started, len(spans) > 0))
		spans = append(spans, plot.Span{From: at(s.Started), To: at(s.Finished), Class: stepKind(s.Status).String(), Word: lastWord(s)})
	}
	return slices.DeleteFunc(spans, func(s plot.Span) bool {
		return s.From.IsZero() || !s.To.IsZero() && !s.To.After(s.From) && s.Class != "ok" && s.Class != "fail"
	})
}

// waitSpan is the time between two attempts, or before the first.
func waitSpan(from, to int64, again bool) plot.Span {
	s := plot.Span{From: at(from), To: at(to), Class: "wait", Word: "waited"}
	if again {
		s.Class, s.Word = "retry", "waited to try again"
	}
	if to == 0 {
		s.To = time.Time{}
	}
	return s
}

// lastWord says what became of the last attempt.
func lastWord(s *machine.StepView) string {
	switch s.Status {
	case machine.StepSucceeded:
		return fmt.Sprintf("attempt %d succeeded", max(1, s.Attempt))
	case machine.StepFailed:
		return fmt.Sprintf("attempt %d failed", max(1, s.Attempt))
	case machine.StepRunning:
		return fmt.Sprintf("attempt %d runs", max(1, s.Attempt))
	}
	return stepWord(&s.Standing)
}
