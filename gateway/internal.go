package gateway

import (
	"net/http"
	"net/netip"
	"slices"
)

// Names of the gateway's own answers, in records.
const (
	routeHealth   = "health"
	routeInternal = "internal"
)

// answerHealth answers liveness and readiness, for any host: load balancers
// ask by address. Nobody learns more than a word.
func (g *Gateway) answerHealth(x *exchange) bool {
	if !x.isHealth() {
		return false
	}
	live := x.path.Decoded == LivePath
	x.record.Route, x.record.Silent = routeHealth, true
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		x.writeFault(&fault{status: 405, code: "method_not_allowed", allow: "GET, HEAD"})
		return true
	}
	h := x.out.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if live || g.deps.Ready == nil || g.deps.Ready() {
		x.out.WriteHeader(http.StatusOK)
		_, _ = x.out.Write([]byte(`{"status":"ok"}` + "\n")) // who has left needs no answer
		return true
	}
	x.out.WriteHeader(http.StatusServiceUnavailable)
	_, _ = x.out.Write([]byte(`{"status":"unavailable"}` + "\n"))
	return true
}

// isHealth reports whether a request asks for health.
func (x *exchange) isHealth() bool {
	return x.pathErr == nil && (x.path.Decoded == LivePath || slices.Contains(x.table.health, x.path.Decoded))
}

// answerInternal hands a request to the gateway's own pages. The request they
// get says what the gateway found out, in the places http.Handlers look.
func (g *Gateway) answerInternal(x *exchange) *fault {
	x.record.Route = routeInternal
	if g.deps.Internal == nil {
		return faultNoRoute
	}
	if f := x.in.wrap(x.out.w, x.r, x.table.limits.MaxBody, x.table.timeouts.ReadBody); f != nil {
		return f
	}
	r := x.r.Clone(x.r.Context())
	for name := range r.Header {
		if drops(name) {
			delete(r.Header, name)
		}
	}
	r.Header.Set("X-Forwarded-Proto", x.scheme())
	r.Header.Set("X-Request-Id", x.ident.id)
	if r.Host = x.src.host; !x.src.secure {
		r.TLS = nil // the proxy's connection is encrypted, the client's own is not
	}
	r.RemoteAddr = netip.AddrPortFrom(x.src.client, 0).String()
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = x.path.Decoded, "", x.path.RawQuery
	r.URL.Scheme, r.URL.Host = "", ""
	r.RequestURI = x.path.Target()
	g.deps.Internal.ServeHTTP(&x.out, r)
	return nil
}
