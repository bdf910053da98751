package store

import "github.com/berth-project/berth/workflow"

// All stands for every node and attempt in a [LogKey], AllItems for every
// item, as item -1 is a step without items.
const (
	All      = -1
	AllItems = -2
)

// LogKey names the log of an attempt, or with [All] and [AllItems] several.
type LogKey struct {
	Run        workflow.RunID
	Node, Item int32
	Attempt    int
}

// Includes reports whether the log of k is among those that the key names.
func (all LogKey) Includes(k LogKey) bool {
	return all.Run == k.Run &&
		(all.Node == All || all.Node == k.Node) &&
		(all.Item == AllItems || all.Item == k.Item) &&
		(all.Attempt == All || all.Attempt == k.Attempt)
}

// Chunk is a piece of an attempt's log.
type Chunk struct {
	LogKey
	Seq  int64 // grows within a run; a chunk of a number that is there replaces it
	At   Millis
	Text []byte
}
