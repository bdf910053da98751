// Package sim drives the engine's deterministic half through random
// histories: engines that crash, stall and come back, batches that fail or
// whose answer is lost, messages that are doubled, delayed, reordered and
// dropped, workers that die, clocks that jump, operators who reset, move and
// delete runs and change limits. How seldom there is trouble is drawn for each
// history. Then everything is healed and must come to its end, by what wakes
// an engine alone; on the way invariants are held:
//
//   - a submission that was acknowledged is in the store, once per
//     idempotency key, and finishes;
//   - a step's result is recorded once, with the fence of the lease that was
//     current, and never changes afterwards, unless somebody resets the step;
//   - a result that was taken is recorded;
//   - no fence and no attempt is handed out twice;
//   - nothing is started or leased beyond the limits of queue, key, tenant and
//     pool that are in force, or though it is paused;
//   - each end of a run is told once in the outbox;
//   - what an engine has in memory agrees with itself after each round
//     (Core.Audit of package shard), and with what it executes;
//   - two tenants that always have runs waiting share by their weights.
//
// A history is a function of its seed: a seed that fails fails again.
package sim
