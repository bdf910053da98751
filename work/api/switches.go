package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
)

// switchRoutes turn one field of a setting, so that nobody has to read and
// put it back whole.
func (a *API) switchRoutes() []route {
	e := a.e
	turn := func(path, text string, do func(*call) error) route {
		return route{method: "POST", path: path, name: operation(path), may: operator, text: text, gives: done{}, do: func(c *call) (any, error) {
			if err := adminOnly(c.caller); err != nil {
				return nil, err
			}
			return done{true}, do(c)
		}}
	}
	queueTurn := func(set func(*work.Queue)) func(*call) error {
		return func(c *call) error { return change(c, engine.KindQueue, set, e.PutQueue) }
	}
	poolTurn := func(set func(*work.Pool)) func(*call) error {
		return func(c *call) error { return change(c, engine.KindPool, set, e.PutPool) }
	}
	tenantTurn := func(set func(*work.Tenant)) func(*call) error {
		return func(c *call) error { return change(c, engine.KindTenant, set, e.PutTenant) }
	}
	return []route{
		turn("/queues/{name}/pause", "Start nothing of a queue.", queueTurn(func(q *work.Queue) { q.Paused = true })),
		turn("/queues/{name}/drain", "Take nothing into a queue; what waits still runs.", queueTurn(func(q *work.Queue) { q.Draining = true })),
		turn("/queues/{name}/resume", "End a pause or a drain.", queueTurn(func(q *work.Queue) { q.Paused, q.Draining = false, false })),
		turn("/pools/{name}/pause", "Hand out nothing of a pool.", poolTurn(func(p *work.Pool) { p.Paused = true })),
		turn("/pools/{name}/drain", "Begin no run for a pool any more; steps of runs that have begun are still handed out.", poolTurn(func(p *work.Pool) { p.Draining = true })),
		turn("/pools/{name}/resume", "End a pause or a drain.", poolTurn(func(p *work.Pool) { p.Paused, p.Draining = false, false })),
		turn("/tenants/{name}/suspend", "Start nothing of a tenant.", tenantTurn(func(t *work.Tenant) { t.Suspended = true })),
		turn("/tenants/{name}/resume", "End a suspension.", tenantTurn(func(t *work.Tenant) { t.Suspended = false })),
		{
			method: "POST", path: "/schedules/{name}/run", name: "runSchedule", may: submitter, gives: work.Receipt{}, status: http.StatusCreated,
			text: "Start what a schedule starts, now.", do: (*call).runSchedule,
		},
	}
}

// change reads a setting, changes it and puts it back, again when somebody
// was faster. A name that is not set begins as its zero value.
func change[T any](c *call, kind string, set func(*T), put func(context.Context, T, int64) (int64, error)) error {
	for try := 0; ; try++ {
		var v T
		version := int64(0)
		s, err := c.e.Setting(c.r.Context(), kind, c.r.PathValue("name"))
		switch {
		case err == nil:
			if err := json.Unmarshal(s.Body, &v); err != nil {
				return err
			}
			version = s.Version
		case !errors.Is(err, work.ErrNotFound):
			return err
		default:
			named, _ := json.Marshal(map[string]string{"name": c.r.PathValue("name")}) // a text always can be
			if err := json.Unmarshal(named, &v); err != nil {
				return fmt.Errorf("%w: name: %w", work.ErrInvalid, err)
			}
		}
		set(&v)
		_, err = put(c.r.Context(), v, version)
		if !errors.Is(err, store.ErrVersion) || try == 5 {
			return err
		}
	}
}

func (c *call) runSchedule() (any, error) {
	name := c.r.PathValue("name")
	for _, s := range c.e.Schedules(c.caller.tenants(Submit)) {
		if s.Name == name {
			id, err := c.e.RunSchedule(c.r.Context(), name, c.caller.Name)
			return work.Receipt{ID: id}, err
		}
	}
	return nil, fmt.Errorf("%w: there is no schedule %.200q", work.ErrNotFound, name)
}
