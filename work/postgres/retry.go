package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// retried does again, once, what may be done twice and failed because its
// connection was broken: after a restart of the server every connection of the
// pool is.
func retried[T any](ctx context.Context, s *Store, do func() (T, error)) (T, error) {
	v, err := do()
	if err == nil || ctx.Err() != nil || !broken(err) {
		return v, err
	}
	s.pool.Reset()
	return do()
}

// broken reports whether an error is of a connection that there was: the
// network's, or the server's of classes 08 and 57P.
func broken(err error) bool {
	var said *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &said):
		return strings.HasPrefix(said.Code, "08") || strings.HasPrefix(said.Code, "57P")
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return true
	}
	return pgconn.SafeToRetry(err)
}

// query reads all rows of a query.
func query[T any](ctx context.Context, s *Store, text string, args []any, scan func(func(...any) error) (T, error)) ([]T, error) {
	return retried(ctx, s, func() ([]T, error) { return collect(ctx, s.pool, text, args, scan) })
}

// single reads the first row; pgx.ErrNoRows where there is none.
func single[T any](ctx context.Context, s *Store, text string, args []any, scan func(func(...any) error) (T, error)) (v T, err error) {
	list, err := query(ctx, s, text, args, scan)
	if err == nil && len(list) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return v, err
	}
	return list[0], nil
}

// scalar reads a row of one column.
func scalar[T any](scan func(...any) error) (v T, err error) {
	err = scan(&v)
	return v, err
}

// transaction runs a change in one transaction. That it could not begin is no
// reason to give up: nothing was done.
func (s *Store) transaction(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := retried(ctx, s, func() (pgx.Tx, error) { return s.pool.Begin(ctx) })
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // no effect once committed
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
