package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/directory/sqlite"
	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/session"
)

// people is who uses the service: the directory, and signing in.
type people struct {
	store    *sqlite.Store
	resolver *directory.Resolver
	hasher   *password.Hasher
	login    *login.Service
}

// OpenDirectory opens the directory in a data directory, making both where
// there are none.
func OpenDirectory(data string, log *slog.Logger) (*sqlite.Store, error) {
	if err := makeData(data); err != nil {
		return nil, err
	}
	return sqlite.Open(filepath.Join(data, "directory.db"), log)
}

// makeData makes a data directory nobody else may enter and version control
// leaves alone.
func makeData(data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	ignore := filepath.Join(data, ".gitignore")
	if _, err := os.Lstat(ignore); err == nil {
		return nil
	}
	if err := os.WriteFile(ignore, []byte("*\n"), 0o600); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

func openPeople(opts Options, m *manifest.Manifest, env *environ.Set, reg prometheus.Registerer) (*people, error) {
	store, err := OpenDirectory(opts.Data, opts.Log)
	if err != nil {
		return nil, err
	}
	p := &people{store: store, resolver: directory.NewResolver(store, directory.ResolverConfig{}, opts.Log)}
	if err := p.openLogin(opts, m, env, reg); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return p, nil
}

func (p *people) openLogin(opts Options, m *manifest.Manifest, env *environ.Set, reg prometheus.Registerer) error {
	keys, err := LoadKeys(m, env, opts.Data)
	if err != nil {
		return err
	}
	if p.hasher, err = password.NewHasher(password.Config{}); err != nil {
		return err
	}
	limits := m.Login.Password
	p.login, err = login.New(loginConfig(opts, m), login.Dependencies{
		Keys: keys, Directory: p.store, Resolver: p.resolver, Passwords: p.hasher,
		Limiter: password.NewLimiter(password.LimiterConfig{
			PerUser: limits.UserAttempts, UserRefill: limits.UserRefill.Std(),
			PerAddress: limits.AddressAttempts, AddressRefill: limits.AddressRefill.Std(),
		}),
		Transport: transport, Client: clientAddress,
		Log: opts.Log, Registry: reg,
	})
	return err
}

func loginConfig(opts Options, m *manifest.Manifest) login.Config {
	origin := string(m.Gateway.PublicOrigin)
	cfg := login.Config{
		Service: m.Service, Title: m.Login.Title, Issuer: issuer(m),
		Idle: m.Session.Idle.Std(), Absolute: m.Session.Absolute.Std(),
		AssertionLifetime: m.Session.Assertion.Lifetime.Std(), MaxMemberships: m.Session.Assertion.MaxMemberships,
		AllowInsecure: m.Login.AllowInsecure || opts.Mode == Development,
	}
	if origin != "" {
		cfg.PublicOrigins = []string{origin}
	}
	if opts.Mode == Development {
		for _, u := range m.Development.Users {
			cfg.DevelopmentUsers = append(cfg.DevelopmentUsers, u.Email)
		}
	}
	return cfg
}

// issuer is the "iss" of the service's assertions.
func issuer(m *manifest.Manifest) string {
	if iss := string(m.Session.Assertion.Issuer); iss != "" {
		return iss
	}
	return m.Service
}

// transport is how the browser came, as the gateway found out and noted on the
// requests it hands to internal pages.
func transport(r *http.Request) session.Transport {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return session.OverTLS
	}
	return session.OverPlainHTTP
}

func clientAddress(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr()
	}
	a, _ := netip.ParseAddr(r.RemoteAddr) // an unknown address shares one limit with all unknown ones
	return a
}

// authenticator lets the gateway ask package login, which does not know it.
type authenticator struct{ login *login.Service }

// Authenticate implements [gateway.Authenticator].
func (a authenticator) Authenticate(r *http.Request, secure bool) (gateway.Caller, error) {
	c := login.Credentials{Cookies: r.Header["Cookie"], Transport: session.OverPlainHTTP}
	if secure {
		c.Transport = session.OverTLS
	}
	if h := r.Header["Authorization"]; len(h) > 0 {
		c.Authorization = h[0]
	}
	res, err := a.login.Authenticate(r.Context(), c)
	if err != nil {
		if errors.Is(err, login.ErrBadCredentials) {
			return gateway.Caller{Credential: gateway.Authorization}, gateway.ErrBadCredentials
		}
		return gateway.Caller{}, err
	}
	caller := gateway.Caller{Session: res.Session, SetCookie: res.SetCookie}
	switch {
	case res.Session == nil:
	case res.Bearer:
		caller.Credential = gateway.Authorization
	default:
		caller.Credential = gateway.Cookie
	}
	if res.Session == nil && res.Reason != login.ReasonNone {
		caller.Credential = gateway.Cookie
		return caller, gateway.ErrBadCredentials
	}
	return caller, nil
}

// sessionOf is the session a user would have who signed in now, to explain
// with.
func sessionOf(ctx context.Context, store *sqlite.Store, resolver *directory.Resolver, who string) (*session.Session, error) {
	id := who
	if u, err := store.UserByEmail(ctx, who); err == nil {
		id = u.ID
	}
	identity, err := resolver.Identity(ctx, id)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, fmt.Errorf("user %s: %w (berth user list shows who there is)", who, directory.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if identity.Disabled {
		return nil, fmt.Errorf("user %s is disabled and could not sign in", who)
	}
	return &session.Session{User: identity.User, Memberships: identity.Memberships, Method: "password"}, nil
}
