package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/berth-project/berth/gateway/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watchdog bounds what can only hang when something is broken.
const watchdog = 20 * time.Second

// ways are the two ways to forward. A client that accepts trailers gets the
// standard one.
var ways = map[string]http.Header{"fast": {}, "standard": {"Te": {"trailers"}}}

// bothWays runs a test for each way to forward.
func bothWays(t *testing.T, test func(t *testing.T, way http.Header)) {
	t.Helper()
	for name, h := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

var quiet = slog.New(slog.DiscardHandler)

// newGroup builds a group that is closed at the end of the test.
func newGroup(t testing.TB, cfg upstream.Config) *upstream.Group {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "app"
	}
	g, err := upstream.NewGroup(cfg, quiet, nil)
	if err != nil {
		t.Fatalf("NewGroup: %v", err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// outcome is what one call of Forward returned.
type outcome struct {
	res upstream.Result
	err *upstream.Error
}

// front is a gateway in small.
type front struct {
	*httptest.Server
	outcomes chan outcome
}

// newFront serves a group. edit may change each request before it goes out.
func newFront(t testing.TB, g *upstream.Group, edit func(*upstream.Request)) *front {
	t.Helper()
	f := &front{outcomes: make(chan outcome, 1024)}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &upstream.Request{In: r, Target: r.URL.RequestURI(), Host: r.Host, Client: netip.MustParseAddr("192.0.2.1")}
		if edit != nil {
			edit(req)
		}
		f.serve(w, g, req)
	}))
	f.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	f.Config.Protocols = &protocols
	f.Start()
	t.Cleanup(f.Close)
	return f
}

func (f *front) serve(w http.ResponseWriter, g *upstream.Group, req *upstream.Request) {
	res, err := g.Forward(w, req)
	o := outcome{res: res}
	if err != nil {
		o.err, _ = errors.AsType[*upstream.Error](err)
	}
	f.outcomes <- o
	switch {
	case o.err != nil && o.err.Written:
		panic(http.ErrAbortHandler)
	case o.err != nil:
		w.Header().Set("Kind", o.err.Kind.String())
		w.WriteHeader(status(o.err.Kind))
	case res.Intercepted:
		w.Header().Set("Intercepted", "yes")
		w.WriteHeader(http.StatusTeapot)
	}
}

func status(k upstream.Kind) int {
	switch k {
	case upstream.NoEndpoint:
		return http.StatusServiceUnavailable
	case upstream.Timeout:
		return http.StatusGatewayTimeout
	case upstream.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case upstream.BadBody, upstream.BadRequest:
		return http.StatusBadRequest
	}
	return http.StatusBadGateway
}

func (f *front) outcome(t testing.TB) outcome {
	t.Helper()
	select {
	case o := <-f.outcomes:
		return o
	case <-time.After(watchdog):
		t.Fatal("Forward did not return")
		return outcome{}
	}
}

// do sends a request with extra headers to the front.
func (f *front) do(t testing.TB, method, path string, body io.Reader, headers ...http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		for k, vs := range h {
			req.Header[k] = append(req.Header[k], vs...)
		}
	}
	resp, err := f.client().Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func (f *front) client() *http.Client {
	return &http.Client{Transport: f.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read body: %v", err)
	}
	return string(b)
}

// app starts an HTTP server and returns its endpoint.
func app(t testing.TB, h http.HandlerFunc) upstream.Endpoint {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return upstream.Endpoint{Network: "tcp", Address: s.Listener.Addr().String()}
}

// raw starts a server that speaks bytes: serve is called per connection.
func raw(t testing.TB, serve func(net.Conn, *bufio.Reader)) upstream.Endpoint {
	t.Helper()
	return rawOn(t, "tcp", "127.0.0.1:0", serve)
}

// rawOn is raw at an address of choice.
func rawOn(t testing.TB, network, address string, serve func(net.Conn, *bufio.Reader)) upstream.Endpoint {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				stop := context.AfterFunc(ctx, func() { _ = c.Close() })
				defer stop()
				serve(c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		cancel()
		wg.Wait()
	})
	return upstream.Endpoint{Network: network, Address: ln.Addr().String()}
}

// canned answers each request, whose body it reads, with the same bytes, and
// closes.
func canned(t testing.TB, response string) upstream.Endpoint {
	return raw(t, func(c net.Conn, br *bufio.Reader) {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		_, _ = io.WriteString(c, response)
	})
}

// eventually polls until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(watchdog)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// one is a group of one endpoint.
func one(e upstream.Endpoint) upstream.Config {
	return upstream.Config{Endpoints: []upstream.Endpoint{e}}
}

func long(n int) string { return strings.Repeat("0123456789abcdef", n/16+1)[:n] }
