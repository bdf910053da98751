// Package engine runs workflows: it gives the deterministic shards of package
// shard their clock, their goroutines and their store, executes tasks with
// the executors of this process, hands them to workers elsewhere, delivers
// events and starts what is scheduled.
//
// Several engines may share a store. Each shard belongs to one of them at a
// time; the others take over when its lease runs out. What is asked of an
// engine that does not own the shard is answered with OwnerError, which says
// who does.
//
// A call in one sitting: Engine.Submit (submit.go) reads, checks and chooses
// the queue (intake.go); the shard's loop (loop.go) applies it, writes it and
// answers; tasks that came of it go to executors here (local.go) or to
// workers that poll (worker.go); what became final is told (after.go) to
// parents, watchers (watch.go) and the outbox (outbox.go).
package engine
