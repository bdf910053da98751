package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// clock is the server's, at the moment it is read: a statement may have waited
// for a lock.
const clock = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

const ownerColumns = `shard, node, addr, epoch, seq, until`

func scanOwner(scan func(...any) error) (o store.Owner, err error) {
	var epoch, seq int64
	err = scan(&o.Shard, &o.Node, &o.Addr, &epoch, &seq, &o.Until)
	o.Node, o.Addr = tables.Unescape(o.Node), tables.Unescape(o.Addr)
	o.Epoch, o.Seq = uint64(epoch), uint64(seq)
	return o, err
}

// Acquire implements [store.Store].
func (s *Store) Acquire(ctx context.Context, shard int, node, addr string, ttl store.Millis) (store.Owner, error) {
	o, err := single(ctx, s, `INSERT INTO owner (`+ownerColumns+`) VALUES ($1, $2, $3, 1, 0, `+clock+` + $4)
		ON CONFLICT (shard) DO UPDATE SET node = excluded.node, addr = excluded.addr, epoch = owner.epoch + 1, until = `+clock+` + $4
		WHERE owner.until <= `+clock+` OR owner.node = excluded.node RETURNING `+ownerColumns,
		[]any{shard, tables.Escape(node), tables.Escape(addr), ttl}, scanOwner)
	return s.ownerAnswer(ctx, "acquire", shard, o, err)
}

// Renew implements [store.Store].
func (s *Store) Renew(ctx context.Context, o store.Owner, ttl store.Millis) (store.Owner, error) {
	renewed, err := single(ctx, s, `UPDATE owner SET until = `+clock+` + $1 WHERE shard = $2 AND epoch = $3 AND node = $4
		RETURNING `+ownerColumns, []any{ttl, o.Shard, int64(o.Epoch), tables.Escape(o.Node)}, scanOwner)
	return s.ownerAnswer(ctx, "renew", o.Shard, renewed, err)
}

// ownerAnswer says who has the shard when this node has not.
func (s *Store) ownerAnswer(ctx context.Context, what string, shard int, o store.Owner, err error) (store.Owner, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		if o, err = s.owner(ctx, shard); err == nil {
			err = store.ErrNotOwner
		}
	}
	if err != nil {
		return o, fmt.Errorf("%s shard %d: %w", what, shard, err)
	}
	return o, nil
}

// Release implements [store.Store].
func (s *Store) Release(ctx context.Context, o store.Owner) error {
	_, err := query(ctx, s, `WITH given AS (UPDATE owner SET until = 0 WHERE shard = $1 AND epoch = $2 AND node = $3 RETURNING shard)
		SELECT pg_notify($4, $5) IS NULL FROM given`,
		[]any{o.Shard, int64(o.Epoch), tables.Escape(o.Node), s.channel(), strconv.Itoa(o.Shard)}, scalar[bool])
	if err != nil {
		return fmt.Errorf("release shard %d: %w", o.Shard, err)
	}
	return nil
}

// owner reads the owner of a shard; the zero owner where nobody ever was.
func (s *Store) owner(ctx context.Context, shard int) (store.Owner, error) {
	o, err := single(ctx, s, `SELECT `+ownerColumns+` FROM owner WHERE shard = $1`, []any{shard}, scanOwner)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Owner{Shard: shard}, nil
	}
	return o, err
}

// Owners implements [store.Store].
func (s *Store) Owners(ctx context.Context) ([]store.Owner, error) {
	return query(ctx, s, `SELECT `+ownerColumns+` FROM owner ORDER BY shard`, nil, scanOwner)
}
