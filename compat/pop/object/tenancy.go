package object

import "github.com/berth-project/berth/compat/pop/internal/field"

// Customer is a tenant. Its id is the customerId of the tenant's objects.
type Customer struct {
	Common
	BillingCode string `json:"billingCode,omitempty"`
	// ResourcePoolID is the pool that works for the tenant.
	ResourcePoolID string `json:"resourcePoolId,omitempty"`
}

// Pool is who works for some insights.
type Pool struct {
	Common
	// InsightIDs are the insights that name the pool. They are not stored.
	InsightIDs []string `json:"insightIds,omitempty"`
}

// Insight is a queue: which agendas it takes, and in which order they go.
type Insight struct {
	Common
	Sharing
	ResourcePoolID string `json:"resourcePoolId,omitempty"`
	QueueName      string `json:"queueName,omitempty"`
	// QueueSize is how many agendas stand in the queue itself, which workers
	// take from; all others wait to be scheduled.
	QueueSize int       `json:"queueSize,omitempty"`
	Algorithm Algorithm `json:"schedulingAlgorithm,omitempty"`
	// Mappers say which agendas the insight takes: [MapOperationName],
	// [MapOperationType] and [MapParams], each with the values that match.
	Mappers map[string][]string `json:"mappers,omitempty"`
}

// Algorithm is the order in which the agendas of an insight are scheduled.
type Algorithm string

// The algorithms.
const (
	RoundRobin Algorithm = "RoundRobin"
	FIFO       Algorithm = "FirstInFirstOut"
)

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Customer) UnmarshalJSON(data []byte) error { return field.Decode(data, c) }

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Pool) UnmarshalJSON(data []byte) error { return field.Decode(data, p) }

// UnmarshalJSON implements [json.Unmarshaler].
func (i *Insight) UnmarshalJSON(data []byte) error {
	if err := field.Decode(data, i); err != nil {
		return err
	}
	switch i.Algorithm {
	case "", RoundRobin, FIFO:
		return nil
	}
	return &field.Error{Field: "schedulingAlgorithm", Message: "is neither RoundRobin nor FirstInFirstOut"}
}
