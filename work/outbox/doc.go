// Package outbox has the mechanics of telling others what happened: how a
// webhook is signed ([Sign], and [Verify] for those who receive it), how events
// are sent to webhooks, SNS, SQS and EventBridge ([Sender]), and when a
// delivery that did not succeed is tried again ([Backoff]). When an event is
// due, and that it is not lost, is the engine's to know: it writes the event in
// the transaction that made it true, and calls a sender until one try succeeds
// or the event is given up.
//
// # What a receiver can rely on
//
// Every event is delivered at least once, and has the same id each time: a
// receiver that must not act twice remembers ids.
//
// Ids are whole numbers of up to 63 bits that grow with what happens to a run,
// whichever engine tells it. Deliveries keep no order: several are under way to
// a destination at once, one that fails is tried again later, and what waits
// its turn when an engine ends may come after what happened since. A receiver
// to which it matters, because a run that failed was tried again, say, ignores
// an event whose id is below the highest it has seen of the run.
package outbox
