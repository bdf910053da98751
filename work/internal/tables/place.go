package tables

import (
	"fmt"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// Place is where a final run stands among its shard's: a number that follows
// the order in which batches were written. The column "done" holds it with the
// run's status in front, so that one index serves the reader of everything
// that finishes and the reaper, who looks for the oldest of one status.
//
//	bits 62..60  status - Succeeded
//	bits 59..16  number of the batch
//	bits 15..0   place in the batch
type Place int64

const (
	inBatch    = 16
	statusBits = 60
	// MaxFinal is how many runs may become final in one batch.
	MaxFinal = 1 << inBatch
)

// Final are the statuses that have places.
var Final = []machine.Status{machine.Succeeded, machine.Failed, machine.Canceled, machine.TimedOut}

// PlaceOf returns the place of the run that becomes final as the i-th of a
// batch.
func PlaceOf(seq uint64, i int) (Place, error) {
	if i >= MaxFinal {
		return 0, fmt.Errorf("more than %d runs become final in one batch: send smaller ones", MaxFinal)
	}
	return Place(seq<<inBatch | uint64(i)), nil
}

// EndOf returns the last place of a batch.
func EndOf(seq uint64) Place { return Place(seq<<inBatch | (MaxFinal - 1)) }

// Done returns the value of the column for a status.
func (p Place) Done(s machine.Status) int64 { return int64(s-machine.Succeeded)<<statusBits | int64(p) }

// FromDone returns the place in a column's value.
func FromDone(done int64) Place { return Place(done & (1<<statusBits - 1)) }

// Unsuccessful is the least value of the column of a run that did not
// succeed.
const Unsuccessful = int64(1) << statusBits

// Range returns the values, exclusive, that a column has for a status behind a
// place.
func (p Place) Range(s machine.Status) (above, below int64) {
	return p.Done(s), Place(0).Done(s + 1)
}

// Statuses returns the final statuses that a filter lets pass.
func Statuses(f *store.Filter) []machine.Status {
	if len(f.Statuses) == 0 {
		return Final
	}
	var list []machine.Status
	for _, s := range Final {
		for _, wanted := range f.Statuses {
			if s == wanted {
				list = append(list, s)
				break
			}
		}
	}
	return list
}
