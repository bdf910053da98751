package login_test

import (
	"testing"

	"github.com/berth-project/berth/login"
)

func TestHitsAllocateNothing(t *testing.T) {
	b := setup(t)
	creds := login.Credentials{Cookies: []string{"theme=dark; " + b.cookie() + "; lang=en"}}
	ctx := t.Context()
	sess := b.wantUser(creds.Cookies[0]).Session
	b.assertion(sess, "app", "north")
	if n := testing.AllocsPerRun(1000, func() {
		_, _ = b.service.Authenticate(ctx, creds)
		_, _ = b.service.Assertion(sess, "app", "north")
		_, _ = b.service.Assertion(nil, "app", "")
	}); n > 0 {
		t.Errorf("%v allocations on a hit", n)
	}
}

func BenchmarkAuthenticateHit(b *testing.B) {
	s := setup(b)
	creds := login.Credentials{Cookies: []string{"theme=dark; " + s.cookie() + "; lang=en"}}
	ctx := b.Context()
	s.wantUser(creds.Cookies[0])
	b.ReportAllocs()
	for b.Loop() {
		if res, err := s.service.Authenticate(ctx, creds); err != nil || res.Session == nil {
			b.Fatal(res, err)
		}
	}
}

func BenchmarkAssertionHit(b *testing.B) {
	s := setup(b)
	sess := s.wantUser(s.cookie()).Session
	s.assertion(sess, "app", "north")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.service.Assertion(sess, "app", "north"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAuthenticateMiss opens the cookie and reads the directory's answer
// from the store each time.
func BenchmarkAuthenticateMiss(b *testing.B) {
	s := setup(b)
	creds := login.Credentials{Cookies: []string{s.cookie()}}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		s.resolver.Invalidate()
		if res, err := s.service.Authenticate(ctx, creds); err != nil || res.Session == nil {
			b.Fatal(res, err)
		}
	}
}
