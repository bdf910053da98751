package store

// Stage is a moment in the life of a transaction at which a store calls the
// hook it was opened with, so that tests may stop it there or let it fail.
type Stage int

// The stages. An error of the hook becomes the answer.
const (
	Staged    Stage = iota // everything is written but not committed: an error undoes it
	Committed              // it is durable: an error hides that
)
