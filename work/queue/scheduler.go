package queue

// Scheduler holds the queues of one shard.
//
// To rebuild it: SetTenant and SetQueue first, then Restore and Running for
// every run in any order, then SetLedger where one was kept; the first other
// call ends the rebuilding.
type Scheduler struct{}

// New returns a Scheduler without queues.
func New() *Scheduler { return &Scheduler{} }

// SetQueue makes or changes a queue. Changing the policy or the caps costs
// O(runs waiting in it). On an error nothing has changed.
func (s *Scheduler) SetQueue(c Config) error { return c.Validate() }

// RemoveQueue removes a queue and reports whether it did: one in which runs
// wait or are in flight stays.
func (s *Scheduler) RemoveQueue(name string) bool { return false }

// SetTenant sets what holds for a tenant everywhere; the zero Tenant is the
// default of those never set. On an error nothing has changed.
func (s *Scheduler) SetTenant(name string, t Tenant) error { return t.Validate() }

// Enqueue adds a run that is to wait and returns the tag to store with it. A
// run that waits already moves; one that is in flight is left alone and its
// tag returned. A queue that was never set gets the defaults.
func (s *Scheduler) Enqueue(queue string, it Item) (tag float64) { return 0 }

// Restore adds a waiting run with the tag stored with it.
func (s *Scheduler) Restore(queue string, it Item) {}

// Running adds a run that is in flight already, with the tag stored with it.
func (s *Scheduler) Running(queue string, it Item) {}

// Remove takes out a waiting run (it was canceled, paused or moved) and
// reports whether it waited here.
func (s *Scheduler) Remove(id uint64) bool { return false }

// Pick starts the run that is next in a queue: it is in flight from now on.
// It reports false when none can start; Explain says why for each.
func (s *Scheduler) Pick(queue string, now int64) (Item, bool) { return Item{}, false }

// Next starts the run that is next over all queues. Queues share by weight,
// one run counting as one.
func (s *Scheduler) Next(now int64) (queue string, it Item, ok bool) { return "", Item{}, false }

// Finished ends a run in flight, whether it succeeded or not or goes back to
// waiting: its places are free, and its tenant is charged what it really
// cost, in the unit of Item.Cost, in place of the estimate. A negative actual
// leaves the estimate. It reports whether the run was in flight; a second
// call changes nothing.
func (s *Scheduler) Finished(id uint64, actual float64) bool { return false }

// Depth is how many runs of a queue wait and are in flight.
func (s *Scheduler) Depth(queue string) (waiting, running int) { return 0, 0 }

// Load is how many runs of a tenant wait and are in flight over all queues.
func (s *Scheduler) Load(tenant string) (waiting, running int) { return 0, 0 }

// Explain says why a run waits. It reports false for a run that does not.
func (s *Scheduler) Explain(id uint64, now int64) (Explanation, bool) { return Explanation{}, false }

// Stats describes a queue now, with its top tenants by runs waiting. It costs
// O(tenants) and reports false for a queue that does not exist.
func (s *Scheduler) Stats(queue string, now int64, top int) (Stats, bool) { return Stats{}, false }

// Ledger is what a queue remembers of its tenants beyond the tags stored with
// runs. Storing it now and then, and on a clean stop, makes the order after a
// restart exactly what it was when it was taken.
func (s *Scheduler) Ledger(queue string) Ledger { return Ledger{} }

// SetLedger gives a queue back what it remembered, while it is rebuilt.
func (s *Scheduler) SetLedger(queue string, l Ledger) {}
