package gateway

import (
	"net/netip"
	"time"
)

// Record is what happened to one request: the line of the access log.
type Record struct {
	// Time is when the head of the request had been read.
	Time time.Time
	// ID is the request id, the one the app and the error page show.
	ID string
	// Method, Host, Path and Proto are the request's; Path is canonical and
	// decoded, without the query, which may hold secrets.
	Method, Host, Path, Proto string
	// Client is the address the request came from.
	Client netip.Addr
	// Route is the name of the route; empty when none was reached, "internal"
	// and "health" for the gateway's own answers.
	Route string
	// Rule is the id of the rule that decided.
	Rule string
	// User is the id of the signed-in user.
	User string
	// Tenant is the tenant the path names.
	Tenant string
	// Upstream is the endpoint that answered.
	Upstream string
	// Status is the status sent; 0 when the connection was closed without one.
	Status int
	// Duration is from Time to the last byte of the answer.
	Duration time.Duration
	// UpstreamDuration is how long the upstream took to begin its answer.
	UpstreamDuration time.Duration
	// BytesIn and BytesOut count bodies.
	BytesIn, BytesOut int64
	// Retries is how often the upstream was tried again.
	Retries int
	// Reason is the stable code of why the gateway answered itself; empty when
	// the app did. Never more than a code.
	Reason string
	// Error is the detail of what went wrong, for operators.
	Error string
	// Silent says that the route asked not to be logged.
	Silent bool
}
