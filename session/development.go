package session

import (
	"net/http"
	"net/netip"
	"slices"
)

// DevelopmentHeader is on every answer given under a Development session, with
// the user's id, so that nobody takes it for the real thing.
const DevelopmentHeader = "Berth-Development"

// Development returns a middleware for working on an app without a gateway: it
// makes every caller the given session, in the place of Middleware.
//
// It answers 403 to whatever did not come straight from this machine: to a
// peer that is not on the loopback interface, to a request for a host name
// that is not this machine's (a web page elsewhere could otherwise reach it by
// DNS rebinding), to one that a proxy passed on, and to one with a
// Berth-Assertion header, which means that a gateway is there after all. What
// a page of another origin sends with a form or a script is refused likewise:
// there is no cookie here whose SameSite would keep the session out of it.
func Development(as Session) func(http.Handler) http.Handler {
	sess, origins := as.clone(), http.NewCrossOriginProtection()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !direct(r) || origins.Check(r) != nil {
				problemPeer.write(w)
				return
			}
			w.Header().Set(DevelopmentHeader, sess.User.ID)
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), sess)))
		})
	}
}

// direct reports whether a request came from this machine and through nothing.
func direct(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() || !loopbackHost(r.Host) {
		return false
	}
	for _, name := range []string{AssertionHeader, "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip"} {
		if _, found := r.Header[name]; found {
			return false
		}
	}
	return true
}

// clone copies a session and all it refers to.
func (s *Session) clone() *Session {
	c := *s
	c.Memberships = slices.Clone(s.Memberships)
	for i := range c.Memberships {
		m := &c.Memberships[i]
		m.Roles, m.Plans = slices.Clone(m.Roles), slices.Clone(m.Plans)
	}
	return &c
}
