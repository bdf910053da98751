package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/berth-project/berth/work/internal/tables"
)

// statement is a prepared statement of the writer's connection, used below
// database/sql: its locks and conversions would cost a fifth of a flush.
type statement struct {
	text  string
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
	stmt  driver.Stmt
}

func prepare(conn driver.Conn, text string) (*statement, error) {
	stmt, err := conn.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", text, err)
	}
	return &statement{text: text, stmt: stmt, exec: stmt.(driver.StmtExecContext), query: stmt.(driver.StmtQueryContext)}, nil
}

func (s *statement) close() { _ = s.stmt.Close() } // the connection goes with it

// run executes the statement and returns how many rows it changed. It cannot
// be interrupted: a transaction is finished or fails as a whole.
func (s *statement) run(a ...driver.Value) (int64, error) {
	return s.with(values(nil, a...))
}

func (s *statement) with(a args) (int64, error) {
	res, err := s.exec.ExecContext(context.Background(), a)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row reads the first row into dest, and reports whether there is one.
func (s *statement) row(dest []driver.Value, a ...driver.Value) (found bool, err error) {
	rows, err := s.query.QueryContext(context.Background(), values(nil, a...))
	if err != nil {
		return false, err
	}
	err = rows.Next(dest)
	found = err == nil
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return found, errors.Join(err, rows.Close())
}

// number reads one number.
func (s *statement) number(a ...driver.Value) (n int64, found bool, err error) {
	var dest [1]driver.Value
	found, err = s.row(dest[:], a...)
	n, _ = dest[0].(int64) // NULL is 0
	return n, found, err
}

// args are the parameters of a statement, in order.
type args []driver.NamedValue

func values(a args, list ...driver.Value) args {
	for _, v := range list {
		a = append(a, driver.NamedValue{Ordinal: len(a) + 1, Value: v})
	}
	return a
}

func (a args) int(v int64) args { return append(a, driver.NamedValue{Ordinal: len(a) + 1, Value: v}) }

// time is NULL for 0.
func (a args) time(v int64) args {
	if v == 0 {
		return a.null()
	}
	return a.int(v)
}

func (a args) float(v float64) args {
	return append(a, driver.NamedValue{Ordinal: len(a) + 1, Value: v})
}

func (a args) text(v string) args {
	return append(a, driver.NamedValue{Ordinal: len(a) + 1, Value: tables.Escape(v)})
}

// label is a text that may be missing: NULL for "".
func (a args) label(v string) args {
	if v == "" {
		return a.null()
	}
	return a.text(v)
}

func (a args) null() args { return append(a, driver.NamedValue{Ordinal: len(a) + 1}) }

func (a args) blob(v []byte) args {
	if v == nil {
		v = []byte{}
	}
	return append(a, driver.NamedValue{Ordinal: len(a) + 1, Value: v})
}

// part is a blob that may be missing: NULL for nil.
func (a args) part(v []byte) args {
	if v == nil {
		return a.null()
	}
	return a.blob(v)
}
