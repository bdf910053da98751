package sqlite

import (
	"context"

	"github.com/berth-project/berth/work/store"
)

// SweepOnce is a pass of the sweeper at a time.
func (s *Store) SweepOnce(ctx context.Context, now store.Millis) error { return s.sweepOnce(ctx, now) }

// Plan is how a statement of the readers is executed.
func (s *Store) Plan(ctx context.Context, query string, args []any) (plan []string, err error) {
	err = s.each(ctx, "EXPLAIN QUERY PLAN "+query, args, func(scan func(...any) error) error {
		var id, parent, unused int
		var line string
		err := scan(&id, &parent, &unused, &line)
		plan = append(plan, line)
		return err
	})
	return plan, err
}

// Dialect is that of the statements.
var Dialect = dialect

// WriterPragma is a setting of the connection that writes.
func (s *Store) WriterPragma(ctx context.Context, name string) (int64, error) {
	return result(ctx, s.writer, func(w *writer) (int64, error) {
		stmt, err := prepare(w.conn, "PRAGMA "+name)
		if err != nil {
			return 0, err
		}
		defer stmt.close()
		n, _, err := stmt.number()
		return n, err
	})
}

// UnusedFor is how long a document stays that no run begins with.
const UnusedFor = unusedFor
