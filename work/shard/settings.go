package shard

import (
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
)

// Settings is what operators said of queues, pools, tenants and
// subscriptions. It does not change once a core has it.
type Settings struct {
	Queues        map[string]work.Queue
	Pools         map[string]work.Pool
	Tenants       map[string]work.Tenant
	Subscriptions []work.Subscription
}

// DefaultPool is where steps go that nobody sends elsewhere.
const DefaultPool = "default"

// defaultRuns bounds a queue's running runs when nobody said so: a backlog
// must not be begun as a whole because one worker is idle.
const defaultRuns = 1000

const (
	defaultPriority = 5
	defaultLease    = 30 * time.Second
	defaultAgeing   = time.Minute
	defaultFloor    = 0.02
)

// Settings are those in force.
func (c *Core) Settings() *Settings { return c.settings }

// Configure takes new settings: limits apply to what is picked from now on.
func (c *Core) Configure(s *Settings) {
	old := c.settings
	c.settings = s
	c.round.urgent = true // what a pause, a limit or a suspension held may go on now
	for _, q := range s.Queues {
		_ = c.order.SetQueue(OrderOf(q)) // it was checked when it was kept
	}
	for _, t := range s.Tenants {
		c.setTenant(t.Name, OrderOfTenant(t))
	}
	for _, p := range s.Pools {
		c.slots.SetPool(SlotsOf(p))
	}
	if old == nil {
		return
	}
	for name := range old.Tenants {
		if _, ok := s.Tenants[name]; !ok {
			c.setTenant(name, queue.Tenant{})
		}
	}
	for name := range old.Pools {
		if _, ok := s.Pools[name]; !ok {
			c.slots.SetPool(queue.Pool{Name: name})
		}
	}
	for name, q := range old.Queues {
		if _, ok := s.Queues[name]; !ok { // its runs stay, and wait until it is back
			q.Paused = true
			c.order.SetQueue(OrderOf(q))
		}
	}
}

// setTenant tells the order of runs and that of steps. Both refuse only what
// was refused when the setting was kept.
func (c *Core) setTenant(name string, t queue.Tenant) {
	_ = c.order.SetTenant(name, t)
	_ = c.slots.SetTenant(name, t)
}

// OrderOf is what a queue's setting means to the order of runs. What is not
// valid there must not be kept.
func OrderOf(q work.Queue) queue.Config {
	return queue.Config{
		Name:      q.Name,
		Policy:    or(q.Policy, "fair"),
		Order:     q.Order,
		Cap:       or(q.Concurrency.Runs, defaultRuns),
		TenantCap: q.Concurrency.PerTenant,
		KeyCap:    q.Concurrency.PerKey,
		Ageing:    or(time.Duration(q.Ageing), defaultAgeing),
		Floor:     floorOf(q),
		Paused:    q.Paused,
		Draining:  q.Draining,
	}
}

// OrderOfTenant is what a tenant's setting means to the order of runs and steps.
func OrderOfTenant(t work.Tenant) queue.Tenant {
	return queue.Tenant{Weight: t.Weight, Cap: t.Running, Suspended: t.Suspended}
}

// SlotsOf is what a pool's setting means to the order of steps.
func SlotsOf(p work.Pool) queue.Pool {
	return queue.Pool{Name: p.Name, Slots: p.Slots, Types: p.PerType, KeyCap: p.PerKey, Paused: p.Paused, Draining: p.Draining}
}

func floorOf(q work.Queue) float64 {
	switch {
	case q.Floor == nil:
		return defaultFloor
	case *q.Floor == 0:
		return -1 // none: 0 would be the default
	}
	return *q.Floor
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// poolOf is where a step's task goes.
func (c *Core) poolOf(queueName, stepPool string) string {
	return or(stepPool, or(c.settings.Queues[queueName].Pool, DefaultPool))
}

// feeding lists the queues that start runs for a pool, in their order.
func (c *Core) feeding(pool string) []string {
	var names []string
	for name, q := range c.settings.Queues {
		if !q.Delegated && or(q.Pool, DefaultPool) == pool {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := c.settings.Queues[a].Order - c.settings.Queues[b].Order; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// leaseOf is how long a task of a pool stays a worker's, in milliseconds.
func (c *Core) leaseOf(pool string) int64 {
	return or(time.Duration(c.settings.Pools[pool].Lease), defaultLease).Milliseconds()
}
