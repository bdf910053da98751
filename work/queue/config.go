package queue

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Policy says in which order a queue's runs start.
type Policy string

// The policies; the package comment says what each does.
const (
	FIFO       Policy = "fifo"
	RoundRobin Policy = "round-robin"
	Fair       Policy = "fair"
	Priority   Policy = "priority"
	Deadline   Policy = "deadline"
)

// Policies lists them all.
func Policies() []Policy { return []Policy{FIFO, RoundRobin, Fair, Priority, Deadline} }

// classes reports whether p keeps the classes 0 to 9 apart; the other
// policies do not look at a run's priority.
func (p Policy) classes() bool { return p == Fair || p == Priority }

// tagged reports whether p orders tenants by virtual time.
func (p Policy) tagged() bool { return p == Fair || p == RoundRobin }

// Defaults of Config.
const (
	DefaultAgeing   = time.Minute
	DefaultFloor    = 0.02
	DefaultHalfLife = 10 * time.Minute
)

// MaxFloor is the highest Config.Floor: ten classes share the picks.
const MaxFloor = 0.1

// Config is a queue.
type Config struct {
	Name string
	// Policy is the order; "" means fair.
	Policy Policy
	// Weight is the queue's part of what Next picks over all queues, MinWeight
	// to MaxWeight; 0 means 1.
	Weight float64
	// Order breaks ties between queues: the lower goes first, then by name.
	Order int
	// Cap is how many of the queue's runs may be in flight; 0 means no limit.
	Cap int
	// TenantCap is how many of one tenant's runs may be in flight in this
	// queue; 0 means no limit.
	TenantCap int
	// KeyCap is how many runs with the same concurrency key may be in flight.
	// Keys are the tenant's own: the same word used by another tenant is
	// another key. 0 means no limit.
	KeyCap int
	// Ageing is how long it takes until a run counts as one class better, and
	// again for the next class: the time it has waited under priority; under
	// fair the time in which its tenant could start a run of the class and
	// did not. 0 means one minute, negative means never.
	Ageing time.Duration
	// Floor is the share of picks, up to MaxFloor, promised to each class that has
	// a run that could start; 0 means 0.02, negative means none.
	Floor float64
	// Memory says how much of what a tenant used before it idled still
	// counts when it comes back, from 0 (nothing: only those who wait now are
	// compared) to 1 (all of it). For the policy fair.
	Memory float64
	// HalfLife is how fast that is forgotten; 0 means ten minutes.
	HalfLife time.Duration
	// Paused: nothing is picked.
	Paused bool
	// Draining: the engine takes no new runs into the queue. What waits is
	// still picked.
	Draining bool
}

// Validate reports everything that is wrong with c. SetQueue refuses exactly
// what Validate does, so whoever keeps settings asks it first; the same holds
// of Tenant and SetTenant, and of Pool and SetPool.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("queue %q: "+format, append([]any{c.Name}, args...)...))
	}
	switch c.Policy {
	case "", FIFO, RoundRobin, Fair, Priority, Deadline:
	default:
		bad("policy %q is unknown; use one of %q", c.Policy, Policies())
	}
	if c.Name == "" {
		bad("it has no name")
	}
	if c.Cap < 0 || c.TenantCap < 0 || c.KeyCap < 0 {
		bad("a cap is negative; use 0 for no limit")
	}
	if !validWeight(c.Weight) {
		bad("weight %v is out of range; use %v to %v", c.Weight, MinWeight, MaxWeight)
	}
	if math.IsNaN(c.Floor) || c.Floor > MaxFloor {
		bad("floor %v is out of range; use at most %v", c.Floor, MaxFloor)
	}
	if !(c.Memory >= 0 && c.Memory <= 1) {
		bad("memory %v is out of range; use 0 to 1", c.Memory)
	}
	if c.HalfLife < 0 {
		bad("half-life %v is negative", c.HalfLife)
	}
	return errors.Join(errs...)
}

// withDefaults replaces what c leaves out.
func (c Config) withDefaults() Config {
	if c.Policy == "" {
		c.Policy = Fair
	}
	if c.Weight == 0 {
		c.Weight = 1
	}
	switch {
	case c.Ageing == 0:
		c.Ageing = DefaultAgeing
	case c.Ageing < 0:
		c.Ageing = 0
	}
	switch {
	case c.Floor == 0:
		c.Floor = DefaultFloor
	case c.Floor < 0:
		c.Floor = 0
	}
	if c.HalfLife == 0 {
		c.HalfLife = DefaultHalfLife
	}
	return c
}

// Tenant is what holds for a tenant in every queue and pool of the shard.
type Tenant struct {
	// Weight is the tenant's part where tenants share, MinWeight to MaxWeight;
	// 0 means 1.
	Weight float64
	// Cap is how many of its runs may be in flight over all queues; 0 means
	// no limit.
	Cap int
	// Slots is how many slots its steps may hold over all pools; 0 means no
	// limit. Scheduler does not look at it.
	Slots int
	// Suspended: none of its runs is picked and none of its steps is taken.
	Suspended bool
}

// Validate reports everything that is wrong with t.
func (t Tenant) Validate() error {
	var errs []error
	if !validWeight(t.Weight) {
		errs = append(errs, fmt.Errorf("weight %v is out of range; use %v to %v", t.Weight, MinWeight, MaxWeight))
	}
	if t.Cap < 0 || t.Slots < 0 {
		errs = append(errs, errors.New("a cap is negative; use 0 for no limit"))
	}
	return errors.Join(errs...)
}

// MinWeight and MaxWeight bound the weights of queues and tenants, so that what
// a run is charged stays far from the quantum of virtual time; see quantum. A
// weight of 0 means 1.
const (
	MinWeight = 0.001
	MaxWeight = 10_000
)

// validWeight accepts 0, which means 1.
func validWeight(w float64) bool { return w == 0 || w >= MinWeight && w <= MaxWeight }

// weight is t's weight in force.
func (t Tenant) weight() float64 {
	if t.Weight == 0 {
		return 1
	}
	return t.Weight
}
