package progress

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/work/client"
)

// Lines says events in lines. It remembers what it said of each step, and says
// nothing twice.
type Lines struct{ said map[string]string }

// Of is what an event says to people, lines with their ends: when, which run
// unless it is known, which step, what became of it. It is empty for events
// that say nothing.
func (l *Lines) Of(e client.Event, withRun bool) string {
	if e.Log != "" {
		return Log(StepName(e.Step, e.Item), e.Log)
	}
	about, text := e.Run+"/"+StepName(e.Step, e.Item), said(e, withRun)
	if l.said[about] == text {
		return ""
	}
	if l.said == nil {
		l.said = map[string]string{}
	}
	l.said[about] = text
	if e.Step == "" && final(e.Status) || e.Status == "timed-out" {
		maps.DeleteFunc(l.said, func(about, _ string) bool { return strings.HasPrefix(about, e.Run+"/") })
	}
	return time.UnixMilli(e.At).UTC().Format("15:04:05Z") + "  " + text + "\n"
}

func said(e client.Event, withRun bool) string {
	var words []string
	if withRun {
		words = append(words, e.Run, e.Workflow, e.Tenant)
	}
	switch {
	case e.Step != "":
		words = append(words, StepName(e.Step, e.Item), stepWord(e))
		if e.Attempt > 1 {
			words = append(words, "attempt="+strconv.Itoa(e.Attempt))
		}
		if e.Percent > 0 && e.StepStatus == "running" {
			words = append(words, fmt.Sprintf("%.0f%%", e.Percent))
		}
	default:
		words = append(words, "run", e.Status)
		if word := strings.TrimPrefix(e.Kind, "run."); word != e.Status {
			words[len(words)-1] = word
		}
	}
	if e.Message != "" {
		words = append(words, strconv.Quote(oneLine(e.Message)))
	}
	// A step that starts again has the failure that made it so, which was said.
	if e.Failure != nil && e.StepStatus != "ready" && e.StepStatus != "running" {
		words = append(words, "error="+strconv.Quote(oneLine(Why(e.Failure))))
	}
	return strings.Join(words, "  ")
}

func stepWord(e client.Event) string {
	if e.StepStatus != "" {
		return e.StepStatus
	}
	return strings.TrimPrefix(e.Kind, "step.")
}

// StepName is a step, or an item of it where item is not -1.
func StepName(step string, item int) string {
	if item < 0 {
		return step
	}
	return step + "[" + strconv.Itoa(item) + "]"
}

// Log says a piece of a log with the step before each of its lines.
func Log(step string, text string) string {
	var b strings.Builder
	for line := range strings.Lines(Clean(text)) {
		b.WriteString(step + " | " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
