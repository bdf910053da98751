package object

import "github.com/berth-project/berth/compat/pop/internal/field"

// Ready says that an agenda waits for an insight: a row of the waiting list, and
// a message of the queue.
type Ready struct {
	ID         string `json:"id,omitempty"`
	InsightID  string `json:"insightId,omitempty"`
	AgendaID   string `json:"agendaId,omitempty"`
	CustomerID string `json:"customerId,omitempty"`
	Added      int64  `json:"added,omitempty"`
}

// ScheduleInfo is what the scheduler of an insight remembers from pass to pass.
type ScheduleInfo struct {
	// ID is made of the ids of pool and insight.
	ID           string `json:"id,omitempty"`
	LastExecuted int64  `json:"lastExecuted,omitempty"`
	LastMessage  string `json:"lastMessage,omitempty"`
	// PendingCustomerIDs are those whose turn it still is in this round.
	PendingCustomerIDs []string `json:"pendingCustomerIds,omitempty"`
	CustomerID         string   `json:"customerId,omitempty"`
}

// ScheduleInfoID is the id of what the scheduler remembers of an insight.
func ScheduleInfoID(poolID, insightID string) string { return poolID + "-" + insightID }

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Ready) UnmarshalJSON(data []byte) error { return field.Decode(data, r) }

// UnmarshalJSON implements [json.Unmarshaler].
func (i *ScheduleInfo) UnmarshalJSON(data []byte) error { return field.Decode(data, i) }
