// Package machine is one run as a state machine: what each event does to it.
//
// A [Run] is changed by methods that are events (picked, claimed, completed,
// a timer, a signal, somebody's wish) and tells what it asks of the engine as
// [Effects]. It reads no clock, starts nothing and waits for nothing, so that
// a simulator can drive it and the same events give the same run. Its [State]
// is stored as one compact blob.
//
//	held → queued → running → succeeded, failed, canceled, timed-out
//	         ↑_________|______________|   reset, retry, another attempt
//
//	waiting → ready → running → succeeded, failed, skipped, canceled
//	   ↑   ↖          |   |
//	   |    backoff ←─┘   |               an attempt failed and may be repeated
//	   └──────────────────┘               its lease ran out, or was given back
//	waiting → sleeping → …                wait steps and sub-workflows
//
// # When a step runs
//
// A step waits until everything it needs is settled; a failed step with a
// handler counts as settled when its handler is. Then, in this order:
//
//   - Where a step it needs failed for good, or was itself skipped because of
//     a failure, it is skipped ([Upstream]).
//   - Where all the steps it needs were skipped by their conditions and it has
//     no condition of its own, it is skipped too ([Branch]): the rest of a
//     branch not taken. A step that joins branches runs when one of them did.
//   - Where its own condition is false it is skipped ([When]).
//   - Otherwise it is ready as soon as one of the run's slots is free
//     ([Limits].Parallel); steps come in the plan's order.
//
// A failure is final when the step's retry rule allows no further attempt, or
// the failure is fatal. What it means is the step's on-error:
//
//   - continue: those who need it go on; the failure is theirs to look at.
//   - a handler: it runs, once in a run, for those that failed before it
//     began. Where it succeeds, those who need the failed step go on; where it
//     does not, the run fails as if there were none, unless "then" is
//     continue.
//   - fail, or nothing: nothing new starts, what runs ends, and the run
//     fails.
//
// Steps under finally run when all others are settled, also when the run
// failed, was canceled or passed its deadline; how it ends is decided before
// ([State].Verdict), but one that fails lets a run fail that would have
// succeeded. Canceling a second time ends them too. A run that is to be tried
// again as a whole ([workflow.Document].Attempts) skips them until its last
// attempt, as it goes on from what succeeded.
//
// The items of a step with for-each are steps of their own, up to its limit
// at once. When an item fails for good no further one starts, and the step
// fails once those that run have ended; with continue its output is null.
//
// # Leases
//
// Each attempt is leased under a [Fence]. A result counts with the fence of
// the current lease only, and once; the same again is answered the same. A
// lease that ends without one is a crash, counted apart from failures: the
// step is ready again, until [Limits].MaxCrashes.
package machine
