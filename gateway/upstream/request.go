package upstream

import (
	"net/http"
	"net/netip"
	"time"
)

// Request is one request to forward. The caller may reuse it once
// [Group.Forward] has returned.
type Request struct {
	// In is the client's request: method, headers, body and context. Its URL
	// and Host are not looked at.
	In *http.Request
	// Target is the encoded path and query to send: "/a%20b?c=d".
	Target string
	// Host is the Host header to send.
	Host string
	// Client is the address that affinity goes by.
	Client netip.Addr
	// Header is complete lines "Name: value\r\n" to add. The caller vouches
	// for them; client headers of the same names should be dropped.
	Header []byte
	// Drop says which client headers, by canonical name, are not forwarded
	// besides those that never are. Nil drops none.
	Drop func(name string) bool
	// Cutoff ends the exchange from outside. Nil: only the context does.
	Cutoff *Cutoff
	// Intercept sees the response before it is sent. Nil means none.
	Intercept Interceptor
}

// Interceptor looks at a response head before anything of it is written.
type Interceptor interface {
	// InterceptResponse gets the status and the header fields of the target
	// that would be sent. It may edit h, which is valid during the call only.
	// True means the response is not wanted: its body is discarded, nothing
	// is written, and Forward returns with Result.Intercepted.
	InterceptResponse(status int, h http.Header) bool
}

// Result is what became of a request, whether or not it failed.
type Result struct {
	// Endpoint is the id of the last target tried.
	Endpoint string
	// Status is the status the target answered, 0 when it did not.
	Status int
	// Retries is how often the request was sent again.
	Retries int
	// Duration is the time from the call to the response head.
	Duration time.Duration
	// Sent says that the request may have reached a target.
	Sent bool
	// Intercepted says that the interceptor took the response.
	Intercepted bool
	// BytesIn and BytesOut count body bytes read from the client and written
	// to it.
	BytesIn, BytesOut int64
}

// EndpointStatus is the state of one target, for people.
type EndpointStatus struct {
	Endpoint
	// Healthy says that the target is in rotation.
	Healthy bool
	// InFlight is the number of requests it is working on, tunnels included.
	InFlight int64
	// Idle is the number of unused connections kept.
	Idle int
	// Fails is the number of recent failures that passive health counts.
	Fails int
	// LastError is the text of the last failure, empty after none.
	LastError string
}
