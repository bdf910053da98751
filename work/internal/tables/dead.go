package tables

import "github.com/berth-project/berth/work/store"

// DeadPage returns the statement that reads the dead events of a filter behind
// a cursor.
func DeadPage(d *Dialect, f store.DeadFilter, cursor string, limit int) (query string, args []any, err error) {
	dead, id, err := EventCursor(cursor)
	if err != nil {
		return "", nil, err
	}
	w := NewWhere(d)
	w.And("dead IS NOT NULL")
	w.And("(dead, id) < (" + w.Mark(dead) + ", " + w.Mark(id) + ")")
	w.equal("tenant", f.Tenant)
	w.equal("dest", f.To)
	w.equal("kind", f.Kind)
	if f.Run != 0 {
		w.And("run = " + w.Mark(int64(f.Run)))
	}
	return `SELECT ` + EventColumns + ` FROM event WHERE ` + w.String() + ` ORDER BY dead DESC, id DESC LIMIT ` + w.Mark(int64(limit)), w.Args, nil
}
