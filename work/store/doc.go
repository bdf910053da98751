// Package store says what the engine asks of a store: that it keeps facts,
// all of a batch or nothing, durably, and only from the shard's owner.
//
// One row holds one run, with the states of all its steps in a blob: a batch
// writes each touched run once, however many transitions it made. What is
// large or rarely read stands beside it: outputs, history, logs. Events to be
// delivered are rows of an outbox, written in the same transaction as what
// they tell of.
//
// The unit a store must write atomically is one run with its outputs,
// history, events and idempotency key; SQLite and PostgreSQL give the whole
// batch. Package storetest holds what every store must do, as tests.
package store
