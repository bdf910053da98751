package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/berth-project/berth/session"
)

const (
	// maxInternalRedirects bounds chains of X-Accel-Redirect.
	maxInternalRedirects = 4
	minRetryAfter        = time.Second
	assertionHeader      = session.AssertionHeader + ": "
)

// accel is an internal redirect an app asked for.
type accel struct {
	pending   bool
	locations []string
	header    http.Header // of the app's answer, without what is not the app's to say
}

var errNoInternalRedirects = errors.New("X-Accel-Redirect is not believed from this upstream: internal-redirects allows it")

// keptHeaders of an app's answer survive an internal redirect to files.
var keptHeaders = [...]string{"Content-Type", "Content-Disposition", "Set-Cookie", "Cache-Control", "Expires"}

// InterceptResponse implements upstream.Interceptor: it takes off the answer
// what is not the app's to say, and takes the answer away when it is an
// internal redirect, or came too late for its caller. Only the answer of an upstream comes here, so nobody else
// can ask for one; an error answer is shown, not redirected.
func (x *exchange) InterceptResponse(status int, h http.Header) bool {
	if x.lapsed = x.late(); x.lapsed {
		return true
	}
	if ct := h["Content-Type"]; len(ct) > 0 && isEventStream(ct[0]) {
		x.endWithServer()
	}
	locations := h["X-Accel-Redirect"]
	x.table.scrubResponse(h)
	if len(locations) == 0 || status < 200 || status > 299 {
		return false
	}
	x.accel = accel{pending: true, locations: locations, header: h.Clone()}
	return true
}

// follow turns a pending redirect of a route's upstream into the next target.
// What answers it gets a GET, or a HEAD, without a body.
func (x *exchange) follow(from *route) (target, error) {
	x.accel.pending = false
	if !from.config.InternalRedirects {
		return target{}, errNoInternalRedirects
	}
	if len(x.accel.locations) != 1 {
		return target{}, errors.New("more than one X-Accel-Redirect")
	}
	location := x.accel.locations[0]
	if strings.HasPrefix(location, "@") {
		return target{}, errors.New("named locations do not exist")
	}
	to, err := x.table.resolve(x.host, location)
	if err != nil {
		path, _, _ := strings.Cut(location, "?") // a query may hold a signature
		return target{}, fmt.Errorf("X-Accel-Redirect to %q: %w", path, err)
	}
	h := x.out.Header()
	clear(h)
	if to.route.config.Static != nil {
		for _, name := range keptHeaders {
			if v := x.accel.header[name]; len(v) > 0 {
				h[name] = v // files leave what is set already
			}
		}
	}
	x.withoutBody()
	return to, nil
}

// withoutBody makes the request a plain one for what it is redirected to. What
// was no GET asked for no part and no version of it.
func (x *exchange) withoutBody() {
	if x.r.ContentLength == 0 && (x.r.Method == http.MethodGet || x.r.Method == http.MethodHead) {
		return
	}
	x.abandonBody(false)
	r := x.r.Clone(x.r.Context())
	other := r.Method != http.MethodGet && r.Method != http.MethodHead
	if other {
		r.Method = http.MethodGet
	}
	r.Body, r.ContentLength, r.TransferEncoding, r.Trailer = http.NoBody, 0, nil, nil
	for name := range r.Header {
		ofBody := strings.HasPrefix(name, "Content-") || name == "Expect" || name == "Transfer-Encoding" || name == "Trailer"
		if ofBody || other && (name == "Range" || strings.HasPrefix(name, "If-")) {
			delete(r.Header, name)
		}
	}
	x.r = r
}
