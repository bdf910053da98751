package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/expression"
)

// The kinds of settings an engine keeps in its store.
const (
	KindQueue        = "queue"
	KindPool         = "pool"
	KindTenant       = "tenant"
	KindDefinition   = "definition"
	KindSchedule     = "schedule"
	KindSubscription = "subscription"
	KindTrigger      = "trigger"
)

// config is what the settings say, read once and shared; it does not change.
type config struct {
	version     int64
	shard       *shard.Settings
	queues      []matcher // in the order they are asked
	definitions map[string][]definition
	schedules   map[string]scheduled
	shards      int // 0: not said
	triggers    map[string]work.Trigger
}

type matcher struct {
	queue work.Queue
	match *expression.Program // nil: it takes only what names it
}

type definition struct{ work.Definition }

// DefaultQueue takes what nothing matches when no queue is said to.
const DefaultQueue = "default"

// readSettings reads all settings and makes them those of this engine.
func (e *Engine) readSettings(ctx context.Context) error {
	e.reload.Lock()
	defer e.reload.Unlock()
	version, err := e.store.SettingsVersion(ctx)
	if err != nil {
		return err
	}
	if old := e.config.Load(); old != nil && old.version == version {
		return nil
	}
	c := &config{
		version: version,
		shard: &shard.Settings{
			Queues: map[string]work.Queue{}, Pools: map[string]work.Pool{}, Tenants: map[string]work.Tenant{},
		},
		definitions: map[string][]definition{}, schedules: map[string]scheduled{}, triggers: map[string]work.Trigger{},
	}
	if err := c.read(ctx, e.store); err != nil {
		return err
	}
	e.config.Store(c)
	for _, l := range e.loops {
		_ = l.send(op{do: func(*shard.Core) {}, fail: func(error) {}}) // it looks at them before it does anything
	}
	return nil
}

func (c *config) read(ctx context.Context, s store.Store) error {
	readers := []struct {
		kind string
		take func(store.Setting) error
	}{
		{KindQueue, keep(c.shard.Queues)},
		{KindPool, keep(c.shard.Pools)},
		{KindTenant, keep(c.shard.Tenants)},
		{KindSchedule, c.keepSchedule},
		{KindShards, c.keepShards},
		{KindTrigger, keep(c.triggers)},
		{KindSubscription, func(one store.Setting) error {
			var sub work.Subscription
			if err := json.Unmarshal(one.Body, &sub); err != nil {
				return err
			}
			c.shard.Subscriptions = append(c.shard.Subscriptions, sub)
			return nil
		}},
		{KindDefinition, c.keepDefinition},
	}
	for _, r := range readers {
		if err := each(ctx, s, r.kind, r.take); err != nil {
			return err
		}
	}
	return c.finish()
}

func keep[T any](into map[string]T) func(store.Setting) error {
	return func(one store.Setting) error {
		var v T
		if err := json.Unmarshal(one.Body, &v); err != nil {
			return err
		}
		into[one.ID] = v
		return nil
	}
}

// each reads all settings of a kind.
func each(ctx context.Context, s store.Store, kind string, take func(store.Setting) error) error {
	const page = 1000
	for after := ""; ; {
		list, err := s.Settings(ctx, kind, nil, after, page)
		if err != nil {
			return fmt.Errorf("read %s settings: %w", kind, err)
		}
		for _, one := range list {
			if err := take(one); err != nil {
				return fmt.Errorf("setting %s %q: %w", kind, one.ID, err)
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].ID
	}
}

func (c *config) keepDefinition(one store.Setting) error {
	var d work.Definition
	if err := json.Unmarshal(one.Body, &d); err != nil {
		return err
	}
	c.definitions[d.Name] = append(c.definitions[d.Name], definition{Definition: d})
	return nil
}

// finish adds the defaults and compiles matchers.
func (c *config) finish() error {
	fallback := false
	for _, q := range c.shard.Queues {
		fallback = fallback || q.Fallback
	}
	q, ok := c.shard.Queues[DefaultQueue]
	if !ok {
		q.Name = DefaultQueue
	}
	q.Fallback = q.Fallback || !fallback
	c.shard.Queues[DefaultQueue] = q
	for _, q := range c.shard.Queues {
		m := matcher{queue: q}
		if q.Match != "" {
			p, err := expression.Compile(expression.Match, q.Match)
			if err != nil {
				return fmt.Errorf("queue %q: match: %w", q.Name, err)
			}
			m.match = p
		}
		c.queues = append(c.queues, m)
	}
	slices.SortFunc(c.queues, func(a, b matcher) int {
		return cmp.Or(cmp.Compare(a.queue.Order, b.queue.Order), strings.Compare(a.queue.Name, b.queue.Name))
	})
	for _, versions := range c.definitions {
		slices.SortFunc(versions, func(a, b definition) int { return cmp.Compare(a.Version, b.Version) })
	}
	return nil
}

// Refresh makes settings that other engines have put this one's, without
// waiting to be told of them. It costs one small read when there are none.
func (e *Engine) Refresh(ctx context.Context) error { return e.readSettings(ctx) }

// watchSettings follows changes that other engines made.
func (e *Engine) watchSettings(ctx context.Context) {
	t := time.NewTicker(2 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-e.store.Wake():
		}
		rctx, cancel := context.WithTimeout(ctx, readTimeout)
		if err := e.readSettings(rctx); err != nil && ctx.Err() == nil {
			e.log.Error("settings cannot be read: the last ones stay in force", "error", err)
		}
		cancel()
	}
}

// put keeps a setting and puts it in force here before it returns.
func (e *Engine) put(ctx context.Context, kind, id string, version int64, v any, fields map[string]string) (int64, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("%w: %s %q: %w", work.ErrInvalid, kind, id, err)
	}
	v2, err := e.store.PutSetting(ctx, store.Setting{Kind: kind, ID: id, Version: version, Body: body, Fields: fields})
	if err != nil {
		return 0, settingError(kind, id, err)
	}
	return v2, e.readSettings(ctx)
}

func (e *Engine) drop(ctx context.Context, kind, id string, version int64) error {
	if err := e.store.DeleteSetting(ctx, kind, id, version); err != nil {
		return settingError(kind, id, err)
	}
	return e.readSettings(ctx)
}

func settingError(kind, id string, err error) error {
	switch {
	case errors.Is(err, store.ErrVersion):
		return &changed{kind, id}
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: there is no %s %q", work.ErrNotFound, kind, id)
	}
	return err
}

// changed is a setting that has another version than was said: both
// work.ErrConflict and store.ErrVersion.
type changed struct{ kind, id string }

func (c *changed) Error() string {
	return fmt.Sprintf("%v: %s %q was changed meanwhile: read it again", work.ErrConflict, c.kind, c.id)
}

func (c *changed) Is(target error) bool {
	return target == work.ErrConflict || target == store.ErrVersion
}

// AnyVersion puts or deletes a setting whatever its version; 0 puts it only
// when there is none.
const AnyVersion = -1

// PutQueue keeps a queue. Its version is AnyVersion, 0 for a new one, or as
// read; the new version is answered. Errors are work.ErrInvalid and
// work.ErrConflict.
func (e *Engine) PutQueue(ctx context.Context, q work.Queue, version int64) (int64, error) {
	if err := checkQueue(q); err != nil {
		return 0, fmt.Errorf("%w: queue %q: %w", work.ErrInvalid, q.Name, err)
	}
	if q.Fallback {
		for _, other := range e.config.Load().queues {
			if other.queue.Fallback && other.queue.Name != q.Name && other.queue.Name != DefaultQueue {
				return 0, fmt.Errorf("%w: queue %q is the fallback already", work.ErrConflict, other.queue.Name)
			}
		}
	}
	return e.put(ctx, KindQueue, q.Name, version, q, nil)
}

// DeleteQueue deletes a queue without runs.
func (e *Engine) DeleteQueue(ctx context.Context, name string, version int64) error {
	n, err := e.store.Count(ctx, store.Filter{Queue: name, Statuses: live}, 1)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: queue %q has runs: drain it first", work.ErrConflict, name)
	}
	return e.drop(ctx, KindQueue, name, version)
}

// PutPool keeps a pool; see PutQueue.
func (e *Engine) PutPool(ctx context.Context, p work.Pool, version int64) (int64, error) {
	if err := checkPool(p); err != nil {
		return 0, fmt.Errorf("%w: pool %q: %w", work.ErrInvalid, p.Name, err)
	}
	return e.put(ctx, KindPool, p.Name, version, p, nil)
}

// DeletePool deletes a pool; its steps wait until there is one again.
func (e *Engine) DeletePool(ctx context.Context, name string, version int64) error {
	return e.drop(ctx, KindPool, name, version)
}

// PutTenant keeps what the engine knows of a tenant; see PutQueue.
func (e *Engine) PutTenant(ctx context.Context, t work.Tenant, version int64) (int64, error) {
	if err := checkTenant(t); err != nil {
		return 0, fmt.Errorf("%w: tenant %q: %w", work.ErrInvalid, t.Name, err)
	}
	return e.put(ctx, KindTenant, t.Name, version, t, nil)
}

// DeleteTenant forgets weight, limits and suspension of a tenant.
func (e *Engine) DeleteTenant(ctx context.Context, name string, version int64) error {
	return e.drop(ctx, KindTenant, name, version)
}

// PutSubscription keeps a subscription; see PutQueue.
func (e *Engine) PutSubscription(ctx context.Context, s work.Subscription, version int64) (int64, error) {
	if err := checkSubscription(s); err != nil {
		return 0, fmt.Errorf("%w: subscription %q: %w", work.ErrInvalid, s.Name, err)
	}
	return e.put(ctx, KindSubscription, s.Name, version, s, map[string]string{"tenant": s.Tenant})
}

// DeleteSubscription deletes a subscription; what waits for it is given up.
func (e *Engine) DeleteSubscription(ctx context.Context, name string, version int64) error {
	return e.drop(ctx, KindSubscription, name, version)
}

// PutDefinition keeps the next version of a workflow and answers it. Putting
// what is the newest version already answers that one.
func (e *Engine) PutDefinition(ctx context.Context, d work.Definition) (work.Definition, error) {
	plan, err := e.planOfText(d.Document)
	if err != nil {
		return d, err
	}
	d.Name = plan.Document().Name
	for range 10 { // others may put versions at the same time
		versions := e.config.Load().definitions[d.Name]
		d.Version = 1
		if n := len(versions); n > 0 {
			newest := versions[n-1]
			if newest.Tenant != d.Tenant {
				return d, fmt.Errorf("%w: workflow %q belongs to somebody else", work.ErrConflict, d.Name)
			}
			if old, err := e.planOfText(newest.Document); err == nil && old.Hash() == plan.Hash() {
				return newest.Definition, nil
			}
			d.Version = newest.Version + 1
		}
		d.Created = e.opt.Now()
		id := fmt.Sprintf("%s@%09d", d.Name, d.Version)
		_, err := e.put(ctx, KindDefinition, id, 0, d, map[string]string{"name": d.Name, "tenant": d.Tenant})
		if !errors.Is(err, work.ErrConflict) {
			return d, err
		}
		if err := e.readSettings(ctx); err != nil {
			return d, err
		}
	}
	return d, fmt.Errorf("%w: workflow %q is being changed by others: try again", work.ErrConflict, d.Name)
}

// planOfText reads and compiles a document, or finds it among those it did.
func (e *Engine) planOfText(text []byte) (*workflow.Plan, error) {
	if len(text) > e.opt.MaxDocument {
		return nil, refuse(http.StatusRequestEntityTooLarge, work.ErrInvalid, "the document has %d bytes, of %d allowed", len(text), e.opt.MaxDocument)
	}
	plan, err := e.plans.text(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", work.ErrInvalid, err)
	}
	return plan, nil
}
