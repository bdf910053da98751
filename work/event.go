package work

import (
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Event is something that happened to a run or a step, for those who watch.
type Event struct {
	Seq        uint64             `json:"seq"` // grows within an engine's life
	At         int64              `json:"at"`  // ms
	Kind       string             `json:"kind"`
	Run        workflow.RunID     `json:"run"`
	Tenant     string             `json:"tenant"`
	Queue      string             `json:"queue"`
	Workflow   string             `json:"workflow"`
	Status     machine.Status     `json:"status"`
	Step       string             `json:"step,omitempty"`
	Item       int                `json:"item,omitempty"`
	StepStatus machine.StepStatus `json:"step-status,omitempty"`
	Attempt    int                `json:"attempt,omitempty"`
	Percent    float64            `json:"percent,omitempty"`
	Message    string             `json:"message,omitempty"`
	Failure    *machine.Failure   `json:"failure,omitempty"`
	Log        string             `json:"log,omitempty"` // of kind "step.log"
}
