package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway/compress"
	"github.com/berth-project/berth/gateway/urlpath"
)

// The paths of the gateway's own endpoints.
const (
	// LivePath answers 200 for any host as long as the gateway runs.
	LivePath = "/.berth/health/live"
	// ReadyPath answers 200 for any host when the service is ready, else 503.
	ReadyPath = "/.berth/health/ready"

	internalPrefix  = "/.berth/"
	wellKnownPrefix = "/.well-known/berth/"
)

// Table is the hosts, routes and rules of a service. They never change; a
// request is answered with the table it began with.
type Table struct {
	service      string
	hosts        hostSet
	trusted      []netip.Prefix
	trustSockets bool
	trustHost    bool
	dropped      headerNames
	routes       []*route
	policy       *access.Policy
	paths        urlpath.Options
	compress     compress.Config
	signIn       string
	health       []string
	toHTTPS      bool
	cookies      cookieNames
	public       string // host and port of the https origin people see
	crossOrigin  *http.CrossOriginProtection
	hsts, server []string // header values, shared by all answers
	limits       Limits
	timeouts     Timeouts

	users atomic.Int64 // requests that use it
}

// NewTable builds a table. Its error tells everything that is wrong with cfg.
// It does no I/O.
func NewTable(cfg Config) (*Table, error) {
	t := &Table{
		service:      cmp.Or(cfg.Service, "Berth"),
		trusted:      slices.Clone(cfg.TrustedProxies),
		trustSockets: cfg.TrustSocketPeers,
		trustHost:    cfg.TrustForwardedHost,
		policy:       cfg.Access,
		paths:        urlpath.Options{MergeSlashes: cfg.MergeSlashes},
		compress:     cfg.Compress,
		signIn:       cfg.SignInPath,
		health:       append([]string{ReadyPath}, cfg.HealthPaths...),
		toHTTPS:      cfg.RedirectToHTTPS,
		cookies:      cookieNames{slices.Clone(cfg.Cookies)},
		limits:       cfg.Limits.withDefaults(),
		timeouts:     cfg.Timeouts.withDefaults(),
	}
	if cfg.HSTS > 0 {
		t.hsts = []string{"max-age=" + strconv.FormatInt(int64(cfg.HSTS/time.Second), 10)}
	}
	if cfg.ServerHeader != "" {
		t.server = []string{cfg.ServerHeader}
	}
	return t, errors.Join(t.addHosts(cfg), t.addOrigins(cfg), t.addPaths(cfg), t.addHeaders(cfg), t.addRoutes(cfg))
}

func (l Limits) withDefaults() Limits {
	return Limits{
		MaxURL:     cmp.Or(l.MaxURL, 8192),
		MaxBody:    cmp.Or(l.MaxBody, 16<<20),
		MaxHeaders: cmp.Or(l.MaxHeaders, 128),
	}
}

func (t Timeouts) withDefaults() Timeouts {
	return Timeouts{
		ReadBody: cmp.Or(t.ReadBody, time.Minute),
		Write:    cmp.Or(t.Write, time.Minute),
	}
}

func (t *Table) addHosts(cfg Config) error {
	if len(cfg.Hosts) == 0 {
		return errors.New(`no hosts: name those the service answers for, or "*"`)
	}
	hosts, err := parseHosts(cfg.Hosts)
	t.hosts = hosts
	return err
}

func (t *Table) addOrigins(cfg Config) error {
	if authority, ok := strings.CutPrefix(cfg.PublicOrigin, "https://"); ok {
		t.public = authority
	}
	t.crossOrigin = http.NewCrossOriginProtection()
	var errs []error
	for _, o := range append([]string{cfg.PublicOrigin}, cfg.TrustedOrigins...) {
		if o == "" {
			continue
		}
		if err := t.crossOrigin.AddTrustedOrigin(o); err != nil {
			errs = append(errs, fmt.Errorf("origin: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (t *Table) addPaths(cfg Config) error {
	var errs []error
	for _, p := range cfg.HealthPaths {
		if c, err := urlpath.Canonical(p); err != nil || c.HasQuery {
			errs = append(errs, fmt.Errorf("health path %q is not a canonical path", p))
		}
	}
	if s := cfg.SignInPath; s != "" {
		if u, err := url.Parse(s); err != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
			errs = append(errs, fmt.Errorf("sign-in path %q is not a path of this service", s))
		}
	}
	for _, p := range cfg.TrustedProxies {
		if !p.IsValid() {
			errs = append(errs, errors.New("a trusted proxy range is not valid"))
		}
	}
	return errors.Join(errs...)
}

func (t *Table) addHeaders(cfg Config) (err error) {
	t.dropped, err = parseHeaderNames(cfg.DropHeaders)
	return err
}

func (t *Table) addRoutes(cfg Config) error {
	var errs []error
	names := map[string]bool{}
	for i, c := range cfg.Routes {
		rt, err := newRoute(c, t.limits)
		if err == nil && names[rt.name] {
			err = fmt.Errorf("the name %q is taken", rt.name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("route %d: %w", i+1, err))
			continue
		}
		names[rt.name] = true
		rt.index = i
		t.routes = append(t.routes, rt)
	}
	return errors.Join(errs...)
}
