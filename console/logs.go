package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/berth-project/berth/telemetry"
)

// logView is the page of log lines.
type logView struct {
	Filter    logFilter        `json:"filter"`
	Lines     []telemetry.Line `json:"lines"`
	Levels    []string         `json:"-"`
	Processes []string         `json:"-"`
	Stream    string           `json:"-"`
}

// logFilter narrows the lines; an empty field does not.
type logFilter struct {
	// Level is the least level.
	Level string `json:"level,omitempty"`
	// Process is the process that wrote them.
	Process string `json:"process,omitempty"`
}

var logParams = []string{"level", "process"}

// levels are from least to most.
var levels = [...]string{"debug", "info", "warn", "error"}

func logFilterOf(q url.Values) (logFilter, *fault) {
	f := logFilter{Level: q.Get("level"), Process: q.Get("process")}
	if f.Level != "" && !slices.Contains(levels[:], f.Level) {
		return f, invalid("The level is none of debug, info, warn and error.")
	}
	return f, nil
}

func (f logFilter) query() url.Values {
	return known(url.Values{"level": {f.Level}, "process": {f.Process}}, logParams)
}

func (f logFilter) matches(l *telemetry.Line) bool {
	if f.Level != "" && severity(l.Level) < slices.Index(levels[:], f.Level) {
		return false
	}
	return f.Process == "" || slices.Contains(l.Fields, telemetry.Field{Key: "process", Value: f.Process})
}

// severity places a level among levels; slog writes those between as "INFO+2".
func severity(level string) int {
	name, _, _ := strings.Cut(strings.ToLower(level), "+")
	name, _, _ = strings.Cut(name, "-")
	return slices.Index(levels[:], name)
}

func (c *Console) logList(r *http.Request) (*page, *fault) {
	filter, f := logFilterOf(r.URL.Query())
	if f != nil {
		return nil, f
	}
	v := logView{Filter: filter, Lines: []telemetry.Line{}, Levels: levels[:], Processes: c.processNames(filter.Process)}
	at := cursor{boot: c.boot}
	if c.src.Logs != nil {
		all, _ := c.src.Logs.Since(0)
		if len(all) > 0 {
			at.log = all[len(all)-1].Seq
		}
		v.Lines = logRows(all, filter)
	}
	query := filter.query()
	query.Set("topics", topicLogs)
	query.Set("from", at.String())
	v.Stream = c.path("/events", query)
	return &page{
		title: "Logs", template: "logs", room: "/logs", up: "/", twin: "/logs.json",
		params: logParams, command: c.curl(r, "/logs.json", logParams...), data: v,
	}, nil
}

// logRows are the lines that match, the newest first.
func logRows(all []telemetry.Line, filter logFilter) []telemetry.Line {
	rows := make([]telemetry.Line, 0, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		if filter.matches(&all[i]) {
			rows = append(rows, all[i])
		}
	}
	return rows
}

// processNames are the processes to choose from, the chosen one included.
func (c *Console) processNames(chosen string) []string {
	var names []string
	for _, s := range c.statuses() {
		if !slices.Contains(names, s.Process) {
			names = append(names, s.Process)
		}
	}
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append(names, chosen)
	}
	return names
}
