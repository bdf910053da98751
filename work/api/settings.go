package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/shard"
)

// resource is a kind of settings under a path of its own.
type resource[T any] struct {
	path, kind, what string
	plural           string // in operationIds
	keeper           string // who may keep one
	list             func(*call) (any, error)
	page             any // what list gives
	name             func(*T) *string
	// sees says whether the caller may see one, and hides what is not theirs
	// to see; keeps whether they may make, change and delete it.
	sees  func(*Caller, *T) bool
	keeps func(*Caller, *T) bool
	put   func(context.Context, T, int64) (int64, error)
	drop  func(context.Context, string, int64) error
}

// operators keep what belongs to nobody else.
func operators[T any](c *Caller, _ *T) bool { return c.Admin }

func (a *API) settingRoutes() []route {
	list := resourceRoutes(resource[work.Queue]{
		path: "/queues", kind: engine.KindQueue, what: "queue", keeper: operator, plural: "Queues", list: (*call).queues, page: queuePage{},
		name: func(q *work.Queue) *string { return &q.Name }, sees: seesQueue, keeps: operators[work.Queue],
		put: a.e.PutQueue, drop: a.e.DeleteQueue,
	})
	list = append(list, resourceRoutes(resource[work.Pool]{
		path: "/pools", kind: engine.KindPool, what: "pool", keeper: operator, plural: "Pools", list: (*call).pools, page: poolPage{},
		name: func(p *work.Pool) *string { return &p.Name }, keeps: operators[work.Pool],
		sees: func(c *Caller, p *work.Pool) bool { return c.serves(p.Name) },
		put:  a.e.PutPool, drop: a.e.DeletePool,
	})...)
	list = append(list, resourceRoutes(resource[work.Tenant]{
		path: "/tenants", kind: engine.KindTenant, what: "tenant", keeper: operator, plural: "Tenants", list: (*call).tenantList, page: tenantPage{},
		name: func(t *work.Tenant) *string { return &t.Name }, keeps: operators[work.Tenant],
		sees: func(c *Caller, t *work.Tenant) bool { return c.May(Read, t.Name) },
		put:  a.e.PutTenant, drop: a.e.DeleteTenant,
	})...)
	list = append(list, a.tenantsOwnRoutes()...)
	return append(list, a.switchRoutes()...)
}

// tenantsOwnRoutes are those of settings that a tenant keeps for itself.
func (a *API) tenantsOwnRoutes() []route {
	list := resourceRoutes(resource[work.Schedule]{
		path: "/schedules", kind: engine.KindSchedule, what: "schedule", keeper: submitter, plural: "Schedules", page: schedulePage{},
		list: func(c *call) (any, error) {
			part, next, err := paged(c, c.e.Schedules(c.caller.tenants(Read)), byName(func(s *work.Schedule) string { return s.Name }))
			return schedulePage{part, next}, err
		},
		name: func(s *work.Schedule) *string { return &s.Name },
		sees: func(c *Caller, s *work.Schedule) bool { return c.May(Read, s.Run.Tenant) }, keeps: submits[work.Schedule](func(s *work.Schedule) string { return s.Run.Tenant }),
		put: a.e.PutSchedule, drop: a.e.DeleteSchedule,
	})
	list = append(list, resourceRoutes(resource[work.Subscription]{
		path: "/subscriptions", kind: engine.KindSubscription, what: "subscription", keeper: definer, plural: "Subscriptions", page: subscriptionPage{},
		list: func(c *call) (any, error) {
			part, next, err := paged(c, c.e.Subscriptions(c.caller.tenants(Read)), byName(func(s *work.Subscription) string { return s.Name }))
			return subscriptionPage{part, next}, err
		},
		name: func(s *work.Subscription) *string { return &s.Name },
		sees: func(c *Caller, s *work.Subscription) bool { return c.May(Read, s.Tenant) },
		keeps: func(c *Caller, s *work.Subscription) bool {
			return c.Admin || s.Tenant != "" && c.May(Define, s.Tenant)
		},
		put: a.e.PutSubscription, drop: a.e.DeleteSubscription,
	})...)
	return append(list, resourceRoutes(resource[work.Trigger]{
		path: "/triggers", kind: engine.KindTrigger, what: "trigger", keeper: submitter, plural: "Triggers", page: triggerPage{},
		list: func(c *call) (any, error) {
			part, next, err := paged(c, c.e.Triggers(c.caller.tenants(Read)), byName(func(t *work.Trigger) string { return t.Name }))
			return triggerPage{part, next}, err
		},
		name: func(t *work.Trigger) *string { return &t.Name },
		sees: func(c *Caller, t *work.Trigger) bool { return c.May(Read, t.Run.Tenant) }, keeps: submits[work.Trigger](func(t *work.Trigger) string { return t.Run.Tenant }),
		put: a.e.PutTrigger, drop: a.e.DeleteTrigger,
	})...)
}

// submits says whether the caller may submit for the tenant of something that
// submits for it.
func submits[T any](tenant func(*T) string) func(*Caller, *T) bool {
	return func(c *Caller, v *T) bool { return c.May(Submit, tenant(v)) }
}

// seesQueue shows a queue to those whose tenants may use it, without the names
// of others who may.
func seesQueue(c *Caller, q *work.Queue) bool {
	if c.Admin {
		return true
	}
	mine := []string{}
	for _, t := range c.tenants(Read) {
		if len(q.Tenants) == 0 || slices.Contains(q.Tenants, t) {
			mine = append(mine, t)
		}
	}
	if len(q.Tenants) > 0 {
		q.Tenants = mine
	}
	return len(mine) > 0
}

type (
	queuePage struct {
		Queues []engine.QueueState `json:"queues"`
		Next   string              `json:"next,omitempty"`
	}
	poolPage struct {
		Pools []shard.PoolState `json:"pools"`
		Next  string            `json:"next,omitempty"`
	}
	tenantPage struct {
		Tenants []engine.TenantState `json:"tenants"`
		Next    string               `json:"next,omitempty"`
	}
	schedulePage struct {
		Schedules []work.Schedule `json:"schedules"`
		Next      string          `json:"next,omitempty"`
	}
	subscriptionPage struct {
		Subscriptions []work.Subscription `json:"subscriptions"`
		Next          string              `json:"next,omitempty"`
	}
	triggerPage struct {
		Triggers []work.Trigger `json:"triggers"`
		Next     string         `json:"next,omitempty"`
	}
)

func resourceRoutes[T any](rs resource[T]) []route {
	one, single := rs.path+"/{name}", strings.ToUpper(rs.what[:1])+rs.what[1:]
	return []route{
		{
			method: "GET", path: rs.path, name: "list" + rs.plural, may: reader, text: "All " + rs.what + "s that you may see, with what they do.",
			query: settingPaging(), gives: rs.page, do: rs.list,
		},
		{
			method: "GET", path: one, name: "get" + single, may: reader, text: "One " + rs.what + "; its ETag is its version.", gives: *new(T),
			do: func(c *call) (any, error) { return rs.get(c) },
		},
		{
			method: "PUT", path: one, name: "put" + single, may: rs.keeper, takes: *new(T), gives: *new(T), conditional: true,
			text: "Make or change a " + rs.what + ". If-Match replaces only that version, If-None-Match: * only makes a new one.",
			do:   func(c *call) (any, error) { return rs.replace(c) },
		},
		{
			method: "DELETE", path: one, name: "delete" + single, may: rs.keeper, text: "Delete a " + rs.what + ".", gives: done{}, conditional: true,
			do: func(c *call) (any, error) { return rs.remove(c) },
		},
	}
}

// read gives the stored one, if the caller may see it.
func (rs resource[T]) read(c *call) (v T, version int64, err error) {
	s, err := c.e.Setting(c.r.Context(), rs.kind, c.r.PathValue("name"))
	if err != nil {
		return v, 0, rs.none(c, err)
	}
	if err := json.Unmarshal(s.Body, &v); err != nil {
		return v, 0, fmt.Errorf("stored %s %q: %w", rs.what, c.r.PathValue("name"), err)
	}
	if !rs.sees(c.caller, &v) {
		return *new(T), 0, rs.none(c, work.ErrNotFound)
	}
	return v, s.Version, nil
}

// none words that there is no such thing, the same for one that the caller
// may not see.
func (rs resource[T]) none(c *call, err error) error {
	if !errors.Is(err, work.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%w: there is no %s %.200q", work.ErrNotFound, rs.what, c.r.PathValue("name"))
}

func (rs resource[T]) get(c *call) (any, error) {
	v, version, err := rs.read(c)
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
		return nil, fmt.Errorf("%w: name: the body says %.200q, the path %.200q", work.ErrInvalid, *name, c.r.PathValue("name"))
	}
	if !rs.keeps(c.caller, &v) {
		return nil, &statusError{http.StatusForbidden, fmt.Errorf("you may not set %s %.200q: it takes %s", rs.what, *name, rs.keeper)}
	}
	k, err := c.condition()
	if err != nil {
		return nil, err
	}
	version, err := rs.guard(c, k)
	if err != nil {
		return nil, err
	}
	version, err = rs.put(c.r.Context(), v, version)
	if err != nil {
		return nil, k.failed(err)
	}
	c.w.Header().Set("ETag", etag(version))
	return v, nil
}

// guard gives the version to replace or delete. It keeps a caller from what
// belongs to another: for those who are not operators it is the version that
// was looked at, so that it cannot become another's in between.
func (rs resource[T]) guard(c *call, k condition) (int64, error) {
	if c.caller.Admin && !k.exists {
		return k.version, nil
	}
	old, stored, err := rs.read(c)
	switch {
	case err == nil && !rs.keeps(c.caller, &old):
		return 0, &statusError{http.StatusForbidden, fmt.Errorf("you may not change this %s", rs.what)}
	case err == nil && k.version == engine.AnyVersion:
		return stored, nil
	case err == nil || !errors.Is(err, work.ErrNotFound):
		return k.version, err
	case k.exists || k.version > 0:
		return 0, &statusError{http.StatusPreconditionFailed, fmt.Errorf("there is no %s %.200q", rs.what, c.r.PathValue("name"))}
	}
	_, err = c.e.Setting(c.r.Context(), rs.kind, c.r.PathValue("name"))
	if err == nil {
		return 0, fmt.Errorf("%w: the name %.200q is taken: choose another", work.ErrConflict, c.r.PathValue("name"))
	}
	return 0, nil // a new one; when somebody was faster it fails
}

func (rs resource[T]) remove(c *call) (any, error) {
	v, stored, err := rs.read(c)
	if err != nil {
		return nil, err
	}
	if !rs.keeps(c.caller, &v) {
		return nil, &statusError{http.StatusForbidden, fmt.Errorf("you may not delete this %s", rs.what)}
	}
	k, err := c.condition()
	if err != nil {
		return nil, err
	}
	if k.version == 0 {
		return nil, fmt.Errorf("%w: If-None-Match: what is deleted is there", work.ErrInvalid)
	}
	version := k.version
	if version == engine.AnyVersion && !c.caller.Admin {
		version = stored
	}
	return done{true}, k.failed(rs.drop(c.r.Context(), c.r.PathValue("name"), version))
}

func (c *call) queues() (any, error) {
	top := 10
	if !c.caller.Admin {
		top = 0 // which tenants have how much is the operator's to know
	}
	if err := c.e.OwnsAll(); err != nil { // the counts would not be the whole: the owner answers
		return nil, err
	}
	all, err := c.e.Queues(c.r.Context(), top)
	list := []engine.QueueState{}
	for _, q := range all {
		if seesQueue(c.caller, &q.Queue) {
			list = append(list, q)
		}
	}
	if err != nil {
		return nil, err
	}
	part, next, err := paged(c, list, queuePlace)
	return queuePage{part, next}, err
}

func (c *call) pools() (any, error) {
	if !c.caller.Admin && len(c.caller.Pools) == 0 {
		return nil, adminOnly(c.caller)
	}
	if err := c.e.OwnsAll(); err != nil { // the counts would not be the whole: the owner answers
		return nil, err
	}
	all, err := c.e.Pools(c.r.Context())
	list := []shard.PoolState{}
	for _, p := range all {
		if c.caller.serves(p.Name) {
			list = append(list, p)
		}
	}
	if err != nil {
		return nil, err
	}
	part, next, err := paged(c, list, byName(func(p *shard.PoolState) string { return p.Name }))
	return poolPage{part, next}, err
}

func (c *call) tenantList() (any, error) {
	if err := c.e.OwnsAll(); err != nil { // the counts would not be the whole: the owner answers
		return nil, err
	}
	all, err := c.e.Tenants(c.r.Context())
	list := []engine.TenantState{}
	for _, t := range all {
		if c.caller.May(Read, t.Name) {
			list = append(list, t)
		}
	}
	if err != nil {
		return nil, err
	}
	part, next, err := paged(c, list, byName(func(t *engine.TenantState) string { return t.Name }))
	return tenantPage{part, next}, err
}
