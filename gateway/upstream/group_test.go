package upstream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/berth-project/berth/gateway/upstream"
)

// named starts apps that answer with their names.
func named(t testing.TB, names ...string) []upstream.Endpoint {
	var out []upstream.Endpoint
	for _, name := range names {
		e := app(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
		e.ID = name
		out = append(out, e)
	}
	return out
}

func TestRoundRobinTakesTurns(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		f := newFront(t, newGroup(t, upstream.Config{Endpoints: named(t, "a", "b", "c")}), nil)
		count := map[string]int{}
		for range 9 {
			count[readAll(t, f.do(t, "GET", "/", nil, way).Body)]++
		}
		if count["a"] != 3 || count["b"] != 3 || count["c"] != 3 {
			t.Errorf("%v, want 3 each", count)
		}
	})
}

func TestLeastConnectionsAvoidsTheBusy(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	arrived := make(chan struct{})
	busy := app(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	busy.ID = "busy"
	g := newGroup(t, upstream.Config{Balance: upstream.LeastConnections, Endpoints: []upstream.Endpoint{busy}})
	f := newFront(t, g, nil)
	go func() {
		if resp, err := http.Get(f.URL); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-arrived
	g.SetEndpoints(append(named(t, "free"), busy))
	for range 5 {
		if got := readAll(t, f.do(t, "GET", "/", nil).Body); got != "free" {
			t.Errorf("went to %q", got)
		}
	}
	close(release)
	eventually(t, "nothing in flight", func() bool {
		s := g.Status()
		return s[0].InFlight+s[1].InFlight == 0
	})
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func TestAddressAffinity(t *testing.T) {
	t.Parallel()
	endpoints := named(t, "a", "b", "c", "d")
	var client atomic.Pointer[netip.Addr]
	ask := func(f *front, i int) string {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		client.Store(&a)
		return readAll(t, f.do(t, "GET", "/", nil).Body)
	}
	edit := func(r *upstream.Request) { r.Client = *client.Load() }
	for _, ttl := range []time.Duration{0, time.Hour} {
		g := newGroup(t, upstream.Config{Endpoints: endpoints[:3], Affinity: upstream.Affinity{By: upstream.ByAddress, TTL: ttl}})
		f := newFront(t, g, edit)
		first, count := map[int]string{}, map[string]int{}
		for i := range 90 {
			first[i] = ask(f, i)
			count[first[i]]++
		}
		for _, name := range []string{"a", "b", "c"} {
			if count[name] < 10 {
				t.Errorf("ttl %v: %v is far from even", ttl, count)
			}
		}
		moved := func() (n int) {
			for i := range 90 {
				if ask(f, i) != first[i] {
					n++
				}
			}
			return n
		}
		if n := moved(); n != 0 {
			t.Errorf("ttl %v: %d clients moved for no reason", ttl, n)
		}
		g.SetEndpoints(endpoints)
		if n := moved(); ttl > 0 && n != 0 || ttl == 0 && (n == 0 || n > 45) {
			t.Errorf("ttl %v: %d of 90 clients moved to the new endpoint", ttl, n)
		}
		g.SetEndpoints(endpoints[:2])
		for i := range 90 {
			if got := ask(f, i); first[i] != "c" && got != first[i] {
				t.Errorf("ttl %v: client %d moved from %s to %s though %s is there", ttl, i, first[i], got, first[i])
			}
		}
	}
}

func TestCookieAffinity(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		endpoints := named(t, "a", "b", "c")
		g := newGroup(t, upstream.Config{Endpoints: endpoints, Affinity: upstream.Affinity{By: upstream.ByCookie, TTL: time.Hour, Secure: true}})
		f := newFront(t, g, nil)
		resp := f.do(t, "GET", "/", nil, way)
		home := readAll(t, resp.Body)
		set := resp.Header.Get("Set-Cookie")
		value, attributes, _ := strings.Cut(set, "; ")
		if !strings.HasPrefix(value, "berth_target=") || attributes != "Path=/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure" {
			t.Fatalf("Set-Cookie = %q", set)
		}
		if strings.Contains(set, home+";") || strings.Contains(set, "127.0.0.1") {
			t.Errorf("the cookie tells the endpoint: %q", set)
		}
		cookie := http.Header{"Cookie": {"x=y; " + value + "; z=1"}}
		for range 5 {
			resp := f.do(t, "GET", "/", nil, way, cookie)
			if got := readAll(t, resp.Body); got != home || resp.Header.Get("Set-Cookie") != "" {
				t.Errorf("went to %s with %q, want %s", got, resp.Header.Get("Set-Cookie"), home)
			}
		}
		var rest []upstream.Endpoint
		for _, e := range endpoints {
			if e.ID != home {
				rest = append(rest, e)
			}
		}
		g.SetEndpoints(rest)
		resp = f.do(t, "GET", "/", nil, way, cookie)
		if got := readAll(t, resp.Body); got == home || resp.Header.Get("Set-Cookie") == "" {
			t.Errorf("endpoint gone: went to %s with %q", got, resp.Header.Get("Set-Cookie"))
		}
	})
}

func TestEndpointThatGoesFinishesItsRequests(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		arrived, release := make(chan struct{}), make(chan struct{})
		old := app(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				arrived <- struct{}{}
				<-release
			}
			_, _ = io.WriteString(w, "old")
		})
		g := newGroup(t, one(old))
		f := newFront(t, g, nil)
		_ = readAll(t, f.do(t, "GET", "/", nil, way).Body) // leaves an idle connection
		got := make(chan string, 1)
		go func() { got <- readAll(t, f.do(t, "GET", "/slow", nil, way).Body) }()
		<-arrived
		g.SetEndpoints(named(t, "new"))
		if body := readAll(t, f.do(t, "GET", "/", nil, way).Body); body != "new" {
			t.Errorf("went to %s", body)
		}
		close(release)
		if body := <-got; body != "old" {
			t.Errorf("the request in flight got %q", body)
		}
	})
}

func TestRemovedEndpointLosesItsIdleConnections(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		closed := make(chan struct{})
		e := raw(t, func(c net.Conn, br *bufio.Reader) {
			if _, err := http.ReadRequest(br); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				_, _ = br.ReadByte()
				close(closed)
			}
		})
		g := newGroup(t, one(e))
		f := newFront(t, g, nil)
		f.do(t, "GET", "/", nil, way)
		f.outcome(t)
		g.SetEndpoints(nil)
		select {
		case <-closed:
		case <-time.After(watchdog):
			t.Fatal("the idle connection stays open")
		}
	})
}

func TestCloseCutsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		for _, response := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"} {
			arrived := make(chan struct{}, 8)
			e := raw(t, func(c net.Conn, br *bufio.Reader) {
				if _, err := http.ReadRequest(br); err == nil {
					_, _ = io.WriteString(c, response)
					arrived <- struct{}{}
					_, _ = br.ReadByte()
				}
			})
			g := newGroup(t, one(e))
			f := newFront(t, g, nil)
			got := make(chan result, 1)
			go func() { got <- through(t, f, "GET", way) }()
			<-arrived
			if err := g.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if r := <-got; r.status == 200 && !r.cut {
				t.Errorf("%+v", r)
			}
			if resp := f.do(t, "GET", "/", nil, way); resp.StatusCode != 503 {
				t.Errorf("after Close: %d", resp.StatusCode)
			}
		}
	})
}

func TestCloseRefusesHeldRequests(t *testing.T) {
	t.Parallel()
	g := newGroup(t, upstream.Config{Hold: time.Hour})
	f := newFront(t, g, nil)
	got := make(chan result, 1)
	go func() { got <- through(t, f, "GET", nil) }()
	_ = g.Close()
	if r := <-got; r.status != 503 {
		t.Errorf("%+v, want 503", r)
	}
}

func TestDrainWaitsForRequests(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	e := app(t, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	g := newGroup(t, one(e))
	f := newFront(t, g, nil)
	got := make(chan string, 1)
	go func() { got <- readAll(t, f.do(t, "GET", "/", nil).Body) }()
	<-arrived
	drained := make(chan error, 1)
	go func() { drained <- g.Drain(t.Context()) }()
	select {
	case <-drained:
		t.Error("drained with a request in flight")
	default:
	}
	close(release)
	if body := <-got; body != "done" {
		t.Errorf("body = %q", body)
	}
	if err := <-drained; err != nil {
		t.Errorf("Drain: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newGroup(t, upstream.Config{}).Drain(ctx); err != nil {
		t.Errorf("Drain: %v", err)
	}
}

// run runs the group until the end of the test.
func run(t testing.TB, g *upstream.Group) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestActiveChecks(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/health?deep", ""} {
		var sick atomic.Bool
		var asked atomic.Pointer[string]
		e := app(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/health") {
				s := r.Host + r.RequestURI
				asked.Store(&s)
				if sick.Load() {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			}
		})
		cfg := one(e)
		cfg.Health = upstream.HealthConfig{Interval: 2 * time.Millisecond, Timeout: watchdog, Path: path, Host: "app.example", Healthy: 2, Unhealthy: 2}
		g := newGroup(t, cfg)
		f := newFront(t, g, nil)
		run(t, g)
		if path == "" {
			g.SetEndpoints([]upstream.Endpoint{refusing(t)})
			eventually(t, "an endpoint that refuses connections is taken out", func() bool { return !g.Status()[0].Healthy })
			if s := g.Status()[0]; s.LastError == "" {
				t.Errorf("status tells no error: %+v", s)
			}
			continue
		}
		eventually(t, "the health path is asked", func() bool { return asked.Load() != nil })
		if got := *asked.Load(); got != "app.example/health?deep" {
			t.Errorf("asked for %s", got)
		}
		sick.Store(true)
		eventually(t, "the sick endpoint is taken out", func() bool { return !g.Status()[0].Healthy })
		if resp := f.do(t, "GET", "/", nil); resp.StatusCode != 503 {
			t.Errorf("status %d, want 503", resp.StatusCode)
		}
		sick.Store(false)
		eventually(t, "the endpoint comes back", func() bool { return g.Status()[0].Healthy })
		if resp := f.do(t, "GET", "/", nil); resp.StatusCode != 200 {
			t.Errorf("status %d, want 200", resp.StatusCode)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	for _, name := range []string{"one", "two"} { // share the families
		g, err := upstream.NewGroup(upstream.Config{Name: name, Endpoints: named(t, "x")}, quiet, reg)
		if err != nil {
			t.Fatal(err)
		}
		f := newFront(t, g, nil)
		f.do(t, "GET", "/", nil)
		f.outcome(t)
		g.SetEndpoints(nil)
		f.do(t, "GET", "/", nil)
		f.outcome(t)
		_ = g.Close()
	}
	want := `
# HELP berth_upstream_healthy_endpoints Endpoints in rotation.
# TYPE berth_upstream_healthy_endpoints gauge
berth_upstream_healthy_endpoints{upstream="one"} 0
berth_upstream_healthy_endpoints{upstream="two"} 0
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "berth_upstream_healthy_endpoints"); err != nil {
		t.Error(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			if c := m.GetCounter().GetValue(); c > 0 {
				got[fmt.Sprint(f.GetName(), m.GetLabel())] = c
			}
		}
	}
	if len(got) != 4 {
		t.Errorf("counters = %v, want ok and no_endpoint of two groups", got)
	}
}

func TestConfigIsValidated(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]upstream.Config{
		"name is empty":        {},
		"neither http":         {Name: "a", Scheme: "ftp"},
		"not a cookie name":    {Name: "a", Affinity: upstream.Affinity{Cookie: "a b"}},
		"not an encoded path":  {Name: "a", Health: upstream.HealthConfig{Path: "x"}},
		"is empty":             {Name: "a", Health: upstream.HealthConfig{StatusMin: 300, StatusMax: 200}},
		"neither tcp nor unix": {Name: "a", Endpoints: []upstream.Endpoint{{Network: "udp", Address: "x"}}},
		"address is empty":     {Name: "a", Endpoints: []upstream.Endpoint{{Network: "tcp"}}},
		"named twice":          {Name: "a", Endpoints: []upstream.Endpoint{{Network: "tcp", Address: "x"}, {Network: "tcp", Address: "x"}}},
		"does not go with it":  {Name: "a", Scheme: "https", Protocol: upstream.H2C},
		"are not negative":     {Name: "a", Hold: -1},
		"is below 256":         {Name: "a", MaxResponseHeaderBytes: 10},
		"is not a known one":   {Name: "a", Balance: 9},
	} {
		if _, err := upstream.NewGroup(cfg, quiet, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewGroup(%+v) = %v, want %q", cfg, err, want)
		}
	}
}
