package api

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/engine"
)

// Options say how the API is served.
type Options struct {
	Engine *engine.Engine
	// Keys are the API keys; nil has none, and no routes for them.
	Keys *Keys
	// Identify gives the caller of a request; ErrUnknownCaller when it is
	// nobody's. Default: by API key.
	Identify func(*http.Request) (*Caller, error)
	// TaskKeys verify the tokens of attempts that report from elsewhere, the
	// newest first: what [github.com/berth-project/berth/work/http.SignToken]
	// signed. Without them nobody can.
	TaskKeys []secret.String
	// TriggerKeys gives the keys that a trigger's secret stands for. Nil has
	// none: then no webhook fires.
	TriggerKeys func(tenant, name string) ([]secret.String, error)
	// Peer is the transport to other engines; nil means the default one.
	Peer   http.RoundTripper
	Logger *slog.Logger
}

// API serves /api/v1.
type API struct {
	opt      Options
	e        *engine.Engine
	mux      *http.ServeMux
	foreign  *http.CrossOriginProtection
	watchers watchers
	replays  replays
	boot     string // tells the events of this engine's life from those of others
}

// Base is the path all routes begin with.
const Base = "/api/v1"

// New returns the API of an engine.
func New(opt Options) *API {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Identify == nil {
		opt.Identify = func(*http.Request) (*Caller, error) { return nil, ErrUnknownCaller }
		if opt.Keys != nil {
			opt.Identify = opt.Keys.Identify
		}
	}
	a := &API{opt: opt, e: opt.Engine, mux: http.NewServeMux(), foreign: http.NewCrossOriginProtection(), boot: newBoot()}
	a.watchers.init()
	a.replays.init()
	for _, r := range a.routes() {
		a.mux.Handle(r.method+" "+Base+r.path, a.handle(r))
	}
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, pattern := a.mux.Handler(r); pattern == "" {
		a.fail(w, r, a.unrouted(w, r))
		return
	}
	a.mux.ServeHTTP(w, r)
}

// unrouted tells a path that does not exist from a method it does not have.
func (a *API) unrouted(w http.ResponseWriter, r *http.Request) error {
	known := false
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "" {
			w.Header().Add("Allow", method)
			known = true
		}
	}
	if known {
		return &statusError{http.StatusMethodNotAllowed, fmt.Errorf("this does not take %.20s", r.Method)}
	}
	return &statusError{http.StatusNotFound, fmt.Errorf("there is nothing at %.200q: see %s/openapi.json", r.URL.Path, Base)}
}

// handle finds the caller, reads the body, runs a route and writes what it
// answers.
func (a *API) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{API: a, route: rt, w: w, r: r, caller: &Caller{}}
		v, err := c.serve()
		switch {
		case err == nil && v == nil: // it wrote for itself
		case err == nil:
			c.write(rt.status, v)
		default:
			c.failed(err)
		}
	})
}

// serve lets a request through to its route: it is somebody's, no other
// site's page made a browser send it, its query is understood and its body is
// not too large.
func (c *call) serve() (any, error) {
	if err := c.foreign.Check(c.r); err != nil {
		return nil, &statusError{http.StatusForbidden, errors.New("a page of another origin sent this request")}
	}
	if !c.route.open {
		caller, err := c.opt.Identify(c.r)
		if err != nil {
			return nil, err
		}
		c.caller = caller
	}
	if err := c.checkQuery(); err != nil {
		return nil, err
	}
	if c.r.Header.Get(hop) != "" {
		c.refresh()
	}
	if c.route.proof != nil {
		if err := c.route.proof(c); err != nil {
			return nil, err
		}
	}
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		if err := c.readBody(); err != nil {
			return nil, err
		}
	}
	return c.route.do(c)
}

// refresh puts settings in force that the client may just have put where
// another engine answered.
func (c *call) refresh() {
	if err := c.e.Refresh(c.r.Context()); err != nil {
		c.opt.Logger.Warn("settings cannot be read: the last ones stay in force", "error", err)
	}
}

func (c *call) readBody() error {
	most := c.route.most
	if most == 0 {
		most = maxBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &statusError{http.StatusRequestEntityTooLarge, fmt.Errorf("the body has more than the %d bytes this takes", most)}
	case err != nil:
		return &statusError{http.StatusBadRequest, errors.New("the body ended before it was whole")}
	}
	c.body = body
	return nil
}
