// Package queue holds the order in which waiting runs start, and in which
// the ready steps of started runs get slots. It is the memory of a shard's
// owner: rebuilt from the store when the owner starts, and never asked for a
// fact. It has no clock, no goroutine and no I/O; the time comes with each
// call, in milliseconds since 1970. Neither Scheduler nor Slots is safe for
// concurrent use.
//
// Two stages. A run waits in a queue of the Scheduler until Next or Pick
// starts it; a step of a started run waits in a pool of Slots until a worker
// takes it. What has begun is finished first: started runs never compete with
// unstarted ones.
//
// # The order
//
// A queue's policy decides:
//
//	fifo         the oldest first
//	round-robin  tenants in turn, one run each
//	fair         tenants by weight and real cost, within strict classes
//	priority     the best class first, the oldest first within it
//	deadline     the earliest deadline first, runs without one last
//
// Whatever the policy, every tenant has a line of its own, and a heap holds
// the tenants that can run now. A tenant that is suspended or at one of its
// caps leaves the heap until that ends, so it costs the others nothing, and a
// run held by its concurrency key stands aside so that it does not hold its
// tenant's other runs. A pick costs O(log tenants + log runs of the tenant).
//
//	queue ── class 0..9 ── heap of members (tenants that can run now)
//	                          └── lane: the member's runs of one class, oldest first
//	                                └── key: runs of one concurrency key, one of them in the lane
//
// fair is start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996): picking
// a run of cost c moves the tenant's start tag on by c/weight, the smallest
// tag is next, and a tenant that comes back from idling starts at the
// queue's virtual time, which follows what is picked: idling earns nothing.
// When a run ends, its real cost replaces the estimate. Between two tenants
// that could always run, the work done per weight differs by at most one run
// of each: |Wi/wi - Wj/wj| <= maxcost_i/wi + maxcost_j/wj.
// round-robin is the same with every cost and weight 1.
//
// An estimate may be wrong by any factor, and nobody else pays for it. Who
// says too much waits for it until the run ends, and is given back what that
// cost: at once as far as it then stands no better before the others than it
// did when it was picked, the rest as credit, which pays up to half of what it
// uses. So a
// tenant catches up at twice its share at most, and those it catches up with
// still get at least half of theirs. Who says too little is charged the rest
// when it is known. Virtual time counts a run that is picked as no more than
// runs lately used, is put right when the run ends, and never runs ahead of
// the first that could be picked by more than such a run of each tenant: so
// one that enters waits for about that, whatever others said. In the long run
// each tenant has its weight's share of what is really used. In pools the
// estimate is the mean of a step's type, which one step that hung moves
// little.
//
// Classes are strict, with two promises. Ageing: under priority a run counts
// as one class better for each Config.Ageing it has waited; under fair a
// tenant's runs of a class do for each Config.Ageing in which one of them
// could start and none did. (Were it the run's own wait there too, a flood
// would soon count as better than those who came after it, and fair would be
// fifo.) Floor: a class that could run gets at least that share of the picks.
//
// # Restart
//
// Enqueue returns a tag to be stored with the run. Restore takes the runs
// back in any order and finds the order they had; see Scheduler.Restore for
// what is exact, and Ledger for the rest.
package queue
