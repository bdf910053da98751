package upstream_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/berth-project/berth/gateway/upstream"
)

// sink is a writer without a connection, so that a benchmark measures the
// forwarding alone.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Flush()                      {}

func browserRequest(b *testing.B) *http.Request {
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(cancel)
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/orgs/acme/projects/42?page=2", nil)
	r.Header = http.Header{
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"Accept-Encoding": {"gzip, deflate, br"},
		"Accept-Language": {"en-GB,en;q=0.5"},
		"Cookie":          {"session=" + strings.Repeat("x", 300)},
		"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		"Connection":      {"keep-alive"},
		"Sec-Fetch-Mode":  {"navigate"},
	}
	return r
}

// rawAnswers is an upstream that allocates nothing, so that what a benchmark
// counts is the forwarding's.
func rawAnswers(b *testing.B, body int) upstream.Endpoint {
	answer := []byte("HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: application/json\r\n" +
		"Cache-Control: no-store\r\nServer: app\r\nX-Request-Id: 0123456789abcdef\r\n" +
		"Content-Length: " + strconv.Itoa(body) + "\r\n\r\n" + long(body))
	return raw(b, func(c net.Conn, br *bufio.Reader) {
		for {
			for line, err := br.ReadSlice('\n'); len(line) > 2; line, err = br.ReadSlice('\n') {
				if err != nil {
					return
				}
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
			if _, err := br.Peek(1); err != nil {
				return
			}
		}
	})
}

// BenchmarkForward sends small requests over kept connections: ours beside
// the standard library's proxy.
func BenchmarkForward(b *testing.B) {
	e := rawAnswers(b, 1024)
	extra := []byte("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Request-Id: 0123456789abcdef\r\n")
	b.Run("upstream", func(b *testing.B) {
		g := newGroup(b, one(e))
		in := browserRequest(b)
		req := &upstream.Request{In: in, Target: in.URL.RequestURI(), Host: "app", Client: netip.MustParseAddr("192.0.2.1"), Header: extra}
		w := &sink{h: http.Header{}}
		b.ReportAllocs()
		for b.Loop() {
			clear(w.h)
			if res, err := g.Forward(w, req); err != nil || res.BytesOut != 1024 {
				b.Fatal(res, err)
			}
		}
	})
	b.Run("ReverseProxy", func(b *testing.B) {
		tr := &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true}
		defer tr.CloseIdleConnections()
		target := &url.URL{Scheme: "http", Host: e.Address}
		p := &httputil.ReverseProxy{Transport: tr, Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Header["X-Forwarded-For"] = []string{"192.0.2.1"}
			p.Out.Header["X-Forwarded-Proto"] = []string{"https"}
			p.Out.Header["X-Request-Id"] = []string{"0123456789abcdef"}
		}}
		in := browserRequest(b)
		w := &sink{h: http.Header{}}
		b.ReportAllocs()
		for b.Loop() {
			clear(w.h)
			p.ServeHTTP(w, in)
		}
	})
}
