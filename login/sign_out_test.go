package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/session"
)

func (b *bundle) misses() float64 {
	b.t.Helper()
	families, err := b.reg.Gather()
	b.check(err)
	for _, f := range families {
		if f.GetName() == "berth_login_session_cache_misses_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	b.t.Fatal("no metric of cache misses")
	return 0
}

func TestSignOutLeavesOthersInMemory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	staying := b.cookie()
	b.wantUser(staying)
	for range 3 {
		leaving := b.cookie()
		b.wantUser(leaving)
		before := b.misses()
		b.wantUser(staying)
		if a := b.post(login.SignOutPath, nil, "Cookie", leaving); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("sign-out answered %d", a.StatusCode)
		}
		b.wantUser(staying)
		if n := b.misses() - before; n != 0 {
			t.Errorf("%v sessions were worked out anew because another signed out", n)
		}
		b.wantRefused(leaving, login.ReasonRevoked)
	}
}

// TestSignOutEndsEveryCookieOfTheSession has one that was renewed, and the one
// from before.
func TestSignOutEndsEveryCookieOfTheSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.cookie()
	b.clock.advance(6 * time.Minute)
	renewed := session.SecureCookieName + "=" + sealedIn(t, b.wantUser(first).SetCookie)
	b.wantUser(renewed)
	b.wantUser(first)
	b.post(login.SignOutPath, nil, "Cookie", renewed)
	b.wantRefused(renewed, login.ReasonRevoked)
	b.wantRefused(first, login.ReasonRevoked)
}

func sealedIn(t *testing.T, setCookie string) string {
	t.Helper()
	c, err := http.ParseSetCookie(setCookie)
	if err != nil {
		t.Fatal(err)
	}
	return c.Value
}
