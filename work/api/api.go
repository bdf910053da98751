package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
)

// Options say how the API is served.
type Options struct {
	Engine *engine.Engine
	Keys   *Keys
	// Identify gives the caller of a request; ErrUnknownCaller when it is
	// nobody's. Default: by API key.
	Identify func(*http.Request) (*Caller, error)
	// Peer is the transport to other engines; nil means the default one.
	Peer   http.RoundTripper
	Logger *slog.Logger
}

// API serves /api/v1.
type API struct {
	opt Options
	e   *engine.Engine
	mux *http.ServeMux
}

// Base is the path all routes begin with.
const Base = "/api/v1"

const (
	// maxBody bounds the body of a request, in bytes: a batch of runs.
	maxBody = 8 << 20
	// hop marks a request that one engine passed on to another: it is passed
	// on once.
	hop = "Berth-Forwarded-By"
)

// New returns the API of an engine.
func New(opt Options) *API {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Identify == nil {
		opt.Identify = opt.Keys.Identify
	}
	a := &API{opt: opt, e: opt.Engine, mux: http.NewServeMux()}
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
		a.fail(w, r, a.unrouted(r))
		return
	}
	a.mux.ServeHTTP(w, r)
}

// unrouted tells a path that does not exist from a method it does not have.
func (a *API) unrouted(r *http.Request) error {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "" {
			return &statusError{http.StatusMethodNotAllowed, fmt.Errorf("%s does not take %s", r.URL.Path, r.Method)}
		}
	}
	return &statusError{http.StatusNotFound, fmt.Errorf("there is nothing at %s: see %s/openapi.json", r.URL.Path, Base)}
}

// call is a request on its way through a route.
type call struct {
	*API
	w      http.ResponseWriter
	r      *http.Request
	caller *Caller
	body   []byte
}

// handle finds the caller, reads the body, runs a route and writes what it
// answers.
func (a *API) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{API: a, w: w, r: r, caller: &Caller{}}
		if !rt.open {
			caller, err := a.opt.Identify(r)
			if err != nil {
				a.fail(w, r, err)
				return
			}
			c.caller = caller
		}
		if r.Method != http.MethodGet {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				a.fail(w, r, err)
				return
			}
			c.body = body
		}
		v, err := rt.do(c)
		switch {
		case err == nil && v == nil: // it wrote for itself
		case err == nil:
			c.write(rt.status, v)
		default:
			c.failed(err)
		}
	})
}

// failed answers an error, or passes the request on to the engine that owns
// the shard.
func (c *call) failed(err error) {
	var owner *engine.OwnerError
	if errors.As(err, &owner) && owner.Addr != "" && c.r.Header.Get(hop) == "" {
		if to, perr := url.Parse(owner.Addr); perr == nil {
			c.forward(to)
			return
		}
	}
	c.fail(c.w, c.r, err)
}

func (c *call) forward(to *url.URL) {
	proxy := &httputil.ReverseProxy{
		Transport: c.opt.Peer,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Header.Set(hop, "1")
			p.Out.Body = io.NopCloser(bytes.NewReader(c.body))
			p.Out.ContentLength = int64(len(c.body))
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			c.fail(w, r, fmt.Errorf("%w: the engine that owns the shard does not answer: %w", work.ErrBusy, err))
		},
		ErrorLog: slog.NewLogLogger(c.opt.Logger.Handler(), slog.LevelDebug),
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), 2*time.Minute)
	defer cancel()
	proxy.ServeHTTP(c.w, c.r.WithContext(ctx))
}

// Problem is an error as clients get it (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	if errors.Is(err, ErrUnknownCaller) {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer realm="berth"`)
	}
	p := Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: err.Error()}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusInternalServerError:
		a.opt.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		p.Detail = "the engine could not do this; its log says why"
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p)
}

func (c *call) write(status int, v any) {
	if status == 0 {
		status = http.StatusOK
	}
	body, err := json.Marshal(v)
	if err != nil {
		c.fail(c.w, c.r, err)
		return
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(append(body, '\n'))
}

// read decodes the body strictly.
func (c *call) read(into any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return fmt.Errorf("%w: the body is empty; JSON is expected", work.ErrInvalid)
	}
	return decode(c.body, into)
}

func decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%w: the body: %w", work.ErrInvalid, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the body: something follows the JSON value", work.ErrInvalid)
	}
	return nil
}

// number reads a parameter of the query within bounds.
func (c *call) number(name string, otherwise, least, most int) (int, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%w: %s=%.40s: a number from %d to %d", work.ErrInvalid, name, text, least, most)
	}
	return n, nil
}

// version reads If-Match; AnyVersion without one, 0 for If-None-Match: *.
func (c *call) version() (int64, error) {
	if c.r.Header.Get("If-None-Match") == "*" {
		return 0, nil
	}
	tag := c.r.Header.Get("If-Match")
	if tag == "" || tag == "*" {
		return engine.AnyVersion, nil
	}
	n, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: If-Match: %.40s is no ETag of this API", work.ErrInvalid, tag)
	}
	return n, nil
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
