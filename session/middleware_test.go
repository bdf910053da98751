package session_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/berth-project/berth/session"
)

// answer is what an app answered, with the code of a problem document.
type answer struct {
	status int
	code   string
	body   string
	header http.Header
}

func ask(t *testing.T, server *httptest.Server, path string, assertions ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range assertions {
		req.Header.Add(session.AssertionHeader, a)
	}
	return send(t, server, req)
}

func send(t *testing.T, server *httptest.Server, req *http.Request) answer {
	t.Helper()
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, body: string(body), header: resp.Header}
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		var p struct{ Code string }
		if err := json.Unmarshal(body, &p); err != nil {
			t.Fatalf("problem %s: %v", body, err)
		}
		a.code = p.Code
	}
	return a
}

// whoami answers with the id of the user, "nobody", or "no session".
func whoami(w http.ResponseWriter, r *http.Request) {
	switch sess := session.FromContext(r.Context()); {
	case sess == nil:
		_, _ = io.WriteString(w, "no session")
	case sess.Anonymous():
		_, _ = io.WriteString(w, "nobody")
	default:
		_, _ = io.WriteString(w, sess.User.ID)
	}
}

// newApp is an app behind Middleware, with routes of every kind of guard.
func newApp(t *testing.T, around func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /open", whoami)
	mux.Handle("GET /user", session.RequireUser(http.HandlerFunc(whoami)))
	tenant := session.PathTenant("tenant")
	mux.Handle("GET /t/{tenant}/tellers", session.Require(tenant, "teller", "clerk")(http.HandlerFunc(whoami)))
	mux.Handle("GET /t/{tenant}/members", session.Require(tenant)(http.HandlerFunc(whoami)))
	mux.Handle("GET /bound", session.Require(nil, "manager")(http.HandlerFunc(whoami)))
	mux.Handle("GET /nowhere", session.Require(tenant)(http.HandlerFunc(whoami)))
	server := httptest.NewServer(around(mux))
	t.Cleanup(server.Close)
	return server
}

func TestMiddlewareAndGuards(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	app := newApp(t, newVerifier(t, newKeyServer(t, s.JWKS()).URL, clk.Now).Middleware)
	sess := teller() // manager and teller of acme, customer of bolt
	user, bound := sign(t, s, &sess, ""), sign(t, s, &sess, "acme")
	elsewhere, nobody := sign(t, s, &sess, "bolt"), sign(t, s, nil, "acme")
	nameless := teller()
	nameless.Memberships = []session.Membership{{Tenant: "", Roles: []string{"manager"}}}
	memberOfNothing := sign(t, s, &nameless, "")
	stranger := sign(t, newSigner(t, newKeys(t, session.EdDSA), clk.Now), &sess, "acme")
	for _, tc := range []struct {
		name       string
		path       string
		assertions []string
		status     int
		want       string // user or code
	}{
		{"signed in", "/open", []string{user}, 200, "u-1"},
		{"anonymous", "/open", []string{nobody}, 200, "nobody"},
		{"past the gateway", "/open", nil, 401, "assertion_missing"},
		{"empty header", "/open", []string{""}, 401, "assertion_missing"},
		{"two of them", "/open", []string{user, user}, 401, "assertion_invalid"},
		{"a forged one first", "/open", []string{stranger, user}, 401, "assertion_invalid"},
		{"two in one header", "/open", []string{user + "," + user}, 401, "assertion_invalid"},
		{"forged", "/open", []string{stranger}, 401, "assertion_invalid"},
		{"not a token", "/open", []string{"x"}, 401, "assertion_invalid"},
		{"user needed, there", "/user", []string{user}, 200, "u-1"},
		{"user needed, anonymous", "/user", []string{nobody}, 401, "sign_in_required"},
		{"role held", "/t/acme/tellers", []string{user}, 200, "u-1"},
		{"role held elsewhere only", "/t/bolt/tellers", []string{user}, 403, "role_required"},
		{"role, anonymous", "/t/acme/tellers", []string{nobody}, 401, "sign_in_required"},
		{"member", "/t/bolt/members", []string{user}, 200, "u-1"},
		{"not a member", "/t/core/members", []string{user}, 403, "role_required"},
		{"not a member, by case", "/t/ACME/members", []string{user}, 403, "role_required"},
		{"role in the bound tenant", "/bound", []string{bound}, 200, "u-1"},
		{"bound to another tenant", "/bound", []string{elsewhere}, 403, "role_required"},
		{"bound to no tenant", "/bound", []string{user}, 403, "role_required"},
		{"member of a tenant without an id", "/bound", []string{memberOfNothing}, 403, "role_required"},
		{"no such wildcard", "/nowhere", []string{user}, 403, "role_required"},
	} {
		got := ask(t, app, tc.path, tc.assertions...)
		found := got.code
		if got.status == http.StatusOK {
			found = got.body
		}
		if got.status != tc.status || found != tc.want {
			t.Errorf("%s: %d %s, want %d %s", tc.name, got.status, found, tc.status, tc.want)
		}
		if challenge := got.header.Get("WWW-Authenticate"); (challenge != "") != (tc.status == http.StatusUnauthorized) {
			t.Errorf("%s: status %d with WWW-Authenticate %q", tc.name, got.status, challenge)
		}
	}
	clk.advance(3 * 60e9)
	if got := ask(t, app, "/open", user); got.status != 401 || got.code != "assertion_expired" {
		t.Errorf("expired: %d %s", got.status, got.code)
	}
}

func TestGuardsWithoutMiddlewareRefuse(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(h http.Handler) http.Handler { return h })
	if got := ask(t, app, "/open"); got.body != "no session" {
		t.Errorf("FromContext: %s, want none", got.body)
	}
	for _, path := range []string{"/user", "/t/acme/members", "/bound"} {
		if got := ask(t, app, path); got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d, want 401", path, got.status)
		}
	}
}

func TestMiddlewareAnswers503WhileKeysAreUnavailable(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	keys := newKeyServer(t, s.JWKS())
	keys.status.Store(http.StatusInternalServerError)
	app := newApp(t, newVerifier(t, keys.URL, clk.Now).Middleware)
	got := ask(t, app, "/open", sign(t, s, nil, ""))
	if got.status != http.StatusServiceUnavailable || got.code != "keys_unavailable" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s, Retry-After %q", got.status, got.code, got.header.Get("Retry-After"))
	}
	if strings.Contains(got.body, keys.URL) {
		t.Errorf("the answer tells what is internal: %s", got.body)
	}
}

func TestRefusalIsLoggedWithoutTheToken(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	var out strings.Builder
	v, err := session.NewVerifier(session.VerifierConfig{
		JWKSURL: newKeyServer(t, s.JWKS()).URL, Issuer: issuer, Audience: "other", Now: clk.Now,
		Log: slog.New(slog.NewTextHandler(&out, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, s, nil, "")
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(session.AssertionHeader, token)
	v.Middleware(http.HandlerFunc(whoami)).ServeHTTP(w, r)
	if text := out.String(); !strings.Contains(text, "for another audience") || strings.Contains(text, token[60:]) {
		t.Errorf("log: %s", text)
	}
	if strings.Contains(w.Body.String(), "audience") {
		t.Errorf("the answer tells the detail: %s", w.Body)
	}
}

func TestDevelopmentServesThisMachineOnly(t *testing.T) {
	t.Parallel()
	app := newApp(t, session.Development(teller()))
	got := ask(t, app, "/t/acme/tellers")
	if got.body != "u-1" || got.header.Get(session.DevelopmentHeader) != "u-1" {
		t.Errorf("from here: %d %s, %s %q", got.status, got.body, session.DevelopmentHeader, got.header.Get(session.DevelopmentHeader))
	}
	for name, change := range map[string]func(*http.Request){
		"assertion":          func(r *http.Request) { r.Header.Set(session.AssertionHeader, "x") },
		"empty assertion":    func(r *http.Request) { r.Header.Set(session.AssertionHeader, "") },
		"proxied":            func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") },
		"proxied, RFC 7239":  func(r *http.Request) { r.Header.Set("Forwarded", "for=127.0.0.1") },
		"proxied, Via":       func(r *http.Request) { r.Header.Set("Via", "1.1 cache") },
		"DNS rebinding":      func(r *http.Request) { r.Host = "evil.example" },
		"DNS rebinding, dot": func(r *http.Request) { r.Host = "127.0.0.1.evil.example" },
		"another site's form": func(r *http.Request) {
			r.Method = http.MethodPost
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		},
		"another port's script": func(r *http.Request) {
			r.Method = http.MethodDelete
			r.Header.Set("Sec-Fetch-Site", "same-site")
		},
		"another site's form, old browser": func(r *http.Request) {
			r.Method = http.MethodPost
			r.Header.Set("Origin", "https://evil.example")
		},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.URL+"/open", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		if got := send(t, app, req); got.status != http.StatusForbidden || got.code != "development_only" {
			t.Errorf("%s: %d %s, want 403", name, got.status, got.code)
		}
	}
}

func TestDevelopmentServesTheAppsOwnPages(t *testing.T) {
	t.Parallel()
	handler := session.Development(teller())(http.HandlerFunc(whoami))
	for name, change := range map[string]func(*http.Request){
		"its own form":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") },
		"its own, old browser":   func(r *http.Request) { r.Header.Set("Origin", "http://localhost:8000") },
		"no browser":             func(*http.Request) {},
		"a link on another site": func(r *http.Request) { r.Method = http.MethodGet; r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "http://localhost:8000/", nil)
		r.RemoteAddr = "127.0.0.1:4000"
		change(r)
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d, want 200", name, w.Code)
		}
	}
}

func TestDevelopmentRefusesOtherPeers(t *testing.T) {
	t.Parallel()
	handler := session.Development(teller())(http.HandlerFunc(whoami))
	for peer, want := range map[string]int{
		"127.0.0.1:4000":          http.StatusOK,
		"[::1]:4000":              http.StatusOK,
		"[::ffff:127.0.0.1]:4000": http.StatusOK,
		"192.0.2.1:4000":          http.StatusForbidden,
		"10.0.0.1:4000":           http.StatusForbidden,
		"[fe80::1%eth0]:4000":     http.StatusForbidden,
		"0.0.0.0:4000":            http.StatusForbidden,
		"@":                       http.StatusForbidden,
		"":                        http.StatusForbidden,
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "http://localhost:8000/", nil)
		r.RemoteAddr = peer
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("peer %q: %d, want %d", peer, w.Code, want)
		}
	}
}

func TestDevelopmentKeepsItsOwnCopy(t *testing.T) {
	t.Parallel()
	sess := teller()
	app := newApp(t, session.Development(sess))
	sess.Memberships[0].Roles[1] = "nothing"
	if got := ask(t, app, "/t/acme/tellers"); got.status != http.StatusOK {
		t.Errorf("after the caller changed its value: %d, want 200", got.status)
	}
}
