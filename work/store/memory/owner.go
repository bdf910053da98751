package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work/store"
)

// Acquire implements [store.Store].
func (s *Store) Acquire(ctx context.Context, shard int, node, addr string, ttl store.Millis) (store.Owner, error) {
	return read(ctx, s, func(d *Database) (store.Owner, error) {
		o, now := d.owner(shard), d.now()
		if o.Epoch > 0 && o.Node != node && o.Until > now {
			return o, fmt.Errorf("acquire shard %d: %w", shard, store.ErrNotOwner)
		}
		o.Node, o.Addr, o.Epoch, o.Until = node, addr, o.Epoch+1, now+ttl
		d.owners[shard] = o
		return o, nil
	})
}

func (d *Database) owner(shard int) store.Owner {
	o := d.owners[shard]
	o.Shard = shard
	return o
}

// Renew implements [store.Store].
func (s *Store) Renew(ctx context.Context, o store.Owner, ttl store.Millis) (store.Owner, error) {
	return read(ctx, s, func(d *Database) (store.Owner, error) {
		has := d.owner(o.Shard)
		if has.Epoch != o.Epoch || has.Node != o.Node {
			return has, fmt.Errorf("renew shard %d: %w", o.Shard, store.ErrNotOwner)
		}
		has.Until = d.now() + ttl
		d.owners[o.Shard] = has
		return has, nil
	})
}

// Release implements [store.Store].
func (s *Store) Release(ctx context.Context, o store.Owner) error {
	_, err := read(ctx, s, func(d *Database) (store.Owner, error) {
		has := d.owner(o.Shard)
		if has.Epoch == o.Epoch && has.Node == o.Node {
			has.Until = 0
			d.owners[o.Shard] = has
			d.hint(o.Shard)
		}
		return has, nil
	})
	return err
}

// Owners implements [store.Store].
func (s *Store) Owners(ctx context.Context) ([]store.Owner, error) {
	return read(ctx, s, func(d *Database) ([]store.Owner, error) {
		var list []store.Owner
		for _, shard := range slices.Sorted(maps.Keys(d.owners)) {
			list = append(list, d.owners[shard])
		}
		return list, nil
	})
}
