package tables

import (
	"cmp"
	"slices"

	"github.com/berth-project/berth/work/store"
)

// Placed is a final run with its place.
type Placed struct {
	store.Summary
	Place Place
}

// Lane is what a reader found of one shard behind its position.
type Lane struct {
	Shard int
	Runs  []Placed // at least the next limit of each status, in any order
	Whole bool     // there are no more of any status, as of End
	End   Place    // the last place that the shard had written when it was read
}

// Merge takes the next limit runs out of lanes, those of one shard in the
// order of their places and those of several by the time they finished, and
// moves the position behind them.
func Merge(lanes []Lane, pos Position, limit int) []store.Summary {
	for i := range lanes {
		slices.SortFunc(lanes[i].Runs, func(a, b Placed) int { return cmp.Compare(a.Place, b.Place) })
	}
	var out []store.Summary
	for len(out) < limit {
		best := -1
		for i := range lanes {
			if len(lanes[i].Runs) > 0 && (best < 0 || lanes[i].Runs[0].Finished < lanes[best].Runs[0].Finished) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		l := &lanes[best]
		out = append(out, l.Runs[0].Summary)
		pos[l.Shard] = l.Runs[0].Place
		l.Runs = l.Runs[1:]
	}
	for _, l := range lanes {
		if l.Whole && len(l.Runs) == 0 {
			pos[l.Shard] = max(pos[l.Shard], l.End)
		}
	}
	return out
}
