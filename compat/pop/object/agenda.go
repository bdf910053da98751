package object

import (
	"encoding/json"

	"github.com/berth-project/berth/compat/pop/internal/field"
)

// Agenda is a run: operations that depend on each other.
type Agenda struct {
	Common
	Operations []Operation `json:"operations,omitempty"`
	Params     Params      `json:"params,omitzero"`
	// LinkID relates objects of one caller's work.
	LinkID string `json:"linkId,omitempty"`
	JobID  string `json:"jobId,omitempty"`
	// ProgressID names the progress of the agenda. One that is submitted with
	// it takes an existing progress over.
	ProgressID string `json:"progressId,omitempty"`
	// AgendaInsight is the queue it went to.
	AgendaInsight *AgendaInsight `json:"agendaInsight,omitempty"`
}

// AgendaInsight names a queue and its pool.
type AgendaInsight struct {
	ResourcePoolID string `json:"resourcePoolId,omitempty"`
	InsightID      string `json:"insightId,omitempty"`
}

// Operation is one node of an agenda.
type Operation struct {
	// Name is unique in the agenda, ignoring case.
	Name string `json:"name,omitempty"`
	// Type says what executes it.
	Type string `json:"type,omitempty"`
	// ID is any text; the handler is told.
	ID string `json:"id,omitempty"`
	// Payload is what the operation is given: any JSON, with tokens.
	Payload json.RawMessage `json:"payload,omitempty"`
	Params  Params          `json:"params,omitzero"`
}

// Generator says, in the parameters of an operation, that its output holds further
// operations.
type Generator struct {
	// OperationsPointer leads to them in the output (RFC 6901).
	OperationsPointer string `json:"operationsJsonPointer,omitempty"`
	// ParamsPointer leads to parameters for the agenda.
	ParamsPointer string `json:"paramsJsonPointer,omitempty"`
	// LogOnly generates nothing.
	LogOnly bool `json:"logOnly,omitempty"`
}

// GeneratedBy names the operation that generated this one, "" for none.
func (o *Operation) GeneratedBy() string { return o.Params.Text(ParamGeneratedBy) }

// Generator returns what the operation generates from its output, nil for nothing.
func (o *Operation) Generator() (*Generator, error) {
	raw := o.Params[ParamGenerator]
	if len(raw) == 0 || field.IsNull(raw) {
		return nil, nil
	}
	var g Generator
	if err := json.Unmarshal(raw, &g); err != nil {
		return nil, field.Explain(ParamGenerator, err)
	}
	return &g, nil
}

// Operation returns the operation of that name, nil where there is none.
func (a *Agenda) Operation(name string) *Operation {
	for i := range a.Operations {
		if a.Operations[i].Name == name {
			return &a.Operations[i]
		}
	}
	return nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (a *Agenda) UnmarshalJSON(data []byte) error { return field.Decode(data, a) }

// UnmarshalJSON implements [json.Unmarshaler].
func (i *AgendaInsight) UnmarshalJSON(data []byte) error { return field.Decode(data, i) }

// UnmarshalJSON implements [json.Unmarshaler].
func (o *Operation) UnmarshalJSON(data []byte) error { return field.Decode(data, o) }

// UnmarshalJSON implements [json.Unmarshaler].
func (g *Generator) UnmarshalJSON(data []byte) error { return field.Decode(data, g) }
