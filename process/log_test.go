package process_test

import (
	"context"
	"io"
	"log/slog"
)

// unlocked is a handler that formats each record with a JSON handler of its
// own, so that a writer that blocks on one record does not block the others.
type unlocked struct {
	w     io.Writer
	attrs []slog.Attr
}

func newUnlocked(w io.Writer) slog.Handler { return unlocked{w: w} }

func (unlocked) Enabled(context.Context, slog.Level) bool { return true }

func (h unlocked) Handle(ctx context.Context, r slog.Record) error {
	return slog.NewJSONHandler(h.w, nil).WithAttrs(h.attrs).Handle(ctx, r)
}

func (h unlocked) WithAttrs(attrs []slog.Attr) slog.Handler {
	return unlocked{w: h.w, attrs: append(append([]slog.Attr(nil), h.attrs...), attrs...)}
}

func (h unlocked) WithGroup(string) slog.Handler { return h }
