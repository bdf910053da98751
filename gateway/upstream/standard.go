package upstream

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/berth-project/berth/gateway/grammar"
)

// errIntercepted ends a ReverseProxy whose response the interceptor took.
var errIntercepted = errors.New("response intercepted")

// quietLog is where ReverseProxy writes what we return as an error.
var quietLog = log.New(io.Discard, "", 0)

// proxyBuffers lends copy buffers to ReverseProxy.
type proxyBuffers struct{}

func (proxyBuffers) Get() []byte  { return *copyBuffers.Get().(*[]byte) }
func (proxyBuffers) Put(b []byte) { copyBuffers.Put(&b) }

// standardTry is one attempt over the standard library.
type standardTry struct {
	x      *exchange
	t      *target
	tunnel bool
	err    error
	body   *clientBody
	cancel context.CancelCauseFunc
	// conn is the client's connection once it is a tunnel.
	conn *tunnelConn
	// answered says that the head of a final response came.
	answered bool
}

// tryStandard runs the exchange through ReverseProxy.
func (x *exchange) tryStandard(t *target) error {
	ctx, cancel := context.WithCancelCause(x.req.In.Context())
	defer cancel(nil)
	if !x.group.track(x, cancel) {
		return &phaseError{NoEndpoint, errClosed}
	}
	defer x.group.untrack(x)
	if cause := x.req.Cutoff.attach(func() { cancel(x.req.Cutoff.cause) }); cause != nil {
		return &phaseError{ClientGone, cause}
	}
	defer func() { _ = x.req.Cutoff.attach(nil) }() // the cause shows in failure
	s := &standardTry{x: x, t: t, tunnel: x.req.upgrades(), cancel: cancel}
	x.res.Sent = true
	s.serve(ctx)
	if s.conn != nil {
		x.bytesIn.Add(s.conn.in.Load())
		x.res.BytesOut += s.conn.out.Load()
		return nil // a tunnel has no end that is wrong
	}
	if s.err != nil && !errors.Is(s.err, errIntercepted) {
		return s.classify(ctx)
	}
	return nil
}

// serve calls the proxy and turns its panic, with which it cuts a client
// whose answer it cannot finish, back into the error.
func (s *standardTry) serve(ctx context.Context) {
	x := s.x
	in := x.req.In.WithContext(ctx)
	if x.req.hasBody() {
		s.body = &clientBody{x: x, w: x.w}
		in.Body = s.body
		defer s.body.end()
		if x.group.cfg.Protocol == HTTP1 {
			in = in.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: s.body.follow}))
		}
		_ = http.NewResponseController(x.w).EnableFullDuplex()
	}
	proxy := httputil.ReverseProxy{
		Rewrite:        s.rewrite,
		Transport:      s.t.transport(&x.group.cfg, s.tunnel),
		FlushInterval:  -1,
		ErrorLog:       quietLog,
		BufferPool:     proxyBuffers{},
		ModifyResponse: s.modify,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { s.err = err },
	}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			s.err = cmp.Or(s.err, errTruncated)
		default:
			panic(p)
		}
	}()
	proxy.ServeHTTP(&standardWriter{x: x, s: s, w: x.w, h: http.Header{}}, in)
}

// rewrite replaces what ReverseProxy made of the request by what we forward.
func (s *standardTry) rewrite(p *httputil.ProxyRequest) {
	r := s.x.req
	p.Out.URL = targetURL(s.x.group.cfg.Scheme, r.Target)
	p.Out.Host = r.Host
	p.Out.Header = r.header()
	if _, ok := p.Out.Header["User-Agent"]; !ok {
		p.Out.Header["User-Agent"] = []string{""} // or the transport sets its own
	}
	if s.tunnel {
		p.Out.Header["Connection"] = []string{"Upgrade"}
		p.Out.Header["Upgrade"] = []string{upgradeProtocol}
	}
	if grammar.HasToken(r.In.Header["Te"], "trailers") {
		p.Out.Header["Te"] = []string{"trailers"}
	}
	p.Out.Trailer = nil
	for name := range r.In.Trailer {
		if r.forwards(name) && trailable(name) {
			if p.Out.Trailer == nil {
				p.Out.Trailer = http.Header{}
			}
			p.Out.Trailer[name] = nil
		}
	}
	if s.body != nil {
		s.body.trailer = p.Out.Trailer
	}
}

// targetURL is a URL whose request target is exactly the one given.
func targetURL(scheme, target string) *url.URL {
	path, query, has := strings.Cut(target, "?")
	u := &url.URL{Scheme: scheme, Host: "upstream", RawQuery: query, ForceQuery: has && query == ""}
	if strings.HasPrefix(path, "//") { // which Opaque cannot hold
		u.RawPath = path
		if p, err := url.PathUnescape(path); err == nil {
			u.Path = p
			return u
		}
	}
	u.Opaque = path
	return u
}

// modify sees the response before the proxy writes it.
func (s *standardTry) modify(res *http.Response) error {
	x := s.x
	s.answered = true
	x.res.Status = res.StatusCode
	x.res.Duration = time.Since(x.start)
	switch {
	case res.StatusCode < 200 && !(s.tunnel && res.StatusCode == http.StatusSwitchingProtocols), res.StatusCode > 599:
		return protocolError("status out of range")
	case res.StatusCode == http.StatusSwitchingProtocols && !strings.EqualFold(res.Header.Get("Upgrade"), upgradeProtocol):
		return protocolError("switched to another protocol than asked for")
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		stripHop(res.Header)
		res.Body = newIdleBody(res, s)
	}
	if i := x.req.Intercept; i != nil && i.InterceptResponse(res.StatusCode, res.Header) {
		x.res.Intercepted = true
		return errIntercepted
	}
	return nil
}

// stripHop removes what concerns the target's connection, before anyone looks.
func stripHop(h http.Header) {
	lists := h["Connection"]
	for name := range h {
		if hopByHop(name) || grammar.HasToken(lists, name) {
			delete(h, name)
		}
	}
}

// classify gives an error of the standard library one of our kinds.
func (s *standardTry) classify(ctx context.Context) error {
	err := s.err
	if s.body != nil && s.body.err() != nil && !s.x.written {
		return s.body.err()
	}
	if cause := context.Cause(ctx); cause != nil && s.x.req.In.Context().Err() == nil {
		err = cause // of ours: an idle body, or the group was closed
		if errors.Is(err, errClosed) {
			return &phaseError{Reset, err}
		}
		return err
	}
	closed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		strings.HasSuffix(err.Error(), "server closed idle connection")
	switch {
	case errors.As(err, new(*phaseError)), errors.As(err, new(protocolError)), isTimeout(err), errors.Is(err, errTruncated):
		return err
	case closed && !s.answered && !s.x.written && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)):
		return errUnread
	case closed && !s.answered && !s.x.written:
		return errNoResponse
	case closed, errors.Is(err, errStopped), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return &phaseError{Reset, err}
	}
	return &phaseError{Protocol, err}
}

// track makes Close able to end the attempt; it reports false when the group
// is closed already.
func (g *Group) track(x *exchange, cancel context.CancelCauseFunc) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.cancels[x] = cancel
	}
	return !g.closed
}

func (g *Group) untrack(x *exchange) {
	g.mu.Lock()
	delete(g.cancels, x)
	g.mu.Unlock()
}

// transport returns the target's client: an upgrade needs HTTP/1.1 whatever
// else the target speaks.
func (t *target) transport(cfg *Config, upgrade bool) *http.Transport {
	s := &t.standard
	s.mu.Lock()
	defer s.mu.Unlock()
	if upgrade && cfg.Protocol != HTTP1 {
		if s.h1 == nil {
			s.h1 = newTransport(t, cfg, HTTP1)
		}
		return s.h1
	}
	if s.main == nil {
		s.main = newTransport(t, cfg, cfg.Protocol)
	}
	return s.main
}

func newTransport(t *target, cfg *Config, protocol Version) *http.Transport {
	var speaks http.Protocols
	speaks.SetHTTP1(protocol == HTTP1)
	speaks.SetUnencryptedHTTP2(protocol == H2C)
	name, _, err := net.SplitHostPort(t.endpoint.Address)
	if err != nil {
		name = "localhost"
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			nc, err := t.dial(ctx, cfg)
			if err != nil {
				return nil, err
			}
			return &patientConn{Conn: nc, writeIdle: cfg.Timeouts.WriteIdle}, nil
		},
		Protocols:           &speaks,
		TLSClientConfig:     &tls.Config{ServerName: cmp.Or(cfg.TLS.ServerName, name), RootCAs: cfg.TLS.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: cfg.Timeouts.Dial,
		DisableCompression:  true,
		// Transport takes bytes that an HTTP/1.1 server sends unasked on a kept
		// connection for the next answer. What goes this way is rare, so it gets
		// connections of its own.
		DisableKeepAlives:      protocol == HTTP1 && cfg.Scheme == "http",
		MaxIdleConnsPerHost:    max(cfg.MaxIdlePerEndpoint, 1),
		IdleConnTimeout:        cfg.Timeouts.Idle,
		ResponseHeaderTimeout:  cfg.Timeouts.ResponseHeader,
		MaxResponseHeaderBytes: int64(cfg.MaxResponseHeaderBytes),
	}
}

// patientConn bounds how long one write may take, and tells the request on it
// when it is closed.
type patientConn struct {
	net.Conn
	writeIdle time.Duration
	body      atomic.Pointer[clientBody]
}

// Close closes the connection.
func (c *patientConn) Close() error {
	err := c.Conn.Close()
	if b := c.body.Swap(nil); b != nil {
		b.giveUp()
	}
	return err
}

// Write writes to the target.
func (c *patientConn) Write(p []byte) (int, error) {
	if c.writeIdle > 0 {
		_ = c.SetWriteDeadline(time.Now().Add(c.writeIdle))
	}
	return c.Conn.Write(p)
}

// standardWriter is what ReverseProxy writes to. Its header is apart from the
// caller's until the final head, as informational responses clear it.
type standardWriter struct {
	x     *exchange
	s     *standardTry
	w     http.ResponseWriter
	h     http.Header
	wrote bool
}

// Unwrap serves http.ResponseController.
func (w *standardWriter) Unwrap() http.ResponseWriter { return w.w }

// Header returns the header of the answer in preparation.
func (w *standardWriter) Header() http.Header {
	if w.wrote {
		return w.w.Header()
	}
	return w.h
}

// WriteHeader sends the final head, or early hints.
func (w *standardWriter) WriteHeader(status int) {
	switch {
	case w.wrote:
		return
	case status == http.StatusEarlyHints:
		w.x.earlyHints(w.h["Link"])
		return
	case status < 200:
		return
	}
	preset := w.w.Header()
	mergeHeader(preset, w.h)
	w.x.finishHeader(preset, w.s.t)
	if w.s.body != nil && !w.s.body.ended.Load() && w.x.req.In.ProtoMajor == 1 {
		preset["Connection"] = []string{"close"}
	}
	w.wrote, w.x.written = true, true
	w.w.WriteHeader(status)
}

// Write sends body bytes.
func (w *standardWriter) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.x.res.BytesOut += int64(n)
	if err != nil {
		w.s.err = &phaseError{ClientGone, err}
	}
	return n, err
}

// Hijack takes over the client's connection for a tunnel.
func (w *standardWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	preset := maps.Clone(w.w.Header())
	nc, rw, err := http.NewResponseController(w.w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.x.written = true
	maps.Copy(w.h, preset)
	if cookie := w.x.group.targetCookie(w.x, w.s.t); cookie != "" {
		w.h["Set-Cookie"] = append(w.h["Set-Cookie"], cookie)
	}
	w.s.conn = &tunnelConn{Conn: nc}
	return w.s.conn, rw, nil
}

// tunnelConn counts what passes. The proxy's goroutines may hold it a moment
// longer than the exchange lasts.
type tunnelConn struct {
	net.Conn
	in, out atomic.Int64
}

// Read reads from the client.
func (c *tunnelConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	return n, err
}

// Write writes to the client.
func (c *tunnelConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.Add(int64(n))
	return n, err
}
