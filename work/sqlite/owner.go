package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// Acquire implements [store.Store].
func (s *Store) Acquire(ctx context.Context, shard int, node, addr string, ttl store.Millis) (store.Owner, error) {
	o, err := result(ctx, s.writer, func(w *writer) (store.Owner, error) {
		now := s.clock.now()
		n, err := w.acquire.run(int64(shard), tables.Escape(node), tables.Escape(addr), now+ttl, now)
		if err != nil {
			return store.Owner{}, err
		}
		return w.ownedBy(shard, n)
	})
	return o, ownerError("acquire", shard, err)
}

// Renew implements [store.Store].
func (s *Store) Renew(ctx context.Context, o store.Owner, ttl store.Millis) (store.Owner, error) {
	renewed, err := result(ctx, s.writer, func(w *writer) (store.Owner, error) {
		n, err := w.renew.run(s.clock.now()+ttl, int64(o.Shard), int64(o.Epoch), tables.Escape(o.Node))
		if err != nil {
			return store.Owner{}, err
		}
		return w.ownedBy(o.Shard, n)
	})
	return renewed, ownerError("renew", o.Shard, err)
}

// Release implements [store.Store].
func (s *Store) Release(ctx context.Context, o store.Owner) error {
	err := s.writer.write(ctx, func(w *writer) error {
		_, err := w.release.run(int64(o.Shard), int64(o.Epoch), tables.Escape(o.Node))
		return err
	})
	if err == nil {
		s.hint(o.Shard)
	}
	return ownerError("release", o.Shard, err)
}

// ownedBy returns the owner of a shard, with ErrNotOwner where no row was changed.
func (w *writer) ownedBy(shard int, changed int64) (store.Owner, error) {
	o, err := w.ownerOf(shard)
	if err == nil && changed == 0 {
		err = store.ErrNotOwner
	}
	return o, err
}

func ownerError(what string, shard int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s shard %d: %w", what, shard, err)
}

// ownerOf reads the owner of a shard; the zero owner where nobody ever was.
func (w *writer) ownerOf(shard int) (store.Owner, error) {
	var v [5]driver.Value
	found, err := w.owner.row(v[:], int64(shard))
	o := store.Owner{Shard: shard}
	if err != nil || !found {
		return o, err
	}
	o.Node, o.Addr = tables.Unescape(v[0].(string)), tables.Unescape(v[1].(string))
	o.Epoch, o.Seq, o.Until = uint64(v[2].(int64)), uint64(v[3].(int64)), v[4].(int64)
	return o, nil
}

// Owners implements [store.Store].
func (s *Store) Owners(ctx context.Context) ([]store.Owner, error) {
	var owners []store.Owner
	err := s.each(ctx, `SELECT shard, node, addr, epoch, seq, until FROM owner ORDER BY shard`, nil, func(scan func(...any) error) error {
		var o store.Owner
		var epoch, seq int64
		err := scan(&o.Shard, &o.Node, &o.Addr, &epoch, &seq, &o.Until)
		o.Epoch, o.Seq = uint64(epoch), uint64(seq)
		o.Node, o.Addr = tables.Unescape(o.Node), tables.Unescape(o.Addr)
		owners = append(owners, o)
		return err
	})
	return owners, err
}
