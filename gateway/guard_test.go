package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/listen"
	"github.com/berth-project/berth/gateway/static"
)

func TestGateway_EndsTunnelsTheNewTableHasNoPlaceFor(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*gateway.Config){
		"rule":  func(c *gateway.Config) { c.Access, _ = access.Compile(nil) },
		"host":  func(c *gateway.Config) { c.Hosts = []string{"other.example"} },
		"route": func(c *gateway.Config) { c.Routes[0].Pattern = "/elsewhere/**" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			auth := &countingAuth{}
			w := newWorld(t, sockets, change{
				config: func(c *gateway.Config) { c.Routes[0].WebSocketRecheck = 5 * time.Millisecond },
				deps:   func(d *gateway.Dependencies) { d.Auth = auth },
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			c, _, err := w.websocket(ctx, "/app/acme/ws", alice)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.CloseNow() }()
			w.gateway.Swap(w.table()) // the same again
			auth.await(t, 3)
			if err := c.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.Read(ctx); err != nil {
				t.Fatalf("after a reload that changed nothing: %v", err)
			}
			w.config.Routes = []gateway.Route{w.config.Routes[0]}
			edit(&w.config)
			w.gateway.Swap(w.table())
			if _, _, err := c.Read(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Read() = %v, want the tunnel closed", err)
			}
			if rec := w.record(0); rec.Reason != "access_ended" || rec.Status != 101 {
				t.Errorf("record = %+v", rec)
			}
		})
	}
}

// countingAuth knows everybody as alice, until she is revoked, and counts.
type countingAuth struct {
	fickleAuth
	asked atomic.Int64
}

func (a *countingAuth) Authenticate(r *http.Request, secure bool) (gateway.Caller, error) {
	a.asked.Add(1)
	return a.fickleAuth.Authenticate(r, secure)
}

func (a *countingAuth) await(t *testing.T, n int64) {
	t.Helper()
	from := a.asked.Load()
	waitFor(t, "the checks", func() bool { return a.asked.Load() >= from+n })
}

// events is an app that sends an event for everything that comes from next.
func events(next <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case event := <-next:
				_, _ = fmt.Fprintf(w, "data: %s\n\n", event)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}
}

func TestGateway_EndsStreamsWithTheSession(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	apps := map[string]http.HandlerFunc{
		"silent events": events(nil),
		"events":        events(next),
		"endless":       endless,
		"enormous": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(int64(1)<<50))
			endless(w, r)
		},
	}
	for name, app := range apps {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", HTTP/2 ", h2), func(t *testing.T) {
				t.Parallel()
				auth := &countingAuth{}
				w := newWorld(t, app, change{
					config: func(c *gateway.Config) { c.Routes[0].WebSocketRecheck = 5 * time.Millisecond },
					deps:   func(d *gateway.Dependencies) { d.Auth = auth },
					server: func(s *listen.Config) { s.Listen[0].H2C = true },
				})
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/members/x", nil)
				res, err := w.client(func(tr *http.Transport) {
					tr.Protocols = &http.Protocols{}
					tr.Protocols.SetHTTP1(!h2)
					tr.Protocols.SetUnencryptedHTTP2(h2)
				}).Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				ended := make(chan error, 1)
				go func() {
					_, err := io.Copy(io.Discard, res.Body)
					ended <- err
				}()
				auth.await(t, 3)
				select {
				case err := <-ended:
					t.Fatalf("the stream ended while it was allowed: %v", err)
				default:
				}
				auth.revoked.Store(true)
				if err := <-ended; err == nil {
					t.Error("what was cut off looks whole")
				}
				if rec := w.record(0); rec.Reason != "access_ended" || rec.Status != 200 {
					t.Errorf("record = %+v", rec)
				}
			})
		}
	}
}

func TestGateway_EndsDownloadsOfFilesWithTheSession(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "sparse"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(root, "sparse"), 1<<40); err != nil {
		t.Skip(err)
	}
	auth := &countingAuth{}
	w := newWorld(t, echo, change{
		config: func(c *gateway.Config) {
			h, err := static.New(static.Config{Root: root})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = h.Close() })
			c.Routes = []gateway.Route{{Pattern: "/members/**", Static: h, WebSocketRecheck: 5 * time.Millisecond}}
		},
		deps: func(d *gateway.Dependencies) { d.Auth = auth },
	})
	c := w.dial()
	_, _ = io.WriteString(c, "GET /members/sparse HTTP/1.1\r\nHost: example.com\r\n\r\n")
	ended := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(io.Discard, c)
		ended <- n
	}()
	auth.await(t, 3)
	auth.revoked.Store(true)
	if n := <-ended; n >= 1<<40 {
		t.Error("the whole file was sent")
	}
	if rec := w.record(0); rec.Reason != "access_ended" {
		t.Errorf("record = %+v", rec)
	}
}

func TestGateway_EndsStreamsWhenTheSessionExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t, events(nil), change{
		config: func(c *gateway.Config) { c.Routes[0].WebSocketRecheck = -1 },
		deps: func(d *gateway.Dependencies) {
			d.Auth = expiringAuth{time.Now().Add(300 * time.Millisecond)}
		},
	})
	got := w.exchange("GET /members/x HTTP/1.1\r\nHost: example.com\r\n\r\n") // to its end
	if !bytes.HasPrefix(got, []byte("HTTP/1.1 200 OK\r\n")) || bytes.HasSuffix(got, []byte("0\r\n\r\n")) {
		t.Errorf("answer = %q, want it begun and broken off", got)
	}
	if rec := w.record(0); rec.Reason != "access_ended" {
		t.Errorf("record = %+v", rec)
	}
}

func TestGateway_KeepsALateAnswerFromWhoLostAccess(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}, 2), make(chan struct{}, 2)
	auth := &fickleAuth{}
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
		begun <- struct{}{}
		<-finish
		_, _ = io.WriteString(w, "the secret")
	}, change{
		config: func(c *gateway.Config) { c.Routes[0].WebSocketRecheck = time.Nanosecond },
		deps:   func(d *gateway.Dependencies) { d.Auth = auth },
	})
	finish <- struct{}{}
	if res := w.do("GET", "/members/x", ""); res.body != "the secret" {
		t.Fatalf("while she may: %d %q", res.status, res.body)
	}
	<-begun
	go func() {
		<-begun
		auth.revoked.Store(true)
		finish <- struct{}{}
	}()
	res := w.do("GET", "/members/x", "")
	if code := problemCode(t, res); res.status != 403 || code != "access_ended" || strings.Contains(res.body, "secret") {
		t.Errorf("= %d %s %q", res.status, code, res.body)
	}
}

func TestServer_EndsWhatHasNoEndWhenItStops(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	stream := events(nil)
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/public/events":
			stream(w, r)
		case "/public/ws":
			sockets(w, r)
		default:
			close(begun)
			<-finish
			_, _ = io.WriteString(w, "finished")
		}
	}, change{config: func(c *gateway.Config) { c.Compress.Off = false }})
	srv, err := listen.New(listen.Config{
		Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0"}}, Drain: time.Hour,
	}, w.gateway, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.addr = srv.Addrs()[0].String()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()

	ask := func(path string) *bufio.Reader {
		c := w.dial()
		_, _ = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: gzip\r\n\r\n")
		return bufio.NewReader(c)
	}
	events, slow := ask("/public/events"), ask("/public/slow")
	if line, err := events.ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	tunnel, _, err := w.websocket(t.Context(), "/public/ws", alice)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tunnel.CloseNow() }()
	<-begun
	cancel()
	if _, _, err := tunnel.Read(t.Context()); err == nil {
		t.Error("Read() succeeded, want the tunnel closed")
	}
	rest, err := io.ReadAll(events)
	if err != nil || !bytes.HasSuffix(rest, []byte("\r\n0\r\n\r\n")) {
		t.Errorf("the stream does not end well: %q, %v", rest, err)
	}
	for i := range 2 {
		if rec := w.record(i); rec.Reason != "stopping" || rec.Status != 200 && rec.Status != 101 {
			t.Errorf("record = %+v", rec)
		}
	}
	select {
	case err := <-served:
		t.Fatalf("Serve() = %v before the slow request was answered", err)
	default:
	}
	close(finish)
	if rest, err := io.ReadAll(slow); err != nil || !bytes.HasSuffix(rest, []byte("finished")) {
		t.Errorf("the slow answer: %q, %v", rest, err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve() = %v", err)
	}
}

func TestServer_EndsEventStreamsOfHTTP2WhenItStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, events(nil), change{})
	srv, err := listen.New(listen.Config{
		Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0", H2C: true}}, Drain: time.Hour,
	}, w.gateway, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.addr = srv.Addrs()[0].String()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/public/events", nil)
	res, err := w.client(func(tr *http.Transport) {
		tr.Protocols = &http.Protocols{}
		tr.Protocols.SetUnencryptedHTTP2(true)
	}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	cancel()
	if _, err := io.ReadAll(res.Body); err != nil || res.ProtoMajor != 2 {
		t.Errorf("the stream of %s does not end well: %v", res.Proto, err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve() = %v", err)
	}
}
