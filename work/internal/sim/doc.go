// Package sim drives the engine's deterministic half through random
// histories: engines that crash, stall and come back, batches that fail or
// whose answer is lost, messages that are doubled, delayed, reordered and
// dropped, workers that die, clocks that jump. After each history everything
// is healed and must come to its end; on the way invariants are held:
//
//   - a submission that was acknowledged is in the store, once per
//     idempotency key, and finishes;
//   - a step's result is recorded once, with the fence of the lease that was
//     current, and never changes afterwards;
//   - no fence and no attempt is handed out twice;
//   - limits on what runs at once hold in the store at every moment;
//   - a run that finished has one event in the outbox.
//
// A history is a function of its seed: a seed that fails fails again.
package sim
