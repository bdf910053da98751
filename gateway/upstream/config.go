package upstream

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/berth-project/berth/gateway/grammar"
)

// Version is the version of HTTP the servers of a group speak.
type Version uint8

// The versions.
const (
	// HTTP1 is HTTP/1.1, over TLS where Scheme is https.
	HTTP1 Version = iota
	// H2C is HTTP/2 without TLS, by prior knowledge (RFC 9113 section 3.3).
	H2C
)

// Balance is how a group spreads requests that no affinity places.
type Balance uint8

// The ways to balance.
const (
	// RoundRobin takes the targets in turn.
	RoundRobin Balance = iota
	// LeastConnections takes the target with the fewest requests in flight.
	LeastConnections
)

// Endpoint is the address of one server.
type Endpoint struct {
	// Network is "tcp" or "unix".
	Network string
	// Address is host:port, or the path of the socket.
	Address string
	// ID is the label people know the server by: "web.1". Affinity follows
	// it, so a server that moves keeps its clients. Empty means the address.
	ID string
}

// AffinityKey is what keeps a client with one target.
type AffinityKey uint8

// The affinity keys.
const (
	// NoAffinity balances every request.
	NoAffinity AffinityKey = iota
	// ByAddress keeps a client address with a target.
	ByAddress
	// ByCookie keeps a browser with a target, by a cookie of ours.
	ByCookie
)

// Affinity keeps requests of one client on one target while it is in rotation.
type Affinity struct {
	// By is what identifies the client.
	By AffinityKey
	// TTL is how long a client stays where it was placed after its last
	// request, even when new targets join. For ByAddress 0 means by hash
	// alone; for ByCookie 0 means until the browser closes.
	TTL time.Duration
	// Cookie is the name of the cookie, default "berth_target". Groups that
	// serve one host under different paths need different names.
	Cookie string
	// Secure marks the cookie Secure.
	Secure bool
	// MaxClients bounds the table of addresses, default 65536.
	MaxClients int
}

// HealthConfig is the active check of every target.
type HealthConfig struct {
	// Interval is the time between checks; 0 means no active checks.
	Interval time.Duration
	// Timeout bounds one check, default the lesser of Interval and 5 s.
	Timeout time.Duration
	// Path is what is asked for with GET; empty means a connection is enough.
	Path string
	// Host is the Host header of the check, default "localhost".
	Host string
	// StatusMin and StatusMax are the range of good answers, default 200–399.
	StatusMin, StatusMax int
	// Healthy is how many good checks in a row bring a target back, default 1.
	Healthy int
	// Unhealthy is how many bad checks in a row take it out, default 3.
	Unhealthy int
}

// Passive is what failed requests do to a target.
type Passive struct {
	// MaxFails is how many failures within FailTimeout take a target out,
	// default 3, negative never. Only failures of the target count: no
	// connection, no or a malformed answer, a timeout. Statuses do not.
	MaxFails int
	// FailTimeout is the window of MaxFails and the time out of rotation,
	// default 10 s.
	FailTimeout time.Duration
}

// Timeouts bounds each phase; 0 means the default, negative no limit.
type Timeouts struct {
	// Dial bounds making a connection, default 5 s.
	Dial time.Duration
	// ResponseHeader is from the end of the request to the end of the response
	// head, default 60 s.
	ResponseHeader time.Duration
	// BodyIdle is the longest silence within a response body, default 5 min.
	// It does not apply to an upgraded connection.
	BodyIdle time.Duration
	// WriteIdle is the longest the target may take no byte of a request,
	// default 60 s.
	WriteIdle time.Duration
	// Idle is how long an unused connection is kept, default 60 s.
	Idle time.Duration
}

// TLS is how an https upstream is trusted. There is no way not to verify it.
type TLS struct {
	// ServerName is the name in the certificate, default the host of the
	// address.
	ServerName string
	// Roots are the authorities to trust, nil the system's.
	Roots *x509.CertPool
}

// Config describes a group. The zero values are the defaults told at each
// field; only Name is required.
type Config struct {
	// Name labels the group in metrics and logs.
	Name string
	// Endpoints are the servers known from the start; SetEndpoints changes
	// them.
	Endpoints []Endpoint
	// Protocol is what they speak.
	Protocol Version
	// Scheme is "http" (default) or "https".
	Scheme string
	// TLS applies to https.
	TLS TLS
	// Balance spreads the requests.
	Balance Balance
	// Affinity keeps clients together with a target.
	Affinity Affinity
	// Health is the active check.
	Health HealthConfig
	// Passive is what failed requests do.
	Passive Passive
	// Timeouts bounds each phase.
	Timeouts Timeouts
	// Retries is how often one request may be sent again, default 2, negative
	// never.
	Retries int
	// Hold is how long a request waits for a target to appear, or to accept a
	// connection again, before it is refused; 0 means not at all.
	Hold time.Duration
	// MaxIdlePerEndpoint bounds the unused connections kept, default 128.
	MaxIdlePerEndpoint int
	// MaxResponseHeaderBytes bounds a response head, default 64 KiB.
	MaxResponseHeaderBytes int
}

// Validate reports everything wrong with c, joined.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Name == "" {
		bad("name is empty")
	}
	if c.Scheme != "" && c.Scheme != "http" && c.Scheme != "https" {
		bad("scheme %q is neither http nor https", c.Scheme)
	}
	if c.Protocol > H2C || c.Balance > LeastConnections || c.Affinity.By > ByCookie {
		bad("protocol, balance or affinity is not a known one")
	}
	if c.Protocol == H2C && c.Scheme == "https" {
		bad("protocol h2c is without TLS: scheme https does not go with it")
	}
	if c.Affinity.Cookie != "" && !grammar.IsToken(c.Affinity.Cookie) {
		bad("affinity cookie %q is not a cookie name", c.Affinity.Cookie)
	}
	if p := c.Health.Path; p != "" && (p[0] != '/' || !validTarget(p)) {
		bad("health path %q is not an encoded path", p)
	}
	if c.Health.StatusMax < c.Health.StatusMin {
		bad("health status range %d–%d is empty", c.Health.StatusMin, c.Health.StatusMax)
	}
	if c.Hold < 0 || c.Health.Interval < 0 || c.Health.Timeout < 0 || c.Affinity.TTL < 0 {
		bad("hold, health interval, health timeout and affinity ttl are not negative")
	}
	if n := c.MaxResponseHeaderBytes; n != 0 && n < 256 {
		bad("max response header bytes %d is below 256", n)
	}
	return errors.Join(append(errs, validateEndpoints(c.Endpoints))...)
}

func validateEndpoints(endpoints []Endpoint) error {
	seen := map[Endpoint]bool{}
	var errs []error
	for _, e := range endpoints {
		switch {
		case e.Network != "tcp" && e.Network != "unix":
			errs = append(errs, fmt.Errorf("endpoint %s: network %q is neither tcp nor unix", e.Address, e.Network))
		case e.Address == "":
			errs = append(errs, fmt.Errorf("endpoint %q: address is empty", e.ID))
		case seen[e]:
			errs = append(errs, fmt.Errorf("endpoint %s: named twice", e.Address))
		}
		seen[e] = true
	}
	return errors.Join(errs...)
}

// withDefaults fills what was left zero and turns "negative" into what the
// rest of the package tests for: zero is no limit from here on.
func (c Config) withDefaults() Config {
	c.Scheme = cmp.Or(c.Scheme, "http")
	c.Affinity.Cookie = cmp.Or(c.Affinity.Cookie, "berth_target")
	c.Affinity.MaxClients = cmp.Or(max(c.Affinity.MaxClients, 0), 65536)
	c.Health.Host = cmp.Or(c.Health.Host, "localhost")
	c.Health.Timeout = cmp.Or(c.Health.Timeout, min(c.Health.Interval, 5*time.Second))
	c.Health.StatusMin = cmp.Or(c.Health.StatusMin, http.StatusOK)
	c.Health.StatusMax = cmp.Or(c.Health.StatusMax, 399)
	c.Health.Healthy = cmp.Or(max(c.Health.Healthy, 0), 1)
	c.Health.Unhealthy = cmp.Or(max(c.Health.Unhealthy, 0), 3)
	c.Passive.MaxFails = max(cmp.Or(c.Passive.MaxFails, 3), 0)
	c.Passive.FailTimeout = cmp.Or(max(c.Passive.FailTimeout, 0), 10*time.Second)
	c.Timeouts.Dial = limit(c.Timeouts.Dial, 5*time.Second)
	c.Timeouts.ResponseHeader = limit(c.Timeouts.ResponseHeader, time.Minute)
	c.Timeouts.BodyIdle = limit(c.Timeouts.BodyIdle, 5*time.Minute)
	c.Timeouts.WriteIdle = limit(c.Timeouts.WriteIdle, time.Minute)
	c.Timeouts.Idle = limit(c.Timeouts.Idle, time.Minute)
	c.Retries = max(cmp.Or(c.Retries, 2), 0)
	c.MaxIdlePerEndpoint = max(cmp.Or(c.MaxIdlePerEndpoint, 128), 0)
	c.MaxResponseHeaderBytes = cmp.Or(c.MaxResponseHeaderBytes, 64<<10)
	return c
}

func limit(d, standard time.Duration) time.Duration { return max(cmp.Or(d, standard), 0) }
