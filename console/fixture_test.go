package console_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/health"
	"github.com/berth-project/berth/process"
	"github.com/berth-project/berth/session"
	"github.com/berth-project/berth/telemetry"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(suite{m}) }

// suite ends what tests share before leaks are looked for.
type suite struct{ m *testing.M }

func (s suite) Run() int {
	code := s.m.Run()
	if chromiumStarted.Load() {
		if p, err := chromium(); err == nil {
			p.stop()
		}
	}
	return code
}

// hostile is what strangers may put wherever they are asked for text.
const hostile = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' {{.}} \x1b[31mred\x1b[0m \r\nevent: forged \u202egnp.exe javascript:alert(3)"

// actions notes what it is asked to do.
type actions struct {
	mu   sync.Mutex // guards did
	did  []string
	fail error
}

func (a *actions) note(s string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.did = append(a.did, s)
	return a.fail
}

func (a *actions) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.did...)
}

func (a *actions) Restart(_ context.Context, name string) error { return a.note("restart " + name) }

func (a *actions) Signal(name string, sig syscall.Signal) error {
	return a.note(fmt.Sprintf("signal %s %d", name, sig))
}

var _ console.Actions = (*process.Supervisor)(nil)

// busySources are those of a service with n of everything, each text being
// word where it can be.
func busySources(t *testing.T, n int, word string) console.Sources {
	t.Helper()
	now := time.Now()
	src := console.Sources{
		Actions: &actions{}, Requests: console.NewRequestFeed(), Health: health.NewRegistry(nil),
		Processes: func() []process.Status { return statuses(n, word, now) },
		Program: func(name string) (console.Program, bool) {
			return program(word), strings.HasPrefix(name, "web")
		},
		Reload: func() console.Reload { return console.Reload{File: "berth.yaml", At: now.Add(-time.Hour)} },
	}
	src.Gateway, src.Explain = gatewayOf(t, word)
	var log *slog.Logger
	log, src.Logs = logTo(t)
	for i := range n {
		src.Requests.Observe(record(i, word))
		log.Warn("process restarted", "process", "web", "error", word)
		src.Health.Set(health.Check{
			Name: fmt.Sprintf("process web%d.1", i), State: health.Failing, Code: "crash_loop",
			Message: "web keeps ending: exit 137 (killed) " + word, Help: "look at its last lines " + word,
		})
	}
	return src
}

func logTo(t *testing.T) (*slog.Logger, *telemetry.Recent) {
	t.Helper()
	recent := telemetry.NewRecent(1000)
	return telemetry.NewLogger(io.Discard, telemetry.LogConfig{}, recent), recent
}

func statuses(n int, word string, now time.Time) []process.Status {
	states := []process.State{process.StateReady, process.StateCrashLoop, process.StateStarting, process.StateStopped, process.StateBackoff}
	var all []process.Status
	for i := range n {
		s := process.Status{
			Process: fmt.Sprintf("web%d", i), Instance: 1, State: states[i%len(states)], PID: 4000 + i, StartedAt: now.Add(-90 * time.Minute),
			Restarts: i, Resident: 61 << 20, CPU: 1234 * time.Millisecond, LastLines: []string{"Traceback (most recent call last):", word},
			Endpoint: &process.Endpoint{Process: "web", Instance: 1, Network: "unix", Address: "/run/berth/web.1.sock"},
		}
		if i > 0 {
			s.LastExit = &process.Exit{Code: 137, Signal: syscall.SIGKILL, At: now.Add(-2 * time.Minute), Cause: word}
		}
		all = append(all, s)
	}
	return all
}

func program(word string) console.Program {
	return console.Program{
		Command: "gunicorn survey.wsgi " + word, Directory: "/app", Readiness: "http /healthcheck every 250ms, for 1m0s",
		Restart: "always, after 100ms to 30s", Stop: "SIGTERM, then SIGKILL after 10s", Before: []string{"python manage.py migrate", word},
		Environment: []console.Variable{{Name: "DATABASE_URL", Source: ".env"}, {Name: "SECRET_KEY", Source: "process"}, {Name: "X", Source: word}},
		At:          "berth.yaml:12:3",
	}
}

func record(i int, word string) *gateway.Record {
	r := &gateway.Record{
		Time: time.Now(), ID: fmt.Sprintf("req-%d", i), Method: "GET", Host: "survey.example.com", Path: fmt.Sprintf("/app/acme/%d/", i) + word,
		Client: netip.MustParseAddr("192.0.2.7"), Route: "app", Rule: "rule-2", User: "u_anna", Tenant: "acme", Upstream: "web.1",
		Status: 200, Duration: time.Duration(i+1) * 3 * time.Millisecond, UpstreamDuration: time.Millisecond, BytesOut: 1200,
	}
	switch i % 5 {
	case 1:
		r.Status, r.Reason, r.Upstream = 403, "role_required", ""
	case 2:
		r.Status, r.Error = 502, "web.1: connection refused "+word
	case 3:
		r.Status, r.Reason, r.User, r.Rule, r.Route = 303, "sign_in_required", "", "", ""
	case 4:
		r.Status, r.User = 404, word
	}
	return r
}

// gatewayOf builds a real table and what the console is told about it.
func gatewayOf(t *testing.T, word string) (func() console.Gateway, func(context.Context, console.Question) (console.Answer, error)) {
	t.Helper()
	policy, err := access.Compile([]access.Rule{
		{Path: "/", Allow: access.Requirement{Kind: access.Anyone}},
		{Path: "/app/{tenant}/**", Allow: access.Requirement{Kind: access.Role, Roles: []string{"manager"}, Of: "{tenant}"}},
		{Path: "/app/{tenant}/edit", Allow: access.Requirement{Kind: access.SignedIn}},
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	web, err := upstream.NewGroup(upstream.Config{
		Name: "web", Endpoints: []upstream.Endpoint{{Network: "unix", Address: "/run/berth/web.1.sock", ID: "web.1"}},
	}, log, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close() })
	table, err := gateway.NewTable(gateway.Config{
		Hosts: []string{"survey.example.com", "localhost"}, Access: policy, SignInPath: "/.berth/sign-in",
		Routes: []gateway.Route{{Name: "app", Pattern: "/app/**", Upstream: web}, {Pattern: "/**", Upstream: web}},
	})
	if err != nil {
		t.Fatal(err)
	}
	describe := func() console.Gateway {
		g := console.Gateway{
			Hosts: []string{"survey.example.com", "localhost"}, Findings: policy.Lint(),
			Routes: []console.Route{
				{Name: "app", Path: "/app/**", Target: "process web", At: "berth.yaml:23:7"},
				{Name: "/**", Path: "/**", Methods: []string{"GET"}, Hosts: []string{word}, Target: "static files " + word, At: "berth.yaml:24:7"},
			},
			Upstreams: []console.Upstream{{Name: "process web", Targets: web.Status()}, {Name: "upstream none"}},
		}
		g.Upstreams[0].Targets[0].LastError = word
		for i, r := range policy.Rules() {
			g.Rules = append(g.Rules, console.Rule{Rule: r, At: fmt.Sprintf("berth.yaml:%d:5", 40+i)})
		}
		return g
	}
	return describe, explainer(table)
}

func explainer(table *gateway.Table) func(context.Context, console.Question) (console.Answer, error) {
	return func(_ context.Context, q console.Question) (console.Answer, error) {
		ask := gateway.ExplainRequest{Method: q.Method, Host: "survey.example.com", Target: q.URL}
		if u, err := url.Parse(q.URL); err == nil && u.Host != "" {
			ask.Host, ask.Target = u.Host, u.RequestURI()
		}
		switch q.As {
		case "":
		case "u_anna", "anna@acme.test":
			ask.Session = &session.Session{
				User:        session.User{ID: "u_anna", Email: "anna@acme.test"},
				Memberships: []session.Membership{{Tenant: "acme", Roles: []string{"contributor"}}},
			}
		default:
			return console.Answer{}, errors.New("user " + q.As + ": there is none")
		}
		a := console.Answer{Explanation: table.Explain(ask)}
		if a.Rules != nil && a.Rules.Decision.Rule >= 0 {
			a.RuleAt = fmt.Sprintf("berth.yaml:%d:5", 40+a.Rules.Decision.Rule)
		}
		if a.Code == "forward" {
			a.RouteAt = "berth.yaml:23:7"
		}
		return a, nil
	}
}

func newConsole(t *testing.T, cfg console.Config, src console.Sources) *console.Console {
	t.Helper()
	if cfg.Service == "" {
		cfg.Service = "survey"
	}
	cfg.Version = "v0.0.0-test"
	c, err := console.New(cfg, src)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return c
}

// ask sends a request of this machine to a console. Further arguments are
// headers.
func ask(c http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:4100", "127.0.0.1:50000"
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

// pages are the addresses of all pages of a console with busySources.
var pages = []string{
	"/", "/processes", "/processes/web0", "/processes/web0/restart", "/processes/web0/signal", "/routes", "/routes/explain",
	"/routes/explain?method=POST&url=/app/acme/edit&as=u_anna", "/routes/explain?url=/app/acme/edit", "/routes/explain?url=/",
	"/routes/explain?url=//other.example/", "/routes/explain?url=/&as=nobody-of-this-name",
	"/requests", "/requests?status=5xx&route=app", "/logs", "/logs?level=error&process=web", "/preferences",
	"/iam/simulate", simulatePath, "/iam/lint", lintPath, "/iam/actions", "/iam/actions?name=dynamodb:*Table", "/iam/actions?name=s3:HeadBucket",
}
