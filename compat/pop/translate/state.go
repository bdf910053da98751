package translate

import (
	"encoding/json"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/workflow/machine"
)

// messageRunning is what POP's executor says of an agenda that runs.
const messageRunning = "Running Operations"

// Apply writes into the progress of an agenda what became of its run: states,
// times, percentages, outputs and attempts. What the run does not know stays:
// ids, titles, the parameters and diagnostics of operations.
func Apply(v *machine.View, p *object.Progress) {
	state, message := runState(v)
	if message != "" || p.State != state { // what was reset before it ran stays pending
		p.StateMessage = message
	}
	p.State = state
	p.StartedTime, p.CompletedTime = v.Started, v.Finished
	attempts := v.Attempt - 1
	if v.Status.Final() {
		attempts++
	}
	p.AttemptsCompleted = &attempts
	if v.Failure != nil && v.Failure.Step == "" { // that of a step is told with its operation
		p.Diagnostics = withDiagnostic(p.Diagnostics, diagnostic(v.Failure, v.Finished))
	}
	steps := make(map[string]*machine.StepView, len(v.Steps))
	for i := range v.Steps {
		steps[v.Steps[i].Name] = &v.Steps[i]
	}
	for i := range p.Operations {
		if step := steps[StepName(p.Operations[i].Operation)]; step != nil {
			applyStep(step, &p.Operations[i])
		}
	}
	percent := object.Percent(p.Operations)
	p.PercentComplete = &percent
}

// Covers reports whether the progress of an agenda has all operations that its run
// has steps for.
func Covers(p *object.Progress, v *machine.View) bool {
	known := make(map[string]bool, len(p.Operations))
	for i := range p.Operations {
		known[StepName(p.Operations[i].Operation)] = true
	}
	for i := range v.Steps {
		if s := &v.Steps[i]; s.Type != TypeGenerate && !known[s.Name] {
			return false
		}
	}
	return true
}

// NewProgress returns the progress of an agenda that has not run. One that does not
// say how often it may be tried is tried so many attempts.
func NewProgress(a *object.Agenda, attempts int) *object.Progress {
	percent, completed, most := 0.0, 0, a.Params.Attempts(attempts)
	p := &object.Progress{
		Common:   object.Common{ID: a.ProgressID, CID: a.CID, CustomerID: a.CustomerID, AddedTime: a.AddedTime, UpdatedTime: a.AddedTime},
		AgendaID: a.ID, LinkID: a.LinkID, ExternalID: a.Params.Text(object.ParamExternalID), State: object.Waiting,
		PercentComplete: &percent, AttemptsCompleted: &completed, MaximumAttempts: &most, Params: a.Params, AgendaInsight: a.AgendaInsight,
	}
	for i := range a.Operations {
		p.Operations = append(p.Operations, NewOperationProgress(p, a.Operations[i].Name))
	}
	return p
}

// NewOperationProgress returns the progress of an operation that has not run.
func NewOperationProgress(p *object.Progress, operation string) object.OperationProgress {
	zero := 0
	return object.OperationProgress{
		Common: object.Common{
			ID: object.OperationProgressID(p.ID, operation), CID: p.CID, CustomerID: p.CustomerID,
			AddedTime: p.AddedTime, UpdatedTime: p.AddedTime,
		},
		AgendaProgressID: p.ID, Operation: operation, State: object.Waiting, AttemptCount: &zero,
	}
}

// runState is what POP calls the status of a run.
func runState(v *machine.View) (object.State, string) {
	switch v.Status {
	case machine.Held, machine.Queued:
		if v.Attempt > 1 {
			return object.Waiting, object.Pending
		}
		return object.Waiting, ""
	case machine.Running:
		return object.Executing, messageRunning
	case machine.Succeeded:
		return object.Complete, object.Succeeded
	}
	return object.Complete, object.Failed
}

// applyStep writes what became of a step into the progress of its operation.
func applyStep(s *machine.StepView, o *object.OperationProgress) {
	state, message := stepState(s)
	waited := o.State == object.Waiting && state == object.Waiting
	if !waited { // of what waits as it did the message and the result of a reset stay
		o.StateMessage, o.ResultPayload = message, ""
	}
	o.State = state
	o.StartedTime, o.CompletedTime = s.Started, s.Finished
	attempts, percent := s.Attempt, s.Percent
	o.AttemptCount, o.AttemptTime, o.PercentComplete = &attempts, s.Started, &percent
	switch {
	case s.Status == machine.StepSucceeded:
		o.ResultPayload = string(output(s.Output))
	case s.Failure != nil:
		o.Diagnostics = withDiagnostic(o.Diagnostics, diagnostic(s.Failure, s.Finished))
	}
}

// stepState is what POP calls the status of a step. An operation that never ran,
// because another failed or the run was canceled, waits.
func stepState(s *machine.StepView) (object.State, string) {
	switch s.Status {
	case machine.StepCanceled:
		if s.Attempt == 0 {
			return object.Waiting, ""
		}
	case machine.StepWaiting, machine.StepReady, machine.StepSkipped:
		return object.Waiting, ""
	case machine.StepRunning, machine.StepBackoff, machine.StepSleeping:
		return object.Executing, s.Message
	case machine.StepSucceeded:
		return object.Complete, object.Succeeded
	}
	return object.Complete, object.Failed
}

func output(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage("{}")
	}
	return raw
}

func diagnostic(f *machine.Failure, at int64) object.DiagnosticEvent {
	return object.DiagnosticEvent{Message: f.Message, StatusCode: f.Code, Time: at, Payload: f.Detail}
}

// withDiagnostic adds an event that is not there yet.
func withDiagnostic(events []object.DiagnosticEvent, e object.DiagnosticEvent) []object.DiagnosticEvent {
	for _, known := range events {
		if known.Message == e.Message {
			return events
		}
	}
	return append(events, e)
}

// StepReport says in Berth's words what an executor of POP's tells of an
// operation.
func StepReport(o *object.OperationProgress) machine.StepReport {
	r := machine.StepReport{
		Step: StepName(o.Operation), Status: machine.StepWaiting, Message: o.StateMessage,
		Started: o.StartedTime, Finished: o.CompletedTime,
	}
	if o.PercentComplete != nil {
		r.Percent = min(max(*o.PercentComplete, 0), 100)
	}
	switch {
	case o.State == object.Executing:
		r.Status = machine.StepRunning
	case object.Successful(o.State, o.StateMessage):
		r.Status, r.Message = machine.StepSucceeded, ""
		r.Output = o.Output()
		if !json.Valid(r.Output) {
			r.Output = json.RawMessage(quote(o.ResultPayload))
		}
	case o.State == object.Complete:
		r.Status, r.Failure = machine.StepFailed, failure(o.StateMessage, o.Diagnostics)
	}
	return r
}

// Outcome says in Berth's words how an executor of POP's tells that an agenda
// ended; nil when it has not.
func Outcome(p *object.Progress) *machine.Outcome {
	switch {
	case p.State != object.Complete:
		return nil
	case object.Successful(p.State, p.StateMessage):
		return &machine.Outcome{}
	}
	return &machine.Outcome{Failure: failure(p.StateMessage, p.Diagnostics)}
}

// failure is the last of the events that tell why something failed.
func failure(message string, events []object.DiagnosticEvent) *machine.Failure {
	f := &machine.Failure{Code: object.Failed, Message: message}
	if len(events) > 0 {
		last := events[len(events)-1]
		if last.Message != "" {
			f.Message = last.Message
		}
		f.Detail = last.Payload
	}
	return f
}
