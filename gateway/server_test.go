package gateway_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/listen"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// tlsWorld is a world on a TLS listener with a self-signed certificate.
func tlsWorld(t *testing.T, app http.HandlerFunc) *world {
	t.Helper()
	return newWorld(t, app, change{
		config: func(c *gateway.Config) { c.HSTS = time.Hour },
		server: func(s *listen.Config) {
			s.Listen[0].TLS = true
			s.Certificates = listen.NewSelfSigned([]string{"example.com", ".internal.example"}, nil)
		},
	})
}

// client speaks to w whatever the host of a URL is.
func (w *world) client(edit func(*http.Transport)) *http.Client {
	tr := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", w.addr)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: true,
	}
	if edit != nil {
		edit(tr)
	}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestServer_SpeaksBothProtocolsOverTLS(t *testing.T) {
	t.Parallel()
	w := tlsWorld(t, echo)
	for proto, edit := range map[string]func(*http.Transport){
		"HTTP/2.0": nil,
		"HTTP/1.1": func(tr *http.Transport) {
			tr.ForceAttemptHTTP2 = false
			tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
		},
	} {
		res, body := get(t, w.client(edit), "https://example.com/public/a")
		if res.Proto != proto || res.StatusCode != 200 {
			t.Errorf("%s: %s %d", proto, res.Proto, res.StatusCode)
		}
		for _, want := range []string{"X-Forwarded-Proto: https\n", "X-Forwarded-Port: 443\n", "X-Forwarded-For: 127.0.0.1\n"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: app did not see %q:\n%s", proto, want, body)
			}
		}
		if got := res.Header.Get("Strict-Transport-Security"); got != "max-age=3600" {
			t.Errorf("%s: Strict-Transport-Security = %q", proto, got)
		}
	}
}

func TestServer_KeepsHTTP2CleanToo(t *testing.T) {
	t.Parallel()
	w := tlsWorld(t, echo)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com/app/acme/x?a=%2F", strings.NewReader("hello"))
	req.Header = http.Header{
		"Cookie":          {"a=1; berth_session=alice; b=2"}, // one field for each on the wire
		"X-Forwarded-For": {"forged"}, "X_real_ip": {"forged"}, "Berth-Assertion": {"forged"},
		"Sec-Fetch-Site": {"same-origin"},
	}
	res, err := w.client(nil).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	body := string(b)
	for _, want := range []string{"POST /app/acme/x?a=%2F\n", "Cookie: a=1; b=2\n", "Berth-Assertion: alice/app/acme\n", "Host: example.com\n", "\n\nhello"} {
		if !strings.Contains(body, want) {
			t.Errorf("app did not see %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "forged") || strings.Contains(body, "berth_session") {
		t.Errorf("app saw what it should not:\n%s", body)
	}
	req, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/public/..%2fapp/acme/", nil)
	res, err = w.client(nil).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 400 {
		t.Errorf("encoded slash over HTTP/2: %d, want 400", res.StatusCode)
	}
}

func TestServer_ResetsStreamsForUnknownHosts(t *testing.T) {
	t.Parallel()
	w := tlsWorld(t, echo)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://evil.example/public/a", nil)
	res, err := w.client(nil).Do(req)
	if err == nil {
		_ = res.Body.Close()
		t.Errorf("status %d, want no answer", res.StatusCode)
	}
}

func TestServer_GuardsFramingWithinTLS(t *testing.T) {
	t.Parallel()
	w := tlsWorld(t, echo)
	c, err := tls.Dial("tcp", w.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "POST /public/a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	got, _ := io.ReadAll(c)
	if !bytes.HasPrefix(got, []byte("HTTP/1.1 400 ")) {
		t.Errorf("got %q, want 400", got)
	}
}

func TestServer_TellsWhoSpeaksPlainToTheTLSPort(t *testing.T) {
	t.Parallel()
	w := tlsWorld(t, echo)
	res := w.raw("GET /public/a?b HTTP/1.1\r\nHost: example.com:8443\r\n\r\n")
	if got := res.header.Get("Location"); res.status != 308 || got != "https://example.com:8443/public/a?b" {
		t.Errorf("= %d to %q", res.status, got)
	}
	for _, host := range []string{"evil.example", "evil.example:8443", "example.com@evil.example", "example.com/", "exa\"mple.com", ""} {
		if res := w.raw("GET /public/a HTTP/1.1\r\nHost: " + host + "\r\n\r\n"); !res.empty {
			t.Errorf("host %q: %d to %q, want no answer", host, res.status, res.header.Get("Location"))
		}
	}
	for _, target := range []string{"http://evil.example/", "*", "//\x7f"} {
		if res := w.raw("GET " + target + " HTTP/1.1\r\nHost: example.com\r\n\r\n"); !res.empty {
			t.Errorf("target %q: %d to %q, want no answer", target, res.status, res.header.Get("Location"))
		}
	}
}

func TestServer_SpeaksH2CWhereItShould(t *testing.T) {
	t.Parallel()
	h2c := func(tr *http.Transport) {
		tr.Protocols = &http.Protocols{}
		tr.Protocols.SetUnencryptedHTTP2(true)
	}
	w := newWorld(t, echo, change{server: func(s *listen.Config) { s.Listen[0].H2C = true }})
	res, body := get(t, w.client(h2c), "http://example.com/public/a")
	if res.Proto != "HTTP/2.0" || !strings.Contains(body, "X-Forwarded-Proto: http\n") {
		t.Errorf("%s\n%s", res.Proto, body)
	}
	if res := w.do("GET", "/public/a", ""); res.status != 200 {
		t.Errorf("HTTP/1.1 beside it: %d", res.status)
	}
	plain := newWorld(t, echo, change{})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/public/a", nil)
	if res, err := plain.client(h2c).Do(req); err == nil {
		_ = res.Body.Close()
		t.Errorf("h2c was spoken where it is off: %d", res.StatusCode)
	}
	upgrade := plain.do("GET", "/public/a", "", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
	if upgrade.status == 101 {
		t.Error("an upgrade to h2c was agreed on")
	}
}

func TestServer_ListensOnSockets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	_ = stale.Close() // leaves the file, as a killed process does
	w := newWorld(t, echo, change{
		config: func(c *gateway.Config) { c.TrustSocketPeers = true },
		server: func(s *listen.Config) { s.Listen = []listen.Address{{Network: "unix", Address: path}} },
	})
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "GET /public/a HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n")
	got, _ := io.ReadAll(c)
	if !bytes.Contains(got, []byte("X-Real-Ip: 9.9.9.9\n")) {
		t.Errorf("app saw\n%s", got)
	}
	another, err := listen.New(listen.Config{Listen: []listen.Address{{Network: "unix", Address: path}}}, w.gateway, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := another.Listen(t.Context()); err == nil {
		t.Error("a socket that is in use was taken")
	}
}

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

func TestGateway_SwapsTablesUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c := w.client(nil)
			for {
				select {
				case <-stop:
					return
				default:
				}
				req, _ := http.NewRequest(http.MethodGet, "http://example.com/public/a", nil)
				res, err := c.Do(req)
				if err != nil {
					t.Errorf("during a swap: %v", err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if res.StatusCode != 200 {
					t.Errorf("during a swap: %d", res.StatusCode)
				}
			}
		})
	}
	before := w.table()
	for i := range 200 {
		w.config.Routes[0].Name = fmt.Sprint("web", i%2)
		next := w.table()
		if old := w.gateway.Swap(next); i > 0 && old != before {
			t.Error("Swap() did not return the table before")
		}
		before = next
	}
	close(stop)
	wg.Wait()
}

func TestServer_EndsTunnelsWhenItStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sockets, change{})
	srv, err := listen.New(listen.Config{Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0"}}}, w.gateway, quiet())
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
	c, _, err := w.websocket(t.Context(), "/app/acme/ws", alice)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	cancel()
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("Read() succeeded, want the tunnel closed")
	}
	if err := <-served; err != nil {
		t.Errorf("Serve() = %v", err)
	}
}
