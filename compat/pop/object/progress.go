package object

import (
	"encoding/json"
	"strings"

	"github.com/berth-project/berth/compat/pop/internal/field"
)

// State is where an agenda or an operation stands.
type State string

// The states.
const (
	Waiting   State = "WAITING"
	Executing State = "EXECUTING"
	Complete  State = "COMPLETE"
)

// The messages that say how something is complete, and that it was reset.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
	Pending   = "pending"
)

// Progress is what became of an agenda.
type Progress struct {
	Common
	AgendaID   string `json:"agendaId,omitempty"`
	LinkID     string `json:"linkId,omitempty"`
	ExternalID string `json:"externalId,omitempty"`
	State      State  `json:"processingState,omitempty"`
	// StateMessage is [Succeeded] or [Failed] of a complete agenda, any text
	// of others.
	StateMessage string              `json:"processingStateMessage,omitempty"`
	Operations   []OperationProgress `json:"operationProgress,omitempty"`
	Diagnostics  []DiagnosticEvent   `json:"diagnosticEvents,omitempty"`
	// AttemptsCompleted counts how often the agenda became complete.
	AttemptsCompleted *int `json:"attemptsCompleted,omitempty"`
	// MaximumAttempts is how often it may be tried; see
	// [DefaultMaximumAttempts].
	MaximumAttempts *int           `json:"maximumAttempts,omitempty"`
	StartedTime     int64          `json:"startedTime,omitempty"`
	CompletedTime   int64          `json:"completedTime,omitempty"`
	PercentComplete *float64       `json:"percentComplete,omitempty"`
	Params          Params         `json:"params,omitzero"`
	AgendaInsight   *AgendaInsight `json:"agendaInsight,omitempty"`
}

// OperationProgress is what became of an operation.
type OperationProgress struct {
	Common
	AgendaProgressID string `json:"agendaProgressId,omitempty"`
	// Operation is the name of the operation.
	Operation       string            `json:"operation,omitempty"`
	State           State             `json:"processingState,omitempty"`
	StateMessage    string            `json:"processingStateMessage,omitempty"`
	Diagnostics     []DiagnosticEvent `json:"diagnosticEvents,omitempty"`
	PercentComplete *float64          `json:"percentComplete,omitempty"`
	AttemptCount    *int              `json:"attemptCount,omitempty"`
	AttemptTime     int64             `json:"attemptTime,omitempty"`
	StartedTime     int64             `json:"startedTime,omitempty"`
	CompletedTime   int64             `json:"completedTime,omitempty"`
	// ResultPayload is the output: a text that holds JSON.
	ResultPayload string `json:"resultPayload,omitempty"`
	// Params are what the handler keeps for its next attempt.
	Params Params `json:"params,omitzero"`
}

// DiagnosticEvent is an error with its circumstances.
type DiagnosticEvent struct {
	Message    string          `json:"message,omitempty"`
	StatusCode string          `json:"statusCode,omitempty"`
	Time       int64           `json:"time,omitempty"`
	StackTrace string          `json:"stackTrace,omitempty"`
	Payload    json.RawMessage `json:"payload,omitempty"`
}

// OperationProgressID is the id of an operation's progress.
func OperationProgressID(progressID, operation string) string {
	return progressID + "-" + operation
}

// Output returns the output of an operation as JSON: {} where there is none.
func (p *OperationProgress) Output() json.RawMessage {
	if p.ResultPayload == "" || field.IsNull(json.RawMessage(p.ResultPayload)) {
		return json.RawMessage("{}")
	}
	return json.RawMessage(p.ResultPayload)
}

// Successful reports whether something in that state with that message has
// succeeded.
func Successful(s State, message string) bool {
	return s == Complete && strings.EqualFold(message, Succeeded)
}

// Percent is how far an agenda is: each operation counts the same.
func Percent(operations []OperationProgress) float64 {
	if len(operations) == 0 {
		return 100
	}
	sum := 0.0
	for _, o := range operations {
		switch {
		case o.State == Complete:
			sum += 100
		case o.State == Executing && o.PercentComplete != nil:
			sum += min(100, max(0, *o.PercentComplete))
		}
	}
	return sum / float64(len(operations))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Progress) UnmarshalJSON(data []byte) error { return field.Decode(data, p) }

// UnmarshalJSON implements [json.Unmarshaler].
func (p *OperationProgress) UnmarshalJSON(data []byte) error { return field.Decode(data, p) }

// UnmarshalJSON implements [json.Unmarshaler].
func (e *DiagnosticEvent) UnmarshalJSON(data []byte) error { return field.Decode(data, e) }

// UnmarshalJSON implements [json.Unmarshaler].
func (s *State) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	switch State(text) {
	case Waiting, Executing, Complete:
		*s = State(text)
		return nil
	}
	return &field.Error{Message: "is none of WAITING, EXECUTING and COMPLETE"}
}
