// Package shard is the deterministic half of the engine: one shard's runs,
// queues, leases and timers, as a state machine.
//
// Its owner calls it from one goroutine, in rounds:
//
//	core.Begin(now)             the time of this round
//	core.Submit(…), Complete(…), Heartbeat(…), Wake() …   any number of operations
//	batch := core.Seal()        picks, leases, and gathers what is to be written
//	… the batch is written …
//	core.Publish(outcome)       answers and tasks become visible outside
//
// An operation changes memory at once and is answered in Publish, when what
// it changed is durable. A batch that cannot be written is tried again as it
// is; when the shard was lost to another owner the core is thrown away, and
// nobody has seen anything that was not written.
//
// A round in one sitting: submit.go puts runs into their queues; dispatch.go
// matches what waits with who asks for work: steps of started runs first,
// then runs picked by package queue; lease.go leases a step; report.go takes
// heartbeats and results; settle.go draws the consequences of whatever a
// run's machine did; seal.go makes the batch.
package shard
