package machine

import (
	"encoding/json"

	"github.com/berth-project/berth/workflow"
)

// View is a run as people see it. It shares its JSON with the run, which
// never changes it, and may be kept. Times are milliseconds since 1970.
type View struct {
	ID       workflow.RunID    `json:"id"`
	Workflow string            `json:"workflow"`
	Version  int               `json:"version,omitempty"`
	Tenant   string            `json:"tenant"`
	Queue    string            `json:"queue"`
	Priority uint8             `json:"priority"`
	Labels   map[string]string `json:"labels,omitempty"`
	Params   json.RawMessage   `json:"params,omitempty"`
	Parent   workflow.RunID    `json:"parent,omitzero"` // the run that wanted it
	Status   Status            `json:"status"`
	// Verdict is how it will end, while its steps under finally run.
	Verdict  Status          `json:"verdict,omitzero"`
	Paused   bool            `json:"paused,omitempty"`
	Attempt  int             `json:"attempt"`
	Crashes  int             `json:"crashes,omitempty"`
	Created  int64           `json:"created"`
	Queued   int64           `json:"queued,omitempty"`
	Started  int64           `json:"started,omitempty"`
	Finished int64           `json:"finished,omitempty"`
	WakeAt   int64           `json:"wake-at,omitempty"`
	Deadline int64           `json:"deadline,omitempty"`
	Percent  float64         `json:"percent"`
	Worker   string          `json:"worker,omitempty"` // of a run that is leased as a whole
	Failure  *Failure        `json:"failure,omitempty"`
	Output   json.RawMessage `json:"output,omitempty"`
	Signals  []Signal        `json:"signals,omitempty"`
	Steps    []StepView      `json:"steps"`
}

// StepView is a step as people see it.
type StepView struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Title string `json:"title,omitempty"`
	Standing
	Needs   []string   `json:"needs,omitempty"`
	Handler bool       `json:"handler,omitempty"`
	Finally bool       `json:"finally,omitempty"`
	Parent  string     `json:"parent,omitempty"` // the step that generated it
	Items   []ItemView `json:"items,omitempty"`
}

// ItemView is an item of a step with for-each as people see it.
type ItemView struct {
	Item  int             `json:"item"`
	Value json.RawMessage `json:"value,omitempty"`
	Standing
}

// Standing is where a step or an item stands.
type Standing struct {
	Status     StepStatus      `json:"status"`
	Reason     Reason          `json:"reason,omitzero"`
	Attempt    int             `json:"attempt,omitempty"`
	Failures   int             `json:"failures,omitempty"`
	Crashes    int             `json:"crashes,omitempty"`
	Worker     string          `json:"worker,omitempty"`
	Ready      int64           `json:"ready,omitempty"`
	Started    int64           `json:"started,omitempty"`
	Finished   int64           `json:"finished,omitempty"`
	LeaseUntil int64           `json:"lease-until,omitempty"`
	WakeAt     int64           `json:"wake-at,omitempty"`
	TimeoutAt  int64           `json:"timeout-at,omitempty"`
	Percent    float64         `json:"percent"`
	Message    string          `json:"message,omitempty"`
	Output     json.RawMessage `json:"output,omitempty"`
	Failure    *Failure        `json:"failure,omitempty"`
	Child      workflow.RunID  `json:"child,omitzero"`
	// Awaits is the signal a sleeping wait step waits for; Approval says that
	// the signal must approve.
	Awaits   string `json:"awaits,omitempty"`
	Approval bool   `json:"approval,omitempty"`
}

// View returns the run as people see it.
func (r *Run) View() View {
	st, facts := &r.State, r.scopeOf(nil, 0).Run
	v := View{
		ID: r.Meta.ID, Workflow: facts.Workflow, Version: facts.Version, Tenant: r.Meta.Tenant, Queue: r.Meta.Queue,
		Priority: r.Meta.Priority, Labels: r.Meta.Labels, Params: r.Meta.Params, Parent: r.Meta.Parent, Status: st.Status,
		Paused: st.Paused, Attempt: st.Attempt, Crashes: st.Crashes, Created: r.Meta.Created, Queued: st.QueuedAt,
		Started: st.StartedAt, Finished: st.FinishedAt, WakeAt: st.WakeAt, Deadline: st.DeadlineAt, Percent: r.Percent(),
		Failure: st.Failure, Output: st.Output, Signals: append([]Signal(nil), st.Signals...),
		Steps: make([]StepView, 0, len(st.Steps)),
	}
	if !st.Status.Final() {
		v.Verdict = st.Verdict
	}
	if st.Lease != nil {
		v.Worker = st.Lease.Worker
	}
	for i := range st.Steps {
		if st.Steps[i].Reason != Dropped {
			v.Steps = append(v.Steps, r.stepView(i))
		}
	}
	return v
}

func (r *Run) stepView(i int) StepView {
	s, n := &r.State.Steps[i], r.Plan.Node(i)
	v := StepView{
		Name: n.Step.Name, Type: n.Step.Run, Title: n.Step.Title, Standing: r.standing(Ref{int32(i), -1}), Handler: n.Handler, Finally: n.Finally,
	}
	v.Output = r.Output(Ref{int32(i), -1})
	for _, k := range n.Needs {
		v.Needs = append(v.Needs, r.Plan.Node(k).Step.Name)
	}
	if n.Parent >= 0 {
		v.Parent = r.Plan.Node(n.Parent).Step.Name
	}
	for k := range s.Items {
		ref := Ref{int32(i), int32(k)}
		v.Items = append(v.Items, ItemView{Item: k, Value: r.input(ref), Standing: r.standing(ref)})
	}
	return v
}

func (r *Run) standing(ref Ref) Standing {
	s := r.Step(ref)
	v := Standing{
		Status: s.Status, Reason: s.Reason, Attempt: s.Attempt, Failures: s.Failures, Crashes: s.Crashes, Worker: s.Worker,
		Ready: s.ReadyAt, Started: s.StartedAt, Finished: s.FinishedAt, LeaseUntil: s.LeaseUntil, WakeAt: s.WakeAt, TimeoutAt: s.TimeoutAt,
		Percent: s.percent(), Message: s.Message, Output: s.Output, Failure: s.Failure, Child: s.Child,
	}
	if s.Status == StepSleeping {
		a := r.awaits(ref, s)
		v.Awaits, v.Approval = a.Signal, a.Approval
	}
	return v
}
