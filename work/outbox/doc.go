// Package outbox has the mechanics of telling others what happened: how a
// webhook is signed ([Sign], and [Verify] for those who receive it), how events
// are sent to webhooks, SNS, SQS and EventBridge ([Sender]), and when a
// delivery that did not succeed is tried again ([Backoff]). When an event is
// due, and that it is not lost, is the engine's to know: it writes the event in
// the transaction that made it true, and calls a sender until one try succeeds
// or the event is given up.
//
// Every event is delivered at least once, and has the same id each time: a
// receiver that must not act twice remembers ids.
package outbox
