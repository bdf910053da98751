package login_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/directory/sqlite"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	annEmail = "ann@example.com"
	annPass  = "correct horse battery"
	formType = "application/x-www-form-urlencoded"
)

// clock is the real one, moved ahead.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// logBuffer is a log that many requests write to.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// bundle is a service with everything below it, over real HTTP.
type bundle struct {
	t        testing.TB
	service  *login.Service
	store    *sqlite.Store
	resolver *directory.Resolver
	keys     *session.KeySet
	clock    *clock
	log      *logBuffer
	reg      *prometheus.Registry
	cfg      login.Config
	ann      directory.User
	server   *httptest.Server
	client   *http.Client
}

type option func(*login.Config, *login.Dependencies)

func setup(t testing.TB, options ...option) *bundle {
	t.Helper()
	b := &bundle{t: t, clock: &clock{}, log: &logBuffer{}, reg: prometheus.NewRegistry()}
	var err error
	if b.store, err = sqlite.Open(filepath.Join(t.TempDir(), "directory.db"), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	hasher, err := password.NewHasher(password.Config{Params: password.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	b.populate(hasher)
	if b.keys, err = session.GenerateKeySet(time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.resolver = directory.NewResolver(b.store, directory.ResolverConfig{Now: b.clock.now}, slog.New(slog.DiscardHandler))
	b.cfg = login.Config{Service: "ledger", Title: "The Ledger", Issuer: "https://ledger.example.com"}
	deps := login.Dependencies{
		Keys: b.keys, Directory: b.store, Resolver: b.resolver, Passwords: hasher,
		Log: slog.New(slog.NewTextHandler(b.log, nil)), Registry: b.reg, Now: b.clock.now,
	}
	for _, o := range options {
		o(&b.cfg, &deps)
	}
	if b.service, err = login.New(b.cfg, deps); err != nil {
		t.Fatal(err)
	}
	b.serve()
	return b
}

func (b *bundle) populate(hasher *password.Hasher) {
	b.t.Helper()
	ctx := b.t.Context()
	var err error
	if b.ann, err = b.store.CreateUser(ctx, annEmail, "Ann <Lee>"); err != nil {
		b.t.Fatal(err)
	}
	hash, err := hasher.Hash(ctx, secret.New(annPass))
	b.check(err)
	b.check(b.store.SetPasswordHash(ctx, b.ann.ID, hash))
	_, err = b.store.CreateTenant(ctx, "north", "North Bank")
	b.check(err)
	b.check(b.store.GrantRole(ctx, directory.Grant{User: b.ann.ID, Tenant: "north", Role: "teller"}))
	b.check(b.store.Subscribe(ctx, "north", directory.Subscription{Plan: "premium"}))
}

func (b *bundle) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) serve() {
	b.server = httptest.NewTLSServer(b.service.Handler())
	b.t.Cleanup(b.server.Close)
	b.client = b.server.Client()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.t.Cleanup(b.client.CloseIdleConnections)
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

func (b *bundle) do(method, target, body string, header ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+target, strings.NewReader(body))
	b.check(err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	b.check(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	b.check(err)
	return answer{res, string(text)}
}

// post sends a form as a browser on our own page does.
func (b *bundle) post(target string, form url.Values, header ...string) answer {
	b.t.Helper()
	return b.do(http.MethodPost, target, form.Encode(), append([]string{"Content-Type", formType, "Sec-Fetch-Site", "same-origin"}, header...)...)
}

func (b *bundle) signIn(email, pw string) answer {
	b.t.Helper()
	return b.post(login.DefaultSignInPath, url.Values{"email": {email}, "password": {pw}})
}

// cookie signs Ann in and returns the Cookie header of her session.
func (b *bundle) cookie() string {
	b.t.Helper()
	a := b.signIn(annEmail, annPass)
	if a.StatusCode != http.StatusSeeOther || len(a.Cookies()) != 1 {
		b.t.Fatalf("sign-in answered %d with cookies %v:\n%s", a.StatusCode, a.Cookies(), a.body)
	}
	return a.Cookies()[0].Name + "=" + a.Cookies()[0].Value
}

func (b *bundle) authenticate(cookie string) *login.Result {
	b.t.Helper()
	res, err := b.service.Authenticate(b.t.Context(), login.Credentials{Cookies: []string{cookie}})
	b.check(err)
	return res
}

func (b *bundle) wantUser(cookie string) *login.Result {
	b.t.Helper()
	res := b.authenticate(cookie)
	if res.Session.Anonymous() || res.Session.User.ID != b.ann.ID {
		b.t.Fatalf("caller is anonymous (%s), want ann", res.Reason)
	}
	return res
}

// wantRefused asks for an anonymous caller, the reason, and that the cookie is
// cleared.
func (b *bundle) wantRefused(cookie string, reason login.Reason) {
	b.t.Helper()
	res := b.authenticate(cookie)
	if !res.Session.Anonymous() || res.Reason != reason {
		b.t.Errorf("session %+v, reason %q, want nobody and %q", res.Session, res.Reason, reason)
	}
	if !strings.HasPrefix(res.SetCookie, session.SecureCookieName+"=;") || !strings.Contains(res.SetCookie, "Max-Age=0") {
		b.t.Errorf("SetCookie = %q, want it to clear the cookie", res.SetCookie)
	}
}

func allowInsecure(c *login.Config, _ *login.Dependencies) { c.AllowInsecure = true }

func limited(perUser, perAddress int) option {
	return func(_ *login.Config, d *login.Dependencies) {
		d.Limiter = password.NewLimiter(password.LimiterConfig{PerUser: perUser, PerAddress: perAddress, Now: d.Now})
	}
}

func from(address string) option {
	return func(_ *login.Config, d *login.Dependencies) {
		d.Client = func(*http.Request) netip.Addr { return netip.MustParseAddr(address) }
	}
}
