package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/berth-project/berth/gateway/listen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// running is a server that answers.
type running struct {
	t      *testing.T
	server *listen.Server
	addr   string
	stop   func() error // once; ends it and returns what Serve does
}

// start has a handler answer on a loopback port, or what edit says, until the
// end of the test.
func start(t *testing.T, h http.HandlerFunc, edit func(*listen.Config)) *running {
	t.Helper()
	cfg := listen.Config{Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0"}}, Drain: 5 * time.Second}
	if edit != nil {
		edit(&cfg)
	}
	srv, err := listen.New(cfg, h, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()
	r := &running{t: t, server: srv, addr: srv.Addrs()[0].String()}
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-served
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	return r
}

// dial opens a connection that is closed with the test.
func (r *running) dial() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// trickle sends bytes in pieces and reads until the server closes.
func (r *running) trickle(request string, step int) string {
	r.t.Helper()
	c := r.dial()
	for i := 0; i < len(request); i += step {
		if _, err := io.WriteString(c, request[i:min(i+step, len(request))]); err != nil {
			break // refused before the end
		}
	}
	all, err := io.ReadAll(c)
	if isTimeout(err) {
		r.t.Fatalf("the server neither closed nor went on after:\n%s", all)
	}
	return string(all)
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond) // a watchdog's poll
	}
}

func TestServer_DrainsBeforeItStops(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		_, _ = io.WriteString(w, "finished")
	})
	srv, err := listen.New(listen.Config{Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0"}}}, app, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	addr := srv.Addrs()[0].String()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + addr)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answer <- string(b)
	}()
	<-begun
	cancel()
	waitFor(t, "the listener to close", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	select {
	case err := <-served:
		t.Fatalf("Serve() = %v before the request was answered", err)
	default:
	}
	close(finish)
	if got := <-answer; got != "finished" {
		t.Errorf("answer = %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve() = %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestServer_CutsOffWhatOutlivesTheDrain(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	srv, _ := listen.New(listen.Config{
		Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0"}}, Drain: 20 * time.Millisecond,
	}, app, quiet())
	if err := srv.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()
	c, err := net.Dial("tcp", srv.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve() = %v", err)
	}
}

func TestServer_BoundsConnections(t *testing.T) {
	t.Parallel()
	w := start(t, ok, func(c *listen.Config) { c.MaxConnections = 2 })
	ask := func(c net.Conn) error {
		_, _ = io.WriteString(c, "GET /public/a HTTP/1.1\r\nHost: example.com\r\n\r\n")
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		return err
	}
	first, second, third := w.dial(), w.dial(), w.dial()
	if err := ask(first); err != nil {
		t.Fatal(err)
	}
	if err := ask(second); err != nil {
		t.Fatal(err)
	}
	if err := ask(third); err == nil {
		t.Fatal("a third connection was answered")
	}
	_ = first.Close()
	_ = third.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := third.Read(make([]byte, 1)); err != nil {
		t.Errorf("after one was closed: %v", err)
	}
}

func TestServer_RelistensWithoutLettingGo(t *testing.T) {
	t.Parallel()
	w := start(t, ok, nil)
	first := listen.Address{Network: "tcp", Address: "127.0.0.1:0"}
	second := listen.Address{Network: "tcp", Address: "127.0.0.1:0", H2C: true}
	if err := w.server.Relisten(t.Context(), []listen.Address{first, second}); err != nil {
		t.Fatal(err)
	}
	addrs := w.server.Addrs()
	if len(addrs) != 2 || addrs[0].String() != w.addr {
		t.Fatalf("Addrs() = %v, want %s kept", addrs, w.addr)
	}
	bad := listen.Address{Network: "tcp", Address: w.addr, H2C: true}
	if err := w.server.Relisten(t.Context(), []listen.Address{first, bad}); err == nil {
		t.Error("an address in use was bound")
	}
	if got := w.server.Addrs(); len(got) != 2 {
		t.Errorf("after a refusal: %v, want both", got)
	}
	if err := w.server.Relisten(t.Context(), []listen.Address{second}); err != nil {
		t.Fatal(err)
	}
	w.addr = addrs[1].String()
	if got := w.trickle("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 1000); !strings.HasSuffix(got, "ok") {
		t.Errorf("the added listener: %q", got)
	}
	if c, err := net.Dial("tcp", addrs[0].String()); err == nil {
		_ = c.Close()
		t.Error("the removed listener still accepts")
	}
}

func TestServer_RefusesOldTLS(t *testing.T) {
	t.Parallel()
	w := start(t, ok, func(c *listen.Config) {
		c.Listen[0].TLS, c.Certificates = true, listen.NewSelfSigned([]string{"example.com"}, nil)
	})
	c, err := tls.Dial("tcp", w.addr, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil {
		_ = c.Close()
		t.Error("TLS 1.1 was agreed on")
	}
}

func TestServer_KeepsPipelinedRequestsApart(t *testing.T) {
	t.Parallel()
	w := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s\n\n%s", r.Method, r.RequestURI, body)
	}, nil)
	const one = "POST /public/1 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nfirst"
	const two = "POST /public/2 HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\nX-T: 1\r\n\r\n"
	const three = "GET http://example.com/public/3 HTTP/1.1\r\nHost: example.com\r\n\r\n"
	const bad = "GET /public/4 HTTP/1.1\r\nHost: example.com\r\nX-A: 1\nX-B: 2\r\n\r\n"
	for _, step := range []int{1, 7, 1000} {
		got := w.trickle(one+two+three+bad, step)
		for _, want := range []string{"POST /public/1", "\n\nfirst", "POST /public/2", "\n\nsecond", "GET http://example.com/public/3"} {
			if !strings.Contains(got, want) {
				t.Errorf("step %d: %q is missing from\n%s", step, want, got)
			}
		}
		if n := strings.Count(got, "HTTP/1.1 200 OK"); n != 3 || !strings.Contains(got, "HTTP/1.1 400 ") || strings.Contains(got, "/public/4") {
			t.Errorf("step %d: want three answers and a refusal:\n%s", step, got)
		}
	}
}

func TestServer_RedirectsPlainHTTPOnlyWhereItIsTold(t *testing.T) {
	t.Parallel()
	secure := func(serves func(string) bool) *running {
		return start(t, ok, func(c *listen.Config) {
			c.Listen[0].TLS, c.Certificates, c.Serves = true, listen.NewSelfSigned(nil, nil), serves
		})
	}
	const request = "GET /a?b HTTP/1.1\r\nHost: example.com:8443\r\n\r\n"
	if got := secure(nil).trickle(request, 1000); got != "" {
		t.Errorf("without Serves: %q, want nothing", got)
	}
	if got := secure(func(string) bool { return false }).trickle(request, 1000); got != "" {
		t.Errorf("for a host that is not served: %q, want nothing", got)
	}
	served := secure(func(host string) bool { return host == "example.com:8443" })
	if got := served.trickle(request, 1000); !strings.HasPrefix(got, "HTTP/1.1 308 ") ||
		!strings.Contains(got, "\r\nLocation: https://example.com:8443/a?b\r\n") {
		t.Errorf("for a host that is served: %q", got)
	}
}

// Half a request in plain HTTP on a TLS address does not hold up the end.
func TestServer_StopsWhileSomebodyIsMisdirected(t *testing.T) {
	t.Parallel()
	accepted := make(chan struct{})
	r := start(t, ok, func(c *listen.Config) {
		c.Listen[0].TLS, c.Certificates = true, listen.NewSelfSigned(nil, nil)
		c.ReadHeaderTimeout = time.Hour
		c.Serves = func(string) bool { return true }
		c.Trusts = func(netip.Addr) bool { close(accepted); return true }
	})
	c := r.dial()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: exam")
	<-accepted
	if err := r.stop(); err != nil {
		t.Errorf("Serve() = %v", err)
	}
	if _, err := io.ReadAll(c); isTimeout(err) {
		t.Error("the connection outlives the server")
	}
}

func TestServer_TellsWhenItStops(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	w := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-listen.ConnOf(r).Stopping().Done()
		if err := r.Context().Err(); err != nil {
			t.Errorf("the request was cut off: %v", err)
		}
	}, func(c *listen.Config) { c.Drain = time.Hour })
	_, _ = io.WriteString(w.dial(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-begun
	if err := w.server.Relisten(t.Context(), nil); err != nil { // retires the one there is
		t.Fatal(err)
	}
	if err := w.stop(); err != nil {
		t.Errorf("Serve() = %v", err)
	}
}

func TestServer_BoundsConnectionsOfOneClient(t *testing.T) {
	t.Parallel()
	var trusted atomic.Bool
	w := start(t, ok, func(c *listen.Config) {
		c.MaxConnectionsPerClient = 2
		c.Trusts = func(a netip.Addr) bool { return trusted.Load() && a.IsLoopback() }
	})
	ask := func(c net.Conn) error {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		_, err := c.Read(make([]byte, 1))
		return err
	}
	first, second := w.dial(), w.dial()
	for _, c := range []net.Conn{first, second} {
		if err := ask(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(w.dial()); err == nil || isTimeout(err) {
		t.Errorf("a third connection: %v, want it closed", err)
	}
	trusted.Store(true)
	if err := ask(w.dial()); err != nil {
		t.Errorf("of a trusted proxy: %v", err)
	}
	trusted.Store(false)
	_ = first.Close()
	waitFor(t, "the place of the first", func() bool { return ask(w.dial()) == nil })
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}
