package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
)

// workSetting is something that the manifest puts in force, and where it says
// so.
type workSetting struct {
	field string
	put   func(ctx context.Context, e *engine.Engine) error
}

// workSettings are all that the manifest says of queues, pools and tenants,
// and, in files, of workflows, schedules, subscriptions and triggers. Reading
// them changes nothing.
func (b *builder) workSettings() []workSetting {
	if b.m.Work == nil {
		return nil
	}
	return slices.Concat(
		b.poolSettings(), b.queueSettings(), b.tenantSettings(),
		b.workflowFiles(), b.scheduleFiles(), b.subscriptionFiles(), b.triggerFiles(),
	)
}

// applyWork puts them in force. What the manifest does not name stays as it
// is.
func (b *builder) applyWork(ctx context.Context, e *engine.Engine, list []workSetting) error {
	for _, s := range list {
		if err := s.put(ctx, e); err != nil {
			b.fail(s.field, err)
		}
	}
	return b.problems.Err()
}

// put keeps a setting, unless it is kept as it is already. adopt gives it what
// of the one in force the manifest does not say.
func put[T any](kind, name string, next T, adopt func(next, old *T), keep func(*engine.Engine, context.Context, T, int64) (int64, error)) func(context.Context, *engine.Engine) error {
	return func(ctx context.Context, e *engine.Engine) error {
		next := next
		s, err := e.Setting(ctx, kind, name)
		switch {
		case errors.Is(err, work.ErrNotFound):
		case err != nil:
			return err
		default:
			var old T
			if err := json.Unmarshal(s.Body, &old); err != nil {
				return fmt.Errorf("the one that is kept cannot be read: %w", err)
			}
			adopt(&next, &old)
			if equal(next, old) {
				return nil
			}
		}
		_, err = keep(e, ctx, next, engine.AnyVersion)
		return err
	}
}

// equal compares two settings by what would be kept of them.
func equal(a, b any) bool {
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(one, other)
}

// said is a switch's place as the manifest has it, or else as it was left.
func said(manifest *bool, left bool) bool {
	if manifest != nil {
		return *manifest
	}
	return left
}

func (b *builder) poolSettings() []workSetting {
	var list []workSetting
	for _, name := range slices.Sorted(maps.Keys(b.m.Work.Pools)) {
		p := b.m.Work.Pools[name]
		next := work.Pool{
			Name: name, Slots: p.Limit, PerType: p.PerType, PerKey: p.PerKey, Lease: workflow.Duration(p.Lease.Std()),
			Paused: said(p.Paused, false), Draining: said(p.Draining, false),
		}
		list = append(list, workSetting{manifest.KeyPath("work.pools", name), put(engine.KindPool, name, next, func(next, old *work.Pool) {
			next.Paused, next.Draining = said(p.Paused, old.Paused), said(p.Draining, old.Draining)
		}, (*engine.Engine).PutPool)})
	}
	return list
}

// queueSettings put the fallback last: another queue may have been it until
// now.
func (b *builder) queueSettings() []workSetting {
	var list, fallback []workSetting
	for i := range b.m.Queues {
		q := &b.m.Queues[i]
		s := workSetting{fmt.Sprintf("queues[%d]", i), put(engine.KindQueue, q.Name, queueOf(q), func(next, old *work.Queue) {
			next.Paused, next.Draining = said(q.Paused, old.Paused), said(q.Draining, old.Draining)
		}, (*engine.Engine).PutQueue)}
		if q.Fallback {
			fallback = append(fallback, s)
			continue
		}
		list = append(list, s)
	}
	return append(list, fallback...)
}

func queueOf(q *manifest.Queue) work.Queue {
	return work.Queue{
		Name: q.Name, Match: q.Match, Fallback: q.Fallback, Order: q.Order, Policy: queue.Policy(q.Policy),
		Concurrency: work.Concurrency{Runs: q.Concurrency.Runs, PerTenant: q.Concurrency.PerTenant, PerKey: q.Concurrency.PerKey},
		Pool:        q.Pool, Delegated: q.Delegated, Priority: &q.Priority, Ageing: workflow.Duration(q.Ageing.Std()), Floor: &q.Floor,
		Tenants: q.Tenants, Paused: said(q.Paused, false), Draining: said(q.Draining, false),
	}
}

func (b *builder) tenantSettings() []workSetting {
	var list []workSetting
	for _, name := range slices.Sorted(maps.Keys(b.m.Work.Tenants)) {
		t := b.m.Work.Tenants[name]
		next := work.Tenant{
			Name: name, Weight: t.Weight, Running: t.Running, Suspended: said(t.Suspended, false),
			Quota: work.Quota{Queued: t.Queued, Payload: int(t.Payload.Bytes()), Rate: t.Rate, Burst: t.Burst},
		}
		list = append(list, workSetting{manifest.KeyPath("work.tenants", name), put(engine.KindTenant, name, next, func(next, old *work.Tenant) {
			next.Suspended = said(t.Suspended, old.Suspended)
		}, (*engine.Engine).PutTenant)})
	}
	return list
}
