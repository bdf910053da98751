package tables

import "github.com/berth-project/berth/work/store"

// Dead adds the conditions of a filter on the columns of "event".
func (w *Where) Dead(f store.DeadFilter) {
	w.And("dead IS NOT NULL")
	w.equal("tenant", f.Tenant)
	w.equal("dest", f.To)
	w.equal("kind", f.Kind)
	if f.Run != 0 {
		w.And("run = " + w.Mark(int64(f.Run)))
	}
}
