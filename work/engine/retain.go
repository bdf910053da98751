package engine

import (
	"context"
	"time"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
)

// deadFor is how long an event is kept that was given up.
const deadFor = 30 * 24 * time.Hour

// expireEvents drops one page of events that were given up long ago; it says
// whether there may be more. One that somebody tries again meanwhile stays.
func (e *Engine) expireEvents(ctx context.Context, l *loop) bool {
	const page = 500
	rctx, cancel := context.WithTimeout(ctx, readTimeout)
	ids, err := e.store.ExpiredEvents(rctx, l.n, e.opt.Now()-deadFor.Milliseconds(), page)
	cancel()
	if err != nil {
		e.log.Error("events that were given up cannot be read", "shard", l.n, "error", err)
		return false
	}
	if len(ids) == 0 {
		return false
	}
	acks := make([]store.Ack, len(ids))
	for i, id := range ids {
		acks[i] = store.Ack{ID: id, Drop: true}
	}
	err = askError(ctx, l, func(c *shard.Core, answer func(error)) { c.Delivered(acks, answer) })
	return err == nil && len(ids) == page
}
