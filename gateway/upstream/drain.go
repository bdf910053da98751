package upstream

import (
	"context"
	"time"
)

// drainPoll is how often a draining endpoint is looked at.
const drainPoll = 10 * time.Millisecond

// DrainEndpoint waits until no request, tunnels included, is in flight on an
// endpoint that [Group.SetEndpoints] has taken out, or ctx is done.
func (g *Group) DrainEndpoint(ctx context.Context, e Endpoint) {
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for g.busy(e) {
		select {
		case <-ctx.Done():
			return
		case <-g.shutdown:
			return
		case <-tick.C:
		}
	}
}

// busy reports whether a retired target at the endpoint's address still works.
func (g *Group) busy(e Endpoint) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for t := range g.retired {
		if t.endpoint.Network == e.Network && t.endpoint.Address == e.Address && t.inFlight.Load() > 0 {
			return true
		}
	}
	return false
}
