// Package store says what the engine asks of a store: that it keeps facts,
// all of a batch or nothing, durably, and only from the shard's owner.
//
// One row holds one run, with the states of all its steps in a blob: a batch
// writes each touched run once, however many transitions it made. What is
// large or rarely read stands beside it: outputs, history, logs. Events to be
// delivered are rows of an outbox, written in the same transaction as what
// they tell of.
//
// Two numbers make a write safe to lose the answer of. An owner's epoch grows
// with every change of hands, so that one who stalled and lost the shard is
// refused. Its batches are numbered without gaps, so that one sent again is
// recognised and answered as before:
//
//	owner row of the shard          batch                  answer
//	epoch = e,  seq = n-1           epoch e, number n      written, seq becomes n
//	epoch = e,  seq = n             epoch e, number n      was written: the same answer
//	epoch = e,  seq = other         epoch e, number n      ErrGap
//	epoch ≠ e                       epoch e                ErrNotOwner
//
// A run that becomes final gets a place in the order in which its shard's runs
// did so. A reader of List who keeps the cursor of the order "finished"
// therefore sees every finished run once, also those that other transactions
// write while it reads.
//
// The unit a store must write atomically is one run with its outputs,
// history, events and idempotency key; SQLite and PostgreSQL give the whole
// batch. Package storetest holds what every store must do, as tests.
package store
