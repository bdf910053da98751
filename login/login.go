package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/session"
)

// Paths the handler serves.
const (
	DefaultSignInPath = "/.berth/sign-in"
	SignOutPath       = "/.berth/sign-out"
	SessionPath       = "/.berth/session"
	JWKSPath          = "/.well-known/berth/jwks.json"
	assetsPath        = "/.berth/assets/"
)

// Config says how a service signs people in.
type Config struct {
	// Service names the service. Cookies are bound to it: one service's does
	// not open in another that shares its keys. Required.
	Service string
	// Title is what the pages call the service. Default: Service.
	Title string
	// Issuer is the "iss" of assertions, the gateway's public origin.
	// Required.
	Issuer string
	// PublicOrigins are further origins ("https://app.example.com") whose
	// pages may post to the sign-in form, for a gateway behind something that
	// rewrites Host.
	PublicOrigins []string
	// Idle ends a session that long after its last use. Default 12 hours.
	Idle time.Duration
	// Absolute ends a session that long after sign-in. Default 7 days.
	Absolute time.Duration
	// AssertionLifetime is how long the app may believe one assertion.
	// Default 2 minutes.
	AssertionLifetime time.Duration
	// MaxMemberships is how many tenants one assertion lists. Default 50.
	MaxMemberships int
	// CacheSize bounds the sessions, and the assertions, kept in memory.
	// Default 10,000.
	CacheSize int
	// AllowInsecure lets people sign in over plain HTTP. For development.
	AllowInsecure bool
	// DevelopmentUsers are emails the sign-in page lists. For development:
	// empty in production.
	DevelopmentUsers []string
}

func (c Config) withDefaults() Config {
	c.Title = cmp.Or(c.Title, c.Service)
	c.Idle = cmp.Or(c.Idle, 12*time.Hour)
	c.Absolute = cmp.Or(c.Absolute, 7*24*time.Hour)
	c.AssertionLifetime = cmp.Or(c.AssertionLifetime, 2*time.Minute)
	c.MaxMemberships = cmp.Or(c.MaxMemberships, 50)
	c.CacheSize = cmp.Or(c.CacheSize, 10_000)
	return c
}

// Validate reports everything wrong with the configuration.
func (c Config) Validate() error {
	var errs []error
	if c.Service == "" {
		errs = append(errs, errors.New("login: no service name"))
	}
	if c.Issuer == "" {
		errs = append(errs, errors.New("login: no issuer"))
	}
	sites := http.NewCrossOriginProtection()
	for _, origin := range c.PublicOrigins {
		if err := sites.AddTrustedOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("login: public origin %q is not scheme://host", origin))
		}
	}
	if c.CacheSize < 0 {
		errs = append(errs, errors.New("login: cache size is negative"))
	}
	return errors.Join(errs...)
}

// Directory is what signing in and out needs of a [directory.Store].
type Directory interface {
	// UserByEmail returns a user, or directory.ErrNotFound.
	UserByEmail(ctx context.Context, email string) (directory.User, error)
	// PasswordHash returns the stored hash of a user.
	PasswordHash(ctx context.Context, userID string) (secret.String, error)
	// SetPasswordHash replaces it, when the costs of hashing have changed.
	SetPasswordHash(ctx context.Context, userID string, hash secret.String) error
	// RevokeSession ends a session at sign-out.
	RevokeSession(ctx context.Context, r directory.Revocation) error
}

// Dependencies are the parts a service works with.
type Dependencies struct {
	// Keys seal cookies and sign assertions. Required.
	Keys *session.KeySet
	// Directory is asked at sign-in. Required.
	Directory Directory
	// Resolver is asked on each request. Required; its Run is the caller's.
	Resolver *directory.Resolver
	// Passwords checks passwords. Required.
	Passwords *password.Hasher
	// Limiter limits attempts. Default: a limiter with its own defaults.
	Limiter *password.Limiter
	// Transport says how a browser reached the gateway, which behind a
	// trusted proxy only the gateway knows. Default: by Request.TLS.
	Transport func(*http.Request) session.Transport
	// Client says where a request is from. Default: Request.RemoteAddr.
	Client func(*http.Request) netip.Addr
	// Log receives sign-ins, sign-outs and trouble. Required.
	Log *slog.Logger
	// Registry receives the metrics; nil keeps them to the service.
	Registry prometheus.Registerer
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (d Dependencies) withDefaults() (Dependencies, error) {
	if d.Keys == nil || d.Directory == nil || d.Resolver == nil || d.Passwords == nil || d.Log == nil {
		return d, errors.New("login: keys, directory, resolver, passwords and log are required")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Limiter == nil {
		d.Limiter = password.NewLimiter(password.LimiterConfig{Now: d.Now})
	}
	if d.Transport == nil {
		d.Transport = transportOf
	}
	if d.Client == nil {
		d.Client = clientOf
	}
	return d, nil
}

func transportOf(r *http.Request) session.Transport {
	if r.TLS == nil {
		return session.OverPlainHTTP
	}
	return session.OverTLS
}

func clientOf(r *http.Request) netip.Addr {
	ap, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero Addr is a client like any other
	return ap.Addr()
}

// Service signs people in and says who they are. It is safe for concurrent
// use and starts no goroutines.
type Service struct {
	cfg   Config
	deps  Dependencies
	keyed atomic.Pointer[keyed]
	met   *metrics
	pages *pages
	// anonymous is the answer to every request without credentials.
	anonymous *Result
}

// keyed is everything that depends on the keys, replaced as a whole.
type keyed struct {
	sealer     *session.Sealer
	signer     *session.Signer
	sessions   *cache[string, *known]
	assertions *cache[assertionKey, *assertion]
	jwks       []byte
	jwksETag   string
}

// New returns a service. It reads nothing and listens to nothing.
func New(cfg Config, deps Dependencies) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, deps: deps, anonymous: &Result{}}
	if s.pages, err = newPages(); err != nil {
		return nil, err
	}
	if err := s.Reload(deps.Keys); err != nil {
		return nil, err
	}
	if s.met, err = newMetrics(deps.Registry); err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return s, nil
}

// Reload replaces the keys, after a rotation. Sessions sealed with a key that
// is still in the set go on; on an error the old keys stay.
func (s *Service) Reload(keys *session.KeySet) error {
	sealer, err := session.NewSealer(session.SealerConfig{
		Audience: s.cfg.Service, Idle: s.cfg.Idle, Absolute: s.cfg.Absolute, Keys: keys, Now: s.deps.Now,
	})
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	signer, err := session.NewSigner(session.SignerConfig{
		Issuer: s.cfg.Issuer, Lifetime: s.cfg.AssertionLifetime, Keys: keys, MaxMemberships: s.cfg.MaxMemberships, Now: s.deps.Now,
	})
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	jwks := signer.JWKS()
	s.keyed.Store(&keyed{
		sealer: sealer, signer: signer,
		sessions:   newCache[string, *known](s.cfg.CacheSize),
		assertions: newCache[assertionKey, *assertion](s.cfg.CacheSize),
		jwks:       jwks, jwksETag: `"` + digest(jwks) + `"`,
	})
	return nil
}
