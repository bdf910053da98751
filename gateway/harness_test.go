package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/compress"
	"github.com/berth-project/berth/gateway/listen"
	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stubAuth knows a few callers by fixed credentials.
type stubAuth struct{}

func person(id string, roles ...string) *session.Session {
	return &session.Session{
		ID: "s-" + id, User: session.User{ID: id, Email: id + "@example.com"},
		Memberships: []session.Membership{{Tenant: "acme", Roles: roles}},
	}
}

func (stubAuth) Authenticate(r *http.Request, _ bool) (gateway.Caller, error) {
	if h := r.Header.Get("Authorization"); strings.HasPrefix(h, "Bearer berth-") {
		switch h {
		case "Bearer berth-alice":
			return gateway.Caller{Session: person("alice", "manager"), Credential: gateway.Authorization}, nil
		case "Bearer berth-down":
			return gateway.Caller{}, errors.New("directory is down")
		}
		return gateway.Caller{Credential: gateway.Authorization}, gateway.ErrBadCredentials
	}
	if k := r.Header.Get("X-Api-Key"); k != "" {
		return gateway.Caller{Session: person("robot", "manager"), Credential: gateway.Header, HeaderName: "X-Api-Key"}, nil
	}
	c, err := r.Cookie("berth_session")
	if err != nil {
		return gateway.Caller{}, nil
	}
	switch c.Value {
	case "alice":
		return gateway.Caller{Session: person("alice", "manager"), Credential: gateway.Cookie}, nil
	case "renew":
		return gateway.Caller{
			Session: person("alice", "manager"), Credential: gateway.Cookie,
			SetCookie: "berth_session=alice; Path=/; HttpOnly",
		}, nil
	case "bob":
		return gateway.Caller{Session: person("bob", "clerk"), Credential: gateway.Cookie}, nil
	}
	return gateway.Caller{
		Credential: gateway.Cookie,
		SetCookie:  "berth_session=; Path=/; Max-Age=0",
	}, gateway.ErrBadCredentials
}

type stubAsserter struct{}

func (stubAsserter) Assertion(s *session.Session, audience, tenant string) (string, error) {
	if s.Anonymous() {
		return "anonymous/" + audience + "/" + tenant, nil
	}
	return s.User.ID + "/" + audience + "/" + tenant, nil
}

func rules(t *testing.T) *access.Policy {
	t.Helper()
	p, err := access.Compile([]access.Rule{
		{ID: "public", Path: "/public/**", Allow: access.Requirement{Kind: access.Anyone}},
		{ID: "files", Path: "/static/**", Allow: access.Requirement{Kind: access.Anyone}},
		{ID: "tenant", Path: "/app/{tenant}/**", Allow: access.Requirement{Kind: access.Role, Roles: []string{"manager"}, Of: "tenant"}},
		{ID: "read-only", Path: "/reports/**", Methods: []string{"GET"}, Allow: access.Requirement{Kind: access.SignedIn}},
		{ID: "home", Path: "/", Allow: access.Requirement{Kind: access.Anyone}},
		{ID: "rest", Path: "/members/**", Allow: access.Requirement{Kind: access.SignedIn}},
		{ID: "objects", Path: "/objects/**", Allow: access.Requirement{Kind: access.Anyone}},
		{ID: "old", Path: "/old/**", Allow: access.Requirement{Kind: access.Anyone}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// world is a gateway in front of an app.
type world struct {
	t       *testing.T
	gateway *gateway.Gateway
	server  *listen.Server
	addr    string
	group   *upstream.Group
	config  gateway.Config

	mu      sync.Mutex
	records []gateway.Record
}

type change struct {
	config func(*gateway.Config)
	deps   func(*gateway.Dependencies)
	server func(*listen.Config)
}

// echo answers with what it received.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/plain")
	var b bytes.Buffer
	b.WriteString(r.Method + " " + r.RequestURI + "\nHost: " + r.Host + "\n")
	for name, values := range r.Header {
		for _, v := range values {
			b.WriteString(name + ": " + v + "\n")
		}
	}
	b.WriteString("\n")
	b.Write(body)
	_, _ = w.Write(b.Bytes())
}

func newWorld(t *testing.T, app http.HandlerFunc, c change) *world {
	t.Helper()
	w := &world{t: t}
	backend := httptest.NewServer(app)
	t.Cleanup(backend.Close)
	w.group = newGroup(t, backend.Listener.Addr().String())
	w.config = gateway.Config{
		Hosts:      []string{"example.com", ".internal.example", "127.0.0.1"},
		Access:     rules(t),
		SignInPath: "/.berth/sign-in",
		Compress:   compress.Config{Off: true},
		Routes:     []gateway.Route{{Name: "web", Pattern: "/**", Upstream: w.group, Audience: "app"}},
	}
	deps := gateway.Dependencies{Auth: stubAuth{}, Assert: stubAsserter{}, Observe: w.observe, Log: slog.New(slog.DiscardHandler)}
	srv := listen.Config{Listen: []listen.Address{{Network: "tcp", Address: "127.0.0.1:0"}}, Drain: 5 * time.Second}
	if c.config != nil {
		c.config(&w.config)
	}
	if c.deps != nil {
		c.deps(&deps)
	}
	if c.server != nil {
		c.server(&srv)
	}
	gw, err := gateway.New(deps)
	if err != nil {
		t.Fatal(err)
	}
	gw.Swap(w.table())
	srv.Serves = gw.Serves
	w.gateway = gw
	w.serve(gw, srv)
	return w
}

func newGroup(t testing.TB, addr string) *upstream.Group {
	t.Helper()
	g, err := upstream.NewGroup(upstream.Config{
		Name: "web", Endpoints: []upstream.Endpoint{{Network: "tcp", Address: addr, ID: "web.1"}},
	}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func (w *world) table() *gateway.Table {
	w.t.Helper()
	table, err := gateway.NewTable(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	return table
}

// serve has a handler answer on a server of its own.
func (w *world) serve(h http.Handler, cfg listen.Config) {
	w.t.Helper()
	srv, err := listen.New(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := srv.Listen(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.server, w.addr = srv, srv.Addrs()[0].String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Serve() = %v", err)
		}
	})
}

func (w *world) observe(r *gateway.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, *r)
}

// record waits for the record of the nth request.
func (w *world) record(n int) gateway.Record {
	w.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		w.mu.Lock()
		if len(w.records) > n {
			defer w.mu.Unlock()
			return w.records[n]
		}
		w.mu.Unlock()
		time.Sleep(time.Millisecond) // a watchdog's poll, not a wait
	}
	w.t.Fatalf("there is no record %d", n)
	return gateway.Record{}
}

// do sends a request with header lines "Name: value".
func (w *world) do(method, target, body string, headers ...string) *response {
	w.t.Helper()
	var b strings.Builder
	b.WriteString(method + " " + target + " HTTP/1.1\r\nConnection: close\r\n")
	host := "Host: example.com"
	for _, h := range headers {
		if strings.HasPrefix(h, "Host:") {
			host = h
			continue
		}
		b.WriteString(h + "\r\n")
	}
	b.WriteString(host + "\r\n")
	if body != "" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	b.WriteString("\r\n" + body)
	return w.raw(b.String())
}

type response struct {
	status int
	header http.Header
	body   string
	empty  bool // closed without an answer
}

// raw sends bytes and reads one response.
func (w *world) raw(request string) *response {
	w.t.Helper()
	all := w.exchange(request)
	if len(all) == 0 {
		return &response{empty: true, header: http.Header{}}
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(all)), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("response to %q: %v\n%s", request, err, all)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return &response{status: res.StatusCode, header: res.Header, body: string(body)}
}

// exchange sends bytes, and reads until the gateway closes.
func (w *world) exchange(request string) []byte {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		w.t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		w.t.Fatalf("%q: the gateway neither closed nor went on after:\n%s", request, all)
	}
	return all
}

// seen returns the values an echoing app saw of a header.
func (r *response) seen(name string) []string {
	var out []string
	head, _, _ := strings.Cut(r.body, "\n\n")
	for _, line := range strings.Split(head, "\n")[1:] {
		if n, v, ok := strings.Cut(line, ": "); ok && strings.EqualFold(n, name) {
			out = append(out, v)
		}
	}
	return out
}
