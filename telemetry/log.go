package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Format is how log lines are written.
type Format string

// The formats of log lines.
const (
	// Human is one readable line: time, level, message, key=value.
	Human Format = "human"
	// JSON is one JSON object a line, as log/slog writes it.
	JSON Format = "json"
)

// LogConfig says how to log.
type LogConfig struct {
	// Format defaults to [Human].
	Format Format
	// Level is the lowest level written; the zero value is info.
	Level slog.Level
	// Color paints the level of human lines.
	Color bool
}

// NewLogger returns a logger that writes to w, and to recent where that is
// not nil.
func NewLogger(w io.Writer, cfg LogConfig, recent *Recent) *slog.Logger {
	var h slog.Handler
	if cfg.Format == JSON {
		h = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: cfg.Level})
	} else {
		h = newHumanHandler(w, cfg)
	}
	if recent != nil {
		h = slog.NewMultiHandler(h, recent.handler(cfg.Level))
	}
	return slog.New(h)
}

// ParseLevel reads "debug", "info", "warn" or "error".
func ParseLevel(s string) (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(strings.ToUpper(s))); err != nil {
		return 0, fmt.Errorf("log level %q is none of debug, info, warn, error", s)
	}
	return l, nil
}
