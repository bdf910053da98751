package store

import "github.com/berth-project/berth/workflow"

// Batch is one transaction of a shard's owner. A run appears at most once in
// Inserts and Updates together. Its parts are written in the order of the
// fields. What refers to a run that is not there, as it was deleted, is no
// change.
type Batch struct {
	Owner       Owner
	Seq         uint64 // Owner.Seq+1, +2, … over all batches of the owner
	Now         Millis
	Documents   []Document
	Inserts     []Record // their Outputs are written as those below
	Updates     []Update
	Outputs     []Output // replace those of the same place
	DropOutputs []OutputKey
	History     []History
	Logs        []Chunk
	Events      []Event          // new outbox rows; one whose ID is there is not written again
	Acks        []Ack            // what became of deliveries
	Ledgers     []Ledger         // replace those of the same queue, the last one counts
	Delete      []workflow.RunID // those that are final, with their outputs, history and logs; documents nobody uses go in time
}

// Outcome says what of a batch did not happen though it was written.
type Outcome struct {
	// Duplicates: inserts whose idempotency key was taken meanwhile, with the
	// run that has it. Nothing of that insert's run was written (its outputs,
	// history, logs and events neither).
	Duplicates map[workflow.RunID]workflow.RunID
	// Missing: runs that the batch inserts or updates, and does not delete, and
	// that are not runs of the shard: an update met none, as it was deleted; or
	// the answer is given again to an insert that was a duplicate, and the run
	// that had its key is gone since. Nothing is kept of them: who has them in
	// memory forgets them, and tells who submitted one to submit again.
	Missing []workflow.RunID
}
