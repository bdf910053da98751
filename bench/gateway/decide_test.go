package main

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/directory/sqlite"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/session"
)

// decision is what the gateway asks of sessions and rules for one request.
type decision struct {
	login  *login.Service
	policy *access.Policy
	cookie []string
	ask    access.Request // the gateway keeps it between requests, too
}

// newDecision has the rules and the user of the benchmark.
func newDecision(t testing.TB) *decision {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "directory.db"), slog.New(slog.DiscardHandler))
	check(t, err)
	t.Cleanup(func() { check(t, store.Close()) })
	user, err := store.CreateUser(t.Context(), "dana@example.org", "Dana")
	check(t, err)
	_, err = store.CreateTenant(t.Context(), "acme", "Acme")
	check(t, err)
	check(t, store.GrantRole(t.Context(), directory.Grant{User: user.ID, Tenant: "acme", Role: "manager"}))

	now := time.Now()
	keys, err := session.GenerateKeySet(now)
	check(t, err)
	hasher, err := password.NewHasher(password.Config{Params: password.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}})
	check(t, err)
	d := &decision{policy: rules(t)}
	d.login, err = login.New(login.Config{Service: "bench", Issuer: "bench", AllowInsecure: true}, login.Dependencies{
		Keys: keys, Directory: store, Passwords: hasher, Log: slog.New(slog.DiscardHandler),
		Resolver: directory.NewResolver(store, directory.ResolverConfig{Now: func() time.Time { return now }}, slog.New(slog.DiscardHandler)),
		Now:      func() time.Time { return now },
	})
	check(t, err)
	sealer, err := session.NewSealer(session.SealerConfig{Audience: "bench", Idle: time.Hour, Absolute: time.Hour, Keys: keys})
	check(t, err)
	value, err := sealer.Seal(session.Session{ID: session.NewID(), User: session.User{ID: user.ID}, Method: "password", SignedInAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour)})
	check(t, err)
	d.cookie = []string{"theme=dark; " + session.CookieName(session.OverPlainHTTP) + "=" + value}
	return d
}

// rules are those of the manifest the benchmark serves.
func rules(t testing.TB) *access.Policy {
	t.Helper()
	text, err := os.ReadFile("berth.yaml.tmpl")
	check(t, err)
	text = regexp.MustCompile(`@ACCESS_LOG@`).ReplaceAll(text, []byte("false"))
	text = regexp.MustCompile(`@[A-Z_]+@`).ReplaceAll(text, []byte("1"))
	m, problems := manifest.Parse("berth.yaml", text)
	check(t, problems.Err())
	if n := len(m.Rules()); n != 50 {
		t.Fatalf("%d rules, not 50", n)
	}
	policy, err := access.Compile(m.Rules())
	check(t, err)
	return policy
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// decide is one request's worth.
func (d *decision) decide(t testing.TB, path string) access.Outcome {
	res, err := d.login.Authenticate(t.Context(), login.Credentials{Cookies: d.cookie, Transport: session.OverPlainHTTP})
	if err != nil || res.Session == nil {
		t.Fatal("not signed in", err)
	}
	d.ask = access.Request{Method: "GET", Host: "bench", Path: path, Session: res.Session, Client: netip.IPv6Loopback()}
	return d.policy.Decide(&d.ask).Outcome
}

const requested = "/api/orgs/acme/projects/42"

func TestSessionAndRulesDecideWithoutAllocating(t *testing.T) {
	d := newDecision(t)
	if got := d.decide(t, "/api/orgs/other/projects/42"); got != access.Forbidden {
		t.Errorf("another tenant's project: %v, want forbidden", got)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if d.decide(t, requested) != access.Allow {
			t.Error("not allowed")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSessionAndRules is a session from memory and 50 rules.
func BenchmarkSessionAndRules(b *testing.B) {
	d := newDecision(b)
	b.ReportAllocs()
	for b.Loop() {
		if d.decide(b, requested) != access.Allow {
			b.Fatal("not allowed")
		}
	}
}
