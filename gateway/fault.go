package gateway

import (
	"net/http"
	"strconv"
	"time"
)

// fault is why the gateway answers a request itself. It holds nothing that may
// not be shown, except err.
type fault struct {
	status int
	// code is stable: the page shows it, the log keeps it.
	code string
	// detail is a sentence for the person who sees the page; it may be empty.
	detail string
	// challenge is a WWW-Authenticate value.
	challenge string
	// allow is an Allow value.
	allow string
	// retryAfter is a Retry-After.
	retryAfter time.Duration
	// location makes the answer a redirection.
	location string
	// hangUp closes the connection without an answer.
	hangUp bool
	// closing ends the connection after the answer, because the rest of the
	// request has not been read.
	closing bool
	// begun says that the answer had begun and can only be broken off.
	begun bool
	// err is the cause, for operators.
	err error
}

// because returns a copy of f with a cause.
func (f fault) because(err error) *fault {
	f.err = err
	return &f
}

// The faults that say nothing about the particular request. They are shared
// and never written to.
var (
	faultUnknownHost  = &fault{code: "unknown_host", hangUp: true}
	faultBadHost      = &fault{status: 400, code: "bad_host", detail: "The Host header is malformed.", closing: true}
	faultHostConflict = &fault{status: 400, code: "host_conflict", detail: "The request names two different hosts.", closing: true}
	faultURLTooLong   = &fault{status: 414, code: "url_too_long", closing: true}
	faultTooManyLines = &fault{status: 431, code: "too_many_headers", closing: true}
	faultMethod       = &fault{status: 501, code: "unknown_method", detail: "Methods are written in capital letters.", closing: true}
	faultTrace        = &fault{status: 405, code: "method_not_allowed", allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", closing: true}
	faultConnect      = &fault{status: 501, code: "connect_not_supported", closing: true}
	faultBadToken     = &fault{
		status: 401, code: "invalid_token", detail: "The credentials are not valid, or no longer.",
		challenge: `Bearer realm="berth", error="invalid_token"`,
	}
	faultSignIn = &fault{
		status: 401, code: "sign_in_required", detail: "Sign in to see this.", challenge: `Bearer realm="berth"`,
	}
	faultAuthDown     = &fault{status: 503, code: "authentication_unavailable", retryAfter: 5 * time.Second}
	faultForbidden    = &fault{status: 403, code: "forbidden", detail: "You may not do this."}
	faultAccessEnded  = &fault{status: 403, code: codeAccessEnded, detail: "You may not do this any longer."}
	faultCrossOrigin  = &fault{status: 403, code: "cross_origin", detail: "The request came from a page of another site."}
	faultNoRoute      = &fault{status: 404, code: "not_found"}
	faultAssertion    = &fault{status: 500, code: "assertion_unavailable"}
	faultPanic        = &fault{status: 500, code: "internal"}
	faultBodyTooLarge = &fault{status: 413, code: "body_too_large", detail: "The request body is too large.", closing: true}
	faultBodyTimeout  = &fault{status: 408, code: "body_timeout", detail: "The request body did not arrive in time.", closing: true}
	faultBodyBroken   = &fault{status: 400, code: "body_malformed", closing: true}
	faultStopping     = &fault{status: 503, code: codeStopping, retryAfter: time.Second, closing: true}
	faultTimeout      = &fault{status: 504, code: "route_timeout"}
	faultAccel        = &fault{status: 502, code: "bad_internal_redirect"}
)

// title is what the page calls a status.
func title(status int) string {
	switch status {
	case 400:
		return "Malformed request"
	case 401:
		return "Sign-in required"
	case 403:
		return "Not allowed"
	case 404:
		return "Not found"
	case 413:
		return "Too large"
	case 502:
		return "The app gave no valid answer"
	case 503:
		return "Not available right now"
	case 504:
		return "The app took too long"
	}
	if t := http.StatusText(status); t != "" {
		return t
	}
	return "Error " + strconv.Itoa(status)
}

// retrySeconds is the value of Retry-After, rounded up.
func retrySeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
