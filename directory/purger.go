package directory

import (
	"context"
	"log/slog"
	"time"
)

// purgeEvery is how often a [Purger] looks. What has ended does not count in
// the meantime either; purging only keeps the store small.
const purgeEvery = 10 * time.Minute

// expiring is the part of a [Store] a Purger needs.
type expiring interface {
	PurgeExpired(ctx context.Context, now time.Time) (Purged, error)
}

// Purger forgets, every ten minutes, what has ended, and the end of the audit
// trail (lines older than [ChangesKept], and all but the newest [MaxChanges]):
// without it revocations and the trail would pile up for ever.
type Purger struct {
	store expiring
	log   *slog.Logger
}

// NewPurger returns a purger of a store.
func NewPurger(store expiring, log *slog.Logger) *Purger { return &Purger{store: store, log: log} }

// Run purges until ctx ends. It returns nil.
func (p *Purger) Run(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			p.runOnce(ctx)
		}
	}
}

// runOnce purges; an error waits for the next time.
func (p *Purger) runOnce(ctx context.Context) {
	purged, err := p.store.PurgeExpired(WithActor(ctx, "purger"), time.Now())
	switch {
	case ctx.Err() != nil:
	case err != nil:
		p.log.Warn("directory not purged", "error", err)
	case purged != Purged{}:
		p.log.Info("directory purged", "grants", purged.Grants, "subscriptions", purged.Subscriptions, "revocations", purged.Revocations, "changes", purged.Changes)
	}
}
