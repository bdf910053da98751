package gateway

import (
	"context"
	"time"
)

// quietPoll is how often a table that was replaced is looked at.
const quietPoll = 10 * time.Millisecond

// hold takes the table in place for one request. A table may be replaced
// between finding and counting; whoever waits for its requests must not miss
// this one.
func (g *Gateway) hold() *installed {
	for {
		t := g.table.Load()
		t.users.Add(1)
		if g.table.Load() == t {
			return t
		}
		t.users.Add(-1)
	}
}

// Quiet waits until no request uses a table that [Gateway.Swap] has returned,
// and returns nil; when ctx is done first, its error. Tunnels use their table
// as long as they last.
func (t *Table) Quiet(ctx context.Context) error {
	if t.users.Load() == 0 {
		return nil
	}
	tick := time.NewTicker(quietPoll)
	defer tick.Stop()
	for t.users.Load() > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
