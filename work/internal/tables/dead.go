package tables

import "github.com/berth-project/berth/work/store"

// everyShard lists all shards there can be.
const everyShard = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, " +
	"32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63"

// DeadPage returns the statement that reads the dead events of a filter behind
// a cursor.
func DeadPage(d *Dialect, f store.DeadFilter, cursor string, limit int) (query string, args []any, err error) {
	dead, id, err := EventCursor(cursor)
	if err != nil {
		return "", nil, err
	}
	w := NewWhere(d)
	w.And("dead IS NOT NULL")
	if f.ID != 0 { // the key of the table begins with the shard
		w.And("shard IN (" + everyShard + ")")
		w.And("id = " + w.Mark(int64(f.ID))) //nolint:gosec // below 2^63
	}
	w.And("(dead, id) < (" + w.Mark(dead) + ", " + w.Mark(id) + ")")
	w.equal("tenant", f.Tenant)
	w.equal("dest", f.To)
	w.equal("kind", f.Kind)
	if f.Run != 0 {
		w.And("run = " + w.Mark(int64(f.Run)))
	}
	return `SELECT ` + EventColumns + ` FROM event WHERE ` + w.String() + ` ORDER BY dead DESC, id DESC LIMIT ` + w.Mark(int64(limit)), w.Args, nil
}
