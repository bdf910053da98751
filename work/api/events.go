package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

func (a *API) eventRoutes() []route {
	watching := []parameter{
		{name: "tenant", text: "of this tenant; may be repeated", many: true},
		{name: "kind", text: "run: only those of runs, not of steps"},
		{name: "logs", text: "1: log lines too"},
	}
	deadFilters := []parameter{
		{name: "tenant", text: "of this tenant; needed by a caller with several"},
		{name: "to", text: "for this subscription, or, of a list, this address of a callback"},
		{name: "run", text: "of this run"},
		{name: "kind", text: "of this kind, such as run.failed"},
	}
	return []route{
		{
			method: "GET", path: "/watch", name: "watch", may: reader, gives: eventStream{}, query: watching, text: "What happens, as server-sent events. " +
				"Last-Event-ID goes on where a connection broke; the event \"reset\" says that some were missed.",
			do: (*call).watchAll,
		},
		{
			method: "GET", path: "/runs/{run}/watch", name: "watchRun", may: reader, gives: eventStream{}, query: watching[2:],
			text: "What happens to one run, as server-sent events, until it is final.",
			do:   (*call).watchRun,
		},
		{
			method: "GET", path: "/events/dead", name: "deadEvents", may: reader, gives: deadPage{},
			query: append(slices.Clone(deadFilters), paging...),
			text:  "Events that could not be delivered and were given up.", do: (*call).dead,
		},
		{
			method: "POST", path: "/events/{event}/replay", name: "replayEvent", may: definer, gives: revived{}, query: deadFilters,
			text: "Try a dead event again, or all of them, up to 10000: \"all\" in place of an id.",
			do:   func(c *call) (any, error) { return c.revive(c.e.ReplayAll) },
		},
		{
			method: "DELETE", path: "/events/{event}", name: "dropEvent", may: definer, gives: revived{}, query: deadFilters,
			text: "Forget a dead event, or all of them, up to 10000: \"all\" in place of an id.",
			do:   func(c *call) (any, error) { return c.revive(c.e.DropAll) },
		},
	}
}

type deadPage struct {
	Events []DeadEvent `json:"events"`
	Next   string      `json:"next,omitempty"`
}

// DeadEvent is an event that was given up.
type DeadEvent struct {
	ID      string          `json:"id"`
	Run     workflow.RunID  `json:"run"`
	Tenant  string          `json:"tenant"`
	Kind    string          `json:"kind"`
	To      string          `json:"to"`
	Created string          `json:"created"`
	Dead    string          `json:"dead"`
	Tries   int             `json:"tries"`
	Error   string          `json:"error"`
	Body    json.RawMessage `json:"body"`
}

// deadFilter reads which dead events are meant; the caller must be allowed an
// action for their tenant.
func (c *call) deadFilter(a Action) (store.DeadFilter, error) {
	f := store.DeadFilter{To: c.query.Get("to"), Tenant: c.query.Get("tenant"), Kind: c.query.Get("kind")}
	if text := c.query.Get("run"); text != "" {
		id, err := workflow.ParseRunID(text)
		if err != nil {
			return f, fmt.Errorf("%w: run: %w", work.ErrInvalid, err)
		}
		f.Run = id
	}
	if c.caller.Admin {
		return f, nil
	}
	c.refresh() // what they may see goes by their subscriptions
	tenants := c.caller.tenants(a)
	switch {
	case len(tenants) == 0:
		return f, adminOnly(c.caller)
	case f.Tenant == "" && len(tenants) > 1:
		return f, fmt.Errorf("%w: tenant: say whose events", work.ErrInvalid)
	case f.Tenant == "":
		f.Tenant = tenants[0]
	case !slices.Contains(tenants, f.Tenant):
		return f, forbidden(a, f.Tenant)
	}
	return f, nil
}

// seesDead says whether a dead event was to go where its tenant said, not an
// operator.
func (c *call) seesDead(e *store.Event) bool {
	if c.caller.Admin || strings.HasPrefix(e.To, shard.Callback) {
		return true
	}
	return slices.ContainsFunc(c.e.Subscriptions([]string{e.Tenant}), func(s work.Subscription) bool { return s.Name == e.To })
}

func (c *call) dead() (any, error) {
	limit, err := c.number("limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	f, err := c.deadFilter(Read)
	if err != nil {
		return nil, err
	}
	callback := "" // the address of documents' callbacks, which the store does not look for
	if strings.Contains(f.To, "://") {
		callback, f.To = f.To, ""
	}
	list, next, err := c.e.Dead(c.r.Context(), f, c.query.Get("cursor"), limit)
	if err != nil {
		return nil, err
	}
	page := deadPage{Events: []DeadEvent{}, Next: next}
	for i := range list {
		e := &list[i]
		to := shard.Destination(e.To)
		if !c.seesDead(e) || callback != "" && to != callback {
			continue
		}
		page.Events = append(page.Events, DeadEvent{
			ID: strconv.FormatUint(e.ID, 10), Run: e.Run, Tenant: e.Tenant, Kind: e.Kind, To: to, Created: instant(e.Created),
			Dead: instant(e.Dead), Tries: e.Try, Error: e.Error, Body: e.Body,
		})
	}
	return page, nil
}

// revived is how many dead events something was done with.
type revived struct {
	Done  bool `json:"done"`
	Count int  `json:"count"`
	// More says that there are more than one call takes: ask again.
	More bool `json:"more,omitempty"`
}

// maxRevived bounds with how many dead events one call does something, in
// pages of 1000.
const maxRevived = 10

// revive does something with one dead event, or with all of them for "all".
func (c *call) revive(do func(context.Context, []store.Event) error) (any, error) {
	f, err := c.deadFilter(Define)
	if err != nil {
		return nil, err
	}
	if c.r.PathValue("event") == "all" {
		return c.reviveAll(f, do)
	}
	missing := fmt.Errorf("%w: there is no dead event %.40q", work.ErrNotFound, c.r.PathValue("event"))
	if f.ID, err = strconv.ParseUint(c.r.PathValue("event"), 10, 63); err != nil || f.ID == 0 {
		return nil, missing
	}
	list, _, err := c.e.Dead(c.r.Context(), f, "", 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || !c.seesDead(&list[0]) {
		return nil, missing
	}
	return revived{Done: true, Count: 1}, do(c.r.Context(), list)
}

func (c *call) reviveAll(f store.DeadFilter, do func(context.Context, []store.Event) error) (any, error) {
	var out revived
	elsewhere := map[string]bool{}
	cursor := ""
	for range maxRevived {
		list, next, err := c.e.Dead(c.r.Context(), f, cursor, 1000)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(e store.Event) bool { return !c.seesDead(&e) })
		err = do(c.r.Context(), list)
		var owner *engine.OwnerError
		switch {
		case errors.As(err, &owner):
			elsewhere[owner.Addr] = true
		case err != nil:
			return nil, err
		default:
			out.Count += len(list)
		}
		if cursor = next; next == "" {
			break
		}
	}
	more, err := c.alsoAt(elsewhere)
	out.Count, out.More = out.Count+more.Count, cursor != "" || more.More
	out.Done = !out.More
	return out, err
}

// alsoAt has other engines do the same with what is theirs.
func (c *call) alsoAt(engines map[string]bool) (all revived, err error) {
	if c.r.Header.Get(hop) != "" {
		return all, nil // the engine that asks sees to the others
	}
	path := strings.TrimPrefix(c.r.URL.EscapedPath(), Base)
	for addr := range engines {
		if addr == "" {
			return all, work.ErrNotOwner
		}
		var part revived
		ctx, cancel := context.WithTimeout(c.r.Context(), forwardTimeout)
		err := c.askPeer(ctx, c.r.Method, addr, path+"?"+c.r.URL.RawQuery, nil, &part)
		cancel()
		if err != nil {
			return all, err
		}
		all.Count, all.More = all.Count+part.Count, all.More || part.More
	}
	return all, nil
}
