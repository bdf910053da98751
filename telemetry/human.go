package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// humanHandler writes lines a person reads in a terminal. Values are quoted
// whenever they hold anything that could pass for another field or move the
// cursor.
type humanHandler struct {
	out    *lockedWriter
	level  slog.Level
	color  bool
	prefix string // group names, each followed by a dot
	attrs  []byte // what WithAttrs has already rendered
}

// lockedWriter is shared by every handler derived from one.
type lockedWriter struct {
	mu sync.Mutex // guards w: a line is written whole
	w  io.Writer
}

func newHumanHandler(w io.Writer, cfg LogConfig) *humanHandler {
	return &humanHandler{out: &lockedWriter{w: w}, level: cfg.Level, color: cfg.Color}
}

// Enabled implements [slog.Handler].
func (h *humanHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle implements [slog.Handler].
func (h *humanHandler) Handle(_ context.Context, r slog.Record) error {
	b := make([]byte, 0, 256)
	b = r.Time.UTC().AppendFormat(b, "15:04:05.000Z ")
	b = h.appendLevel(b, r.Level)
	b = append(b, ' ')
	b = appendWords(b, r.Message)
	b = append(b, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		b = appendAttr(b, h.prefix, a)
		return true
	})
	b = append(b, '\n')
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := h.out.w.Write(b)
	return err
}

// WithAttrs implements [slog.Handler].
func (h *humanHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	n.attrs = append([]byte(nil), h.attrs...)
	for _, a := range attrs {
		n.attrs = appendAttr(n.attrs, h.prefix, a)
	}
	return &n
}

// WithGroup implements [slog.Handler].
func (h *humanHandler) WithGroup(name string) slog.Handler {
	n := *h
	n.prefix += name + "."
	return &n
}

func (h *humanHandler) appendLevel(b []byte, l slog.Level) []byte {
	word, paint := "info ", "\x1b[32m"
	switch {
	case l >= slog.LevelError:
		word, paint = "error", "\x1b[31m"
	case l >= slog.LevelWarn:
		word, paint = "warn ", "\x1b[33m"
	case l < slog.LevelInfo:
		word, paint = "debug", "\x1b[2m"
	}
	if !h.color {
		return append(b, word...)
	}
	b = append(b, paint...)
	b = append(b, word...)
	return append(b, "\x1b[0m"...)
}

func appendAttr(b []byte, prefix string, a slog.Attr) []byte {
	flatten(prefix, a, func(key string, v slog.Value) {
		b = append(b, "  "...)
		b = appendWord(b, key) // a program chooses the keys of its own lines
		b = append(b, '=')
		switch v.Kind() {
		case slog.KindDuration:
			b = append(b, v.Duration().Round(time.Microsecond).String()...)
		case slog.KindTime:
			b = v.Time().UTC().AppendFormat(b, time.RFC3339)
		default:
			b = appendWord(b, text(v))
		}
	})
	return b
}

// appendWord writes s quoted where it could pass for nothing, for several
// words or for a field, and where a terminal would act on it.
func appendWord(b []byte, s string) []byte {
	if s == "" || strings.ContainsAny(s, ` "=`) {
		return strconv.AppendQuote(b, s)
	}
	return appendWords(b, s)
}

// appendWords writes s quoted where a terminal would act on it.
func appendWords(b []byte, s string) []byte {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable) {
		return strconv.AppendQuote(b, s)
	}
	return append(b, s...)
}

func unprintable(r rune) bool { return !strconv.IsPrint(r) }
