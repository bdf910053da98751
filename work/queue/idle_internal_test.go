package queue

import (
	"fmt"
	"testing"
)

// TestForgetsTenants: tenants that came once leave nothing behind, neither in
// the queue nor in the pool.
func TestForgetsTenants(t *testing.T) {
	t.Parallel()
	s, slots := New(), NewSlots()
	s.Enqueue("q", Item{ID: 1, Tenant: "always"})
	slots.Add(Ready{ID: 1, Tenant: "always", Pool: "p", Type: "a"})
	for id := uint64(2); id < 5000; id++ {
		name := fmt.Sprint("t", id)
		now := int64(id) * 1000
		s.Enqueue("q", Item{ID: id, Tenant: name, Key: name, Enqueued: now})
		slots.Add(Ready{ID: id, Tenant: name, Pool: "p", Type: name, Key: name, At: now})
		it, _ := s.Pick("q", now)
		s.Finished(it.ID, 1)
		s.Enqueue("q", Item{ID: it.ID + 10_000, Tenant: "always", Enqueued: now})
		for _, r := range slots.Take(nil, "p", nil, 1, now) {
			slots.Done(r.ID, r.Node, r.Item, 1)
		}
		slots.Add(Ready{ID: id + 10_000, Tenant: "always", Pool: "p", Type: "a", At: now})
	}
	for name, n := range map[string]int{
		"members": len(s.queues["q"].members), "tenants": len(s.tenants), "numbers": len(s.members),
		"guests": len(slots.pools["p"].guests), "holders": len(slots.tenants), "types": len(slots.pools["p"].kinds),
	} {
		if n > 1000 {
			t.Errorf("%d %s are left of 5000 tenants", n, name)
		}
	}
	if n := len(s.keyNumber); n > 3000 {
		t.Errorf("%d keys are left", n)
	}
}
