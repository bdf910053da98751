package queue

// Ready is a step, or one item of a step with for-each, that could run.
type Ready struct {
	ID         uint64 // of the run
	Node, Item int32
	Tenant     string
	Queue      string
	Pool       string
	Type       string
	// Key is the step's concurrency key within its tenant; "" for none.
	Key string
	// Slots is how many of the pool's slots it takes; 0 means 1. What needs
	// more than the pool has takes the whole pool.
	Slots int
	// At is when it became ready, in milliseconds: older steps go first.
	At int64
}

// Pool is a pool of slots.
type Pool struct {
	Name string
	// Slots is how many there are; 0 means no limit.
	Slots int
	// KeyCap is how many steps of one concurrency key may be in flight in the
	// pool; 0 means no limit.
	KeyCap int
	// Types caps how many steps of a type may be in flight in the pool; a
	// type that is not in it has no limit.
	Types map[string]int
	// Paused: nothing is taken. Draining: the same, said of a pool that goes away.
	Paused, Draining bool
}

// Slots holds the ready steps of started runs, and who has the slots.
type Slots struct{}

// NewSlots returns Slots without pools.
func NewSlots() *Slots { return &Slots{} }

// SetPool makes or changes a pool. On an error nothing has changed. Lowering a
// cap stops nothing that is in flight.
func (s *Slots) SetPool(p Pool) error { return nil }

// RemovePool removes a pool and reports whether it did: one with steps ready
// or in flight stays.
func (s *Slots) RemovePool(name string) bool { return false }

// SetTenant sets what holds for a tenant in every pool.
func (s *Slots) SetTenant(name string, t Tenant) error { return t.Validate() }

// Add adds a step that became ready. One that is there already stays as it
// is. A pool that was never set has no limit.
func (s *Slots) Add(r Ready) {}

// Running adds a step that is in flight already, when the shard is loaded.
func (s *Slots) Running(r Ready) {}

// Take starts up to max steps of a pool that a worker can do; no types means
// it can do all. They are in flight until Done. The result is appended to
// into, which may be nil.
func (s *Slots) Take(into []Ready, pool string, types []string, max int, now int64) []Ready {
	return into
}

// Done ends a step in flight, whatever became of it: its slots are free and
// its tenant is charged the time it had them. A negative time leaves the
// estimate. It reports whether the step was in flight.
func (s *Slots) Done(id uint64, node, item int32, seconds float64) bool { return false }

// Remove takes out a step that is ready and reports whether it was.
func (s *Slots) Remove(id uint64, node, item int32) bool { return false }
