package upstream_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/gateway/upstream"
)

// closer accepts connections and closes them after reading a request,
// counting the requests.
func closer(t testing.TB, count *atomic.Int64) upstream.Endpoint {
	return raw(t, func(_ net.Conn, br *bufio.Reader) {
		if req, err := http.ReadRequest(br); err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
			count.Add(1)
		}
	})
}

// refusing returns an address where nobody listens.
func refusing(t testing.TB) upstream.Endpoint {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return upstream.Endpoint{Network: "tcp", Address: ln.Addr().String()}
}

func TestRefusedConnectionIsTriedElsewhereForAnyMethod(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		good := app(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			_, _ = w.Write(b)
		})
		for _, size := range []int{3, 100_000} {
			g := newGroup(t, upstream.Config{Endpoints: []upstream.Endpoint{refusing(t), good}})
			f := newFront(t, g, nil)
			retries := 0
			for range 2 { // one of them starts with the refusing endpoint
				resp := f.do(t, "POST", "/", strings.NewReader(long(size)), way)
				if got := readAll(t, resp.Body); resp.StatusCode != 200 || got != long(size) {
					t.Errorf("%d bytes: %d %v, %d bytes back", size, resp.StatusCode, resp.Header, len(got))
				}
				retries += f.outcome(t).res.Retries
			}
			if retries != 1 {
				t.Errorf("%d bytes: %d retries, want 1", size, retries)
			}
		}
	})
}

func TestBrokenConnectionIsTriedElsewhereOnlyWhereSafe(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		for _, tc := range []struct {
			method, body string
			safe         bool
		}{{"GET", "", true}, {"HEAD", "", true}, {"OPTIONS", "", true}, {"POST", "", false}, {"DELETE", "", false}, {"GET", "x", false}} {
			var served, broken atomic.Int64
			good := app(t, func(http.ResponseWriter, *http.Request) { served.Add(1) })
			cfg := upstream.Config{Endpoints: []upstream.Endpoint{closer(t, &broken), good}, Passive: upstream.Passive{MaxFails: -1}}
			f := newFront(t, newGroup(t, cfg), nil)
			failed := 0
			for range 2 {
				var body io.Reader
				if tc.body != "" {
					body = strings.NewReader(tc.body)
				}
				if resp := f.do(t, tc.method, "/", body, way); resp.StatusCode == 502 && resp.Header.Get("Kind") == "reset" {
					failed++
				}
			}
			if tc.safe && (failed != 0 || served.Load() != 2) || !tc.safe && (failed != 1 || served.Load() != 1) {
				t.Errorf("%s %q: %d failed, %d served, %d at the broken endpoint", tc.method, tc.body, failed, served.Load(), broken.Load())
			}
			if !tc.safe && broken.Load() != 1 {
				t.Errorf("%s %q: sent %d times to the broken endpoint", tc.method, tc.body, broken.Load())
			}
		}
	})
}

func TestNoRetryOnceTheAnswerHasBegun(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		var calls atomic.Int64
		half := raw(t, func(c net.Conn, br *bufio.Reader) {
			if _, err := http.ReadRequest(br); err == nil {
				calls.Add(1)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
			}
		})
		f := newFront(t, newGroup(t, one(half)), nil)
		if got := through(t, f, "GET", way); !got.cut {
			t.Errorf("%+v, want it cut", got)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		for retries, want := range map[int]int64{-1: 1, 0: 3, 1: 2} {
			var broken atomic.Int64
			cfg := upstream.Config{Retries: retries, Passive: upstream.Passive{MaxFails: -1}, Hold: watchdog}
			for range 6 {
				cfg.Endpoints = append(cfg.Endpoints, closer(t, &broken))
			}
			f := newFront(t, newGroup(t, cfg), nil)
			if resp := f.do(t, "GET", "/", nil, way); resp.StatusCode != 502 {
				t.Errorf("status %d", resp.StatusCode)
			}
			if got := broken.Load(); got != want {
				t.Errorf("retries %d: sent %d times, want %d", retries, got, want)
			}
		}
	})
}

func TestStaleConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	// Each connection answers once and closes on the next request, as a server
	// does whose keep-alive time ran out just then.
	e := raw(t, func(c net.Conn, br *bufio.Reader) {
		if _, err := http.ReadRequest(br); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			_, _ = br.ReadByte()
		}
	})
	// The standard library repeats neither DELETE nor PUT.
	for name, methods := range map[string][]string{"standard": {"GET", "HEAD", "GET"}, "fast": {"GET", "HEAD", "DELETE", "PUT", "GET"}} {
		f := newFront(t, newGroup(t, one(e)), nil)
		for _, method := range methods {
			if resp := f.do(t, method, "/", nil, ways[name]); resp.StatusCode != 200 {
				t.Errorf("%s %s over a stale connection: %d %v", name, method, resp.StatusCode, resp.Header)
			}
		}
		want := 502 // it may have been executed
		if name == "standard" {
			want = 200 // no connection is kept that could go stale
		}
		if resp := f.do(t, "POST", "/", nil, ways[name]); resp.StatusCode != want {
			t.Errorf("%s POST over a stale connection: %d, want %d", name, resp.StatusCode, want)
		}
	}
}

func TestUnsolicitedBytesAreNeverAnAnswer(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		poisoned := make(chan struct{}, 8)
		e := raw(t, func(c net.Conn, br *bufio.Reader) {
			for {
				if _, err := http.ReadRequest(br); err != nil {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
				poisoned <- struct{}{}
			}
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		for range 5 {
			if got := readAll(t, f.do(t, "GET", "/", nil, way).Body); got != "good" {
				t.Errorf("body = %q", got)
			}
			<-poisoned
		}
	})
}

func TestHeldRequestIsServedWhenAnEndpointComes(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		g := newGroup(t, upstream.Config{Hold: watchdog})
		f := newFront(t, g, nil)
		e := app(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
		go func() {
			for g.Status() != nil && len(g.Status()) == 0 {
				g.SetEndpoints([]upstream.Endpoint{e})
			}
		}()
		if resp := f.do(t, "POST", "/", strings.NewReader("held"), way); resp.StatusCode != 200 || readAll(t, resp.Body) != "held" {
			t.Errorf("status %d", resp.StatusCode)
		}
	})
}

func TestHeldRequestIsServedWhenTheEndpointListensAgain(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := refusing(t)
		g := newGroup(t, upstream.Config{Endpoints: []upstream.Endpoint{e}, Hold: watchdog})
		f := newFront(t, g, nil)
		served := make(chan struct{})
		go func() {
			defer close(served)
			for g.Status()[0].Fails < 4 { // more than Retries allows
				time.Sleep(time.Millisecond)
			}
			ln, err := net.Listen("tcp", e.Address)
			if err != nil {
				t.Error(err)
				return
			}
			defer ln.Close()
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			}
		}()
		if resp := f.do(t, "POST", "/", strings.NewReader("x"), way); resp.StatusCode != 200 {
			t.Errorf("status %d %v", resp.StatusCode, resp.Header)
		}
		<-served
	})
}

func TestNobodyToAskIsRefusedAtOnceWithoutHold(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		f := newFront(t, newGroup(t, upstream.Config{}), nil)
		if resp := f.do(t, "GET", "/", nil, way); resp.StatusCode != 503 {
			t.Errorf("status %d", resp.StatusCode)
		}
		if o := f.outcome(t); o.err.Kind != upstream.NoEndpoint || o.err.RetryAfter < time.Second || o.res.Sent {
			t.Errorf("outcome %+v %+v", o.res, o.err)
		}
		f = newFront(t, newGroup(t, one(refusing(t))), nil)
		if resp := f.do(t, "GET", "/", nil, way); resp.StatusCode != 502 || resp.Header.Get("Kind") != "dial" {
			t.Errorf("status %d %v", resp.StatusCode, resp.Header)
		}
	})
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	silent := func(response string) func(testing.TB) upstream.Endpoint {
		return func(t testing.TB) upstream.Endpoint {
			return raw(t, func(c net.Conn, br *bufio.Reader) {
				if _, err := http.ReadRequest(br); err == nil {
					_, _ = io.WriteString(c, response)
					_, _ = br.ReadByte() // until the other side closes
				}
			})
		}
	}
	const brief = 30 * time.Millisecond
	bothWays(t, func(t *testing.T, way http.Header) {
		for name, tc := range map[string]struct {
			endpoint func(testing.TB) upstream.Endpoint
			timeouts upstream.Timeouts
			written  bool
		}{
			"no head":            {silent(""), upstream.Timeouts{ResponseHeader: brief}, false},
			"half a head":        {silent("HTTP/1.1 200"), upstream.Timeouts{ResponseHeader: brief}, false},
			"silent body":        {silent("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na"), upstream.Timeouts{BodyIdle: brief}, true},
			"silent large body":  {silent("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\na"), upstream.Timeouts{BodyIdle: brief}, true},
			"silent chunk":       {silent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na"), upstream.Timeouts{BodyIdle: brief}, true},
			"silent until close": {silent("HTTP/1.1 200 OK\r\n\r\na"), upstream.Timeouts{BodyIdle: brief}, true},
		} {
			cfg := one(tc.endpoint(t))
			cfg.Timeouts = tc.timeouts
			f := newFront(t, newGroup(t, cfg), nil)
			got := through(t, f, "GET", way)
			if got.cut != tc.written || !tc.written && got.status != 504 {
				t.Errorf("%s: %+v", name, got)
			}
			if o := f.outcome(t); o.err == nil || o.err.Kind != upstream.Timeout || o.err.Written != tc.written {
				t.Errorf("%s: error = %+v, want timeout", name, o.err)
			}
		}
	})
}

func TestTargetThatTakesNoBodyTimesOut(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		done := make(chan struct{})
		e := raw(t, func(net.Conn, *bufio.Reader) { <-done })
		t.Cleanup(func() { close(done) })
		cfg := one(e)
		cfg.Timeouts.WriteIdle = 50 * time.Millisecond
		f := newFront(t, newGroup(t, cfg), nil)
		resp := f.do(t, "POST", "/", strings.NewReader(long(32<<20)), way)
		if resp.StatusCode != 504 {
			t.Errorf("status %d %v", resp.StatusCode, resp.Header)
		}
	})
}

func TestMalformedAnswerDuringAnUploadIsTheTargetsFault(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := raw(t, func(c net.Conn, br *bufio.Reader) {
			if _, err := http.ReadRequest(br); err == nil {
				_, _ = io.WriteString(c, "nonsense\r\n\r\n")
				_, _ = io.Copy(io.Discard, br)
			}
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		pr, pw := io.Pipe()
		t.Cleanup(func() { _ = pw.Close() })
		go func() { _, _ = pw.Write([]byte(long(20_000))) }()
		resp := f.do(t, "POST", "/", pr, way)
		// The standard library may notice first that it cannot go on writing.
		if kind := resp.Header.Get("Kind"); resp.StatusCode != 502 || kind != "protocol" && kind != "reset" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
	})
}

func TestClientThatLeavesDuringAnUploadIsNotTheTargetsFault(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		arrived := make(chan struct{}, 1)
		complete := make(chan bool, 1)
		e := raw(t, func(_ net.Conn, br *bufio.Reader) {
			req, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			arrived <- struct{}{}
			_, err = io.Copy(io.Discard, req.Body)
			complete <- err == nil
		})
		g := newGroup(t, one(e))
		f := newFront(t, g, nil)
		c, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: "+way.Get("Te")+"\r\n\r\n5\r\nhello\r\n")
		<-arrived
		_ = c.Close()
		if o := f.outcome(t); o.err == nil || o.err.Kind != upstream.ClientGone {
			t.Errorf("error = %v, want client_gone", o.err)
		}
		if s := g.Status()[0]; s.Fails != 0 {
			t.Errorf("the target is blamed: %+v", s)
		}
		if <-complete {
			t.Error("the app takes half a body for the whole")
		}
	})
}

func TestMalformedClientBodyIsRefused(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := raw(t, func(_ net.Conn, br *bufio.Reader) {
			if req, err := http.ReadRequest(br); err == nil {
				_, _ = io.Copy(io.Discard, req.Body)
			}
		})
		f := newFront(t, newGroup(t, one(e)), nil)
		c, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: "+way.Get("Te")+"\r\n\r\nnonsense\r\n")
		if o := f.outcome(t); o.err == nil || o.err.Kind != upstream.BadBody {
			t.Errorf("error = %v, want bad_body", o.err)
		}
	})
}

func TestCallersDeadlineIsATimeout(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := raw(t, func(_ net.Conn, br *bufio.Reader) { _, _ = io.Copy(io.Discard, br) })
		f := newFront(t, newGroup(t, one(e)), func(r *upstream.Request) {
			ctx, cancel := context.WithTimeout(r.In.Context(), 20*time.Millisecond)
			t.Cleanup(cancel)
			r.In = r.In.WithContext(ctx)
		})
		if resp := f.do(t, "GET", "/", nil, way); resp.StatusCode != 504 {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
	})
}

// explosive panics when it sees a response.
type explosive struct{}

func (explosive) InterceptResponse(int, http.Header) bool { panic("boom") }

func TestPanicOfTheCallerLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := app(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
		g := newGroup(t, one(e))
		f := newFront(t, g, func(r *upstream.Request) { r.Intercept = explosive{} })
		req, _ := http.NewRequestWithContext(t.Context(), "POST", f.URL, strings.NewReader(long(100_000)))
		req.Header = way.Clone()
		if resp, err := f.client().Do(req); err == nil {
			_ = resp.Body.Close()
			t.Errorf("status %d", resp.StatusCode)
		}
		if s := g.Status()[0]; s.InFlight != 0 {
			t.Errorf("%+v", s)
		}
		if err := g.Close(); err != nil { // returns only when nothing is in flight
			t.Error(err)
		}
	})
}

func TestClientTooSlowToSendIsToldSo(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		e := raw(t, func(_ net.Conn, br *bufio.Reader) { _, _ = io.Copy(io.Discard, br) })
		g := newGroup(t, one(e))
		f := &front{outcomes: make(chan outcome, 1)}
		f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			f.serve(w, g, &upstream.Request{In: r, Target: "/", Host: "h"})
		}))
		t.Cleanup(f.Close)
		c, err := net.Dial("tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: "+way.Get("Te")+"\r\n\r\n5\r\nhello\r\n")
		if o := f.outcome(t); o.err == nil || o.err.Kind != upstream.ClientTimeout {
			t.Errorf("error = %v, want client_timeout", o.err)
		}
	})
}
