package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/cron"
)

// nextTimes is how many times of a schedule are shown.
const nextTimes = 5

// scheduleList is the page of schedules.
type scheduleList struct {
	Schedules []scheduleRow `json:"schedules"`
	Actions   bool          `json:"-"`
	Done      string        `json:"-"`
}

// scheduleRow is a schedule with its next times.
type scheduleRow struct {
	work.Schedule
	// Words is the expression for people; Problem why it cannot be read.
	Words   string      `json:"words,omitempty"`
	Problem string      `json:"problem,omitempty"`
	Next    []time.Time `json:"next"`
	// LastState is that of the run it started last.
	LastState string `json:"last_state,omitempty"`
	// LastMark is LastState for people.
	LastMark *stateMark `json:"-"`
}

// LastTime is the time it last started something for, zero for never: the engine
// keeps from when on times count, too.
func (s scheduleRow) LastTime() time.Time {
	if s.LastRun == 0 {
		return time.Time{}
	}
	return at(s.Last)
}

// Local is one of its times as clocks in its zone show it, nothing where that is
// UTC.
func (s scheduleRow) Local(t time.Time) string {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil || s.TimeZone == "" || zone == time.UTC {
		return ""
	}
	return t.In(zone).Format("Mon 15:04 MST")
}

// Mark is the state for people.
func (s scheduleRow) Mark() stateMark {
	switch {
	case s.Problem != "":
		return stateMark{"fail", "✕", "cannot be read"}
	case s.Paused:
		return stateMark{"wait", "‖", "paused"}
	}
	return stateMark{"ok", "●", "on"}
}

// Zone is the time zone it is meant in.
func (s scheduleRow) Zone() string {
	if s.TimeZone == "" {
		return "UTC"
	}
	return s.TimeZone
}

// scheduleDone are what the page says after an action.
var scheduleDone = map[string]string{"pause": "Paused: nothing starts at its times.", "resume": "Resumed: its next times count."}

// lastRuns is of how many schedules the list looks at the last run.
const lastRuns = 100

func (c *Console) scheduleList(ctx context.Context, r *http.Request) (*page, *fault) {
	v := scheduleList{Schedules: []scheduleRow{}, Actions: c.src.WorkActions != nil, Done: scheduleDone[r.URL.Query().Get("done")]}
	for i, s := range c.src.Work.Schedules(nil) {
		row := c.scheduleRow(s)
		if s.LastRun != 0 && i < lastRuns {
			// What became of it is worth knowing, but not worth the page.
			if run, err := c.src.Work.Get(ctx, s.LastRun, nil); err == nil {
				mark := runMark(run.Status, run.Paused)
				row.LastState, row.LastMark = run.Status.String(), &mark
			}
		}
		v.Schedules = append(v.Schedules, row)
	}
	return &page{
		title: "Schedules", template: "schedules", room: "/schedules", up: "/", topic: topicSchedules, twin: "/schedules.json",
		params: []string{"done"}, command: "berth schedule list", data: v,
	}, nil
}

func (c *Console) scheduleRow(s work.Schedule) scheduleRow {
	row := scheduleRow{Schedule: s, Next: []time.Time{}}
	spec, err := cron.Parse(s.Cron, s.TimeZone)
	if err != nil {
		row.Problem = sentence(err)
		return row
	}
	row.Words = spec.String()
	from := c.src.Now()
	for range nextTimes {
		from = spec.Next(from)
		if from.IsZero() {
			break
		}
		row.Next = append(row.Next, from)
	}
	return row
}

func (c *Console) scheduleNamed(name string) (work.Schedule, *fault) {
	all := c.src.Work.Schedules(nil)
	i := slices.IndexFunc(all, func(s work.Schedule) bool { return s.Name == name })
	if i < 0 {
		return work.Schedule{}, &fault{status: http.StatusNotFound, code: "not_found", text: "There is no such schedule."}
	}
	return all[i], nil
}
