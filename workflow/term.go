package workflow

import (
	"encoding/json"
	"strconv"
)

// stepFact is what of a step a reference asks for.
type stepFact uint8

const (
	factOutput stepFact = iota
	factStatus
	factError
	factAttempts
)

var factNames = []string{"output", "status", "error", "attempts"}

// runNames are the facts of a run.
var runNames = []string{"id", "tenant", "workflow", "version", "attempt", "queue", "priority", "labels", "created"}

// base returns what the path begins at, nil where that is not there, and the rest
// of the path.
func (t *term) base(s *Scope) (json.RawMessage, []segment) {
	if t.literal != nil {
		return t.literal, nil
	}
	switch t.root {
	case rootParams:
		return s.Params, t.path
	case rootSignal:
		return s.Signal, t.path
	case rootEvent:
		return s.event, t.path
	case rootItem:
		return s.Item, t.path
	case rootIndex:
		return strconv.AppendInt(nil, int64(s.Index), 10), t.path
	case rootSteps:
		if s.Steps == nil || t.step < 0 {
			return nil, nil
		}
		return s.Steps.StepFact(t.step).fact(t.fact), t.path
	}
	switch {
	case s.Run == nil:
		return nil, nil
	case len(t.path) > 0:
		return s.Run.fact(t.path[0].name), t.path[1:]
	}
	raw, _ := json.Marshal(s.Run) // texts and numbers
	return raw, nil
}

// fact returns one of the facts as JSON, nil for one that does not exist.
func (r *RunFacts) fact(name string) json.RawMessage {
	switch name {
	case "id":
		return appendQuoted(nil, r.ID.String())
	case "tenant":
		return appendQuoted(nil, r.Tenant)
	case "workflow":
		return appendQuoted(nil, r.Workflow)
	case "version":
		return strconv.AppendInt(nil, int64(r.Version), 10)
	case "attempt":
		return strconv.AppendInt(nil, int64(r.Attempt), 10)
	case "queue":
		return appendQuoted(nil, r.Queue)
	case "priority":
		return strconv.AppendInt(nil, int64(r.Priority), 10)
	case "labels":
		if r.Labels == nil {
			return json.RawMessage("{}")
		}
		raw, _ := json.Marshal(r.Labels)
		return raw
	case "created":
		return strconv.AppendInt(nil, r.Created, 10)
	}
	return nil
}

func (f StepFact) fact(which stepFact) json.RawMessage {
	switch which {
	case factOutput:
		return f.Output
	case factStatus:
		return appendQuoted(nil, f.Status)
	case factError:
		return f.Error
	}
	return strconv.AppendInt(nil, int64(f.Attempts), 10)
}
