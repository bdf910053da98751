package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// KindShards is the setting that says how many shards the runs of a store
// stand in. The engine keeps it by itself.
const KindShards = "shards"

const shardsID = "number"

func (c *config) keepShards(one store.Setting) error {
	return json.Unmarshal(one.Body, &c.shards)
}

// checkShards says that the store has another number of shards than this
// engine.
func (e *Engine) checkShards(c *config) error {
	if c.shards == 0 || c.shards == e.opt.Shards {
		return nil
	}
	return fmt.Errorf("the store has %d shards and this engine is to have %d: start it with %d", c.shards, e.opt.Shards, c.shards)
}

// recheckShards reads the number again: it may have changed while nobody
// owned a shard.
func (e *Engine) recheckShards(ctx context.Context) error {
	if err := e.readSettings(ctx); err != nil {
		return err
	}
	return e.checkShards(e.config.Load())
}

// agreeOnShards keeps this engine's number of shards in the store, where there
// is none. Another number takes its place only when nothing is lost by that: a
// queue's runs stand in one shard, and what stands in a shard that nobody has
// is never looked at.
func (e *Engine) agreeOnShards(ctx context.Context) error {
	kept, err := e.store.Setting(ctx, KindShards, shardsID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read the number of shards: %w", err)
	}
	differs := e.checkShards(e.config.Load())
	switch {
	case err == nil && differs == nil:
		return nil
	case differs != nil:
		if err := e.mayReshard(ctx, e.config.Load().shards); err != nil {
			return fmt.Errorf("%w, or see to it that the number can be changed: %w", differs, err)
		}
	}
	body, err := json.Marshal(e.opt.Shards)
	if err != nil {
		return err
	}
	_, err = e.store.PutSetting(ctx, store.Setting{Kind: KindShards, ID: shardsID, Version: kept.Version, Body: body})
	if err != nil && !errors.Is(err, store.ErrVersion) { // another engine was quicker
		return fmt.Errorf("keep the number of shards: %w", err)
	}
	if err := e.recheckShards(ctx); err != nil || differs == nil {
		return err
	}
	return e.ownerless(ctx) // one that began meanwhile has read the old number
}

// mayReshard says what stands in the way of another number of shards.
func (e *Engine) mayReshard(ctx context.Context, from int) error {
	if err := e.ownerless(ctx); err != nil {
		return err
	}
	n, err := e.store.Count(ctx, store.Filter{Statuses: live}, 1)
	switch {
	case err != nil:
		return fmt.Errorf("count runs: %w", err)
	case n > 0:
		return errors.New("there are runs that are not finished: let them finish, or cancel them")
	}
	for n := e.opt.Shards; n < from; n++ {
		if err := e.empty(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// ownerless says which engine has a shard.
func (e *Engine) ownerless(ctx context.Context) error {
	owners, err := e.store.Owners(ctx)
	if err != nil {
		return fmt.Errorf("read the owners of shards: %w", err)
	}
	for _, o := range owners {
		if o.Node != "" && o.Until > time.Now().UnixMilli() {
			return fmt.Errorf("engine %s has shard %d: stop all engines of the store first, and wait %v after one that crashed", o.Node, o.Shard, e.opt.Ownership)
		}
	}
	return nil
}

// empty says what a shard has that nobody would have any more.
func (e *Engine) empty(ctx context.Context, n int) error {
	before := map[machine.Status]store.Millis{}
	for s := range machine.Status(math.MaxUint8) {
		if s.Final() {
			before[s] = math.MaxInt64
		}
	}
	ids, err := e.store.Expired(ctx, n, before, 1)
	if err != nil {
		return fmt.Errorf("read what shard %d has: %w", n, err)
	}
	if len(ids) > 0 {
		return fmt.Errorf("shard %d has finished runs, such as %v: delete them, or wait until they are not kept any more", n, ids[0])
	}
	events, err := e.store.Events(ctx, n, math.MaxInt64, 1)
	if err != nil {
		return fmt.Errorf("read what shard %d has: %w", n, err)
	}
	if len(events) > 0 {
		return fmt.Errorf("shard %d has events that are not delivered", n)
	}
	return nil
}
