package gateway_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/session"
)

// discard is a response writer that costs nothing.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

type cachedAuth struct{ s *session.Session }

func (c cachedAuth) Authenticate(*http.Request, bool) (gateway.Caller, error) {
	return gateway.Caller{Session: c.s, Credential: gateway.Cookie}, nil
}

// benchGateway is a gateway with fifty rules; the last is the one that decides.
func benchGateway(b *testing.B, routes ...gateway.Route) *gateway.Gateway {
	b.Helper()
	var list []access.Rule
	for i := range 49 {
		list = append(list, access.Rule{Path: fmt.Sprintf("/area%d/{tenant}/**", i), Allow: access.Requirement{Kind: access.SignedIn}})
	}
	list = append(list, access.Rule{Path: "/api/{tenant}/**", Allow: access.Requirement{Kind: access.Role, Roles: []string{"manager"}, Of: "tenant"}})
	policy, err := access.Compile(list)
	if err != nil {
		b.Fatal(err)
	}
	table, err := gateway.NewTable(gateway.Config{Hosts: []string{"example.com"}, Access: policy, Routes: routes})
	if err != nil {
		b.Fatal(err)
	}
	g, err := gateway.New(gateway.Dependencies{Auth: cachedAuth{person("alice", "manager")}, Assert: stubAsserter{}})
	if err != nil {
		b.Fatal(err)
	}
	g.Swap(table)
	return g
}

func benchRequest() *http.Request {
	return &http.Request{
		Method: "GET", RequestURI: "/api/acme/projects/42", Host: "example.com", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		RemoteAddr: "127.0.0.1:4711", Body: http.NoBody,
		Header: http.Header{
			"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64)"}, "Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"},
			"Accept-Language": {"en"}, "Accept-Encoding": {"gzip, br"}, "Cookie": {"theme=dark; berth_session=alice; other=1"},
			"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"same-origin"}, "Cache-Control": {"no-cache"},
		},
	}
}

// BenchmarkChain is everything but the forwarding.
func BenchmarkChain(b *testing.B) {
	g := benchGateway(b, gateway.Route{Pattern: "/**", Redirect: gateway.Redirect{To: "/elsewhere"}})
	r, w := benchRequest(), &discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		g.ServeHTTP(w, r)
	}
}

// BenchmarkForward adds an upstream that answers 1 KiB from a raw socket.
func BenchmarkForward(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go rawApp(l)
	g := benchGateway(b, gateway.Route{Pattern: "/**", Upstream: newGroup(b, l.Addr().String()), Audience: "app"})
	r, w := benchRequest(), &discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		g.ServeHTTP(w, r)
	}
}

// rawApp answers everything with the same bytes.
func rawApp(l net.Listener) {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1024\r\n\r\n" + string(make([]byte, 1024)))
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 8192)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				if _, err := c.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}
