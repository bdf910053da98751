package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/listen"
)

// dial opens a connection that is closed with the test.
func (w *world) dial() net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

func TestGateway_StreamsEventsAsTheyCome(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case event := <-next:
				_, _ = fmt.Fprintf(w, "data: %s\n\n", event)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}, change{config: func(c *gateway.Config) { c.Compress.Off = false }})
	c := w.dial()
	_, _ = io.WriteString(c, "GET /public/events HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: gzip\r\n\r\n")
	r := bufio.NewReader(c)
	for i := range 3 {
		event := fmt.Sprint("event ", i)
		next <- event // the next is sent only after this one has been seen
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSpace(line) == "data: "+event {
				break
			}
		}
	}
}

func TestGateway_StreamsBodiesBothWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		buf := make([]byte, 1)
		for {
			n, err := r.Body.Read(buf)
			_, _ = w.Write(bytes.ToUpper(buf[:n]))
			_ = http.NewResponseController(w).Flush()
			if err != nil {
				return
			}
		}
	}, change{})
	pr, pw := io.Pipe()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.addr+"/public/a", pr)
	go func() { _, _ = pw.Write([]byte("a")) }()
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := make([]byte, 1)
	for _, want := range "ABC" {
		if _, err := io.ReadFull(res.Body, got); err != nil || got[0] != byte(want) {
			t.Fatalf("read %q, %v; want %q", got, err, want)
		}
		if want != 'C' {
			_, _ = pw.Write([]byte{byte(want) + 1 + 'a' - 'A'})
		}
	}
	_ = pw.Close()
}

func TestGateway_LimitsBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		small := c.Routes[0]
		small.Name, small.Pattern, small.MaxBody = "small", "/public/small", 10
		none := c.Routes[0]
		none.Name, none.Pattern, none.MaxBody = "none", "/public/none", -1
		c.Limits.MaxBody = 100
		c.Routes = append([]gateway.Route{small, none}, c.Routes...)
	}})
	chunked := func(path string, n int) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
			path, n, strings.Repeat("x", n))
	}
	tests := []struct {
		name, request string
		status        int
	}{
		{"within", chunked("/public/small", 10), 200},
		{"beyond, chunked", chunked("/public/small", 11), 413},
		{"beyond, announced", "POST /public/small HTTP/1.1\r\nHost: example.com\r\nContent-Length: 11\r\n\r\n", 413},
		{"beyond, expecting", "POST /public/small HTTP/1.1\r\nHost: example.com\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n", 413},
		{"default within", chunked("/public/a", 100), 200},
		{"default beyond", chunked("/public/a", 101), 413},
		{"no limit", chunked("/public/none", 1000), 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if res := w.raw(tt.request); res.status != tt.status {
				t.Errorf("status = %d, want %d: %s", res.status, tt.status, res.body)
			}
		})
	}
}

func TestGateway_AnswersExpectContinue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	c := w.dial()
	_, _ = io.WriteString(c, "POST /public/a HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	r := bufio.NewReader(c)
	if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("first line %q, %v; want 100", line, err)
	}
	_, _ = io.WriteString(c, "hello")
	rest, _ := io.ReadAll(r)
	if !bytes.Contains(rest, []byte("HTTP/1.1 200 OK")) || !bytes.HasSuffix(rest, []byte("hello")) {
		t.Errorf("answer:\n%s", rest)
	}
}

func TestGateway_GivesUpOnSlowClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{
		config: func(c *gateway.Config) { c.Timeouts.ReadBody = 30 * time.Millisecond },
		server: func(s *listen.Config) { s.ReadHeaderTimeout = 50 * time.Millisecond },
	})
	for name, begun := range map[string]string{
		"small body": "POST /public/a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 10\r\n\r\nhel",
		"chunked":    "POST /public/a HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"large body": "POST /public/a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1000000\r\n\r\nhel",
		"no trailer": "POST /public/a HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		"trailer":    "POST /public/a HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n",
	} {
		if got := w.exchange(begun); !bytes.HasPrefix(got, []byte("HTTP/1.1 408 ")) {
			t.Errorf("%s: %q, want 408", name, got)
		}
	}
	if got := w.exchange("GET /public/a HTTP/1.1\r\nHo"); bytes.Contains(got, []byte("200 OK")) {
		t.Errorf("half a head: %q", got)
	}
	if got := w.exchange(""); len(got) > 0 {
		t.Errorf("nothing at all: %q", got)
	}
}

// endless writes until it cannot.
func endless(w http.ResponseWriter, r *http.Request) {
	piece := make([]byte, 64<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

func TestGateway_GivesUpOnClientsThatDoNotRead(t *testing.T) {
	t.Parallel()
	t.Run("HTTP/1.1", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, endless, change{server: func(s *listen.Config) { s.WriteTimeout = 50 * time.Millisecond }})
		_, _ = io.WriteString(w.dial(), "GET /public/a HTTP/1.1\r\nHost: example.com\r\n\r\n")
		if rec := w.record(0); rec.Status != 200 || rec.Reason == "" {
			t.Errorf("record = %+v, want the answer broken off", rec)
		}
	})
	t.Run("HTTP/2", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, endless, change{
			config: func(c *gateway.Config) { c.Timeouts.Write = 50 * time.Millisecond },
			server: func(s *listen.Config) { s.Listen[0].H2C = true },
		})
		c := w.client(func(tr *http.Transport) {
			tr.Protocols = &http.Protocols{}
			tr.Protocols.SetUnencryptedHTTP2(true)
		})
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/public/a", nil)
		res, err := c.Do(req) // and its body is never read
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if rec := w.record(0); rec.Proto != "HTTP/2.0" || rec.Status != 200 || rec.Reason == "" {
			t.Errorf("record = %+v, want the answer broken off", rec)
		}
	})
	t.Run("many pieces to one who reads", func(t *testing.T) {
		t.Parallel()
		const size = 3 << 20
		w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) },
			change{server: func(s *listen.Config) { s.WriteTimeout = 2 * time.Second }})
		res := w.do("GET", "/public/a", "")
		if len(res.body) != size {
			t.Errorf("received %d bytes, want %d", len(res.body), size)
		}
	})
}

func TestGateway_LimitsTheTimeOfARoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, change{
		config: func(c *gateway.Config) { c.Routes[0].Timeout = 30 * time.Millisecond },
	})
	res := w.do("GET", "/public/a", "")
	if code := problemCode(t, res); res.status != 504 || code != "route_timeout" {
		t.Errorf("= %d %s, want 504 route_timeout", res.status, code)
	}
}

func TestGateway_TellsWhyTheAppDidNotAnswer(t *testing.T) {
	t.Parallel()
	dead, _ := net.Listen("tcp", "127.0.0.1:0")
	_ = dead.Close()
	broken, _ := net.Listen("tcp", "127.0.0.1:0")
	t.Cleanup(func() { _ = broken.Close() })
	go func() {
		for {
			c, err := broken.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte("SSH-2.0 hello\r\n\r\n"))
			_ = c.Close()
		}
	}()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		empty := newGroup(t, dead.Addr().String())
		empty.SetEndpoints(nil)
		c.Routes = []gateway.Route{
			{Name: "dead", Pattern: "/public/dead", Upstream: newGroup(t, dead.Addr().String())},
			{Name: "empty", Pattern: "/public/empty", Upstream: empty},
			{Name: "broken", Pattern: "/public/broken", Upstream: newGroup(t, broken.Addr().String())},
		}
	}})
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/public/dead": {502, "upstream_unreachable"}, "/public/empty": {503, "no_endpoint"}, "/public/broken": {502, "upstream_protocol"},
	} {
		res := w.do("GET", path, "")
		if code := problemCode(t, res); res.status != want.status || code != want.code {
			t.Errorf("%s = %d %s, want %d %s", path, res.status, code, want.status, want.code)
		}
		if (res.header.Get("Retry-After") != "") != (want.status == 503) {
			t.Errorf("%s: Retry-After %q", path, res.header.Get("Retry-After"))
		}
		if strings.Contains(res.body, "127.0.0.1") || strings.Contains(res.body, "SSH") {
			t.Errorf("%s leaks: %s", path, res.body)
		}
	}
}

func TestGateway_BreaksOffWhatTheAppBrokeOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("begun"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, change{})
	got := w.exchange("GET /public/a HTTP/1.1\r\nHost: example.com\r\n\r\n")
	if !bytes.Contains(got, []byte("begun")) || bytes.Contains(got, []byte("\r\n0\r\n\r\n")) {
		t.Errorf("the truncated answer looks whole:\n%s", got)
	}
	if rec := w.record(0); rec.Status != 200 || rec.Reason == "" || rec.Error == "" {
		t.Errorf("record = %+v", rec)
	}
}

// sockets is an app that echoes WebSocket messages.
func sockets(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	for {
		kind, data, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, data); err != nil {
			return
		}
	}
}

func (w *world) websocket(ctx context.Context, path, cookie string) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(ctx, "ws://"+w.addr+path, &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {strings.TrimPrefix(cookie, "Cookie: ")}},
	})
}

func TestGateway_TunnelsWebSockets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sockets, change{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := w.websocket(ctx, "/app/acme/ws", alice)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"hello", "GET / HTTP/1.1\nnot: a\nhead\n\n", strings.Repeat("x", 20000)} {
		if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != text {
			t.Fatalf("Read() = %.20q, %v; want %.20q", got, err, text)
		}
	}
	_ = c.Close(websocket.StatusNormalClosure, "")
	if rec := w.record(0); rec.Status != 101 || rec.User != "alice" || rec.Route != "web" {
		t.Errorf("record = %+v", rec)
	}
	if _, res, err := w.websocket(ctx, "/app/acme/ws", bob); err == nil || res.StatusCode != 403 {
		t.Errorf("bob got a tunnel: %v, %v", res, err)
	}
}

// fickleAuth knows alice until she is revoked.
type fickleAuth struct{ revoked atomic.Bool }

func (f *fickleAuth) Authenticate(*http.Request, bool) (gateway.Caller, error) {
	if f.revoked.Load() {
		return gateway.Caller{Credential: gateway.Cookie}, gateway.ErrBadCredentials
	}
	return gateway.Caller{Session: person("alice", "manager"), Credential: gateway.Cookie}, nil
}

func TestGateway_EndsTunnelsWithTheSession(t *testing.T) {
	t.Parallel()
	auth := &fickleAuth{}
	w := newWorld(t, sockets, change{
		config: func(c *gateway.Config) { c.Routes[0].WebSocketRecheck = 10 * time.Millisecond },
		deps:   func(d *gateway.Dependencies) { d.Auth = auth },
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := w.websocket(ctx, "/app/acme/ws", alice)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	if err := c.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); err != nil {
		t.Fatal(err)
	}
	auth.revoked.Store(true)
	if _, _, err := c.Read(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Read() after revocation = %v, want the tunnel closed", err)
	}
	if rec := w.record(0); rec.Reason != "access_ended" {
		t.Errorf("record = %+v", rec)
	}
}

type expiringAuth struct{ at time.Time }

func (e expiringAuth) Authenticate(*http.Request, bool) (gateway.Caller, error) {
	s := person("alice", "manager")
	s.ExpiresAt = e.at
	return gateway.Caller{Session: s, Credential: gateway.Cookie}, nil
}

func TestGateway_EndsTunnelsWhenTheSessionExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sockets, change{
		config: func(c *gateway.Config) { c.Routes[0].WebSocketRecheck = time.Hour },
		deps: func(d *gateway.Dependencies) {
			d.Auth = expiringAuth{time.Now().Add(300 * time.Millisecond)}
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := w.websocket(ctx, "/app/acme/ws", alice)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	if _, _, err := c.Read(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Read() after expiry = %v, want the tunnel closed", err)
	}
}

func TestGateway_PassesInternalPagesWhatItFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{deps: func(d *gateway.Dependencies) {
		d.Internal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%s|%s|%s|%s|%s|%s|%s", r.URL.Path, r.URL.RawQuery, r.Host, r.RemoteAddr,
				r.Header.Get("X-Forwarded-Proto"), r.Header.Get("Berth-Assertion"), body)
		})
	}})
	res := w.do("POST", "/.berth/%73ign-in?next=/a", "x=1", "X-Forwarded-Proto: https", "Berth-Assertion: forged")
	if want := "/.berth/sign-in|next=/a|example.com|127.0.0.1:0|http||x=1"; res.body != want {
		t.Errorf("internal handler saw %q, want %q", res.body, want)
	}
	if res := w.do("GET", "/.well-known/berth/jwks.json", ""); !strings.HasPrefix(res.body, "/.well-known/berth/jwks.json|") {
		t.Errorf("= %d %q", res.status, res.body)
	}
	if res := w.do("GET", "/.berth/..%2fpublic", ""); res.status != 400 {
		t.Errorf("status %d, want 400", res.status)
	}
}

func TestGateway_TellsInternalPagesTheClientsOwnScheme(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{
		config: func(c *gateway.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} },
		deps: func(d *gateway.Dependencies) {
			d.Internal = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprint(w, r.Header.Get("X-Forwarded-Proto"), " ", r.TLS != nil)
			})
		},
		server: func(s *listen.Config) {
			s.Listen[0].TLS, s.Certificates = true, listen.NewSelfSigned([]string{"example.com"}, nil)
		},
	})
	for said, want := range map[string]string{"": "https true", "https": "https true", "http": "http false"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/.berth/x", nil)
		if said != "" {
			req.Header.Set("X-Forwarded-Proto", said)
		}
		res, err := w.client(nil).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != want {
			t.Errorf("the proxy says %q: the page saw %q, want %q", said, body, want)
		}
	}
}

func TestGateway_SurvivesPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{deps: func(d *gateway.Dependencies) {
		d.Internal = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret detail") })
	}})
	res := w.do("GET", "/.berth/x", "")
	if res.status != 500 || strings.Contains(res.body, "secret") {
		t.Errorf("= %d %q", res.status, res.body)
	}
}
