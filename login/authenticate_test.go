package login_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/session"
)

func TestSessionCarriesMemberships(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	res := b.wantUser(cookie)
	want := []session.Membership{{Tenant: "north", TenantName: "North Bank", Roles: []string{"teller"}, Plans: []string{"premium"}}}
	if d := cmp.Diff(want, res.Session.Memberships); d != "" {
		t.Errorf("memberships differ (-want +got):\n%s", d)
	}
	if res.Session.Method != "password" || res.Session.User.Email != annEmail || res.SetCookie != "" || res.Bearer {
		t.Errorf("Authenticate() = %+v of %+v", res, res.Session)
	}
	if again := b.wantUser(cookie); again != res {
		t.Error("the second request did not come from memory")
	}
}

func TestNoCredentialsIsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, cookie := range []string{"", "theme=dark; lang=en", "__Host-berth=", "x__Host-berth=v1.a.b", "__Host-berth2=v1.a.b", "berth=v1.a.b"} {
		res := b.authenticate(cookie)
		if !res.Session.Anonymous() || res.SetCookie != "" || res.Reason != login.ReasonNone {
			t.Errorf("cookie %q: %+v, want nobody and nothing to clear", cookie, res)
		}
	}
}

func TestTamperedCookieIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	b.wantUser(cookie) // in memory now: a neighbour must still be opened
	prefix := len(session.SecureCookieName) + 1
	for _, at := range []int{prefix, prefix + 4, len(cookie) / 2, len(cookie) - 1} {
		flipped := []byte(cookie)
		flipped[at] ^= 1
		if c := flipped[at]; c == ';' || c == ' ' {
			continue
		}
		b.wantRefused(string(flipped), login.ReasonInvalid)
	}
	for _, value := range []string{"v1", "v1..", "x", strings.Repeat("a", 5000), cookie[prefix:] + "A", cookie[prefix : len(cookie)-1]} {
		b.wantRefused(session.SecureCookieName+"="+value, login.ReasonInvalid)
	}
}

func TestTwoDifferentCookiesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	b.wantUser("theme=dark; " + cookie + "; lang=en")
	b.wantUser(cookie + "; " + cookie)
	b.wantRefused(cookie+"; "+session.SecureCookieName+"=v1.x.y", login.ReasonAmbiguous)
	b.wantRefused(session.SecureCookieName+"=v1.x.y;"+cookie, login.ReasonAmbiguous)
	res, err := b.service.Authenticate(t.Context(), login.Credentials{Cookies: []string{cookie, session.SecureCookieName + "=other"}})
	b.check(err)
	if res.Reason != login.ReasonAmbiguous {
		t.Errorf("two header lines: reason %q", res.Reason)
	}
}

func TestCookieCountsOnItsTransportOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, allowInsecure)
	value := strings.TrimPrefix(b.cookie(), session.SecureCookieName+"=")
	for _, c := range []struct {
		name      string
		transport session.Transport
		counts    bool
	}{
		{session.SecureCookieName, session.OverTLS, true},
		{session.DevelopmentCookieName, session.OverTLS, false},
		{session.SecureCookieName, session.OverPlainHTTP, false},
		{session.DevelopmentCookieName, session.OverPlainHTTP, true},
	} {
		res, err := b.service.Authenticate(t.Context(), login.Credentials{Cookies: []string{c.name + "=" + value}, Transport: c.transport})
		b.check(err)
		if res.Session.Anonymous() == c.counts {
			t.Errorf("cookie %s over transport %d: counts %v, want %v", c.name, c.transport, !c.counts, c.counts)
		}
	}
}

func TestPlainHTTPIsRefusedByDefault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	value := strings.TrimPrefix(b.cookie(), session.SecureCookieName+"=")
	res, err := b.service.Authenticate(t.Context(), login.Credentials{Cookies: []string{"berth=" + value}, Transport: session.OverPlainHTTP})
	b.check(err)
	if !res.Session.Anonymous() || res.Reason != login.ReasonInsecure {
		t.Errorf("a good cookie over plain HTTP: %+v, want nobody", res)
	}
	_, err = b.service.Authenticate(t.Context(), login.Credentials{Authorization: "Bearer " + value, Transport: session.OverPlainHTTP})
	if !errors.Is(err, login.ErrBadCredentials) {
		t.Errorf("a bearer over plain HTTP: error %v, want ErrBadCredentials", err)
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	value := strings.TrimPrefix(b.cookie(), session.SecureCookieName+"=")
	for _, scheme := range []string{"Bearer ", "bearer  "} {
		res, err := b.service.Authenticate(t.Context(), login.Credentials{Authorization: scheme + value})
		b.check(err)
		if res.Session.Anonymous() || !res.Bearer {
			t.Errorf("%q: %+v, want ann by bearer", scheme, res)
		}
	}
	if res := b.wantUser(session.SecureCookieName + "=" + value); res.Bearer {
		t.Error("the cookie's result says bearer")
	}
	for _, bad := range []string{value + "A", "v1.x.y", "v1."} {
		if _, err := b.service.Authenticate(t.Context(), login.Credentials{Authorization: "Bearer " + bad}); !errors.Is(err, login.ErrBadCredentials) {
			t.Errorf("bearer %.10q: error %v, want ErrBadCredentials", bad, err)
		}
	}
	for _, foreign := range []string{"Bearer eyJhbGciOi", "Basic YTpi", "Bearer", "Bearer ", "token v1.x.y", "v1.x.y"} {
		res, err := b.service.Authenticate(t.Context(), login.Credentials{Authorization: foreign})
		if err != nil || !res.Session.Anonymous() {
			t.Errorf("%q: %+v, %v, want nobody: it is the app's", foreign, res, err)
		}
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end    func(b *bundle, cookie string)
		reason login.Reason
	}{
		"disabled": {func(b *bundle, _ string) { b.check(b.store.DisableUser(t.Context(), b.ann.ID)) }, login.ReasonDisabled},
		"disabled and enabled again": {func(b *bundle, _ string) {
			b.check(b.store.DisableUser(t.Context(), b.ann.ID))
			b.check(b.store.EnableUser(t.Context(), b.ann.ID))
		}, login.ReasonEnded},
		"deleted":           {func(b *bundle, _ string) { b.check(b.store.DeleteUser(t.Context(), b.ann.ID)) }, login.ReasonUnknownUser},
		"all revoked":       {func(b *bundle, _ string) { b.check(b.store.RevokeSessionsOf(t.Context(), b.ann.ID)) }, login.ReasonEnded},
		"idle too long":     {func(b *bundle, _ string) { b.clock.advance(12*time.Hour + time.Second) }, login.ReasonExpired},
		"past absolute end": {func(b *bundle, _ string) { b.clock.advance(8 * 24 * time.Hour) }, login.ReasonExpired},
		"revoked": {func(b *bundle, cookie string) {
			id := b.wantUser(cookie).Session.ID
			b.check(b.store.RevokeSession(t.Context(), directory.Revocation{Session: id, User: b.ann.ID, Until: b.clock.now().Add(time.Hour)}))
		}, login.ReasonRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			cookie := b.cookie()
			b.wantUser(cookie)
			c.end(b, cookie)
			b.wantRefused(cookie, c.reason)
			b.wantRefused(cookie, c.reason)
		})
	}
}

func TestSignInAfterSessionsWereEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.cookie()
	b.check(b.store.RevokeSessionsOf(t.Context(), b.ann.ID))
	b.wantRefused(old, login.ReasonEnded)
	b.wantUser(b.cookie()) // within the same second
}

func TestNoRenewalMovesTheAbsoluteEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	var renewals int
	for range 7*4 - 1 { // every six hours for seven days
		b.clock.advance(6 * time.Hour)
		res := b.wantUser(cookie)
		if res.SetCookie != "" {
			renewals++
			cookie, _, _ = strings.Cut(res.SetCookie, ";")
		}
	}
	b.clock.advance(6 * time.Hour)
	b.wantRefused(cookie, login.ReasonExpired)
	if renewals != 27 {
		t.Errorf("%d renewals, want one each time", renewals)
	}
}

func TestRenewalOnlyWhenDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	b.clock.advance(time.Minute)
	if res := b.wantUser(cookie); res.SetCookie != "" {
		t.Errorf("renewed after a minute: %q", res.SetCookie)
	}
	b.clock.advance(5 * time.Minute)
	res := b.wantUser(cookie)
	for _, part := range []string{session.SecureCookieName + "=v1.", "; Path=/;", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(res.SetCookie, part) {
			t.Errorf("renewal %q lacks %q", res.SetCookie, part)
		}
	}
	if res := b.wantUser(cookie); res.SetCookie != "" {
		t.Error("renewed twice at once")
	}
	b.clock.advance(10 * time.Second)
	if res := b.wantUser(cookie); res.SetCookie == "" {
		t.Error("a renewal that was lost is not repeated")
	}
}

func TestRoleEndsOnTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := b.clock.now().Add(5 * time.Second)
	b.check(b.store.GrantRole(t.Context(), directory.Grant{User: b.ann.ID, Tenant: "north", Role: "manager", ExpiresAt: end}))
	cookie := b.cookie()
	if !b.wantUser(cookie).Session.HasRole("north", "manager") {
		t.Fatal("the role does not count before its end")
	}
	b.clock.advance(5 * time.Second)
	sess := b.wantUser(cookie).Session
	if sess.HasRole("north", "manager") || !sess.HasRole("north", "teller") {
		t.Errorf("after its end: %+v", sess.Memberships)
	}
}

func TestRoleChangeCountsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	before := b.wantUser(cookie)
	b.check(b.store.RevokeRole(t.Context(), directory.Grant{User: b.ann.ID, Tenant: "north", Role: "teller"}))
	after := b.wantUser(cookie)
	if after.Session.HasRole("north") || !before.Session.HasRole("north", "teller") {
		t.Errorf("before %+v, after %+v", before.Session.Memberships, after.Session.Memberships)
	}
}

func TestSilentDirectorySignsNobodyIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	b.wantUser(cookie)
	b.check(b.store.Close())
	b.wantUser(cookie) // what is in memory holds for MaxStale
	b.clock.advance(11 * time.Second)
	if _, err := b.service.Authenticate(t.Context(), login.Credentials{Cookies: []string{cookie}}); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	if a := b.do(http.MethodGet, login.SessionPath, "", "Cookie", cookie); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("GET session answered %d, want 503", a.StatusCode)
	}
	if a := b.signIn(annEmail, annPass); a.StatusCode != http.StatusServiceUnavailable || strings.Contains(a.body, "sql") {
		t.Errorf("sign-in answered %d, want 503 without internals:\n%s", a.StatusCode, a.body)
	}
}

// TestMemoryOfASessionIsNoFresherThanTheDirectory remembers a session late in
// the time the directory's last answer is good for.
func TestMemoryOfASessionIsNoFresherThanTheDirectory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie() // the directory answered: good for ten seconds
	b.clock.advance(8 * time.Second)
	b.wantUser(cookie)
	b.check(b.store.Close())
	b.wantUser(cookie)
	b.clock.advance(3 * time.Second)
	if _, err := b.service.Authenticate(t.Context(), login.Credentials{Cookies: []string{cookie}}); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

func TestOtherServicesCookieIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sealer, err := session.NewSealer(session.SealerConfig{Audience: "other", Keys: b.keys})
	b.check(err)
	value, err := sealer.Seal(session.Session{ID: "s1", User: session.User{ID: b.ann.ID}, Method: "password"})
	b.check(err)
	b.wantRefused(session.SecureCookieName+"="+value, login.ReasonInvalid)
}

func TestReloadKeepsSessionsUntilTheKeyIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	keys := b.keys
	rotate := func() {
		t.Helper()
		var err error
		keys, err = keys.Rotate(b.clock.now())
		b.check(err)
		b.check(b.service.Reload(keys))
	}
	rotate()
	b.wantUser(cookie)
	rotate()
	b.wantRefused(cookie, login.ReasonInvalid)
	if err := b.service.Reload(nil); err == nil {
		t.Error("Reload() took no keys")
	}
	b.wantUser(b.cookie())
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.wantUser(b.cookie())
	b.signIn(annEmail, "wrong")
	b.wantRefused(session.SecureCookieName+"=v1.x.y", login.ReasonInvalid)
	err := testutil.GatherAndCompare(b.reg, strings.NewReader(`
# HELP berth_login_attempts_total Sign-in attempts by method and outcome.
# TYPE berth_login_attempts_total counter
berth_login_attempts_total{method="password",outcome="ok"} 1
berth_login_attempts_total{method="password",outcome="wrong"} 1
# HELP berth_login_sessions_refused_total Requests whose session did not count, by reason.
# TYPE berth_login_sessions_refused_total counter
berth_login_sessions_refused_total{reason="invalid"} 1
`), "berth_login_attempts_total", "berth_login_sessions_refused_total")
	if err != nil {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := setup(t)
	deps := login.Dependencies{
		Keys: good.keys, Directory: good.store, Resolver: good.resolver, Log: slog.New(slog.DiscardHandler),
	}
	if _, err := login.New(good.cfg, deps); err == nil {
		t.Error("New() took no hasher")
	}
	for name, change := range map[string]func(*login.Config){
		"no service":         func(c *login.Config) { c.Service = "" },
		"no issuer":          func(c *login.Config) { c.Issuer = "" },
		"origin with a path": func(c *login.Config) { c.PublicOrigins = []string{"https://a.example/x"} },
		"negative cache":     func(c *login.Config) { c.CacheSize = -1 },
	} {
		cfg := good.cfg
		change(&cfg)
		if err := cfg.Validate(); err == nil {
			t.Errorf("%s: Validate() took it", name)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				res, err := b.service.Authenticate(context.Background(), login.Credentials{Cookies: []string{cookie}})
				if err != nil || res.Session.Anonymous() {
					t.Errorf("Authenticate() = %+v, %v", res, err)
					return
				}
				if _, err := b.service.Assertion(res.Session, "app", "north"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			b.resolver.Invalidate()
			if err := b.service.Reload(b.keys); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}
