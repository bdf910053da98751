package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"
)

// Line is one log line as the console shows it.
type Line struct {
	// Seq counts lines from 1, so that a reader can go on where it stopped.
	Seq uint64 `json:"seq"`
	// Time is when it was logged.
	Time time.Time `json:"time"`
	// Level is "DEBUG", "INFO", "WARN" or "ERROR".
	Level string `json:"level"`
	// Message is the constant text.
	Message string `json:"message"`
	// Fields are the attributes in order.
	Fields []Field `json:"fields,omitempty"`
}

// Field is one attribute of a line, rendered.
type Field struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// What the message, a key or a value, and a line as a whole may hold of the
// buffer.
const (
	maxTextBytes = 4 << 10
	maxLineBytes = 8 << 10
)

// Recent keeps the last lines that were logged. It is safe for concurrent use.
type Recent struct {
	mu      sync.Mutex // guards all below
	lines   []Line     // ring: line with Seq n is at (n-1) % cap
	last    uint64
	changed chan struct{} // closed and replaced when a line arrives
}

// NewRecent returns a buffer for the last n lines, at least one.
func NewRecent(n int) *Recent {
	return &Recent{lines: make([]Line, max(n, 1)), changed: make(chan struct{})}
}

// Since returns the lines after seq, oldest first, and a channel that is
// closed when there are newer ones. Lines that fell out of the buffer are
// left out; seq 0 gives all that is kept.
func (r *Recent) Since(seq uint64) ([]Line, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := uint64(len(r.lines))
	from := seq
	if r.last > size && from < r.last-size {
		from = r.last - size
	}
	var out []Line
	for n := from + 1; n <= r.last; n++ {
		out = append(out, r.lines[(n-1)%size])
	}
	return out, r.changed
}

func (r *Recent) add(l Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	l.Seq = r.last
	r.lines[(r.last-1)%uint64(len(r.lines))] = l
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *Recent) handler(level slog.Level) slog.Handler {
	return &recentHandler{recent: r, level: level}
}

type recentHandler struct {
	recent *Recent
	level  slog.Level
	prefix string
	fields []Field
}

// Enabled implements [slog.Handler].
func (h *recentHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle implements [slog.Handler].
func (h *recentHandler) Handle(_ context.Context, rec slog.Record) error {
	l := Line{Time: rec.Time, Level: rec.Level.String(), Message: rec.Message}
	l.Fields = append(l.Fields, h.fields...)
	rec.Attrs(func(a slog.Attr) bool {
		l.Fields = appendField(l.Fields, h.prefix, a)
		return true
	})
	l.bound()
	h.recent.add(l)
	return nil
}

// WithAttrs implements [slog.Handler].
func (h *recentHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	n.fields = append([]Field(nil), h.fields...)
	for _, a := range attrs {
		n.fields = appendField(n.fields, h.prefix, a)
	}
	return &n
}

// WithGroup implements [slog.Handler].
func (h *recentHandler) WithGroup(name string) slog.Handler {
	n := *h
	n.prefix += name + "."
	return &n
}

func appendField(fields []Field, prefix string, a slog.Attr) []Field {
	flatten(prefix, a, func(key string, v slog.Value) {
		fields = append(fields, Field{Key: key, Value: text(v)})
	})
	return fields
}

// bound cuts the line to what the buffer has room for. A program decides how
// long its lines are, and how many there are.
func (l *Line) bound() {
	room := maxLineBytes
	cut := func(s string) string {
		s = shorten(s, max(0, min(room, maxTextBytes)))
		room -= len(s)
		return s
	}
	l.Message = cut(l.Message)
	for i := range l.Fields {
		if room <= 0 {
			clear(l.Fields[i:]) // or the array would keep the texts
			l.Fields = append(l.Fields[:i], Field{Key: "truncated", Value: "true"})
			return
		}
		l.Fields[i] = Field{Key: cut(l.Fields[i].Key), Value: cut(l.Fields[i].Value)}
	}
}

// shorten keeps at most n bytes of s, whole letters, and says so.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
