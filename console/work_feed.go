package console

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// The topics of work. Of runs, a run and a step the engine tells how they go on;
// what was submitted or paused, and the other topics, is looked for.
const (
	topicRuns        = "runs"
	topicRun         = "run"
	topicStep        = "step"
	topicQueues      = "queues"
	topicPools       = "pools"
	topicTenants     = "tenants"
	topicSchedules   = "schedules"
	topicDead        = "dead"
	topicDefinitions = "definitions"
)

// anyStep behind the id of a run asks for the logs of all its steps: no step has
// that name.
const anyStep = "/*"

// kindLog is the kind of events that bring lines of a log.
const kindLog = "step.log"

// workFeed is what a stream hears of runs. Events only say that something
// changed, and gather; lines of a log are sent as they come.
type workFeed struct {
	topics []string
	run    workflow.RunID
	step   string
	// logs says that lines of the logs of all steps are wanted.
	logs bool

	events <-chan work.Event
	again  func() <-chan work.Event // watches anew after events were missed
	due    <-chan time.Time
	// dirty are the topics that are out of date.
	dirty []string
}

// newWorkFeed reads what a stream is about: the id of a run, or one and the name
// of a step.
func (c *Console) newWorkFeed(asked []string, about string) (workFeed, *fault) {
	w := workFeed{}
	for _, t := range asked {
		if c.src.Work != nil && (t == topicRuns || t == topicRun || t == topicStep) {
			w.topics = append(w.topics, t)
		}
	}
	if !slices.Contains(w.topics, topicRun) && !slices.Contains(w.topics, topicStep) {
		return w, nil
	}
	id, step, _ := strings.Cut(about, "/")
	run, err := workflow.ParseRunID(id)
	if err != nil {
		return w, invalid("The stream is about no run.")
	}
	w.run, w.step, w.logs = run, step, about == id+anyStep
	return w, nil
}

// watch begins to listen, until ctx ends. What happened since the page was rendered
// is not known, so that it is out of date to begin with.
func (w *workFeed) watch(ctx context.Context, from Work, gather time.Duration) {
	if len(w.topics) == 0 {
		return
	}
	w.again = func() <-chan work.Event {
		events, _ := from.Watch(ctx, 0, w.wants)
		return events
	}
	w.events = w.again()
	w.dirty, w.due = slices.Clone(w.topics), time.After(gather)
}

// wants reports whether an event matters to one of the topics. It is called for
// every event of the engine.
func (w *workFeed) wants(e *work.Event) bool {
	return slices.ContainsFunc(w.topics, func(topic string) bool { return w.concerns(topic, e) })
}

func (w *workFeed) concerns(topic string, e *work.Event) bool {
	switch topic {
	case topicRuns:
		return e.Step == "" && e.Kind != kindLog
	case topicRun:
		return e.Run == w.run && (e.Kind != kindLog || w.logs)
	case topicStep:
		return e.Run == w.run && (e.Step == w.step || e.Step == "")
	}
	return false
}

// worked takes an event. When events were missed, everything is out of date.
func (s *stream) worked(e work.Event, open bool) error {
	w := &s.work
	if !open {
		w.dirty = slices.Clone(w.topics)
		w.events = nil
		if s.r.Context().Err() == nil {
			w.events = w.again()
		}
	} else if e.Kind == kindLog {
		return s.sendLog(&e)
	} else {
		for _, t := range w.topics {
			if w.concerns(t, &e) && !slices.Contains(w.dirty, t) {
				w.dirty = append(w.dirty, t)
			}
		}
	}
	if w.due == nil {
		w.due = time.After(s.c.pace.work)
	}
	return nil
}

// workHints tells which topics are out of date.
func (s *stream) workHints() error {
	dirty := s.work.dirty
	s.work.due, s.work.dirty = nil, nil
	for _, t := range dirty {
		if err := s.event(t, strconv.FormatInt(time.Now().UnixMilli(), 36)); err != nil {
			return err
		}
	}
	return nil
}

// sendLog sends lines of a log.
func (s *stream) sendLog(e *work.Event) error {
	var lines []logLine
	for text := range strings.Lines(e.Log) {
		line := logLine{At: at(e.At), Attempt: e.Attempt, Item: e.Item, Text: strings.TrimRight(text, "\r\n")}
		if s.work.logs {
			line.Step = e.Step
		}
		lines = append(lines, line)
	}
	if len(lines) > maxRows {
		lines = lines[len(lines)-maxRows:]
	}
	var html bytes.Buffer
	if err := s.c.pages["step"].ExecuteTemplate(&html, "log_lines", lines); err != nil {
		return err
	}
	return s.event("log", html.String())
}

// workData is what the pages of a topic show, as far as it tells that they are
// out of date; nil for other topics, and where the engine does not answer.
func (c *Console) workData(ctx context.Context, topic string, run workflow.RunID) any {
	if c.src.Work == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	var data any
	var err error
	switch topic {
	case topicRuns:
		data, _, err = c.src.Work.List(ctx, store.Filter{}, "", runsPage)
	case topicRun, topicStep:
		data, _, err = c.src.Work.List(ctx, store.Filter{Text: run.String()}, "", 1)
	case topicQueues:
		data, err = c.src.Work.Queues(ctx, topTenants)
	case topicPools:
		data, err = c.src.Work.Pools(ctx)
	case topicTenants:
		data, err = c.src.Work.Tenants(ctx)
	case topicDead:
		data, _, err = c.src.Work.Dead(ctx, store.DeadFilter{}, "", deadPage)
	case topicSchedules:
		data = c.src.Work.Schedules(nil)
	case topicDefinitions:
		data = c.src.Work.Definitions(nil)
	}
	if err != nil {
		return nil
	}
	return data
}
