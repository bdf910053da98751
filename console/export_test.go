package console

import (
	"context"
	"html/template"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"time"
)

// HurryStreams makes streams of a console do everything sooner.
func (c *Console) HurryStreams(write time.Duration) {
	c.pace = pace{
		look: 10 * time.Millisecond, batch: time.Millisecond, heartbeat: 20 * time.Millisecond,
		recheck: 20 * time.Millisecond, write: write, work: time.Millisecond,
	}
}

// Destination is where the page says a dead event was to go.
func Destination(to string) string { return deadRow{To: to}.Destination() }

// Streams is the number of open streams.
func (c *Console) Streams() int64 { return c.streams.Load() }

// Templates returns the parsed pages.
func (c *Console) Templates() map[string]*template.Template { return c.pages }

// AssetURL returns the address of an asset.
func (c *Console) AssetURL(name string) (string, error) { return c.assets.url(name) }

// AssetSizes returns the compressed size of each asset in bytes.
func (c *Console) AssetSizes() map[string]int {
	sizes := map[string]int{}
	for name, a := range c.assets.byName {
		sizes[name] = len(a.compressed)
	}
	return sizes
}

// AssetFiles and TemplateFiles are what is embedded.
func AssetFiles() fs.FS { return assetFiles }

// TemplateFiles is described at AssetFiles.
func TemplateFiles() fs.FS { return templateFiles }

// Plain is what templates call to make text harmless.
func Plain(s string) string { return plain(s) }

// Ago says how long ago something was, or how soon it is.
func Ago(d time.Duration) string { return ago(d) }

// Segments is what templates call to break paths.
func Segments(text string) []string { return segments(text) }

// ParseCursor reads an event id and writes it again.
func ParseCursor(s string) (again string, ok bool) {
	c, ok := parseCursor(s)
	return c.String(), ok
}

// EventText is how an event is written.
func EventText(name, data string) string {
	w := httptest.NewRecorder()
	s := stream{c: &Console{pace: defaultPace()}, w: w, out: http.NewResponseController(w)}
	if err := s.event(name, data); err != nil {
		return err.Error()
	}
	return w.Body.String()
}

// NewRequestFeedAt returns a feed with a clock.
func NewRequestFeedAt(now func() time.Time) *RequestFeed {
	f := NewRequestFeed()
	f.now = now
	return f
}

// LookAt takes a sample of each queue as at a time.
func (h *QueueHistory) LookAt(ctx context.Context, at time.Time) {
	h.now = func() time.Time { return at }
	h.Look(ctx)
}

// Samples is how many samples of a queue there are.
func (h *QueueHistory) Samples(name string) int { return len(h.of(name)) }

// HistoryKept is how many samples are kept.
const HistoryKept = historyKept

// MaxStreams and MaxRows are the limits of streams.
const (
	MaxStreams = maxStreams
	MaxRows    = maxRows
)
