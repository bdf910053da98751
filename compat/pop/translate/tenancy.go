package translate

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/workflow"
)

// Queue says an insight in Berth's words: a queue that takes the runs that name it,
// of the tenants given. delegated queues lease whole agendas to POP's executors;
// of others Berth executes the operations.
//
// The size of an insight's queue means nothing here: a worker that asks gets the
// next run at once, in the order of the algorithm.
func Queue(i *object.Insight, tenants []string, delegated Delegation) work.Queue {
	return work.Queue{
		Name: ObjectName(i.ID), Policy: policy(i.Algorithm), Pool: ObjectName(i.ResourcePoolID),
		Tenants: tenants, Delegated: bool(delegated),
	}
}

// Delegation says who executes the agendas of an insight.
type Delegation bool

const (
	// ByExecutors leaves whole agendas to executors that ask for them.
	ByExecutors Delegation = true
	// ByBerth dispatches each operation when it is ready.
	ByBerth Delegation = false
)

// policy returns the policy for an algorithm. POP has none for an insight that
// does not say, and falls over; here customers take turns.
func policy(a object.Algorithm) queue.Policy {
	if a == object.FIFO {
		return queue.FIFO
	}
	return queue.RoundRobin
}

// Tenants lists the customers that may use an insight, nil for all. The customers
// an insight allows are kept in lower case: known are those that may be meant, as
// they are spelled.
func Tenants(i *object.Insight, known []string) []string {
	if i.IsGlobal {
		return nil
	}
	tenants := append([]string{i.CustomerID}, i.AllowedCustomerIDs...)
	for _, customer := range known {
		if slices.Contains(i.AllowedCustomerIDs, strings.ToLower(customer)) {
			tenants = append(tenants, customer)
		}
	}
	slices.Sort(tenants)
	return slices.Compact(tenants)
}

// Pool says a resource pool in Berth's words.
func Pool(p *object.Pool) work.Pool {
	return work.Pool{Name: ObjectName(p.ID), Lease: workflow.Duration(object.ReclaimAge)}
}

// Tenant says a customer in Berth's words. Weights and limits are Berth's own.
func Tenant(c *object.Customer) work.Tenant { return work.Tenant{Name: c.ID} }
