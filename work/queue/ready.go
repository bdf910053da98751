package queue

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Ready is a step, or one item of a step with for-each, that could run.
type Ready struct {
	ID         uint64 // of the run
	Node, Item int32
	Tenant     string
	Queue      string // of the run; carried only
	Pool       string
	Type       string
	// Key is the step's concurrency key; "" for none. Keys are the tenant's
	// own.
	Key string
	// Slots is how many of the pool's slots it takes; 0 means 1. A step that
	// needs more than the pool has takes the whole pool.
	Slots int
	// At is when it became ready, in milliseconds: older steps go first.
	At int64
}

// Pool is a pool of slots.
type Pool struct {
	Name string
	// Slots is how many there are; 0 means no limit.
	Slots int
	// KeyCap is how many steps with the same concurrency key may be in flight
	// in the pool; 0 means no limit.
	KeyCap int
	// Types caps how many steps of a type may be in flight in the pool; with 0
	// none is taken. A type that is not in it has no limit.
	Types map[string]int
	// Paused: nothing is taken.
	Paused bool
	// Draining: the engine begins no runs for the pool. What is ready is still
	// taken.
	Draining bool
}

// Validate reports everything that is wrong with p.
func (p Pool) Validate() error {
	var errs []error
	if p.Name == "" {
		errs = append(errs, errors.New("pool: it has no name"))
	}
	if p.Slots < 0 || p.KeyCap < 0 {
		errs = append(errs, fmt.Errorf("pool %q: a cap is negative; use 0 for no limit", p.Name))
	}
	for _, typ := range slices.Sorted(maps.Keys(p.Types)) {
		if p.Types[typ] < 0 {
			errs = append(errs, fmt.Errorf("pool %q: type %q is capped at %d; leave it out for no limit, or use 0 for none of it", p.Name, typ, p.Types[typ]))
		}
	}
	return errors.Join(errs...)
}
