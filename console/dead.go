package console

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// deadPage is how many events a page has.
const deadPage = 50

// deadList is the page of events that could not be delivered.
type deadList struct {
	Filter   deadFilter `json:"filter"`
	Events   []deadRow  `json:"events"`
	Next     string     `json:"next,omitempty"`
	Older    string     `json:"-"`
	Filtered bool       `json:"-"`
	Actions  bool       `json:"-"`
	Done     string     `json:"-"`
}

// deadFilter narrows the list; empty fields do not.
type deadFilter struct {
	Tenant string `json:"tenant,omitempty"`
	To     string `json:"to,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Run    string `json:"run,omitempty"`
}

var deadParams = []string{"tenant", "to", "kind", "run", "after", "done"}

// deadRow is an event in the list.
type deadRow struct {
	ID      string          `json:"id"` // too large for a number of JavaScript
	Run     workflow.RunID  `json:"run,omitzero"`
	Tenant  string          `json:"tenant"`
	Kind    string          `json:"kind"`
	To      string          `json:"to"`
	Error   string          `json:"error"`
	Tries   int             `json:"tries"`
	Created time.Time       `json:"created"`
	Given   time.Time       `json:"given_up"`
	Body    json.RawMessage `json:"body"`
}

// Text is the body for people.
func (d deadRow) Text() string { return indented(d.Body) }

// Destination is where it was to go: the address of an inline callback, or a name.
func (d deadRow) Destination() string {
	return shard.Destination(d.To)
}

// deadDone are what the page says after an action.
var deadDone = map[string]string{"replay": "It is tried again now.", "drop": "Dropped.", "replay-all": "They are tried again now."}

func (c *Console) deadList(ctx context.Context, r *http.Request) (*page, *fault) {
	q := r.URL.Query()
	f, filter, fail := deadFilterOf(r)
	if fail != nil {
		return nil, fail
	}
	events, next, err := c.src.Work.Dead(ctx, filter, q.Get("after"), deadPage)
	if err != nil {
		return nil, c.workFault(err)
	}
	v := deadList{
		Filter: f, Events: []deadRow{}, Next: next, Filtered: f != deadFilter{}, Actions: c.src.WorkActions != nil, Done: deadDone[q.Get("done")],
	}
	for i := range events {
		v.Events = append(v.Events, deadRowOf(&events[i]))
	}
	if next != "" {
		again := known(q, deadParams[:4])
		again.Set("after", next)
		v.Older = c.path("/dead", again)
	}
	return &page{
		title: "Dead letters", template: "dead", room: "/dead", up: "/", topic: topicDead, twin: "/dead.json", params: deadParams,
		command: ofWork(q, "berth workflow dead list", deadParams[:4]...), data: v,
	}, nil
}

func deadFilterOf(r *http.Request) (deadFilter, store.DeadFilter, *fault) {
	q := r.URL.Query()
	f := deadFilter{Tenant: q.Get("tenant"), To: q.Get("to"), Kind: q.Get("kind"), Run: q.Get("run")}
	out := store.DeadFilter{Tenant: f.Tenant, To: f.To, Kind: f.Kind}
	if f.Run != "" {
		id, err := workflow.ParseRunID(f.Run)
		if err != nil {
			return f, out, invalid("This is no id of a run.")
		}
		out.Run = id
	}
	return f, out, nil
}

func deadRowOf(e *store.Event) deadRow {
	return deadRow{
		ID: strconv.FormatUint(e.ID, 10), Run: e.Run, Tenant: e.Tenant, Kind: e.Kind, To: e.To, Error: e.Error, Tries: e.Try,
		Created: at(e.Created), Given: at(e.Dead), Body: e.Body,
	}
}

// deadNamed finds dead events by their ids.
func (c *Console) deadNamed(ctx context.Context, ids []string) ([]store.Event, *fault) {
	var found []store.Event
	for _, text := range ids {
		id, err := strconv.ParseUint(text, 10, 63)
		if err != nil || id == 0 {
			continue // no event has it
		}
		events, _, err := c.src.Work.Dead(ctx, store.DeadFilter{ID: id}, "", 1)
		if err != nil {
			return nil, c.workFault(err)
		}
		found = append(found, events...)
	}
	if len(found) == 0 {
		return nil, &fault{status: http.StatusNotFound, code: "not_found", text: "There is no such dead event: it may have been replayed or dropped."}
	}
	return found, nil
}

// maxShown bounds how much of a value a page shows, in bytes; the JSON form has it
// whole.
const maxShown = 64 << 10

// indented is JSON for people.
func indented(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	text := string(raw)
	var b bytes.Buffer
	if len(raw) <= maxShown && json.Indent(&b, raw, "", "  ") == nil {
		text = b.String()
	}
	if len(text) > 2*maxShown {
		text = text[:2*maxShown] + " …"
	}
	return text
}
