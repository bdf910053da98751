package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/process"
)

// instance is one copy of a process.
type instance struct {
	process.Status
	// Uptime is how long it has been running, in seconds; 0 when it does not.
	Uptime float64 `json:"uptime_seconds"`
}

// UptimeTime is Uptime for people.
func (i instance) UptimeTime() time.Duration { return time.Duration(i.Uptime * float64(time.Second)) }

// processes is the list.
type processes struct {
	Instances []instance `json:"instances"`
}

// processView is one process.
type processView struct {
	Name      string     `json:"name"`
	Instances []instance `json:"instances"`
	Program   *Program   `json:"program,omitempty"`
	// Actions says whether there are any.
	Actions bool `json:"-"`
	// Done is what was just done, in words.
	Done string `json:"-"`
}

func (c *Console) instances(name string) []instance {
	out := []instance{}
	now := c.src.Now()
	for _, s := range c.statuses() {
		if name != "" && s.Process != name {
			continue
		}
		i := instance{Status: s}
		if s.PID != 0 && !s.StartedAt.IsZero() {
			i.Uptime = now.Sub(s.StartedAt).Truncate(time.Second).Seconds()
		}
		out = append(out, i)
	}
	return out
}

func (c *Console) processList(r *http.Request) (*page, *fault) {
	return &page{
		title: "Processes", template: "processes", room: "/processes", up: "/", topic: topicProcesses,
		twin: "/processes.json", command: c.curl(r, "/processes.json"), data: processes{Instances: c.instances("")},
	}, nil
}

// doneTexts are what the page says after an action.
var doneTexts = map[string]string{
	"restart": "Restarted: the new instances are ready.",
	"signal":  "The signal was sent.",
}

func (c *Console) processDetail(r *http.Request) (*page, *fault) {
	v, f := c.processNamed(r.PathValue("name"))
	if f != nil {
		return nil, f
	}
	v.Done = doneTexts[r.URL.Query().Get("done")]
	twin := c.href("/processes/{name}.json", "/name", v.Name)[len(c.cfg.BasePath):]
	return &page{
		title: v.Name, template: "process", room: "/processes", up: "/processes", topic: topicProcesses,
		twin: twin, command: c.curl(r, twin), params: []string{"done"}, data: v,
	}, nil
}

// processNamed finds a process, one that is only configured included.
func (c *Console) processNamed(name string) (processView, *fault) {
	v := processView{Name: name, Instances: c.instances(name), Actions: c.src.Actions != nil}
	if c.src.Program != nil {
		if p, ok := c.src.Program(name); ok {
			p.Environment = slices.SortedFunc(slices.Values(p.Environment), func(a, b Variable) int {
				return strings.Compare(a.Name, b.Name)
			})
			v.Program = &p
		}
	}
	if name == "" || len(v.Instances) == 0 && v.Program == nil {
		return v, faultNotFound
	}
	return v, nil
}
