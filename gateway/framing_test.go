package gateway_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestServer_RefusesAmbiguousFraming(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/public/smuggled" {
			reached.Add(1)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}, change{})
	const head = "POST /public/a HTTP/1.1\r\nHost: example.com\r\n"
	const smuggled = "GET /public/smuggled HTTP/1.1\r\nHost: example.com\r\n\r\n"
	tests := []struct{ name, request string }{
		{"length and chunked", head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"chunked and length", head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled},
		{"two lengths", head + "Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + smuggled},
		{"the same length twice", head + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + smuggled},
		{"length list", head + "Content-Length: 0, 0\r\n\r\n" + smuggled},
		{"signed length", head + "Content-Length: +0\r\n\r\n" + smuggled},
		{"hexadecimal length", head + "Content-Length: 0x0\r\n\r\n" + smuggled},
		{"length with a space within", head + "Content-Length: 1 0\r\n\r\n" + smuggled},
		{"negative length", head + "Content-Length: -1\r\n\r\n" + smuggled},
		{"empty length", head + "Content-Length:\r\n\r\n" + smuggled},
		{"enormous length", head + "Content-Length: 99999999999999999999\r\n\r\n" + smuggled},
		{"chunked twice", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"chunked, identity", head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled},
		{"identity", head + "Transfer-Encoding: identity\r\n\r\n" + smuggled},
		{"gzip, chunked", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"xchunked", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"vertical tab", head + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"quoted chunked", head + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" + smuggled},
		{"space before colon", head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"tab before colon", head + "Content-Length\t: 0\r\n\r\n" + smuggled},
		{"folded encoding", head + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"folded field", head + "X-A: 1\r\n X-B: 2\r\n\r\n" + smuggled},
		{"line folded to the first", "GET /public/a HTTP/1.1\r\n Host: example.com\r\n\r\n"},
		{"bare LF after a field", head + "X-A: 1\nContent-Length: 0\r\n\r\n" + smuggled},
		{"bare LF after the request line", "GET /public/a HTTP/1.1\nHost: example.com\r\n\r\n" + smuggled},
		{"bare LF ends the head", "GET /public/a HTTP/1.1\r\nHost: example.com\r\n\n" + smuggled},
		{"bare CR in a field", head + "X-A: 1\rContent-Length: 60\r\n\r\n" + smuggled},
		{"field without a colon", head + "Content-Length 0\r\n\r\n" + smuggled},
		{"empty name", head + ": 0\r\n\r\n" + smuggled},
		{"NUL in a value", head + "X-A: a\x00b\r\n\r\n" + smuggled},
		{"NUL in a name", head + "X\x00A: b\r\n\r\n" + smuggled},
		{"chunked in HTTP/1.0", "POST /public/a HTTP/1.0\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled},
		{"HTTP/0.9", "GET /public/a\r\n\r\n"},
		{"HTTP/1.2", "GET /public/a HTTP/1.2\r\nHost: example.com\r\n\r\n"},
		{"HTTP/2 in words", "GET /public/a HTTP/2.0\r\nHost: example.com\r\n\r\n"},
		{"two spaces in the request line", "GET  /public/a HTTP/1.1\r\nHost: example.com\r\n\r\n"},
		{"space in the target", "GET /public/a b HTTP/1.1\r\nHost: example.com\r\n\r\n"},
		{"tab in the request line", "GET\t/public/a\tHTTP/1.1\r\nHost: example.com\r\n\r\n"},
		{"empty line before the request", "\r\nGET /public/a HTTP/1.1\r\nHost: example.com\r\n\r\n"},
		{"two hosts", "GET /public/a HTTP/1.1\r\nHost: example.com\r\nHost: a.internal.example\r\n\r\n"},
		{"no host", "GET /public/a HTTP/1.1\r\n\r\n"},
		{"target for another host", "GET http://a.internal.example/public/a HTTP/1.1\r\nHost: example.com\r\n\r\n"},
		{"chunk size with a sign", head + "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + smuggled},
		{"chunk size with 0x", head + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + smuggled},
		{"chunk size with an underscore", head + "Transfer-Encoding: chunked\r\n\r\n0_0\r\n\r\n" + smuggled},
		{"chunk extension", head + "Transfer-Encoding: chunked\r\n\r\n0;x=y\r\n\r\n" + smuggled},
		{"chunk extension with LF", head + "Transfer-Encoding: chunked\r\n\r\n5;\nhello\r\n0\r\n\r\n" + smuggled},
		{"bare LF after a chunk", head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n" + smuggled},
		{"chunk longer than it says", head + "Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n" + smuggled},
		{"chunk size too long", head + "Transfer-Encoding: chunked\r\n\r\n00000000000000005\r\nhello\r\n0\r\n\r\n" + smuggled},
		{"folded trailer", head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n 2\r\n\r\n" + smuggled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, step := range []int{len(tt.request), 1} { // at once, and byte by byte
				got := w.trickle(tt.request, step)
				if n := bytes.Count(got, []byte("HTTP/1.1 ")); n > 1 {
					t.Errorf("%d answers to one ambiguous request:\n%s", n, got)
				}
				// A connection closed within a body is a refusal, too.
				if len(got) > 0 && !bytes.HasPrefix(got, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(got, []byte("HTTP/1.1 50")) {
					t.Errorf("step %d: not refused:\n%s", step, got)
				}
				if bytes.Contains(got, []byte("\r\nConnection: keep-alive")) {
					t.Errorf("the connection stays open:\n%s", got)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := reached.Load(); n > 0 {
			t.Errorf("%d smuggled requests reached the app", n)
		}
	})
}

// trickle sends a request in pieces and reads until the gateway closes.
func (w *world) trickle(request string, step int) []byte {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	for i := 0; i < len(request); i += step {
		if _, err := io.WriteString(conn, request[i:min(i+step, len(request))]); err != nil {
			break // refused before the end
		}
	}
	all, err := io.ReadAll(conn)
	if err != nil && strings.Contains(err.Error(), "timeout") {
		w.t.Fatalf("the gateway neither closed nor went on after:\n%s", all)
	}
	return all
}

func TestServer_RefusesHeadsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	for name, extra := range map[string]string{
		"one line":   "X-A: " + strings.Repeat("a", 64<<10) + "\r\n",
		"many lines": strings.Repeat("X-A: "+strings.Repeat("a", 100)+"\r\n", 600),
	} {
		got := w.trickle("GET /public/a HTTP/1.1\r\nHost: example.com\r\n"+extra+"\r\n", 4096)
		if len(got) > 0 && !bytes.HasPrefix(got, []byte("HTTP/1.1 431 ")) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
