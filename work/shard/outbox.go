package shard

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/glob"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Told is the body of an event as its receiver gets it.
type Told struct {
	Event    string            `json:"event"`
	At       int64             `json:"at"` // ms
	Run      workflow.RunID    `json:"run"`
	Workflow string            `json:"workflow"`
	Version  int               `json:"version,omitempty"`
	Tenant   string            `json:"tenant"`
	Queue    string            `json:"queue"`
	Status   machine.Status    `json:"status"`
	Labels   map[string]string `json:"labels,omitempty"`
	Step     string            `json:"step,omitempty"`
	Item     *int              `json:"item,omitempty"`
	Attempt  int               `json:"attempt,omitempty"`
	Failure  *machine.Failure  `json:"failure,omitempty"`
	Output   json.RawMessage   `json:"output,omitempty"`
}

// Callback is the destination of an event that a document asked for by
// itself: it begins with "callback:", then a JSON object.
const Callback = "callback:"

// Destination says for people where an event goes: the address of a document's
// callback, or the name of a subscription.
func Destination(to string) string {
	var cb workflow.Callback
	if text, ok := strings.CutPrefix(to, Callback); ok && json.Unmarshal([]byte(text), &cb) == nil && cb.To != "" {
		return cb.To
	}
	return to
}

// emit writes an event of a run into the outbox, once for each destination.
func (c *Core) emit(r *resident, kind string) {
	st := &r.run.State
	c.post(r, Told{Event: kind, Failure: st.Failure, Output: st.Output})
}

func (c *Core) emitStep(r *resident, ref machine.Ref) {
	step := r.run.Step(ref)
	told := Told{Event: "step.failed", Step: r.run.Node(ref).Step.Name, Attempt: step.Attempt, Failure: step.Failure}
	if ref.Item >= 0 {
		item := int(ref.Item)
		told.Item = &item
	}
	c.post(r, told)
}

func (c *Core) post(r *resident, told Told) {
	to := c.destinations(r, told.Event)
	if len(to) == 0 {
		return
	}
	meta := &r.run.Meta
	told.At, told.Run, told.Workflow, told.Version = c.now, meta.ID, r.rec.Workflow, r.rec.Version
	told.Tenant, told.Queue, told.Status, told.Labels = meta.Tenant, meta.Queue, r.run.State.Status, meta.Labels
	body, err := json.Marshal(told)
	if err != nil { // an output that is no JSON cannot get this far
		return
	}
	for _, one := range to {
		c.round.events = append(c.round.events, store.Event{
			ID: c.nextEvent(), Shard: c.owner.Shard, Run: meta.ID, Tenant: meta.Tenant, Kind: told.Event, To: one,
			Body: body, Created: c.now, NextAt: c.now,
		})
	}
	c.round.out.Outbox = true
}

// destinations are the subscriptions that want an event, and the callbacks
// of the run's own document.
func (c *Core) destinations(r *resident, kind string) []string {
	var to []string
	for _, s := range c.settings.Subscriptions {
		if Wants(s, kind, r.run.Meta.Tenant, r.rec.Workflow) {
			to = append(to, s.Name)
		}
	}
	for _, cb := range r.run.Callbacks() {
		if !matches(cb.On, kind) {
			continue
		}
		if text, err := json.Marshal(cb); err == nil {
			to = append(to, Callback+string(text))
		}
	}
	return to
}

// Wants says whether a subscription is told of an event.
func Wants(s work.Subscription, kind, tenant, workflowName string) bool {
	return !s.Paused && (s.Tenant == "" || s.Tenant == tenant) && (s.Workflow == "" || s.Workflow == workflowName) && matches(s.Events, kind)
}

func matches(kinds []string, kind string) bool {
	if len(kinds) == 0 {
		return strings.HasPrefix(kind, "run.")
	}
	return slices.ContainsFunc(kinds, func(pattern string) bool { return glob.Match(pattern, kind) })
}

// Delivered records what became of deliveries. answer is called in Publish, or
// in Abandon with why nothing was recorded.
func (c *Core) Delivered(acks []store.Ack, answer func(lost error)) {
	c.round.acks = append(c.round.acks, acks...)
	c.answer(answer)
}
