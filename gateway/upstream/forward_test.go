package upstream_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/gateway/upstream"
)

func TestForwardsRequestAndResponse(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("X-App", "yes")
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, "%s %s %s %s", r.Method, r.RequestURI, r.Host, b)
		})
		f := newFront(t, newGroup(t, one(e)), func(r *upstream.Request) {
			r.Target, r.Host = "/app/a%2Bb%20c?d=e&f", "app.example.com"
		})
		resp := f.do(t, "PUT", "/x", strings.NewReader("the body"), way)
		if got, want := readAll(t, resp.Body), "PUT /app/a%2Bb%20c?d=e&f app.example.com the body"; got != want {
			t.Errorf("body = %q, want %q", got, want)
		}
		if resp.StatusCode != http.StatusCreated || resp.Header.Get("X-App") != "yes" {
			t.Errorf("response = %d %v", resp.StatusCode, resp.Header)
		}
		if got, want := resp.Header["Set-Cookie"], []string{"a=1", "b=2"}; !cmp.Equal(got, want) {
			t.Errorf("Set-Cookie = %q, want %q", got, want)
		}
		o := f.outcome(t)
		if o.err != nil || o.res.Status != 201 || !o.res.Sent || o.res.BytesIn != 8 || o.res.BytesOut != 49 || o.res.Duration <= 0 {
			t.Errorf("outcome = %+v, %v", o.res, o.err)
		}
		if o.res.Endpoint != e.Address {
			t.Errorf("endpoint = %q, want %q", o.res.Endpoint, e.Address)
		}
	})
}

func TestTargetIsSentByteForByte(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
		for _, target := range []string{
			"/", "/?", "/a?", "/a?b", "/a//b", "//a/b", "/a%2fb", "/a%2Fb?x=%zz;y", "/%E4%BD%A0?a=b?c", "/a!$&'()*+,;=:@", "/a|b^c\"",
		} {
			f := newFront(t, newGroup(t, one(e)), func(r *upstream.Request) { r.Target = target })
			if got := readAll(t, f.do(t, "GET", "/", nil, way).Body); got != target {
				t.Errorf("target = %q, want %q", got, target)
			}
		}
	})
}

func TestRequestHeadersForwarded(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			for _, k := range []string{"Te", "Accept-Encoding", "User-Agent"} {
				delete(r.Header, k)
			}
			if r.Header.Get("Connection") == "close" { // the standard way's own, for this hop
				r.Header.Del("Connection")
			}
			_ = r.Header.Write(w)
		})
		f := newFront(t, newGroup(t, one(e)), func(r *upstream.Request) {
			r.Header = []byte("X-Forwarded-For: 192.0.2.1\r\nBerth-Assertion: good\r\n")
			r.Drop = func(name string) bool { return name == "X-Forwarded-For" || strings.HasPrefix(name, "Berth-") }
		})
		resp := f.do(t, "GET", "/", nil, way, http.Header{
			"X-Plain":             {"one", "two"},
			"X_under_score":       {"no"},
			"X-Forwarded-For":     {"6.6.6.6"},
			"Berth-Assertion":     {"forged"},
			"Connection":          {"X-Listed, X-Forwarded-For, keep-alive"},
			"X-Listed":            {"no"},
			"Keep-Alive":          {"timeout=5"},
			"Proxy-Connection":    {"keep-alive"},
			"Proxy-Authorization": {"Basic no"},
			"Upgrade":             {"h2c"},
			"Http2-Settings":      {"AAMAAABkAAQAAP__"},
			"Expect":              {"100-continue"},
		})
		want := "Berth-Assertion: good\r\nX-Forwarded-For: 192.0.2.1\r\nX-Plain: one\r\nX-Plain: two\r\n"
		if got := readAll(t, resp.Body); got != want {
			t.Errorf("headers at the app:\n%s\nwant\n%s", got, want)
		}
	})
}

func TestResponseHeadersForwarded(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := canned(t, "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\ncontent-length: 2\r\nX-a: 1\r\nx-A: 2\r\n"+
			"Connection: X-Listed\r\nX-Listed: no\r\nKeep-Alive: timeout=1\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Set: app\r\nVary: B\r\n\r\nok")
		g := newGroup(t, one(e))
		f := &front{outcomes: make(chan outcome, 1)}
		f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Set", "caller")
			w.Header().Set("X-Kept", "caller")
			w.Header().Set("Vary", "A")
			f.serve(w, g, &upstream.Request{In: r, Target: "/", Host: "h"})
		}))
		t.Cleanup(f.Close)
		resp := f.do(t, "GET", "/", nil, way)
		want := http.Header{
			"Date": {"Mon, 01 Jan 2024 00:00:00 GMT"}, "Content-Length": {"2"}, "X-A": {"1", "2"}, "X-Set": {"app"}, "X-Kept": {"caller"},
			"Vary": {"A", "B"},
		}
		if diff := cmp.Diff(want, resp.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	})
}

func TestRefusesWhatIsNotOneHead(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		for name, edit := range map[string]func(*upstream.Request){
			"line break in target":  func(r *upstream.Request) { r.Target = "/a\r\nX: y" },
			"blank in target":       func(r *upstream.Request) { r.Target = "/a HTTP/1.1" },
			"absolute target":       func(r *upstream.Request) { r.Target = "http://elsewhere/" },
			"fragment":              func(r *upstream.Request) { r.Target = "/a#b" },
			"line break in host":    func(r *upstream.Request) { r.Host = "a\r\nX: y" },
			"path in host":          func(r *upstream.Request) { r.Host = "a/b" },
			"no host":               func(r *upstream.Request) { r.Host = "" },
			"end of head in header": func(r *upstream.Request) { r.Header = []byte("A: b\r\n\r\nGET / HTTP/1.1\r\n") },
			"half a line":           func(r *upstream.Request) { r.Header = []byte("A: b") },
			"connect":               func(r *upstream.Request) { r.In.Method = "CONNECT" },
		} {
			e := app(t, func(http.ResponseWriter, *http.Request) { t.Errorf("%s: reached the app", name) })
			f := newFront(t, newGroup(t, one(e)), edit)
			resp := f.do(t, "GET", "/", nil, way)
			if resp.StatusCode != 400 || resp.Header.Get("Kind") != "bad_request" {
				t.Errorf("%s: %d %v", name, resp.StatusCode, resp.Header)
			}
		}
	})
}

// chunks hides the length of a body.
type chunks struct{ io.Reader }

func TestBodiesOfEverySize(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			_, _ = io.Copy(&b, r.Body)
			w.Header().Set("Request-Length", fmt.Sprint(r.ContentLength))
			if r.URL.Query().Has("length") {
				w.Header().Set("Content-Length", fmt.Sprint(b.Len()))
			}
			_, _ = b.WriteTo(w)
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		for _, n := range []int{0, 1, 1000, 8 << 10, 16 << 10, 16<<10 + 1, 70_000, 5 << 20} {
			for _, path := range []string{"/?length", "/"} {
				body := long(n)
				resp := f.do(t, "POST", path, strings.NewReader(body), way)
				if got := readAll(t, resp.Body); got != body {
					t.Errorf("%d bytes %s: echoed %d bytes", n, path, len(got))
				}
				if got := resp.Header.Get("Request-Length"); got != fmt.Sprint(n) {
					t.Errorf("%d bytes: content length at the app = %s", n, got)
				}
				resp = f.do(t, "POST", path, chunks{strings.NewReader(body)}, way)
				if got := readAll(t, resp.Body); got != body {
					t.Errorf("%d bytes chunked %s: echoed %d bytes", n, path, len(got))
				}
			}
		}
	})
}

func TestUnixSocket(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		path := filepath.Join(t.TempDir(), "s")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, long(200_000)) })}
		done := make(chan error, 1)
		go func() { done <- s.Serve(ln) }()
		t.Cleanup(func() { _ = s.Close(); <-done })
		f := newFront(t, newGroup(t, one(upstream.Endpoint{Network: "unix", Address: path, ID: "web.1"})), nil)
		for range 3 {
			if got := readAll(t, f.do(t, "GET", "/", nil, way).Body); got != long(200_000) {
				t.Fatalf("got %d bytes", len(got))
			}
		}
		if o := f.outcome(t); o.res.Endpoint != "web.1" {
			t.Errorf("endpoint = %q", o.res.Endpoint)
		}
	})
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	e := app(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, r.RemoteAddr)
	})
	f := newFront(t, newGroup(t, one(e)), nil)
	first := readAll(t, f.do(t, "GET", "/", nil).Body)
	for _, n := range []int{0, 10, 100_000} {
		if got := readAll(t, f.do(t, "POST", "/", strings.NewReader(long(n))).Body); got != first {
			t.Errorf("after %d bytes: connection %s, want %s", n, got, first)
		}
	}
}

func TestHeadAndBodylessStatuses(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"x"`)
			switch r.URL.Path {
			case "/204":
				w.WriteHeader(http.StatusNoContent)
			case "/304":
				w.WriteHeader(http.StatusNotModified)
			default:
				w.Header().Set("Content-Length", "12345")
			}
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		for _, tc := range []struct {
			method, path string
			status       int
			length       string
		}{{"HEAD", "/", 200, "12345"}, {"GET", "/204", 204, ""}, {"GET", "/304", 304, ""}, {"HEAD", "/204", 204, ""}} {
			resp := f.do(t, tc.method, tc.path, nil, way)
			if got := readAll(t, resp.Body); got != "" || resp.StatusCode != tc.status || resp.Header.Get("Etag") != `"x"` {
				t.Errorf("%s %s = %d %v %q", tc.method, tc.path, resp.StatusCode, resp.Header, got)
			}
			if got := resp.Header.Get("Content-Length"); got != tc.length {
				t.Errorf("%s %s: content length %q, want %q", tc.method, tc.path, got, tc.length)
			}
		}
	})
}

func TestNothingIsAddedToTheResponse(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := canned(t, "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 6\r\n\r\n<html>")
		f := newFront(t, newGroup(t, one(e)), nil)
		resp := f.do(t, "GET", "/", nil, way)
		if diff := cmp.Diff(http.Header{"Date": {"x"}, "Content-Length": {"6"}}, resp.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	})
}

func TestEventStreamArrivesAtOnce(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		next := make(chan string)
		e := app(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			for s := range next {
				_, _ = io.WriteString(w, s)
				_ = http.NewResponseController(w).Flush()
			}
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		resp := f.do(t, "GET", "/", nil, way) // returns only because the head is flushed
		br := bufio.NewReader(resp.Body)
		for i := range 3 {
			want := fmt.Sprintf("data: %d\n", i)
			next <- want // the app waits for us: nothing else will push it out
			if got, err := br.ReadString('\n'); err != nil || got != want {
				t.Fatalf("event %d = %q, %v", i, got, err)
			}
		}
		close(next)
		if rest := readAll(t, br); rest != "" {
			t.Errorf("rest = %q", rest)
		}
	})
}

func TestSlowBodyOfKnownLengthArrivesAtOnce(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		next := make(chan struct{})
		e := raw(t, func(c net.Conn, br *bufio.Reader) {
			if _, err := http.ReadRequest(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nA")
			<-next
			_, _ = io.WriteString(c, long(99_999))
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		resp := f.do(t, "GET", "/", nil, way)
		var first [1]byte
		if _, err := io.ReadFull(resp.Body, first[:]); err != nil || first[0] != 'A' {
			t.Fatalf("first byte = %q, %v", first, err)
		}
		close(next)
		if got := len(readAll(t, resp.Body)); got != 99_999 {
			t.Errorf("rest = %d bytes", got)
		}
	})
}

func TestBothDirectionsStreamAtOnce(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := raw(t, func(c net.Conn, br *bufio.Reader) { // echoes each byte as it comes
			req, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for b := make([]byte, 1); ; {
				if _, err := req.Body.Read(b); err != nil {
					_, _ = io.WriteString(c, "0\r\n\r\n")
					return
				}
				fmt.Fprintf(c, "1\r\n%s\r\n", b)
			}
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		pr, pw := io.Pipe()
		resp := f.do(t, "POST", "/", pr, way)
		for _, c := range "ping" {
			_, _ = pw.Write([]byte{byte(c)})
			var b [1]byte
			if _, err := io.ReadFull(resp.Body, b[:]); err != nil || rune(b[0]) != c {
				t.Fatalf("echo of %q = %q, %v", c, b, err)
			}
		}
		_ = pw.Close()
		_ = readAll(t, resp.Body)
		if o := f.outcome(t); o.err != nil {
			t.Errorf("Forward: %v", o.err)
		}
	})
}

func TestEarlyAnswerIsDelivered(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		released := make(chan struct{})
		e := raw(t, func(c net.Conn, br *bufio.Reader) {
			if _, err := http.ReadRequest(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
			<-released // takes no more of the body, and does not close either
		})
		t.Cleanup(func() { close(released) })
		f := newFront(t, newGroup(t, one(e)), nil)
		pr, pw := io.Pipe()
		t.Cleanup(func() { _ = pw.Close() })
		go func() { _, _ = pw.Write([]byte(long(20_000))) }() // and then nothing: the client goes on "sending"
		resp := f.do(t, "POST", "/", pr, way)
		if got := readAll(t, resp.Body); resp.StatusCode != 413 || got != "big" {
			t.Errorf("response = %d %q", resp.StatusCode, got)
		}
		if !resp.Close {
			t.Error("the client is not told that the connection ends")
		}
		if o := f.outcome(t); o.err != nil || o.res.Status != 413 {
			t.Errorf("outcome = %+v, %v", o.res, o.err)
		}
	})
}

func TestEarlyHintsAreForwarded(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := canned(t, "HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Private: no\r\n\r\n"+
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		f := newFront(t, newGroup(t, one(e)), nil)
		c, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\nTE: %s\r\nConnection: close\r\n\r\n", way.Get("Te"))
		got := readAll(t, c)
		if !strings.HasPrefix(got, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n") || strings.Contains(got, "Private") {
			t.Errorf("got\n%s", got)
		}
		if strings.Count(got, "Link") != 1 {
			t.Errorf("the hint is in the final head too:\n%s", got)
		}
	})
}

func TestAnnouncedTrailersAreForwarded(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum, Set-Cookie")
			_, _ = io.WriteString(w, "body")
			w.Header().Set("X-Sum", "42")
			w.Header().Set("Set-Cookie", "forged=1")
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		resp := f.do(t, "GET", "/", nil, way)
		_ = readAll(t, resp.Body)
		if got := resp.Trailer.Get("X-Sum"); got != "42" {
			t.Errorf("trailer = %v", resp.Trailer)
		}
		if got := resp.Trailer.Get("Set-Cookie"); got != "" {
			t.Errorf("trailer sets a cookie: %q", got)
		}
	})
}

func TestRequestTrailersAreForwarded(t *testing.T) {
	t.Parallel()
	e := app(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprintf(w, "%v", r.Trailer)
	})
	f := newFront(t, newGroup(t, one(e)), func(r *upstream.Request) { r.Drop = func(n string) bool { return n == "X-Secret" } })
	req, _ := http.NewRequestWithContext(t.Context(), "POST", f.URL, chunks{strings.NewReader("abc")})
	req.Trailer = http.Header{"X-Sum": {"42"}, "X-Secret": {"forged"}}
	resp, err := f.client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := readAll(t, resp.Body); got != "map[X-Sum:[42]]" {
		t.Errorf("trailer at the app = %s", got)
	}
}

// interceptor takes responses that carry X-Accel-Redirect.
type interceptor struct{}

func (interceptor) InterceptResponse(_ int, h http.Header) bool {
	h.Del("Berth-Forged")
	return h.Get("X-Accel-Redirect") != ""
}

func TestInterceptedResponseIsNotWritten(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		var remotes []string
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			remotes = append(remotes, r.RemoteAddr)
			w.Header().Set("Berth-Forged", "yes")
			if r.URL.Path == "/taken" {
				w.Header().Set("X-Accel-Redirect", "/private/x")
			}
			_, _ = io.WriteString(w, "body")
		})
		f := newFront(t, newGroup(t, one(e)), func(r *upstream.Request) { r.Intercept = interceptor{} })
		resp := f.do(t, "GET", "/taken", nil, way)
		if resp.StatusCode != http.StatusTeapot || readAll(t, resp.Body) != "" || resp.Header.Get("X-Accel-Redirect") != "" {
			t.Errorf("response = %d %v", resp.StatusCode, resp.Header)
		}
		if o := f.outcome(t); o.err != nil || !o.res.Intercepted || o.res.Status != 200 {
			t.Errorf("outcome = %+v, %v", o.res, o.err)
		}
		resp = f.do(t, "GET", "/plain", nil, way)
		if resp.StatusCode != 200 || readAll(t, resp.Body) != "body" || resp.Header.Get("Berth-Forged") != "" {
			t.Errorf("response = %d %v", resp.StatusCode, resp.Header)
		}
	})
}

func TestHTTP2ClientIsServed(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, "%d %s", n, long(100_000))
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		tr := &http.Transport{Protocols: &protocols}
		defer tr.CloseIdleConnections()
		req, _ := http.NewRequestWithContext(t.Context(), "POST", f.URL, chunks{strings.NewReader(long(300_000))})
		req.Header = way.Clone()
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := readAll(t, resp.Body); resp.ProtoMajor != 2 || got != "300000 "+long(100_000) {
			t.Errorf("HTTP/%d, %d bytes", resp.ProtoMajor, len(got))
		}
	})
}

func TestBodyBeyondTheLimit(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
		for _, n := range []int{200, 100_000} {
			g := newGroup(t, one(e))
			f := &front{outcomes: make(chan outcome, 1)}
			f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Body = http.MaxBytesReader(w, r.Body, int64(n/2))
				f.serve(w, g, &upstream.Request{In: r, Target: "/", Host: "h"})
			}))
			resp := f.do(t, "POST", "/", chunks{strings.NewReader(long(n))}, way)
			if resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%d bytes: status %d, want 413", n, resp.StatusCode)
			}
			f.Close()
		}
	})
}

func TestClientThatLeavesAbortsTheRequest(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		arrived, gone := make(chan struct{}), make(chan struct{})
		e := app(t, func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
			close(gone)
		})
		g := newGroup(t, one(e))
		f := newFront(t, g, nil)
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", f.URL, nil)
		req.Header = way.Clone()
		go func() {
			<-arrived
			cancel()
		}()
		if _, err := f.client().Do(req); !errors.Is(err, context.Canceled) {
			t.Fatalf("Do: %v", err)
		}
		select {
		case <-gone:
		case <-time.After(watchdog):
			t.Fatal("the app was not told")
		}
		if o := f.outcome(t); o.err == nil || o.err.Kind != upstream.ClientGone {
			t.Errorf("error = %v, want client_gone", o.err)
		}
		if s := g.Status()[0]; s.Fails != 0 || s.InFlight != 0 {
			t.Errorf("the target is blamed: %+v", s)
		}
	})
}

func TestTruncatedResponseCutsTheClient(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		for name, response := range map[string]string{
			"length":       "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
			"large length": "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + long(500_000),
			"chunked":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
			"in a chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nshort",
		} {
			f := newFront(t, newGroup(t, one(canned(t, response))), nil)
			req, _ := http.NewRequestWithContext(t.Context(), "GET", f.URL, nil)
			req.Header = way.Clone()
			if resp, err := f.client().Do(req); err == nil {
				if b, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("%s: the client takes %d bytes for the whole", name, len(b))
				}
				_ = resp.Body.Close()
			}
			if o := f.outcome(t); o.err == nil || o.err.Kind != upstream.Reset || !o.err.Written {
				t.Errorf("%s: error = %+v, want reset, written", name, o.err)
			}
		}
	})
}

func TestNothingIsAddedToTheRequest(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		heads := make(chan string, 1)
		e := raw(t, func(c net.Conn, br *bufio.Reader) {
			var head strings.Builder
			for {
				line, err := br.ReadString('\n')
				if err != nil {
					return
				}
				if head.WriteString(line); line == "\r\n" {
					break
				}
			}
			heads <- head.String()
			_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		})
		g := newGroup(t, one(e))
		for method, length := range map[string]string{"GET": "", "DELETE": "", "POST": "Content-Length: 0\r\n"} {
			r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
			r.Header = way.Clone()
			if _, err := g.Forward(httptest.NewRecorder(), &upstream.Request{In: r, Target: "/a", Host: "h"}); err != nil {
				t.Fatal(err)
			}
			want := method + " /a HTTP/1.1\r\nHost: h\r\n" + length + "\r\n"
			// The standard way keeps no connection, and is asked for by TE.
			if got := strings.NewReplacer("Te: trailers\r\n", "", "Connection: close\r\n", "").Replace(<-heads); got != want {
				t.Errorf("head:\n%s\nwant\n%s", got, want)
			}
		}
	})
}
