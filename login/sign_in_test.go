package login_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/session"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.post(login.DefaultSignInPath, url.Values{"email": {" ANN@example.com "}, "password": {annPass}, "next": {"/app/north?q=1"}})
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/app/north?q=1" || a.body != "" {
		t.Fatalf("answer %d to %q: %q", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	c := a.Cookies()[0]
	if c.Name != session.SecureCookieName || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	if left := time.Until(c.Expires); left < 6*24*time.Hour || left > 7*24*time.Hour {
		t.Errorf("cookie expires in %v, want the absolute limit", left)
	}
	b.wantUser(c.Name + "=" + c.Value)
	if text := b.log.String(); !strings.Contains(text, "signed in") || strings.Contains(text, annPass) || strings.Contains(text, c.Value) {
		t.Errorf("log:\n%s", text)
	}
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, next := range []string{"//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/.berth/sign-in?next=/x", "/a\r\nX: y"} {
		a := b.post(login.DefaultSignInPath, url.Values{"email": {annEmail}, "password": {annPass}, "next": {next}})
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" || a.Header.Get("X") != "" {
			t.Errorf("next=%q led to %q", next, a.Header.Get("Location"))
		}
		cookie := a.Cookies()[0].Name + "=" + a.Cookies()[0].Value
		page := b.do(http.MethodGet, login.DefaultSignInPath+"?next="+url.QueryEscape(next), "", "Cookie", cookie)
		failed := b.post(login.DefaultSignInPath, url.Values{"email": {annEmail}, "password": {"wrong"}, "next": {next}})
		for _, shown := range []string{page.body, failed.body} {
			if strings.Contains(shown, "evil") || !strings.Contains(shown, `name="next" value="/"`) {
				t.Errorf("next=%q is on the page:\n%s", next, shown)
			}
		}
	}
}

func TestSignInOverPlainHTTPForDevelopment(t *testing.T) {
	t.Parallel()
	plain := func(_ *login.Config, d *login.Dependencies) {
		d.Transport = func(*http.Request) session.Transport { return session.OverPlainHTTP }
	}
	b := setup(t, allowInsecure, plain)
	c := b.signIn(annEmail, annPass).Cookies()[0]
	if c.Name != session.DevelopmentCookieName || c.Secure || !c.HttpOnly {
		t.Errorf("cookie %+v", c)
	}
	closed := setup(t, plain)
	for _, a := range []answer{closed.signIn(annEmail, annPass), closed.do(http.MethodGet, login.DefaultSignInPath, "")} {
		if a.StatusCode != http.StatusForbidden || len(a.Cookies()) != 0 || !strings.Contains(a.body, "https") {
			t.Errorf("without AllowInsecure: %d with cookies %v", a.StatusCode, a.Cookies())
		}
	}
}

// TestFailuresLookAlike holds every way to fail against the others, byte for
// byte but for the email the page shows again.
func TestFailuresLookAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	for _, email := range []string{"bob@example.com", "eve@example.com"} {
		u, err := b.store.CreateUser(ctx, email, "")
		b.check(err)
		if email == "eve@example.com" {
			hash, err := b.store.PasswordHash(ctx, b.ann.ID)
			b.check(err)
			b.check(b.store.SetPasswordHash(ctx, u.ID, hash))
			b.check(b.store.DisableUser(ctx, u.ID))
		}
	}
	var first string
	for _, c := range []struct{ why, email, password string }{
		{"wrong password", annEmail, "wrong horse battery"},
		{"unknown user", "zoe@example.com", annPass},
		{"no password set", "bob@example.com", annPass},
		{"disabled, right password", "eve@example.com", annPass},
		{"not an email", "nobody", annPass},
		{"nothing", "", ""},
		{"endless password", annEmail, strings.Repeat("x", 5000)},
	} {
		a := b.signIn(c.email, c.password)
		if a.StatusCode != http.StatusUnauthorized || len(a.Cookies()) != 0 || a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d, cookies %v", c.why, a.StatusCode, a.Cookies())
		}
		page := a.body
		if c.email != "" {
			page = strings.ReplaceAll(page, `value="`+c.email+`"`, `value=""`)
		} else {
			page = strings.Replace(page, ` autofocus`, ``, 1)
			page = strings.Replace(page, `aria-describedby="alert">
</div>
<button`, `aria-describedby="alert" autofocus>
</div>
<button`, 1)
		}
		if first == "" {
			first = page
		}
		if d := cmp.Diff(first, page); d != "" {
			t.Errorf("%s differs from a wrong password:\n%s", c.why, d)
		}
	}
	if !strings.Contains(first, "Email or password is wrong") || !strings.Contains(first, `role="alert"`) {
		t.Errorf("page:\n%s", first)
	}
	if text := b.log.String(); strings.Contains(text, "zoe") || strings.Contains(text, annPass) {
		t.Errorf("the log holds what people typed:\n%s", text)
	}
}

// countedDirectory counts the reads of a directory.
type countedDirectory struct {
	login.Directory
	users, hashes atomic.Int64
}

func (d *countedDirectory) UserByEmail(ctx context.Context, email string) (directory.User, error) {
	d.users.Add(1)
	return d.Directory.UserByEmail(ctx, email)
}

func (d *countedDirectory) PasswordHash(ctx context.Context, userID string) (secret.String, error) {
	d.hashes.Add(1)
	return d.Directory.PasswordHash(ctx, userID)
}

// TestFailuresCostTheSame counts what each way to fail does, since time is the
// sum of that: the reads of the directory, and the hash, which is known by its
// memory. It is not parallel: memory is counted for the whole program.
func TestFailuresCostTheSame(t *testing.T) {
	const hashMemory = 16 << 20
	costly, err := password.NewHasher(password.Config{Params: password.Params{MemoryKiB: hashMemory >> 10, Passes: 1, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	counted := &countedDirectory{}
	b := setup(t, func(_ *login.Config, d *login.Dependencies) {
		counted.Directory, d.Directory, d.Passwords = d.Directory, counted, costly
	})
	ctx := t.Context()
	hash, err := costly.Hash(ctx, secret.New(annPass))
	b.check(err)
	b.check(b.store.SetPasswordHash(ctx, b.ann.ID, hash))
	bob, err := b.store.CreateUser(ctx, "bob@example.com", "")
	b.check(err)
	eve, err := b.store.CreateUser(ctx, "eve@example.com", "")
	b.check(err)
	b.check(b.store.SetPasswordHash(ctx, eve.ID, hash))
	b.check(b.store.DisableUser(ctx, eve.ID))
	for _, c := range []struct{ why, email, password string }{
		{"wrong password", annEmail, "wrong horse battery"},
		{"unknown user", "zoe@example.com", annPass},
		{"no password set", bob.Email, annPass},
		{"disabled, right password", eve.Email, annPass},
		{"disabled, wrong password", eve.Email, "wrong horse battery"},
		{"not an email", "nobody", annPass},
	} {
		var before, after runtime.MemStats
		users, hashes := counted.users.Load(), counted.hashes.Load()
		runtime.ReadMemStats(&before)
		a := b.signIn(c.email, c.password)
		runtime.ReadMemStats(&after)
		if a.StatusCode != http.StatusUnauthorized {
			t.Fatalf("%s answered %d", c.why, a.StatusCode)
		}
		if u, h := counted.users.Load()-users, counted.hashes.Load()-hashes; u != 1 || h != 1 {
			t.Errorf("%s: %d reads of a user and %d of a hash, want one of each", c.why, u, h)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used < hashMemory || used > 2*hashMemory {
			t.Errorf("%s: %d bytes allocated, want one hash of %d", c.why, used, hashMemory)
		}
	}
}

func TestGuessingIsLimited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits option
		emails []string
	}{
		"by user":            {limited(3, 100), []string{annEmail, "ANN@example.com", annEmail}},
		"by unknown user":    {limited(3, 100), []string{"zoe@example.com", "zoe@example.com", "zoe@example.com"}},
		"by address":         {limited(100, 3), []string{"a@example.com", "b@example.com", "c@example.com"}},
		"by what is no mail": {limited(3, 100), []string{"nobody", "NOBODY", "nobody"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, from("192.0.2.1"), c.limits)
			for _, email := range c.emails {
				if a := b.signIn(email, "wrong"); a.StatusCode != http.StatusUnauthorized {
					t.Fatalf("attempt answered %d", a.StatusCode)
				}
			}
			// Even the right password is not looked at now.
			last := c.emails[2]
			a := b.signIn(last, annPass)
			if a.StatusCode != http.StatusTooManyRequests || len(a.Cookies()) != 0 || !strings.Contains(a.body, "Too many attempts") {
				t.Errorf("attempt 4 answered %d", a.StatusCode)
			}
			if s := a.Header.Get("Retry-After"); s != "60" && s != "10" {
				t.Errorf("Retry-After: %q", s)
			}
			b.clock.advance(time.Minute)
			if a := b.signIn(last, "wrong"); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("after a minute the attempt answered %d", a.StatusCode)
			}
		})
	}
}

func TestSuccessForgetsFailures(t *testing.T) {
	t.Parallel()
	b := setup(t, from("192.0.2.1"), limited(3, 100))
	for range 5 {
		b.signIn(annEmail, "wrong")
		b.signIn(annEmail, "wrong")
		if a := b.signIn(annEmail, annPass); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("the right password answered %d", a.StatusCode)
		}
	}
}

func TestOutdatedHashIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, err := password.NewHasher(password.Config{Params: password.Params{MemoryKiB: 128, Passes: 2, Lanes: 1}})
	b.check(err)
	hash, err := old.Hash(t.Context(), secret.New(annPass))
	b.check(err)
	b.check(b.store.SetPasswordHash(t.Context(), b.ann.ID, hash))
	b.wantUser(b.cookie())
	now, err := b.store.PasswordHash(t.Context(), b.ann.ID)
	b.check(err)
	if !strings.Contains(now.Reveal(), "$m=64,t=1,p=1$") {
		t.Error("the hash still has its old costs")
	}
	b.wantUser(b.cookie())
}

func TestCrossSitePostsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *login.Config, _ *login.Dependencies) { c.PublicOrigins = []string{"https://public.example"} })
	cookie := b.cookie()
	form := url.Values{"email": {annEmail}, "password": {annPass}}.Encode()
	for _, c := range []struct {
		path, name, value string
		want              int
	}{
		{login.DefaultSignInPath, "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{login.DefaultSignInPath, "Sec-Fetch-Site", "same-site", http.StatusForbidden},
		{login.DefaultSignInPath, "Origin", "https://evil.example", http.StatusForbidden},
		{login.DefaultSignInPath, "Origin", "null", http.StatusForbidden},
		{login.DefaultSignInPath, "Origin", "https://public.example", http.StatusSeeOther},
		{login.DefaultSignInPath, "Origin", b.server.URL, http.StatusSeeOther},
		{login.DefaultSignInPath, "Sec-Fetch-Site", "same-origin", http.StatusSeeOther},
		{login.SignOutPath, "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{login.SignOutPath, "Origin", "https://evil.example", http.StatusForbidden},
		{login.SignOutPath, "X-From", "a program", http.StatusSeeOther},
	} {
		a := b.do(http.MethodPost, c.path, form, "Content-Type", formType, "Cookie", cookie, c.name, c.value)
		if a.StatusCode != c.want {
			t.Errorf("POST %s with %s: %s answered %d, want %d", c.path, c.name, c.value, a.StatusCode, c.want)
		}
		if c.want == http.StatusForbidden {
			if len(a.Cookies()) != 0 {
				t.Errorf("a refused POST set %v", a.Cookies())
			}
			b.wantUser(cookie)
		} else {
			cookie = a.Cookies()[0].Name + "=" + a.Cookies()[0].Value
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		media, body string
		want        int
	}{
		{formType, "email=a&password=" + strings.Repeat("x", 20_000), http.StatusRequestEntityTooLarge},
		{"application/json", `{"email":"` + strings.Repeat("x", 20_000) + `"}`, http.StatusRequestEntityTooLarge},
		{formType, "email=%zz", http.StatusBadRequest},
		{"application/json", `{"email":`, http.StatusBadRequest},
		{"application/json", `{"email":"a","password":"canary","admin":true}`, http.StatusBadRequest},
		{"application/json", `{"email":"a","password":"canary"}{}`, http.StatusBadRequest},
		{"application/json", `["canary"]`, http.StatusBadRequest},
		{"application/json", `{"email":1,"password":"canary"}`, http.StatusBadRequest},
		{"multipart/form-data; boundary=x", "--x--", http.StatusUnsupportedMediaType},
		{"text/plain", "email=a&password=b", http.StatusUnsupportedMediaType},
		{"", "email=a&password=b", http.StatusUnsupportedMediaType},
		{"application/json; charset=\x7f", "{}", http.StatusUnsupportedMediaType},
	} {
		a := b.do(http.MethodPost, login.DefaultSignInPath, c.body, "Content-Type", strings.ReplaceAll(c.media, "\x7f", `"`), "Sec-Fetch-Site", "same-origin")
		if a.StatusCode != c.want || strings.Contains(a.body, "canary") {
			t.Errorf("%s %.40q answered %d, want %d:\n%s", c.media, c.body, a.StatusCode, c.want, a.body)
		}
	}
}

func TestJSONSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.do(http.MethodPost, login.DefaultSignInPath, `{"email":"ann@example.com","password":"`+annPass+`"}`, "Content-Type", "application/json")
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "application/json" || len(a.Cookies()) != 1 {
		t.Fatalf("answer %d, cookies %v:\n%s", a.StatusCode, a.Cookies(), a.body)
	}
	who := b.do(http.MethodGet, login.SessionPath, "", "Cookie", a.Cookies()[0].Name+"="+a.Cookies()[0].Value)
	if who.StatusCode != http.StatusOK || who.body != a.body || who.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("GET session answered %d:\n%s\nwant what sign-in answered:\n%s", who.StatusCode, who.body, a.body)
	}
	var got map[string]any
	b.check(json.Unmarshal([]byte(who.body), &got))
	delete(got, "signed_in_at")
	delete(got, "expires_at")
	want := map[string]any{
		"user":    map[string]any{"id": b.ann.ID, "email": annEmail, "name": "Ann <Lee>"},
		"method":  "password",
		"tenants": []any{map[string]any{"id": "north", "name": "North Bank", "roles": []any{"teller"}, "plans": []any{"premium"}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("session differs (-want +got):\n%s", d)
	}
}

func TestJSONFailures(t *testing.T) {
	t.Parallel()
	b := setup(t, from("192.0.2.1"), limited(1, 100))
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{http.MethodPost, login.DefaultSignInPath, `{"email":"ann@example.com","password":"x"}`, http.StatusUnauthorized, "wrong_credentials"},
		{http.MethodPost, login.DefaultSignInPath, `{"email":"ann@example.com","password":"x"}`, http.StatusTooManyRequests, "too_many_attempts"},
		{http.MethodPost, login.DefaultSignInPath, `{`, http.StatusBadRequest, "malformed"},
		{http.MethodGet, login.SessionPath, ``, http.StatusUnauthorized, "anonymous"},
	} {
		a := b.do(c.method, c.path, c.body, "Content-Type", "application/json")
		var p struct {
			Status int
			Code   string
		}
		b.check(json.Unmarshal([]byte(a.body), &p))
		if a.StatusCode != c.status || p.Status != c.status || p.Code != c.code || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s answered %d %s, want %d %s", c.method, c.path, a.StatusCode, a.body, c.status, c.code)
		}
	}
	a := b.do(http.MethodGet, login.SessionPath, "", "Cookie", session.SecureCookieName+"=v1.x.y")
	if a.StatusCode != http.StatusUnauthorized || len(a.Cookies()) != 1 || a.Cookies()[0].MaxAge >= 0 {
		t.Errorf("a bad cookie answered %d with cookies %v, want it cleared", a.StatusCode, a.Cookies())
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	page := b.do(http.MethodGet, login.SignOutPath, "", "Cookie", cookie)
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "Ann &lt;Lee&gt;") {
		t.Fatalf("sign-out page answered %d:\n%s", page.StatusCode, page.body)
	}
	b.wantUser(cookie) // looking at the page changes nothing
	a := b.post(login.SignOutPath, nil, "Cookie", cookie)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/.berth/sign-in?signed-out" || a.Cookies()[0].MaxAge >= 0 {
		t.Errorf("answer %d to %q, cookies %v", a.StatusCode, a.Header.Get("Location"), a.Cookies())
	}
	b.wantRefused(cookie, login.ReasonRevoked) // a copy of the cookie
	if a := b.do(http.MethodGet, login.SignOutPath, "", "Cookie", cookie); a.StatusCode != http.StatusSeeOther {
		t.Errorf("sign-out page for nobody answered %d", a.StatusCode)
	}
	if a := b.post(login.SignOutPath, nil, "Accept", "application/json"); a.StatusCode != http.StatusNoContent {
		t.Errorf("sign-out of nobody by a program answered %d", a.StatusCode)
	}
}

func TestSigningInAgainEndsTheEarlierSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.cookie()
	a := b.post(login.DefaultSignInPath, url.Values{"email": {annEmail}, "password": {annPass}}, "Cookie", old)
	fresh := a.Cookies()[0]
	b.wantRefused(old, login.ReasonRevoked)
	b.wantUser(fresh.Name + "=" + fresh.Value)
	// A wrong password ends nothing.
	b.post(login.DefaultSignInPath, url.Values{"email": {annEmail}, "password": {"wrong"}}, "Cookie", fresh.Name+"="+fresh.Value)
	b.wantUser(fresh.Name + "=" + fresh.Value)
}

func TestPages(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *login.Config, _ *login.Dependencies) {
		c.DevelopmentUsers = []string{annEmail, "m&m@example.com"}
	})
	a := b.do(http.MethodGet, login.DefaultSignInPath+"?next=/a%3Fx=%22%3E%3Cscript%3E&email="+annEmail, "")
	for _, want := range []string{
		`<title>Sign in – The Ledger</title>`, `<html lang="en">`, `<label for="email">`, `<label for="password">`, `autocomplete="username"`,
		`autocomplete="current-password"`, `value="ann@example.com"`, `href="/.berth/sign-in?email=m%26m%40example.com`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("page lacks %s:\n%s", want, a.body)
		}
	}
	if strings.Contains(a.body, "<script") || strings.Contains(a.body, "style=") {
		t.Errorf("page has a script or an inline style:\n%s", a.body)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"Cache-Control":           "no-store",
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "same-origin",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	_, rest, _ := strings.Cut(a.body, `<link rel="stylesheet" href="`)
	href, _, _ := strings.Cut(rest, `"`)
	css := b.do(http.MethodGet, href, "")
	if css.StatusCode != http.StatusOK || !strings.Contains(css.Header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("stylesheet %s answered %d, %v", href, css.StatusCode, css.Header)
	}
	plain := setup(t).do(http.MethodGet, login.DefaultSignInPath+"?email="+annEmail, "")
	if strings.Contains(plain.body, "Development") || strings.Contains(plain.body, annEmail) {
		t.Errorf("a page without development users shows one:\n%s", plain.body)
	}
}

func TestSignInPageKnowsWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.do(http.MethodGet, login.DefaultSignInPath+"?next=/app", "", "Cookie", b.cookie())
	if !strings.Contains(a.body, "Ann &lt;Lee&gt;") || !strings.Contains(a.body, `<a href="/app">Continue</a>`) {
		t.Errorf("page:\n%s", a.body)
	}
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPut, login.DefaultSignInPath, http.StatusMethodNotAllowed},
		{http.MethodPost, login.SessionPath, http.StatusMethodNotAllowed},
		{http.MethodDelete, login.JWKSPath, http.StatusMethodNotAllowed},
		{http.MethodGet, "/.berth/", http.StatusNotFound},
		{http.MethodGet, "/.berth/assets/other.css", http.StatusNotFound},
		{http.MethodGet, "/.berth/sign-in/", http.StatusNotFound},
		{http.MethodHead, login.DefaultSignInPath, http.StatusOK},
	} {
		a := b.do(c.method, c.path, "", "Accept", "text/html", "X-Request-Id", "r-17")
		if a.StatusCode != c.want {
			t.Errorf("%s %s answered %d, want %d", c.method, c.path, a.StatusCode, c.want)
		}
		if c.want >= 400 && (!strings.Contains(a.body, "<!doctype html>") || !strings.Contains(a.body, "r-17")) {
			t.Errorf("%s %s answered no page with the id of the request:\n%s", c.method, c.path, a.body)
		}
		if c.want == http.StatusMethodNotAllowed && !strings.Contains(a.Header.Get("Allow"), "GET") {
			t.Errorf("%s %s: Allow is %q", c.method, c.path, a.Header.Get("Allow"))
		}
	}
	for path, code := range map[string]string{"/.berth/none": "not_found", login.SessionPath: "anonymous"} {
		a := b.do(http.MethodGet, path, "", "Accept", "application/json", "X-Request-Id", "r-17")
		if a.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(a.body, `"code":"`+code+`"`) || !strings.Contains(a.body, `"request_id":"r-17"`) {
			t.Errorf("GET %s for a program answered %d:\n%s", path, a.StatusCode, a.body)
		}
	}
}

// TestHandlerHasTheLastWordAboutTheCookie serves as the gateway does, which
// has looked at the old cookie first.
func TestHandlerHasTheLastWordAboutTheCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct{ path, body, want string }{
		{login.DefaultSignInPath, url.Values{"email": {annEmail}, "password": {annPass}}.Encode(), session.SecureCookieName + "=v1."},
		{login.SignOutPath, "", session.SecureCookieName + "=;"},
	} {
		r := httptest.NewRequest(http.MethodPost, "https://ledger.example.com"+c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Origin", "https://ledger.example.com")
		w := httptest.NewRecorder()
		w.Header().Add("Set-Cookie", session.SecureCookieName+"=renewed; Path=/")
		w.Header().Add("Set-Cookie", "affinity=a; Path=/")
		b.service.Handler().ServeHTTP(w, r)
		got := w.Header()["Set-Cookie"]
		if len(got) != 2 || !strings.HasPrefix(got[0], "affinity=") || !strings.HasPrefix(got[1], c.want) {
			t.Errorf("POST %s sets %q", c.path, got)
		}
	}
}
