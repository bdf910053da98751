package gateway

import (
	"net/netip"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway/compress"
	"github.com/berth-project/berth/gateway/object"
	"github.com/berth-project/berth/gateway/static"
	"github.com/berth-project/berth/gateway/upstream"
)

// Config is what a [Table] is built from.
type Config struct {
	// Service is the name error pages show. Default "Berth".
	Service string
	// Hosts are the hosts the service answers for: "example.com",
	// ".example.com" for it and every name below it, "*" for any. A request for
	// another host is not answered at all, except for its health. Required.
	Hosts []string
	// TrustedProxies are the addresses of proxies whose X-Forwarded-For,
	// X-Forwarded-Proto, X-Forwarded-Port, X-Request-Id and traceparent count.
	// Default none.
	TrustedProxies []netip.Prefix
	// TrustSocketPeers does the same for whoever connects through a unix
	// socket. Default false.
	TrustSocketPeers bool
	// TrustForwardedHost takes the host from a trusted proxy's
	// X-Forwarded-Host. Many proxies pass on what the client sent under that
	// name. Default false: the Host header counts.
	TrustForwardedHost bool
	// DropHeaders are further headers of clients that are kept from apps, beside
	// those in which proxies and other gateways speak. A "*" at the end stands
	// for any rest: "X-Sso-*". The case of letters does not matter.
	DropHeaders []string
	// Routes say who answers; the first that matches does.
	Routes []Route
	// Access says who may ask. Nil refuses everything but internal endpoints.
	Access *access.Policy
	// MergeSlashes reads "//" in paths as "/" instead of refusing it.
	MergeSlashes bool
	// Compress is how answers are compressed.
	Compress compress.Config
	// SignInPath is where browsers are sent to sign in, "/.berth/sign-in"
	// usually. Empty: they get a 401 page.
	SignInPath string
	// PublicOrigin is the origin people see, "https://example.com", where it is
	// not that of the request; requests from pages there are not cross-origin.
	PublicOrigin string
	// TrustedOrigins are further origins whose pages may send unsafe requests
	// with the visitor's cookie.
	TrustedOrigins []string
	// Cookies are the names of the cookies that belong to the gateway. Names
	// that begin with "berth" (after "__Host-" or "__Secure-") always do.
	Cookies []string
	// HealthPaths are paths that answer with readiness for any host, besides
	// /.berth/health/live and /.berth/health/ready.
	HealthPaths []string
	// RedirectToHTTPS sends a browser that came without TLS to the https
	// address; health is exempt. Default false.
	RedirectToHTTPS bool
	// HSTS is the max-age of Strict-Transport-Security on answers over TLS.
	// Default 0, no header.
	HSTS time.Duration
	// ServerHeader is what the Server header of answers says. Empty: the header
	// is removed.
	ServerHeader string
	// Limits bound a request.
	Limits Limits
	// Timeouts bound how long its parts take.
	Timeouts Timeouts
}

// Limits bound a request.
type Limits struct {
	// MaxURL is how many bytes a target may have; more is 414. Default 8192.
	MaxURL int
	// MaxBody is how many bytes a body may have where its route does not say;
	// more is 413. Default 16 MiB; -1 is no limit.
	MaxBody int64
	// MaxHeaders is how many header lines a request may have; more is 431.
	// Default 128.
	MaxHeaders int
}

// Timeouts bound the parts of a request once its head has been read.
type Timeouts struct {
	// ReadBody is how long a read of the body may wait for its next bytes; 408.
	// Default 60 s; negative is no limit.
	ReadBody time.Duration
	// Write is how long the client of an HTTP/2 stream may take no bytes.
	// (HTTP/1.1 connections have [listen.Config].WriteTimeout.) Default 60 s;
	// negative is no limit.
	Write time.Duration
}

// Route says who answers the requests it matches. Exactly one of Upstream,
// Static, Object and Redirect is set.
type Route struct {
	// Name labels logs and metrics. Default: the pattern.
	Name string
	// Pattern is a path pattern as in package access: "/a/{name}/b", "/a/**",
	// "/**".
	Pattern string
	// Methods limits the route; GET covers HEAD. Default every method.
	Methods []string
	// Hosts limits the route to some of the service's hosts. Default all.
	Hosts []string
	// Upstream forwards to a group of servers.
	Upstream *upstream.Group
	// Static answers with files.
	Static *static.Handler
	// Object answers with private objects; such a route is reached by
	// X-Accel-Redirect only and does not exist for clients.
	Object *object.Handler
	// Redirect answers with a redirection.
	Redirect Redirect
	// Internal hides a static or upstream route from clients, as an object
	// route always is.
	Internal bool
	// InternalRedirects lets the upstream answer with X-Accel-Redirect, and so
	// have the gateway send objects and internal files: for servers that are
	// trusted like the app. Default false: such an answer is 502.
	InternalRedirects bool
	// StripPrefix takes the literal part of the pattern off the path before it
	// is forwarded; the app learns it from X-Forwarded-Prefix.
	StripPrefix bool
	// Host is the Host header the upstream gets: "preserve" (the client's,
	// default), "upstream" (the name of the group), or a name.
	Host string
	// Audience is whom the assertion is for. Empty: no assertion is sent.
	Audience string
	// MaxBody overrides Limits.MaxBody. 0 does not; -1 is no limit.
	MaxBody int64
	// Timeout is how long the whole exchange may take, upgrades excepted; 504.
	// Default 0, no limit.
	Timeout time.Duration
	// PassAuthorization forwards the Authorization header even when the gateway
	// signed the caller in by it.
	PassAuthorization bool
	// WebSocketRecheck is how often the session, the rule, the host and the route
	// of an upgraded connection, or of any answer that takes longer, are checked
	// again, by the table in place then. Default 60 s; negative is only when the
	// session ends.
	WebSocketRecheck time.Duration
	// Silent leaves requests out of the access log ([Record].Silent).
	Silent bool
}

// Redirect is an answer that sends the client elsewhere.
type Redirect struct {
	// To is a path or an absolute URL. "{path}" in it stands for the path and
	// query of the request.
	To string
	// Status is 301, 302, 303, 307 or 308. Default 308.
	Status int
}
