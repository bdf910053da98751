package tables

import (
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// A reader of pages reads runs of a filter behind one of them, where 0 is
// none, in the order of their ids; perhaps some that the filter does not let
// pass.
type reader = func(after workflow.RunID, limit int) ([]store.Summary, error)

// Pages gives the page of a list behind a cursor, and the cursor of the next.
func Pages(f *store.Filter, cursor string, limit int, read reader) ([]store.Summary, string, error) {
	after, err := IDCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	var list []store.Summary
	for {
		page, err := read(after, limit+1)
		if err != nil {
			return nil, "", err
		}
		for i := range page {
			switch {
			case !f.Match(&page[i]):
			case len(list) == limit:
				return list, list[limit-1].ID.String(), nil
			default:
				list = append(list, page[i])
			}
		}
		if len(page) <= limit {
			return list, "", nil
		}
		after = page[limit].ID
	}
}

// countPage is how many runs are read at once where SQL cannot count them.
const countPage = 10_000

// Count counts the runs of a filter up to limit: number answers a statement
// that counts.
func Count(f *store.Filter, limit int, d *Dialect, number func(query string, args []any) (int, error), read reader) (int, error) {
	if f.Order == store.Finished {
		f.Statuses, f.Order = Statuses(f), store.Newest
		if len(f.Statuses) == 0 {
			return 0, nil
		}
	}
	if Exact(f) {
		w := NewWhere(d)
		w.Filter(f)
		w.liveShards(f)
		return number(`SELECT count(*) FROM (SELECT 1 FROM run WHERE `+w.String()+` LIMIT `+w.Mark(int64(limit))+`) s`, w.Args)
	}
	n := 0
	for cursor := ""; n < limit; {
		list, next, err := Pages(f, cursor, min(limit-n, countPage), read)
		if err != nil {
			return 0, err
		}
		n += len(list)
		if cursor = next; cursor == "" {
			break
		}
	}
	return n, nil
}

// LaneQuery returns the statement that reads the next runs of a shard that
// ended with a status, behind a place.
func LaneQuery(d *Dialect, f *store.Filter, lane *Lane, from Place, status machine.Status, limit int) (query string, args []any) {
	w := NewWhere(d)
	above, below := from.Range(status)
	w.And("shard = " + w.Mark(int64(lane.Shard)))
	w.And("done > " + w.Mark(above) + " AND done < " + w.Mark(below))
	w.Filter(f)
	return `SELECT ` + SummaryColumns + ` FROM run WHERE ` + w.String() + ` ORDER BY done LIMIT ` + w.Mark(int64(limit)), w.Args
}

// ScanPlaced reads one row of a LaneQuery.
func ScanPlaced(scan func(...any) error) (Placed, error) {
	sum, done, err := ScanSummary(scan)
	return Placed{Summary: sum, Place: FromDone(done)}, err
}

// Add gives a lane what its LaneQuery of one status found.
func (l *Lane) Add(f *store.Filter, found []Placed, limit int) {
	for _, p := range found {
		if f.Match(&p.Summary) {
			l.Runs = append(l.Runs, p)
		}
	}
	l.Whole = l.Whole && len(found) < limit
}
