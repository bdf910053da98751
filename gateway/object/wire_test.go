package object_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/gateway/object"
)

// wire starts an origin that answers each connection's requests with the given
// bytes, one after the other, and then closes it.
func wire(t testing.TB, answers ...string) (host string, connections *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = new(atomic.Int32)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			reply(c, answers)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String(), connections
}

func reply(c net.Conn, answers []string) {
	defer c.Close()
	r := bufio.NewReader(c)
	for _, answer := range answers {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// A byte that comes before a request was sent answers nobody.
func TestServeTakesNothingUnaskedForAnAnswer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	speak, spoken, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			if n == 0 {
				<-speak
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers")
				close(spoken)
			}
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	host := listener.Addr().String()
	srv := gateway(t, plain(host), nil)
	if _, body := fetchOrBreak(t, srv, "http/"+host+"/x"); body != "ok" {
		t.Fatalf("first answer %q", body)
	}
	close(speak)
	<-spoken
	if _, body := fetchOrBreak(t, srv, "http/"+host+"/y"); body != "ok" {
		t.Errorf("second answer %q, want the one asked for", body)
	}
}

func TestServeReadsHeadsStrictly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		status       int
		body         string
	}{
		{"plain", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		{"the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		{"until close", "HTTP/1.0 200 OK\r\n\r\nok", 200, "ok"},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok"},
		{"informational first", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		{"more than its length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nevil", 200, "ok"},

		{"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", 502, "object_origin\n"},
		{"nothing", "", 502, "object_origin\n"},
		{"half a head", "HTTP/1.1 200 OK\r\nContent-", 502, "object_origin\n"},
		{"next version", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"status of letters", "HTTP/1.1 2OO OK\r\nContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"status out of range", "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"line feeds only", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 502, "object_origin\n"},
		{"bare carriage return", "HTTP/1.1 200 OK\r\nA: b\rContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"bare line feed", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"folded line", "HTTP/1.1 200 OK\r\nA: b\r\n Content-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", 502, "object_origin\n"},
		{"no name", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"no colon", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\nok", 502, "object_origin\n"},
		{"NUL in a value", "HTTP/1.1 200 OK\r\nA: \x00\r\nContent-Length: 2\r\n\r\nok", 502, "object_origin\n"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", 502, "object_origin\n"},
		{"list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 502, "object_origin\n"},
		{"signed length", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", 502, "object_origin\n"},
		{"huge length", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok", 502, "object_origin\n"},
		{"length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 502, "object_origin\n"},
		{"other transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 502, "object_origin\n"},
		{"transfer coding twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 502, "object_origin\n"},
		{"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502, "object_origin\n"},
		{"informational without end", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 9), 502, "object_origin\n"},
		{"head too long", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 20<<10) + "\r\n\r\n", 502, "object_origin\n"},

		{"body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok", 200, "broken: unexpected EOF"},
		{"chunk cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nok", 200, "broken: unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host, _ := wire(t, tt.answer)
			srv := gateway(t, plain(host), nil)
			resp, body := fetchOrBreak(t, srv, "http/"+host+"/x")
			if body != tt.body || resp != nil && resp.StatusCode != tt.status {
				t.Errorf("%v %.60q, want %d %q", resp, body, tt.status, tt.body)
			}
		})
	}
}

// fetchOrBreak is fetch for responses that may break off before their header
// was sent.
func fetchOrBreak(t *testing.T, srv *httptest.Server, ref string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Ref", ref)
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, "broken: unexpected EOF"
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp, "broken: " + err.Error()
	}
	return resp, string(body)
}

func TestServeUsesConnectionsAgain(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	host, connections := wire(t, answer, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", answer)
	srv := gateway(t, plain(host), nil)
	for _, want := range []int{200, 404, 200} {
		if resp, body := fetch(t, srv, "GET", "http/"+host+"/x"); resp.StatusCode != want {
			t.Fatalf("%d %q, want %d", resp.StatusCode, body, want)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for three requests, want 1", n)
	}
}

func TestServeAsksAgainWhenAKeptConnectionIsGone(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]string{
		"closed":                {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"closed with a timeout": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, connections := wire(t, answers...)
			srv := gateway(t, plain(host), nil)
			for range 3 {
				if resp, body := fetch(t, srv, "GET", "http/"+host+"/x"); resp.StatusCode != 200 || body != "ok" {
					t.Fatalf("%d %q", resp.StatusCode, body)
				}
			}
			if n := connections.Load(); n != 3 {
				t.Errorf("%d connections, want 3", n)
			}
		})
	}
}

func TestServeDoesNotKeepAConnectionWithBytesLeftOver(t *testing.T) {
	t.Parallel()
	host, connections := wire(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
	srv := gateway(t, plain(host), nil)
	for range 2 {
		if _, body := fetch(t, srv, "GET", "http/"+host+"/x"); body != "ok" {
			t.Fatalf("body = %q", body)
		}
	}
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestServeTimesOut(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	host := listener.Addr().String()
	cfg := plain(host)
	cfg.Timeouts.ResponseHead = 20 * time.Millisecond
	if resp, body := fetch(t, gateway(t, cfg, nil), "GET", "http/"+host+"/x"); resp.StatusCode != http.StatusGatewayTimeout || body != "object_timeout\n" {
		t.Errorf("silent origin = %d %q, want 504", resp.StatusCode, body)
	}
	cfg = object.Config{Hosts: []string{host}, AllowPrivate: loopback}
	cfg.Timeouts.TLSHandshake = 20 * time.Millisecond
	if resp, body := fetch(t, gateway(t, cfg, nil), "GET", "https/"+host+"/x"); resp.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("silent handshake = %d %q, want 504", resp.StatusCode, body)
	}
}

func TestServeBreaksOffAStalledBody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	_, host := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(1<<20))
		w.Write(make([]byte, 100<<10))
		w.(http.Flusher).Flush()
		<-release
	})
	cfg := plain(host)
	cfg.Timeouts.BodyIdle = 50 * time.Millisecond
	_, body := fetch(t, gateway(t, cfg, nil), "GET", "http/"+host+"/x")
	close(release)
	if !strings.HasPrefix(body, "broken: ") {
		t.Errorf("got a body of %d bytes, want it broken off", len(body))
	}
}

func TestServeReportsAnOriginThatIsNotThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	listener.Close()
	if resp, body := fetch(t, gateway(t, plain(host), nil), "GET", "http/"+host+"/x"); resp.StatusCode != http.StatusBadGateway || body != "object_dial\n" {
		t.Errorf("%d %q, want 502 object_dial", resp.StatusCode, body)
	}
}
