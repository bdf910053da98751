package api

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func (a *API) workerRoutes() []route {
	return []route{
		{
			method: "POST", path: "/pools/{pool}/poll", name: "poll", may: poolWorker, takes: PollRequest{}, gives: PollAnswer{},
			text: "Ask for tasks, and wait for them. The same call may bring results and heartbeats of earlier ones.", do: (*call).poll,
		},
		{
			method: "POST", path: "/pools/{pool}/report", name: "report", may: poolWorker, takes: ReportRequest{}, gives: ReportAnswer{},
			text: "Bring results and heartbeats, and give back tasks that were not begun. Reports that do not count come back as lost, those to be sent again as again.", do: (*call).report,
		},
	}
}

// TaskReport is what a worker tells of one task.
type TaskReport struct {
	Run   workflow.RunID `json:"run"`
	Step  string         `json:"step"`
	Item  *int           `json:"item,omitempty"` // as in the task; -1 without
	Fence machine.Fence  `json:"fence"`
	// Percent, Message, State and Log come with heartbeats and results.
	Percent float64         `json:"percent,omitempty"`
	Message string          `json:"message,omitempty"`
	State   json.RawMessage `json:"state,omitempty"`
	Log     string          `json:"log,omitempty"`
	// Output or Failure come with results.
	Output  json.RawMessage  `json:"output,omitempty"`
	Failure *machine.Failure `json:"failure,omitempty"`
}

func (t TaskReport) held() shard.Held {
	item := -1
	if t.Item != nil {
		item = *t.Item
	}
	return shard.Held{Run: t.Run, Step: t.Step, Item: item, Fence: t.Fence}
}

func (t TaskReport) beat(h shard.Held) shard.Beat {
	return shard.Beat{Held: h, Report: machine.Report{Percent: t.Percent, Message: t.Message, Saved: t.State}, Log: clipLog(t.Log)}
}

func (t TaskReport) lost(why error) LostTask {
	h := t.held()
	return LostTask{Run: h.Run, Step: h.Step, Item: h.Item, Fence: h.Fence, Why: public(why).Detail}
}

// maxLog bounds what one report adds to a log, in bytes.
const maxLog = 256 << 10

// clipLog cuts what a report adds to a log.
func clipLog(text string) []byte {
	if len(text) <= maxLog {
		return []byte(text)
	}
	return []byte(strings.ToValidUTF8(text[:maxLog], "") + "\n… the rest of this report's log is not kept\n")
}

// ReportRequest brings what became of tasks.
type ReportRequest struct {
	Complete  []TaskReport `json:"complete,omitempty"`
	Heartbeat []TaskReport `json:"heartbeat,omitempty"`
	GiveBack  []TaskReport `json:"give-back,omitempty"`
}

// ReportAnswer says which reports did not count.
type ReportAnswer struct {
	// Lost are tasks that are not the worker's any more: it must stop them.
	Lost []LostTask `json:"lost,omitempty"`
	// Again are reports that must be sent again.
	Again []LostTask `json:"again,omitempty"`
	// Refused are reports of which a part was not taken: its task goes on.
	Refused []LostTask `json:"refused,omitempty"`

	elsewhere map[string]*ReportRequest // what other engines are to be told, by URL
}

// LostTask is a report that did not count, and why.
type LostTask struct {
	Run   workflow.RunID `json:"run"`
	Step  string         `json:"step"`
	Item  int            `json:"item"`
	Fence machine.Fence  `json:"fence"`
	Why   string         `json:"why"`
}

// PollRequest asks for tasks.
type PollRequest struct {
	Worker string   `json:"worker"`
	Types  []string `json:"types,omitempty"` // what the worker executes; all without
	Max    int      `json:"max,omitempty"`   // 0 asks for none: only reports; at most 64
	// Wait is how long to wait for a task: at most 60s, default 30s.
	Wait *workflow.Duration `json:"wait,omitempty"`
	ReportRequest
}

// PollAnswer brings tasks, and what became of the reports.
type PollAnswer struct {
	Tasks []work.Task `json:"tasks"`
	ReportAnswer
}

const (
	maxReports  = 1000
	maxTypes    = 1000
	maxName     = 200
	defaultWait = 30 * time.Second
	maxWait     = time.Minute
)
