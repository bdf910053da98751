package gateway_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/session"
)

// TestExplain_SaysWhatTheChainDoes sends a corpus of requests through a
// gateway and asks Explain about each.
func TestExplain_SaysWhatTheChainDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.TrustForwardedHost = true
		c.HealthPaths = []string{"/healthz"}
		c.Routes = append([]gateway.Route{
			{Name: "files", Pattern: "/static/**", Static: files(t, map[string]string{"a": "a"})},
			{Name: "old", Pattern: "/old/**", Redirect: gateway.Redirect{To: "/public{path}", Status: 301}},
			{Name: "reads", Pattern: "/reports/{id}", Methods: []string{"GET"}, Upstream: c.Routes[0].Upstream},
			{Name: "hosted", Pattern: "/**", Hosts: []string{"a.internal.example"}, Upstream: c.Routes[0].Upstream, StripPrefix: true},
		}, gateway.Route{Name: "web", Pattern: "/public/**", Upstream: c.Routes[0].Upstream},
			gateway.Route{Name: "app", Pattern: "/app/**", Upstream: c.Routes[0].Upstream, StripPrefix: true})
	}})
	table := w.table()
	callers := map[string]struct {
		cookie  string
		session *session.Session
	}{
		"nobody": {}, "alice": {alice, person("alice", "manager")}, "bob": {bob, person("bob", "clerk")},
	}
	headers := []http.Header{
		{},
		{"Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}},
		{"Sec-Fetch-Site": {"cross-site"}},
		{"X-Forwarded-For": {"9.9.9.9"}, "X-Forwarded-Host": {"example.com"}, "X-Forwarded-Proto": {"https"}},
		{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Origin": {"https://evil.example"}},
	}
	targets := []string{
		"/", "/public/a", "/public/a%20b?x=1", "/public/../x", "/public/%2e%2e", "//", "/app/acme/x", "/app/acme", "/app/other/x",
		"/reports/1", "/reports/1/2", "/members/", "/static/a", "/static/none", "/old/x?y", "/nowhere", "/.berth/x",
		"/.berth/health/live", "/healthz", "/public/" + strings.Repeat("a", 9000),
	}
	compared := 0
	for _, method := range []string{"GET", "POST", "OPTIONS", "TRACE", "post"} {
		for _, host := range []string{"example.com", "A.internal.example:80", "evil.example", "bad host"} {
			for _, target := range targets {
				for name, caller := range callers {
					for _, h := range headers {
						q := gateway.ExplainRequest{Method: method, Host: host, Target: target, Header: h, Session: caller.session}
						compare(t, w, q, table.Explain(q), caller.cookie, name)
						compared++
					}
				}
			}
		}
	}
	if compared < 4000 {
		t.Errorf("only %d requests were compared", compared)
	}
}

func compare(t *testing.T, w *world, q gateway.ExplainRequest, e gateway.Explanation, cookie, who string) {
	t.Helper()
	rec := serveRecorded(w, q, cookie)
	switch {
	case e.Closed:
		if rec.status != 0 {
			t.Errorf("%s %s %s as %s: explained as closed, was %d", q.Method, q.Host, q.Target, who, rec.status)
		}
	case e.Code == "forward":
		if rec.route != e.Route {
			t.Errorf("%s %s %s as %s: explained as route %q, was %q (%d %s)", q.Method, q.Host, q.Target, who, e.Route, rec.route, rec.status, rec.reason)
		}
		if e.Forwarded != "" && rec.line != "" && rec.line != q.Method+" "+e.Forwarded {
			t.Errorf("%s: explained as forwarding %q, app saw %q", q.Target, e.Forwarded, rec.line)
		}
		if e.Kind == "redirect" && rec.location != e.Location {
			t.Errorf("%s: explained as redirecting to %q, was %q", q.Target, e.Location, rec.location)
		}
	case e.Code == "answer":
		if rec.route != e.Route {
			t.Errorf("%s %s: explained as %q, was %q", q.Method, q.Target, e.Route, rec.route)
		}
	default:
		if rec.status != e.Status || rec.location != e.Location {
			t.Errorf("%s %s %s as %s: explained as %d %s %q, was %d %s %q",
				q.Method, q.Host, q.Target, who, e.Status, e.Code, e.Location, rec.status, rec.reason, rec.location)
		}
	}
	if len(e.Steps) == 0 {
		t.Errorf("%s: no steps", q.Target)
	}
}

type recorded struct {
	status                        int
	route, reason, location, line string
}

// serveRecorded runs a request through the gateway without a connection, and
// returns what its record says.
func serveRecorded(w *world, q gateway.ExplainRequest, cookie string) (out recorded) {
	r := &http.Request{
		Method: q.Method, RequestURI: q.Target, Host: q.Host, Header: q.Header.Clone(), Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "127.0.0.1:1",
	}
	if cookie != "" {
		r.Header.Set("Cookie", strings.TrimPrefix(cookie, "Cookie: "))
	}
	rw := &capture{discard: discard{http.Header{}}}
	w.mu.Lock()
	w.records = w.records[:0]
	w.mu.Unlock()
	func() {
		defer func() {
			if v := recover(); v != nil && v != http.ErrAbortHandler { //nolint:errorlint // the value is the signal
				panic(v)
			}
		}()
		w.gateway.ServeHTTP(rw, r)
	}()
	rec := w.record(0)
	out = recorded{status: rec.Status, route: rec.Route, reason: rec.Reason, location: rw.h.Get("Location")}
	if rec.Upstream != "" {
		out.line, _, _ = strings.Cut(string(rw.body), "\n")
	}
	return out
}

// capture is a response writer that keeps the body.
type capture struct {
	discard
	body []byte
}

func (c *capture) Write(p []byte) (int, error) {
	c.body = append(c.body, p...)
	return len(p), nil
}

func TestExplain_GivesReasons(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	e := w.table().Explain(gateway.ExplainRequest{Host: "example.com", Target: "/app/acme/x", Session: person("bob", "clerk")})
	if e.Status != 403 || e.Code != "forbidden" || e.Rules == nil || e.Rules.Decision.RuleID != "tenant" {
		t.Errorf("Explain() = %+v", e)
	}
	var names []string
	for _, s := range e.Steps {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "client host path session rule" {
		t.Errorf("steps = %q", got)
	}
	if last := e.Steps[len(e.Steps)-1]; last.Passed {
		t.Errorf("the last step passed: %+v", last)
	}
}
