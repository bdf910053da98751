package queue

import "math"

// Classes is the number of priority classes; 0 is the best.
const Classes = 10

// Item is a run, as far as the order needs to know it.
type Item struct {
	ID     uint64
	Tenant string
	// Priority is the class, 0 (first) to 9; more counts as 9.
	Priority uint8
	// Key is the concurrency key; "" for none.
	Key string
	// Cost is what the run is expected to use, in slot-seconds or any other
	// unit as long as all runs use the same; 0 means 1.
	Cost float64
	// Enqueued is when it began to wait, in milliseconds.
	Enqueued int64
	// Deadline is when it should have ended, in milliseconds; 0 for none.
	Deadline int64
	// Tag is its place in virtual time: 0 for a new run. Enqueue returns it,
	// a picked item carries it; it is to be stored with the run both times.
	Tag float64
}

// class is the item's class within bounds.
func (it Item) class() uint8 { return min(it.Priority, Classes-1) }

// cost is the item's cost within bounds.
func (it Item) cost() float64 { return boundCost(it.Cost) }

// maxCost is about thirty years of a slot.
const maxCost = 1e9

// boundCost replaces what is no cost by 1, and bounds the rest.
func boundCost(c float64) float64 {
	if !(c > 0) || math.IsInf(c, 0) {
		return 1
	}
	return min(c, maxCost)
}
