package workflows

import (
	"context"
	"log/slog"

	"github.com/berth-project/berth/work/store"
)

// OpenStore opens a store as [Open] does, without an engine: one that is
// postgres://…, or the path of an SQLite file, which no other process may have open.
func OpenStore(ctx context.Context, where string, log *slog.Logger) (store.Store, error) {
	return openStore(ctx, where, log)
}
