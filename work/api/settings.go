package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
)

// resource is a kind of settings under a path of its own.
type resource[T any] struct {
	path, kind, what string
	list             func(*call) (any, error)
	// tenant is whose it is: "" for operators'.
	tenant func(T) string
	action Action // for those of a tenant
	name   func(*T) *string
	put    func(context.Context, T, int64) (int64, error)
	drop   func(context.Context, string, int64) error
}

func (a *API) settingRoutes() []route {
	e := a.e
	list := resourceRoutes(resource[work.Queue]{
		path: "/queues", kind: engine.KindQueue, what: "queue", list: (*call).queues,
		tenant: func(work.Queue) string { return "" }, name: func(q *work.Queue) *string { return &q.Name }, put: e.PutQueue, drop: e.DeleteQueue,
	})
	list = append(list, resourceRoutes(resource[work.Pool]{
		path: "/pools", kind: engine.KindPool, what: "pool", list: (*call).pools,
		tenant: func(work.Pool) string { return "" }, name: func(p *work.Pool) *string { return &p.Name }, put: e.PutPool, drop: e.DeletePool,
	})...)
	list = append(list, resourceRoutes(resource[work.Tenant]{
		path: "/tenants", kind: engine.KindTenant, what: "tenant", list: (*call).tenantList,
		tenant: func(work.Tenant) string { return "" }, name: func(t *work.Tenant) *string { return &t.Name }, put: e.PutTenant, drop: e.DeleteTenant,
	})...)
	list = append(list, resourceRoutes(resource[work.Schedule]{
		path: "/schedules", kind: engine.KindSchedule, what: "schedule", action: Submit,
		list: func(c *call) (any, error) {
			return map[string]any{"schedules": nonNil(e.Schedules(c.caller.tenants(Read)))}, nil
		},
		tenant: func(s work.Schedule) string { return s.Run.Tenant }, name: func(s *work.Schedule) *string { return &s.Name },
		put: e.PutSchedule, drop: e.DeleteSchedule,
	})...)
	list = append(list, resourceRoutes(resource[work.Subscription]{
		path: "/subscriptions", kind: engine.KindSubscription, what: "subscription", action: Define,
		list: func(c *call) (any, error) {
			return map[string]any{"subscriptions": nonNil(e.Subscriptions(c.caller.tenants(Read)))}, nil
		},
		tenant: func(s work.Subscription) string { return s.Tenant }, name: func(s *work.Subscription) *string { return &s.Name },
		put: e.PutSubscription, drop: e.DeleteSubscription,
	})...)
	list = append(list, resourceRoutes(resource[work.Trigger]{
		path: "/triggers", kind: engine.KindTrigger, what: "trigger", action: Submit,
		list: func(c *call) (any, error) {
			return map[string]any{"triggers": nonNil(e.Triggers(c.caller.tenants(Read)))}, nil
		},
		tenant: func(t work.Trigger) string { return t.Run.Tenant }, name: func(t *work.Trigger) *string { return &t.Name },
		put: e.PutTrigger, drop: e.DeleteTrigger,
	})...)
	return append(list, a.switchRoutes()...)
}

func resourceRoutes[T any](rs resource[T]) []route {
	one := rs.path + "/{name}"
	return []route{
		{method: "GET", path: rs.path, name: "list_" + rs.kind, text: "All of them that you may see, with what they do.", do: rs.list},
		{
			method: "GET", path: one, name: "get_" + rs.kind, text: "One " + rs.what + "; its ETag is its version.", gives: *new(T),
			do: func(c *call) (any, error) { return rs.get(c) },
		},
		{
			method: "PUT", path: one, name: "put_" + rs.kind, takes: *new(T), gives: *new(T),
			text: "Make or change a " + rs.what + ". If-Match replaces only that version, If-None-Match: * only makes a new one.",
			do:   func(c *call) (any, error) { return rs.replace(c) },
		},
		{
			method: "DELETE", path: one, name: "delete_" + rs.kind, text: "Delete a " + rs.what + ".", gives: done{},
			do: func(c *call) (any, error) { return rs.remove(c) },
		},
	}
}

// read gives the stored one, if the caller may see it; version 0 when there
// is none.
func (rs resource[T]) read(c *call, a Action) (T, int64, error) {
	var v T
	s, err := c.e.Setting(c.r.Context(), rs.kind, c.r.PathValue("name"))
	if err != nil {
		return v, 0, err
	}
	if err := json.Unmarshal(s.Body, &v); err != nil {
		return v, 0, err
	}
	if !rs.may(c, v, a) {
		return v, 0, fmt.Errorf("%w: there is no %s %q", work.ErrNotFound, rs.what, c.r.PathValue("name"))
	}
	return v, s.Version, nil
}

func (rs resource[T]) may(c *call, v T, a Action) bool {
	t := rs.tenant(v)
	return c.caller.Admin || t != "" && c.caller.May(a, t)
}

func (rs resource[T]) get(c *call) (any, error) {
	v, version, err := rs.read(c, Read)
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("ETag", etag(version))
	return v, nil
}

func (rs resource[T]) replace(c *call) (any, error) {
	var v T
	if err := c.read(&v); err != nil {
		return nil, err
	}
	name := rs.name(&v)
	if *name == "" {
		*name = c.r.PathValue("name")
	}
	if *name != c.r.PathValue("name") {
		return nil, fmt.Errorf("%w: name: the body says %q, the path %q", work.ErrInvalid, *name, c.r.PathValue("name"))
	}
	if !rs.may(c, v, rs.action) {
		return nil, &statusError{http.StatusForbidden, fmt.Errorf("you may not keep this %s", rs.what)}
	}
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	if version, err = rs.guard(c, version); err != nil {
		return nil, err
	}
	version, err = rs.put(c.r.Context(), v, version)
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("ETag", etag(version))
	return v, nil
}

// guard keeps a caller from replacing or deleting what belongs to another:
// for those who are not operators the version that was looked at must be the
// one that is replaced.
func (rs resource[T]) guard(c *call, version int64) (int64, error) {
	if c.caller.Admin {
		return version, nil
	}
	_, stored, err := rs.read(c, rs.action)
	switch {
	case err == nil && version == engine.AnyVersion:
		return stored, nil
	case err == nil:
		return version, nil
	case version > 0:
		return 0, err
	}
	return 0, nil // there is none, or one of another's: then making a new one fails
}

func (rs resource[T]) remove(c *call) (any, error) {
	v, stored, err := rs.read(c, Read)
	if err != nil {
		return nil, err
	}
	if !rs.may(c, v, rs.action) {
		return nil, &statusError{http.StatusForbidden, fmt.Errorf("you may not delete this %s", rs.what)}
	}
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	if version == engine.AnyVersion && !c.caller.Admin {
		version = stored
	}
	return done{true}, rs.drop(c.r.Context(), c.r.PathValue("name"), version)
}

func (c *call) queues() (any, error) {
	top := 10
	if !c.caller.Admin {
		top = 0
	}
	list, err := c.e.Queues(c.r.Context(), top)
	if !c.caller.Admin {
		list = c.openTo(list)
	}
	return map[string]any{"queues": nonNil(list)}, err
}

// openTo leaves the queues that a caller's tenants may use.
func (c *call) openTo(all []engine.QueueState) []engine.QueueState {
	var list []engine.QueueState
	for _, q := range all {
		mine := len(q.Tenants) == 0
		for _, t := range q.Tenants {
			mine = mine || c.caller.May(Read, t)
		}
		if mine {
			q.Queue.Tenants = nil
			list = append(list, q)
		}
	}
	return list
}

func (c *call) pools() (any, error) {
	if !c.caller.Admin && len(c.caller.Pools) == 0 {
		return nil, adminOnly(c.caller)
	}
	all, err := c.e.Pools(c.r.Context())
	list := []shard.PoolState{}
	for _, p := range all {
		if c.caller.serves(p.Name) {
			list = append(list, p)
		}
	}
	return map[string]any{"pools": list}, err
}

func (c *call) tenantList() (any, error) {
	all, err := c.e.Tenants(c.r.Context())
	list := []engine.TenantState{}
	for _, t := range all {
		if c.caller.May(Read, t.Name) {
			list = append(list, t)
		}
	}
	return map[string]any{"tenants": list}, err
}

// switchRoutes turn one field of a setting, so that nobody has to read and
// put it back whole.
func (a *API) switchRoutes() []route {
	e := a.e
	turn := func(path, text string, do func(*call) error) route {
		return route{method: "POST", path: path, name: operation(path), text: text, gives: done{}, do: func(c *call) (any, error) {
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
		turn("/pools/{name}/resume", "End a pause.", poolTurn(func(p *work.Pool) { p.Paused, p.Draining = false, false })),
		turn("/tenants/{name}/suspend", "Start nothing of a tenant.", tenantTurn(func(t *work.Tenant) { t.Suspended = true })),
		turn("/tenants/{name}/resume", "End a suspension.", tenantTurn(func(t *work.Tenant) { t.Suspended = false })),
		{
			method: "POST", path: "/schedules/{name}/run", name: "runSchedule", gives: work.Receipt{}, status: http.StatusCreated,
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
		case statusOf(err) != http.StatusNotFound:
			return err
		default:
			named, _ := json.Marshal(map[string]string{"name": c.r.PathValue("name")}) // a text always can be
			if err := json.Unmarshal(named, &v); err != nil {
				return fmt.Errorf("%w: name: %w", work.ErrInvalid, err)
			}
		}
		set(&v)
		_, err = put(c.r.Context(), v, version)
		if statusOf(err) != http.StatusConflict || try == 5 {
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
	return nil, fmt.Errorf("%w: there is no schedule %q", work.ErrNotFound, name)
}
