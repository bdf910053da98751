package tables

import (
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// LogColumns are the columns of "log" that [ScanLog] reads.
const LogColumns = `run, seq, node, item, attempt, at, text`

// ScanLog reads one row of [LogColumns].
func ScanLog(scan func(...any) error) (c store.Chunk, err error) {
	var run, attempt int64
	err = scan(&run, &c.Seq, &c.Node, &c.Item, &attempt, &c.At, &c.Text)
	c.Run, c.Attempt = workflow.RunID(run), int(attempt)
	return c, err
}

// Log adds the conditions of a key on the columns of "log".
func (w *Where) Log(k store.LogKey, after int64) {
	w.And("run = " + w.Mark(int64(k.Run)))
	w.And("seq > " + w.Mark(after))
	if k.Node != store.All {
		w.And("node = " + w.Mark(int64(k.Node)))
	}
	if k.Item != store.AllItems {
		w.And("item = " + w.Mark(int64(k.Item)))
	}
	if k.Attempt != store.All {
		w.And("attempt = " + w.Mark(int64(k.Attempt)))
	}
}
