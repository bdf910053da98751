package store

import (
	"encoding/json"

	"github.com/berth-project/berth/workflow"
)

// Event is something that happened, to be told to one destination: a row of
// the outbox.
type Event struct {
	ID      uint64 // stable over redeliveries; below 2^63
	Shard   int
	Run     workflow.RunID // 0 for one of no run
	Tenant  string
	Kind    string // "run.succeeded", "run.failed", "step.failed", …
	To      string // destination: a subscription's or endpoint's setting id, or an inline callback as JSON
	Body    json.RawMessage
	Created Millis
	Try     int
	NextAt  Millis
	Dead    Millis // when it was given up; 0 while it is tried
	Error   string // of the last try
}

// Ack says what became of an event: delivered (deleted), to be tried again,
// or dead. Tried again, a dead one is alive.
type Ack struct {
	ID        uint64
	Delivered bool
	Drop      bool // it is deleted if it is dead; one that is tried again meanwhile stays
	Try       int
	NextAt    Millis
	Dead      Millis
	Error     string
}

// DeadFilter narrows dead events; zero fields do not.
type DeadFilter struct {
	ID     uint64 // this one
	Tenant string
	To     string
	Kind   string
	Run    workflow.RunID
}

// Match reports whether the filter lets the event pass.
func (f DeadFilter) Match(e *Event) bool {
	return e.Dead != 0 &&
		(f.ID == 0 || f.ID == e.ID) &&
		(f.Tenant == "" || f.Tenant == e.Tenant) &&
		(f.To == "" || f.To == e.To) &&
		(f.Kind == "" || f.Kind == e.Kind) &&
		(f.Run == 0 || f.Run == e.Run)
}
