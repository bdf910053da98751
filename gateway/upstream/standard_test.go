package upstream_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/berth-project/berth/gateway/upstream"
)

// echoSocket is an app that echoes websocket messages.
func echoSocket(t testing.TB) upstream.Endpoint {
	return app(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		for {
			kind, b, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, b) != nil {
				return
			}
		}
	})
}

func dialSocket(t testing.TB, f *front) *websocket.Conn {
	t.Helper()
	c, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(f.URL, "http"), &websocket.DialOptions{HTTPClient: f.client()})
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, resp)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func echo(t testing.TB, c *websocket.Conn, message string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
	if _, b, err := c.Read(t.Context()); err != nil || string(b) != message {
		t.Fatalf("echo = %q, %v", b, err)
	}
}

func TestWebSocketIsTunnelledAndCounted(t *testing.T) {
	t.Parallel()
	g := newGroup(t, one(echoSocket(t)))
	f := newFront(t, g, nil)
	c := dialSocket(t, f)
	for i := range 10 {
		echo(t, c, fmt.Sprint("message ", i, long(5000)))
	}
	if n := g.Status()[0].InFlight; n != 1 {
		t.Errorf("%d in flight, want the tunnel", n)
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
	o := f.outcome(t)
	if o.err != nil || o.res.Status != 101 || o.res.BytesIn < 50_000 || o.res.BytesOut < 50_000 {
		t.Errorf("outcome = %+v, %v", o.res, o.err)
	}
	if n := g.Status()[0].InFlight; n != 0 {
		t.Errorf("%d in flight after the end", n)
	}
}

func TestWebSocketEndsWithTheGroup(t *testing.T) {
	t.Parallel()
	g := newGroup(t, one(echoSocket(t)))
	f := newFront(t, g, nil)
	c := dialSocket(t, f)
	echo(t, c, "hello")
	if err := g.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the tunnel outlives the group")
	}
}

func TestWebSocketEndsWithTheRequestContext(t *testing.T) {
	t.Parallel()
	cancels := make(chan context.CancelFunc, 1)
	g := newGroup(t, one(echoSocket(t)))
	f := newFront(t, g, func(r *upstream.Request) {
		ctx, cancel := context.WithCancel(r.In.Context())
		cancels <- cancel
		r.In = r.In.WithContext(ctx)
	})
	c := dialSocket(t, f)
	echo(t, c, "hello")
	(<-cancels)() // as a gateway does when the session was revoked
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the tunnel outlives its context")
	}
	f.outcome(t)
}

func TestOnlyWebSocketUpgradesPass(t *testing.T) {
	t.Parallel()
	e := app(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%q %q", r.Header["Upgrade"], r.Header["Connection"])
	})
	f := newFront(t, newGroup(t, one(e)), nil)
	for _, upgrade := range []string{"h2c", "TLS/1.0", "websocket, h2c", "websocket2"} {
		resp := f.do(t, "GET", "/", nil, http.Header{"Connection": {"Upgrade"}, "Upgrade": {upgrade}})
		if got := readAll(t, resp.Body); got != "[] []" {
			t.Errorf("Upgrade %s: the app got %s", upgrade, got)
		}
	}
	resp := f.do(t, "POST", "/", nil, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}})
	if got := readAll(t, resp.Body); got != "[] []" {
		t.Errorf("POST upgrade: the app got %s", got)
	}
}

func TestRefusedUpgradeIsAnOrdinaryAnswer(t *testing.T) {
	t.Parallel()
	e := app(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "no")
	})
	f := newFront(t, newGroup(t, one(e)), nil)
	resp := f.do(t, "GET", "/", nil, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}})
	if got := readAll(t, resp.Body); resp.StatusCode != 403 || got != "no" {
		t.Errorf("%d %q", resp.StatusCode, got)
	}
}

func TestSwitchToAnotherProtocolIsRefused(t *testing.T) {
	t.Parallel()
	e := canned(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	f := newFront(t, newGroup(t, one(e)), nil)
	resp := f.do(t, "GET", "/", nil, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}})
	if resp.StatusCode != 502 || resp.Header.Get("Kind") != "protocol" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

func TestWebSocketHandshakeKeepsTheCallersHeaders(t *testing.T) {
	t.Parallel()
	g := newGroup(t, one(echoSocket(t)))
	f := &front{outcomes: make(chan outcome, 1)}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "renewed=1")
		f.serve(w, g, &upstream.Request{In: r, Target: "/", Host: r.Host})
	}))
	t.Cleanup(f.Close)
	c, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(f.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Set-Cookie"); got != "renewed=1" {
		t.Errorf("Set-Cookie = %q", got)
	}
	_ = c.CloseNow()
	f.outcome(t)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// h2cApp serves HTTP/2 without TLS.
func h2cApp(t testing.TB, h http.HandlerFunc) upstream.Config {
	s := httptest.NewUnstartedServer(h)
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	p.SetHTTP1(true)
	s.Config.Protocols = &p
	s.Start()
	t.Cleanup(s.Close)
	cfg := one(upstream.Endpoint{Network: "tcp", Address: s.Listener.Addr().String()})
	cfg.Protocol = upstream.H2C
	return cfg
}

func TestGRPCOverH2C(t *testing.T) {
	t.Parallel()
	cfg := h2cApp(t, func(w http.ResponseWriter, r *http.Request) { // a bidirectional stream
		if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" || r.RequestURI != "/pkg.Svc/Method" || r.Host == "" {
			t.Errorf("the app got HTTP/%d, Te %q, %s", r.ProtoMajor, r.Header.Get("Te"), r.RequestURI)
		}
		w.Header().Set("Content-Type", "application/grpc")
		rc := http.NewResponseController(w)
		_ = rc.Flush()
		for b := make([]byte, 64); ; {
			n, err := r.Body.Read(b)
			_, _ = w.Write(b[:n])
			_ = rc.Flush()
			if err != nil {
				break
			}
		}
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	})
	f := newFront(t, newGroup(t, cfg), nil)
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: &p}
	defer tr.CloseIdleConnections()
	pr, pw := io.Pipe()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", f.URL+"/pkg.Svc/Method", pr)
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, message := range []string{"one", "two"} {
		_, _ = io.WriteString(pw, message)
		got := make([]byte, 3)
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != message {
			t.Fatalf("echo = %q, %v", got, err)
		}
	}
	_ = pw.Close()
	_ = readAll(t, resp.Body)
	if got := resp.Trailer.Get("Grpc-Status"); got != "0" {
		t.Errorf("trailer = %v", resp.Trailer)
	}
}

func TestWebSocketToAnH2CUpstream(t *testing.T) {
	t.Parallel()
	e := echoSocket(t)
	cfg := one(e)
	cfg.Protocol = upstream.H2C
	f := newFront(t, newGroup(t, cfg), nil)
	c := dialSocket(t, f)
	echo(t, c, "hello")
	_ = c.CloseNow()
	f.outcome(t)
}

func TestHTTPSUpstreamIsVerified(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	cfg := one(upstream.Endpoint{Network: "tcp", Address: s.Listener.Addr().String()})
	cfg.Scheme = "https"
	for name, tc := range map[string]struct {
		tls upstream.TLS
		ok  bool
	}{
		"trusted":      {upstream.TLS{Roots: roots}, true},
		"by name":      {upstream.TLS{Roots: roots, ServerName: "example.com"}, true},
		"another name": {upstream.TLS{Roots: roots, ServerName: "other.test"}, false},
		"not trusted":  {upstream.TLS{}, false},
	} {
		cfg.TLS = tc.tls
		f := newFront(t, newGroup(t, cfg), func(r *upstream.Request) { r.Host = "public.example" })
		resp := f.do(t, "GET", "/", nil)
		if got := readAll(t, resp.Body); (resp.StatusCode == 200 && got == "public.example") != tc.ok {
			t.Errorf("%s: %d %q", name, resp.StatusCode, got)
		}
		if o := f.outcome(t); !tc.ok && (o.err == nil || o.err.Kind != upstream.Protocol) {
			t.Errorf("%s: %v", name, o.err)
		}
	}
}

func TestErrorTellsWhatAndWhere(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := refusing(t)
		e.ID = "web.1"
		g, err := upstream.NewGroup(upstream.Config{Name: "app", Endpoints: []upstream.Endpoint{e}}, quiet, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = g.Close() })
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = way.Clone()
		_, err = g.Forward(httptest.NewRecorder(), &upstream.Request{In: r, Target: "/", Host: "h"})
		var op *net.OpError
		if !errors.As(err, &op) || !strings.HasPrefix(err.Error(), "upstream app web.1: dial: dial tcp 127.0.0.1") {
			t.Errorf("error = %v", err)
		}
	})
}

// wrapped is a writer as a gateway wraps it: everything through Unwrap.
type wrapped struct{ w http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter         { return w.w }
func (w wrapped) Header() http.Header                 { return w.w.Header() }
func (w wrapped) Write(p []byte) (int, error)         { return w.w.Write(p) }
func (w wrapped) WriteHeader(status int)              { w.w.WriteHeader(status) }
func (w wrapped) ReadFrom(r io.Reader) (int64, error) { return w.w.(io.ReaderFrom).ReadFrom(r) }

func TestWrappedWriterStreams(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		next := make(chan struct{})
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/large" {
				w.Header().Set("Content-Length", "9000000")
				_, _ = io.WriteString(w, long(9_000_000))
				return
			}
			_, _ = io.WriteString(w, "first\n")
			_ = http.NewResponseController(w).Flush()
			<-next
		})
		g := newGroup(t, one(e))
		f := &front{outcomes: make(chan outcome, 2)}
		f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.serve(wrapped{w}, g, &upstream.Request{In: r, Target: r.URL.Path, Host: "h"})
		}))
		t.Cleanup(f.Close)
		if got := readAll(t, f.do(t, "GET", "/large", nil, way).Body); got != long(9_000_000) {
			t.Errorf("%d bytes", len(got))
		}
		if o := f.outcome(t); o.res.BytesOut != 9_000_000 {
			t.Errorf("counted %d bytes", o.res.BytesOut)
		}
		br := bufio.NewReader(f.do(t, "GET", "/", nil, way).Body)
		if got, err := br.ReadString('\n'); got != "first\n" {
			t.Errorf("%q, %v", got, err)
		}
		close(next)
	})
}

func TestSlowClientIsNotASilentTarget(t *testing.T) {
	t.Parallel()
	const size = 24 << 20
	e := app(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		for range size / 65536 {
			_, _ = io.WriteString(w, long(65536))
		}
	})
	cfg := one(e)
	cfg.Timeouts.BodyIdle = 100 * time.Millisecond
	f := newFront(t, newGroup(t, cfg), nil)
	resp := f.do(t, "GET", "/", nil)
	time.Sleep(3 * cfg.Timeouts.BodyIdle) // the client is busy with something else
	if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}
