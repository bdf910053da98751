// Package work holds the words of the engine that runs workflows: tasks and
// executors, queues, pools and tenants, submissions and events.
//
// The engine itself is in packages engine and shard. Memory owns the order,
// the store owns the facts. A shard (package shard) is a deterministic state
// machine over its runs, queues, leases and timers: it knows no clock, no
// goroutine and no network, so that a simulator can drive it through a
// million histories. Package engine gives it those: a mailbox, one goroutine,
// the store, local executors, deliveries and schedules.
//
// The goroutine takes the operations that are in the mailbox, applies them,
// writes all they changed in one transaction, and only then answers callers
// and hands out tasks: nothing that is not durable is ever seen outside.
// While that transaction commits the next operations gather, so that one
// fsync carries many of them under load, and one under none.
//
// Nothing is lost and nothing is recorded twice. A shard belongs to one
// engine at a time: each transaction names the owner's epoch and its number
// in a row, so that an engine which stalled and lost the shard cannot write,
// and a transaction whose answer was lost is not applied again. A task is
// leased with a fence, which grows over epochs; a result counts only with the
// fence of the current lease. A step may be executed more than once (its
// worker died); its result is recorded once.
package work
