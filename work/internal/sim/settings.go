package sim

import (
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
)

// limits are what operators change while runs are under way.
type limits struct {
	runs, slots, tenant int // of queue "fifo", of the pool, of each tenant
	stopped             string
}

// usual are the limits with which everything comes to its end.
var usual = limits{runs: 3, slots: 4, tenant: 2}

// The queues.
const (
	fair  = "fair"
	fifo  = "fifo"
	whole = "whole" // delegated
)

// tune has operators set limits anew: cores learn of it when they get to it.
func (w *world) tune(l limits) {
	w.limits = l
	s := &shard.Settings{
		Queues: map[string]work.Queue{
			fair:  {Name: fair, Policy: "fair", Paused: l.stopped == fair},
			fifo:  {Name: fifo, Policy: "fifo", Concurrency: work.Concurrency{Runs: l.runs, PerKey: 1}},
			whole: {Name: whole, Policy: "fair", Delegated: true, Concurrency: work.Concurrency{PerTenant: 1}},
		},
		Pools:         map[string]work.Pool{shard.DefaultPool: {Name: shard.DefaultPool, Slots: l.slots, Paused: l.stopped == "pool"}},
		Tenants:       map[string]work.Tenant{},
		Subscriptions: []work.Subscription{{Name: "all", To: "https://example.com/", Events: []string{"run.succeeded", "run.failed"}}},
	}
	for name, weight := range map[string]float64{"a": 1, "b": 3, "c": 1} {
		s.Tenants[name] = work.Tenant{Name: name, Running: l.tenant, Weight: weight, Suspended: l.stopped == name}
	}
	w.settings = s
}

// retune changes the limits, or stops a queue, the pool or a tenant.
func (w *world) retune() {
	w.tune(limits{
		runs: 1 + w.rng.IntN(4), slots: 2 + w.rng.IntN(4), tenant: 1 + w.rng.IntN(3),
		stopped: []string{"", "", "", fair, "pool", "a"}[w.rng.IntN(6)],
	})
}

// configure tells a node's core of settings it has not seen.
func (w *world) configure(n *node) {
	if n.core != nil && n.batch == nil && n.settings != w.settings {
		n.settings = w.settings
		n.core.Configure(w.settings)
	}
}
