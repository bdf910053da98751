package gateway

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/session"
)

// ErrBadCredentials is what the error of an [Authenticator] satisfies when the
// request carried a credential that does not hold: expired, revoked, forged.
var ErrBadCredentials = errors.New("bad credentials")

// Authenticator finds out who sent a request.
type Authenticator interface {
	// Authenticate reads the credentials of r; secure says that the client's
	// own connection is encrypted. No credentials is no error, but a Caller
	// without session. An error that is not [ErrBadCredentials] means that it
	// could not be found out, and the request is refused with 503.
	//
	// With ErrBadCredentials the Caller still says by Credential which kind
	// did not hold: a cookie is cleared with SetCookie and its sender treated
	// as anonymous, anything else is answered 401.
	Authenticate(r *http.Request, secure bool) (Caller, error)
}

// Credential is the kind of thing a caller was known by.
type Credential uint8

// The kinds of credentials.
const (
	// NoCredential: the request had none.
	NoCredential Credential = iota
	// Cookie: sent by the browser on its own, so that unsafe requests need the
	// cross-origin check.
	Cookie
	// Authorization: the Authorization header.
	Authorization
	// Header: another header, such as an API key's.
	Header
)

// String returns "none", "cookie", "authorization" or "header".
func (c Credential) String() string {
	switch c {
	case Cookie:
		return "cookie"
	case Authorization:
		return "authorization"
	case Header:
		return "header"
	}
	return "none"
}

// Caller is who sent a request.
type Caller struct {
	// Session is nil for an anonymous caller.
	Session *session.Session
	// Credential is how the caller is known.
	Credential Credential
	// HeaderName is the canonical name of the header the credential was in, when
	// Credential is [Header]; it is not forwarded.
	HeaderName string
	// SetCookie is a Set-Cookie value to send along, for renewal or clearing.
	// Empty: none.
	SetCookie string
}

// Asserter makes the signed statement about the caller that an app receives.
type Asserter interface {
	// Assertion returns the statement for one audience; s is nil for an
	// anonymous caller, tenant the tenant of the path or empty. It is called
	// for every forwarded request: implementations cache.
	Assertion(s *session.Session, audience, tenant string) (string, error)
}

// Dependencies are what a [Gateway] works with.
type Dependencies struct {
	// Auth says who is asking. Nil: everybody is anonymous.
	Auth Authenticator
	// Assert signs what the app learns about the caller. Nil: nothing is sent.
	Assert Asserter
	// Internal answers below /.berth/ and /.well-known/berth/, except for
	// health. The request it gets has the canonical path in URL.Path, the
	// client's address in RemoteAddr, the public host in Host, and
	// X-Forwarded-Proto and X-Request-Id as the gateway found them. No rule is
	// asked: what is here looks after itself. Nil: 404.
	Internal http.Handler
	// Ready says whether the service can answer; nil is always. It is behind
	// /.berth/health/ready.
	Ready func() bool
	// Observe is called once for each request, when it has been answered. The
	// Record is reused: it is not to be kept. Nil: no access log.
	Observe func(*Record)
	// Log takes what people should look at. Nil: discarded.
	Log *slog.Logger
	// Registry takes the metrics. Nil: none are kept.
	Registry prometheus.Registerer
	// Now is the clock. Nil: [time.Now].
	Now func() time.Time
}
