package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/berth-project/berth/work/store"
)

// now is the clock of leases, in milliseconds. The lock beside the file keeps
// other processes away, so a monotonic clock of this one will do, and leases
// of an earlier process are over.
func (s *Store) now() int64 { return time.Since(s.start).Milliseconds() }

// Acquire implements [store.Store].
func (s *Store) Acquire(ctx context.Context, shard int, node, addr string, ttl store.Millis) (store.Owner, error) {
	o := store.Owner{Shard: shard, Node: node, Addr: addr}
	err := s.write(ctx, func(w *writer) error {
		have, err := readOwner(ctx, w, shard)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && have.Node != node && s.holds(have) {
			o = have
			return fmt.Errorf("shard %d: %w", shard, store.ErrNotOwner)
		}
		o.Epoch, o.Seq, o.Until = have.Epoch+1, have.Seq, s.now()+ttl
		_, err = w.conn.ExecContext(ctx, `INSERT OR REPLACE INTO owner(shard, node, addr, epoch, seq, until) VALUES (?,?,?,?,?,?)`,
			shard, node, addr, int64(o.Epoch), int64(o.Seq), o.Until) //nolint:gosec // neither gets near 2^63
		return err
	})
	if err == nil {
		s.mine(o)
	}
	return o, err
}

// held are the leases that this process gave; those of earlier ones ended
// with them.
func (s *Store) mine(o store.Owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = map[int]uint64{}
	}
	s.held[o.Shard] = o.Epoch
}

// holds says whether a lease was given by this process and is not over. The
// caller has the writer.
func (s *Store) holds(o store.Owner) bool { return s.held[o.Shard] == o.Epoch && o.Until > s.now() }

func readOwner(ctx context.Context, w *writer, shard int) (store.Owner, error) {
	o := store.Owner{Shard: shard}
	err := w.conn.QueryRowContext(ctx, `SELECT node, addr, epoch, seq, until FROM owner WHERE shard = ?`, shard).
		Scan(&o.Node, &o.Addr, &o.Epoch, &o.Seq, &o.Until)
	return o, err
}

// Renew implements [store.Store].
func (s *Store) Renew(ctx context.Context, o store.Owner, ttl store.Millis) (store.Owner, error) {
	o.Until = s.now() + ttl
	return o, s.changeOwner(ctx, o, o.Until)
}

// Release implements [store.Store].
func (s *Store) Release(ctx context.Context, o store.Owner) error { return s.changeOwner(ctx, o, 0) }

func (s *Store) changeOwner(ctx context.Context, o store.Owner, until int64) error {
	return s.write(ctx, func(w *writer) error {
		r, err := w.conn.ExecContext(ctx, `UPDATE owner SET until = ? WHERE shard = ? AND epoch = ?`, until, o.Shard, int64(o.Epoch)) //nolint:gosec // see Acquire
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("shard %d: %w", o.Shard, store.ErrNotOwner), err)
		}
		return nil
	})
}

// Owners implements [store.Store].
func (s *Store) Owners(ctx context.Context) ([]store.Owner, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT shard, node, addr, epoch, seq, until FROM owner ORDER BY shard`)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *sql.Rows) (o store.Owner, err error) {
		err = r.Scan(&o.Shard, &o.Node, &o.Addr, &o.Epoch, &o.Seq, &o.Until)
		return o, err
	})
}

// collect reads all rows.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) (list []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
