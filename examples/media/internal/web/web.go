// Package web is the pipeline as people see it: pages that change while runs
// go on. Who is calling is what the gateway's assertion says, and nothing else.
package web

import (
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/berth-project/berth/examples/media/internal/studio"
)

// Config is what the app is made of.
type Config struct {
	Studio *studio.Studio
	// Data is the directory of the files, as the steps have it.
	Data string
	// Guard puts the session of the caller into each request.
	Guard func(http.Handler) http.Handler
	// Assets are the stylesheet and the script. The gateway serves them from
	// disk; this is for working without one.
	Assets fs.FS
	Log    *slog.Logger
	Now    func() time.Time
	// Streams bounds the open event streams.
	Streams int
}

// filesPrefix is the gateway's route to Config.Data, which clients cannot ask
// for.
const filesPrefix = "/files/"

// App answers the requests.
type App struct {
	cfg     Config
	pages   map[string]*template.Template
	streams chan struct{}   // one token per open event stream
	stop    <-chan struct{} // closed when the streams are to end
}

// New returns the app. Its event streams end when stop is closed.
func New(cfg Config, stop <-chan struct{}) (*App, error) {
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	return &App{cfg: cfg, pages: pages, streams: make(chan struct{}, cfg.Streams), stop: stop}, nil
}
