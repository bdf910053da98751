// Package schedule is how Comcast's Priority Operation Processing chooses the
// agendas that go to the queue of an insight: its two algorithms as they are,
// each as a function of what waits. Berth's queues are scheduled by work/queue;
// this is what its "fifo" and "round-robin" policies are compared with.
//
//	picked, pending := schedule.RoundRobin(schedule.Waiting{
//		Customers: []string{"A", "B"},
//		Ready:     map[string][]string{"A": {"a1", "a2"}, "B": {"b1"}},
//	}, 2)
//	// picked is a1, b1
package schedule

import "slices"

// Backlog is how many agendas of one customer, or in first-in-first-out order how
// many of an insight, a pass looks at.
const Backlog = 100

// Waiting is what a pass of RoundRobin sees of an insight.
type Waiting struct {
	// Customers are all customers of the pool, in the order in which they are
	// served.
	Customers []string
	// Pending are those whose turn it still is, from the last pass; empty
	// means all.
	Pending []string
	// Ready are the agendas of each customer that wait, oldest first.
	Ready map[string][]string
}

// FIFO picks the n oldest of the agendas that wait, oldest first, in one pass.
func FIFO(ready []string, n int) []string {
	return slices.Clone(ready[:min(max(n, 0), len(ready), Backlog)])
}

// RoundRobin picks n agendas in one pass, one of each customer at a time, and
// returns the customers whose turn it is in the next pass.
//
// It first serves those whose turn it is, each once. If that is not enough it
// begins new rounds with all customers, until there are n or a round adds
// nothing; then it is the turn of those that no such round served.
func RoundRobin(w Waiting, n int) (picked, pending []string) {
	pending = w.Pending
	if len(pending) == 0 {
		pending = w.Customers
	}
	p := pass{ready: w.Ready, taken: map[string]int{}, want: n}
	served := p.round(pending)
	if len(p.picked) >= n {
		return p.picked, without(pending, served)
	}
	served = map[string]bool{}
	for len(p.picked) < n {
		more := p.round(w.Customers)
		if len(more) == 0 {
			break
		}
		for customer := range more {
			served[customer] = true
		}
	}
	return p.picked, without(w.Customers, served)
}

// pass is one run of the scheduler.
type pass struct {
	ready  map[string][]string
	taken  map[string]int
	want   int
	picked []string
}

// round takes the oldest agenda of each customer until there are enough, and
// returns whom it served.
func (p *pass) round(customers []string) map[string]bool {
	served := map[string]bool{}
	for _, customer := range customers {
		at := p.taken[customer]
		if len(p.picked) >= p.want {
			break
		}
		if at < min(len(p.ready[customer]), Backlog) {
			p.picked = append(p.picked, p.ready[customer][at])
			p.taken[customer]++
			served[customer] = true
		}
	}
	return served
}

func without(customers []string, served map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(customers), func(customer string) bool { return served[customer] })
}
