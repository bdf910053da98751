package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Run is a run as one looks at it.
type Run struct {
	store.Summary
	Document store.Hash
	Params   []byte
	Key      string
	Deadline int64
	View     machine.View
	Plan     *workflow.Plan // with generated steps
}

// Get gives a run with its steps; work.ErrNotFound when there is none, or it
// belongs to another than the tenants given (nil: all). A run in memory is
// given as it is there, once that is written.
func (e *Engine) Get(ctx context.Context, id workflow.RunID, tenants []string) (Run, error) {
	recs, err := e.store.Load(ctx, []workflow.RunID{id})
	if err != nil {
		return Run{}, err
	}
	if len(recs) == 0 || tenants != nil && !slices.Contains(tenants, recs[0].Meta.Tenant) {
		return Run{}, fmt.Errorf("%w: there is no run %v", work.ErrNotFound, id)
	}
	rec := &recs[0]
	run, err := e.machineOf(ctx, rec)
	if err != nil {
		return Run{}, fmt.Errorf("run %v: %w", id, err)
	}
	out := Run{
		Summary: store.Summary{
			ID: id, Tenant: rec.Meta.Tenant, Queue: rec.Meta.Queue, Workflow: rec.Workflow, Version: rec.Version,
			Status: rec.Status, Paused: rec.Paused, Priority: rec.Meta.Priority, Labels: rec.Meta.Labels,
			Created: rec.Meta.Created, Started: rec.Started, Finished: rec.Finished, WakeAt: rec.WakeAt,
			Failure: rec.Failure, Parent: rec.Meta.Parent, Cost: rec.Cost,
		},
		Document: rec.Document, Params: rec.Meta.Params, Key: rec.Key, Deadline: rec.Deadline, View: run.View(), Plan: run.Plan,
	}
	if l := e.shardOf(id); l != nil && rec.Status == machine.Running {
		if view, err := ask(ctx, l, func(c *shard.Core, answer func(*machine.View, error)) {
			c.View(id, func(v *machine.View) { answer(v, nil) })
		}); err == nil && view != nil {
			out.View = *view
		}
	}
	return out, nil
}

// List gives runs by filter and the cursor of the next page, "" at the end.
func (e *Engine) List(ctx context.Context, f store.Filter, cursor string, limit int) ([]store.Summary, string, error) {
	return e.store.List(ctx, f, cursor, limit)
}

// Count counts runs, up to limit.
func (e *Engine) Count(ctx context.Context, f store.Filter, limit int) (int, error) {
	return e.store.Count(ctx, f, limit)
}

// History gives what happened to a run, oldest first: what is in its state,
// and what was kept beside it.
func (e *Engine) History(ctx context.Context, id workflow.RunID, tenants []string) ([]machine.Entry, error) {
	run, err := e.Get(ctx, id, tenants)
	if err != nil {
		return nil, err
	}
	kept, err := e.store.History(ctx, id)
	if err != nil {
		return nil, err
	}
	all := append(kept, run.View.Entries()...)
	slices.SortStableFunc(all, func(a, b machine.Entry) int { return int(a.At - b.At) })
	return all, nil
}

// Logs gives pieces of the log of a run's step, or of all of it when step is "".
// attempt -1 means all. after is the Seq of the last piece seen.
func (e *Engine) Logs(ctx context.Context, id workflow.RunID, tenants []string, step string, item, attempt int, after int64, limit int) ([]LogLine, error) {
	run, err := e.Get(ctx, id, tenants)
	if err != nil {
		return nil, err
	}
	key := store.LogKey{Run: id, Node: -1, Item: -2, Attempt: attempt}
	if step != "" {
		n, ok := run.Plan.Index(step)
		if !ok {
			return nil, fmt.Errorf("%w: run %v has no step %q", work.ErrNotFound, id, step)
		}
		key.Node, key.Item = int32(n), int32(item) //nolint:gosec // a plan has at most 10,000 nodes
	}
	chunks, err := e.store.Logs(ctx, key, after, limit)
	if err != nil {
		return nil, err
	}
	lines := make([]LogLine, 0, len(chunks))
	for _, c := range chunks {
		name := ""
		if int(c.Node) < run.Plan.Len() && c.Node >= 0 {
			name = run.Plan.Node(int(c.Node)).Step.Name
		}
		lines = append(lines, LogLine{Seq: c.Seq, At: c.At, Step: name, Item: int(c.Item), Attempt: c.Attempt, Text: string(c.Text)})
	}
	return lines, nil
}

// LogLine is a piece of an attempt's log: one or more lines.
type LogLine struct {
	Seq     int64  `json:"seq"`
	At      int64  `json:"at"`
	Step    string `json:"step"`
	Item    int    `json:"item"`
	Attempt int    `json:"attempt"`
	Text    string `json:"text"`
}

// Explain says why a run is where it is: what holds it in its queue, or what
// its steps wait for.
func (e *Engine) Explain(ctx context.Context, id workflow.RunID, tenants []string) (shard.Explanation, error) {
	run, err := e.Get(ctx, id, tenants)
	if err != nil {
		return shard.Explanation{}, err
	}
	l := e.shardOf(id)
	if l == nil || run.Status.Final() {
		return shard.Explanation{Status: run.Status, Text: []string{finalText(run)}}, nil
	}
	return ask(ctx, l, func(c *shard.Core, answer func(shard.Explanation, error)) { answer(c.Explain(id)) })
}

func finalText(r Run) string {
	text := map[machine.Status]string{
		machine.Succeeded: "It succeeded", machine.Failed: "It failed", machine.Canceled: "It was canceled", machine.TimedOut: "It timed out",
	}[r.Status]
	f := r.View.Failure
	if f == nil {
		return text + "."
	}
	if f.Step != "" {
		text += ": step " + f.Step
	}
	return fmt.Sprintf("%s: %s (%s)", text, f.Message, f.Code)
}

// Queues gives every queue with what waits in it; top is how many of its
// tenants are told of. work.ErrNotOwner for those of another engine's shard.
func (e *Engine) Queues(ctx context.Context, top int) ([]QueueState, error) {
	cfg := e.config.Load()
	list := make([]QueueState, 0, len(cfg.queues))
	for _, m := range cfg.queues {
		st, err := e.queueStats(ctx, m.queue.Name, top)
		if err != nil && !errors.Is(err, work.ErrNotOwner) {
			return nil, err
		}
		list = append(list, QueueState{Queue: m.queue, Stats: st})
	}
	return list, nil
}

// QueueState is a queue and what waits in it.
type QueueState struct {
	work.Queue
	Stats queue.Stats `json:"stats"`
}

func (e *Engine) queueStats(ctx context.Context, name string, top int) (queue.Stats, error) {
	return ask(ctx, e.queueShard(name), func(c *shard.Core, answer func(queue.Stats, error)) { answer(c.QueueStats(name, top), nil) })
}

// Pools gives every pool with what it does; the shards of this engine only.
func (e *Engine) Pools(ctx context.Context) ([]shard.PoolState, error) {
	all := map[string]*shard.PoolState{}
	for _, l := range e.loops {
		part, err := ask(ctx, l, func(c *shard.Core, answer func([]shard.PoolState, error)) { answer(c.Pools(), nil) })
		if errors.Is(err, work.ErrNotOwner) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, p := range part {
			if have := all[p.Name]; have != nil {
				have.Add(p)
				continue
			}
			all[p.Name] = &p
		}
	}
	list := make([]shard.PoolState, 0, len(all))
	for _, p := range all {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b shard.PoolState) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Tenants gives what the engine knows of tenants: settings and counts.
func (e *Engine) Tenants(ctx context.Context) ([]TenantState, error) {
	cfg := e.config.Load()
	all := map[string]*TenantState{}
	for name, t := range cfg.shard.Tenants {
		all[name] = &TenantState{Tenant: t}
	}
	for _, l := range e.loops {
		part, err := ask(ctx, l, func(c *shard.Core, answer func(map[string][2]int, error)) { answer(c.TenantCounts(), nil) })
		if err != nil && !errors.Is(err, work.ErrNotOwner) {
			return nil, err
		}
		for name, n := range part {
			if all[name] == nil {
				all[name] = &TenantState{Tenant: work.Tenant{Name: name}}
			}
			all[name].Waiting += n[0]
			all[name].Active += n[1]
		}
	}
	list := make([]TenantState, 0, len(all))
	for _, t := range all {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b TenantState) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// TenantState is a tenant with the runs it has waiting and running.
type TenantState struct {
	work.Tenant
	Waiting int `json:"waiting"`
	Active  int `json:"active"`
}

// Definitions gives the newest version of every workflow that a tenant may
// run (nil: all), by name.
func (e *Engine) Definitions(tenants []string) []work.Definition {
	var list []work.Definition
	for _, versions := range e.config.Load().definitions {
		newest := versions[len(versions)-1].Definition
		if tenants == nil || newest.Tenant == "" || slices.Contains(tenants, newest.Tenant) {
			list = append(list, newest)
		}
	}
	slices.SortFunc(list, func(a, b work.Definition) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Definition gives a version of a workflow, 0 the newest, and its plan.
func (e *Engine) Definition(name string, version int, tenant string) (work.Definition, *workflow.Plan, error) {
	d, err := e.config.Load().definition(name, version, tenant)
	if err != nil {
		return d, nil, err
	}
	plan, err := e.planOfText(d.Document)
	return d, plan, err
}

// Versions gives all versions of a workflow, oldest first.
func (e *Engine) Versions(name string) []work.Definition {
	var list []work.Definition
	for _, d := range e.config.Load().definitions[name] {
		list = append(list, d.Definition)
	}
	return list
}

// Schedules gives all schedules of the tenants (nil: all), by name.
func (e *Engine) Schedules(tenants []string) []work.Schedule {
	all := map[string]work.Schedule{}
	for name, s := range e.config.Load().schedules {
		all[name] = s.Schedule
	}
	return sorted(all, tenants, func(s work.Schedule) (string, string) { return s.Name, s.Run.Tenant })
}

// Triggers gives all triggers of the tenants (nil: all), by name.
func (e *Engine) Triggers(tenants []string) []work.Trigger {
	return sorted(e.config.Load().triggers, tenants, func(t work.Trigger) (string, string) { return t.Name, t.Run.Tenant })
}

// Subscriptions gives all subscriptions of the tenants (nil: all), by name.
func (e *Engine) Subscriptions(tenants []string) []work.Subscription {
	m := map[string]work.Subscription{}
	for _, s := range e.config.Load().shard.Subscriptions {
		m[s.Name] = s
	}
	return sorted(m, tenants, func(s work.Subscription) (string, string) { return s.Name, s.Tenant })
}

func sorted[T any](m map[string]T, tenants []string, of func(T) (name, tenant string)) []T {
	var list []T
	for _, v := range m {
		if _, tenant := of(v); tenants == nil || slices.Contains(tenants, tenant) {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b T) int {
		x, _ := of(a)
		y, _ := of(b)
		return strings.Compare(x, y)
	})
	return list
}

// Setting gives a setting of the store with its version, for those who keep
// their own beside the engine's.
func (e *Engine) Setting(ctx context.Context, kind, id string) (store.Setting, error) {
	s, err := e.store.Setting(ctx, kind, id)
	if err != nil {
		return s, settingError(kind, id, err)
	}
	return s, nil
}

// Health says what is wrong at the moment: nothing when the store answers and
// batches can be written.
func (e *Engine) Health(ctx context.Context) []string {
	var wrong []string
	if err := e.store.Check(ctx); err != nil {
		wrong = append(wrong, "the store does not answer: "+err.Error())
	}
	if err := e.checkShards(e.config.Load()); err != nil {
		wrong = append(wrong, err.Error())
	}
	for _, l := range e.loops {
		if t := l.trouble.Load(); t != nil {
			wrong = append(wrong, fmt.Sprintf("shard %d cannot write: %s", l.n, *t))
		}
		if n := l.damaged.Load(); n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d runs of shard %d cannot be read and were set aside; the log names them", n, l.n))
		}
	}
	return wrong
}

// machineOf loads a stored run.
func (e *Engine) machineOf(ctx context.Context, rec *store.Record) (*machine.Run, error) {
	plan, err := e.planOf(ctx, rec.Document)
	if err != nil {
		return nil, err
	}
	run, err := machine.Load(plan, rec.Meta, &e.opt.Limits, rec.State)
	if err != nil {
		return nil, err
	}
	for _, o := range rec.Outputs {
		run.SetExternal(machine.Ref{Node: o.Node, Item: o.Item}, o.Body)
	}
	return run, nil
}
