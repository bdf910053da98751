package tables

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// HistoryRow is a row of "history": what one batch tells of one run, as JSON: an
// entry, or an array of several.
type HistoryRow struct {
	Run  workflow.RunID
	N    int64 // follows the order of batches
	Text []byte

	several bool
}

// HistoryRows gathers the history of a batch into a row for each run. There is no
// bound on how much one batch may tell: a run with a hundred thousand items that
// is reset tells of each.
func HistoryRows(b *store.Batch) ([]HistoryRow, error) {
	rows := make([]HistoryRow, 0, len(b.History))
	at := make(map[workflow.RunID]int, len(b.History))
	for _, h := range b.History {
		text, err := json.Marshal(h.Entry)
		if err != nil {
			return nil, fmt.Errorf("history of run %v: %w", h.Run, err)
		}
		i, known := at[h.Run]
		if !known {
			at[h.Run] = len(rows)
			rows = append(rows, HistoryRow{Run: h.Run, N: int64(b.Seq << inBatch), Text: text})
			continue
		}
		rows[i].add(text)
	}
	for i := range rows {
		if rows[i].several {
			rows[i].Text = append(rows[i].Text, ']')
		}
	}
	return rows, nil
}

func (r *HistoryRow) add(text []byte) {
	if !r.several {
		r.Text, r.several = append([]byte("["), r.Text...), true
	}
	r.Text = append(append(r.Text, ','), text...)
}

// ParseEntries reads the text of a row.
func ParseEntries(text []byte) (list []machine.Entry, err error) {
	if bytes.HasPrefix(text, []byte("[")) {
		err = json.Unmarshal(text, &list)
		return list, err
	}
	list = make([]machine.Entry, 1)
	err = json.Unmarshal(text, &list[0])
	return list, err
}
