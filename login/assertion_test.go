package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/session"
)

func (b *bundle) assertion(sess *session.Session, audience, tenant string) string {
	b.t.Helper()
	token, err := b.service.Assertion(sess, audience, tenant)
	b.check(err)
	return token
}

// verifier is an app's: it fetches our key set over HTTP.
func (b *bundle) verifier(audience string) *session.Verifier {
	b.t.Helper()
	v, err := session.NewVerifier(session.VerifierConfig{
		JWKSURL: b.server.URL + login.JWKSPath, Issuer: b.cfg.Issuer, Audience: audience, Client: b.client, Now: b.clock.now,
	})
	b.check(err)
	return v
}

func TestAppVerifiesAssertions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sess := b.wantUser(b.cookie()).Session
	got, err := b.verifier("app").Verify(t.Context(), b.assertion(sess, "app", "north"))
	b.check(err)
	if got.User.ID != b.ann.ID || !got.HasRole("north", "teller") || !got.HasPlan("north", "premium") {
		t.Errorf("the app sees %+v", got)
	}
	nobody, err := b.verifier("app").Verify(t.Context(), b.assertion(nil, "app", "north"))
	if err != nil || !nobody.Anonymous() {
		t.Errorf("for nobody the app sees %+v, %v", nobody, err)
	}
	if _, err := b.verifier("other").Verify(t.Context(), b.assertion(sess, "app", "north")); err == nil {
		t.Error("another app took the assertion")
	}
}

func TestAssertionComesFromMemoryForHalfItsLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sess := b.wantUser(b.cookie()).Session
	first := b.assertion(sess, "app", "north")
	if b.assertion(sess, "app", "north") != first {
		t.Error("the second was signed anew")
	}
	if b.assertion(sess, "app", "south") == first || b.assertion(sess, "other", "north") == first || b.assertion(nil, "app", "north") == first {
		t.Error("another audience, tenant or caller got the same assertion")
	}
	b.clock.advance(58 * time.Second)
	if b.assertion(sess, "app", "north") != first {
		t.Error("signed anew before half of its lifetime")
	}
	b.clock.advance(3 * time.Second)
	if b.assertion(sess, "app", "north") == first {
		t.Error("not signed anew after half of its lifetime")
	}
}

// TestAssertionOutlivesTheMemoryOfItsSession works a session out again, as
// happens every ten seconds of its use, while nothing about it has changed.
func TestAssertionOutlivesTheMemoryOfItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	first := b.assertion(b.wantUser(cookie).Session, "app", "north")
	for range 5 {
		b.clock.advance(11 * time.Second)
		if b.assertion(b.wantUser(cookie).Session, "app", "north") != first {
			t.Fatal("signed anew before half of its lifetime")
		}
	}
	b.clock.advance(11 * time.Second)
	if b.assertion(b.wantUser(cookie).Session, "app", "north") == first {
		t.Error("not signed anew after half of its lifetime")
	}
}

func TestNobodysAssertionIsShared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.assertion(nil, "app", "")
	for _, sess := range []*session.Session{nil, {}, {ID: "x"}} {
		if b.assertion(sess, "app", "any") != first {
			t.Errorf("%+v got an assertion of its own", sess)
		}
	}
}

func TestAssertionFollowsTheDirectory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cookie := b.cookie()
	b.assertion(b.wantUser(cookie).Session, "app", "north")
	b.check(b.store.RevokeRole(t.Context(), directory.Grant{User: b.ann.ID, Tenant: "north", Role: "teller"}))
	got, err := b.verifier("app").Verify(t.Context(), b.assertion(b.wantUser(cookie).Session, "app", "north"))
	if err != nil || got.HasRole("north", "teller") {
		t.Errorf("after the role was taken the app sees %+v, %v", got, err)
	}
}

func TestKeySetIsCached(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.do(http.MethodGet, login.JWKSPath, "")
	tag := a.Header.Get("ETag")
	if a.StatusCode != http.StatusOK || tag == "" || a.Header.Get("Cache-Control") != "public, max-age=60" {
		t.Fatalf("key set answered %d, %v", a.StatusCode, a.Header)
	}
	if again := b.do(http.MethodGet, login.JWKSPath, "", "If-None-Match", tag); again.StatusCode != http.StatusNotModified || again.body != "" {
		t.Errorf("with its ETag the key set answered %d", again.StatusCode)
	}
	rotated, err := b.keys.Rotate(b.clock.now())
	b.check(err)
	b.check(b.service.Reload(rotated))
	if after := b.do(http.MethodGet, login.JWKSPath, "", "If-None-Match", tag); after.StatusCode != http.StatusOK || after.body == a.body {
		t.Errorf("after a rotation the key set answered %d", after.StatusCode)
	}
}

func TestAppFollowsARotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.verifier("app")
	_, err := v.Verify(t.Context(), b.assertion(nil, "app", ""))
	b.check(err)
	rotated, err := b.keys.Rotate(b.clock.now())
	b.check(err)
	b.check(b.service.Reload(rotated))
	if _, err := v.Verify(t.Context(), b.assertion(nil, "app", "")); err != nil {
		t.Errorf("an assertion of the next key, known since before: %v", err)
	}
}
