// Package web shows the ledger to people as pages and to programs as a JSON
// API. Who is calling is what the gateway's assertion says, and nothing else;
// package bank decides what they may do, and the gateway's rules have done so
// before: each of the two is enough to keep a stranger out.
package web

import (
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/statement"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

// Config is what the app is made of.
type Config struct {
	Store *store.Store
	// Shelf keeps statements while they are downloaded.
	Shelf statement.Shelf
	// Direct sends statements from the app itself; otherwise it names them to
	// the gateway, under InternalPrefix.
	Direct bool
	// Guard puts the session of the caller into each request: the Middleware of
	// a session.Verifier, or session.Development.
	Guard func(http.Handler) http.Handler
	// Assets are the stylesheet and the script. The gateway serves them from
	// disk; this is for working without one.
	Assets fs.FS
	Log    *slog.Logger
	Now    func() time.Time
	// Streams bounds the open event streams.
	Streams int
}

// InternalPrefix is the gateway's route to the statements, which clients cannot
// ask for.
const InternalPrefix = "/statements/"

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
