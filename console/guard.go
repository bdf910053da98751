package console

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// contentPolicy lets pages load what the console itself serves as files, and
// nothing else: no inline script or style, no frames.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxForm bounds the body of a POST, in bytes.
const maxForm = 16 << 10

// guard decides who is answered at all.
type guard struct {
	authorize func(*http.Request) (user string, allowed bool, signInURL string)
	hosts     map[string]bool // further names, lower-case, without port
	origins   *http.CrossOriginProtection
}

func newGuard(cfg Config, authorize func(*http.Request) (string, bool, string)) (guard, error) {
	g := guard{authorize: authorize, hosts: map[string]bool{}, origins: http.NewCrossOriginProtection()}
	for _, h := range cfg.AllowedHosts {
		g.hosts[strings.ToLower(hostName(h))] = true
	}
	if cfg.PublicOrigin == "" {
		return g, nil
	}
	if err := g.origins.AddTrustedOrigin(cfg.PublicOrigin); err != nil {
		return g, fmt.Errorf("console: public origin: %w", err)
	}
	u, err := url.Parse(cfg.PublicOrigin)
	if err != nil {
		return g, fmt.Errorf("console: public origin: %w", err)
	}
	g.hosts[strings.ToLower(u.Hostname())] = true
	return g, nil
}

// protect is the chain every request goes through before a page sees it.
func (c *Console) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setSecurityHeaders(w.Header())
		user, f := c.guard.admit(r)
		if f != nil {
			if f.status == http.StatusSeeOther {
				http.Redirect(w, r, f.location, f.status)
				return
			}
			c.fail(w, r, f)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, c.formLimit(r))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user)))
	})
}

// formLimit is how large the body of a request may be: policies and parameters are
// long.
func (c *Console) formLimit(r *http.Request) int64 {
	for _, room := range [...]string{"/iam/", "/runs/", "/definitions/"} {
		if strings.HasPrefix(r.URL.Path, c.cfg.BasePath+room) {
			return maxPolicyForm
		}
	}
	return maxForm
}

func setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

type userKey struct{}

// userOf returns who makes a request; empty when nobody is asked.
func userOf(r *http.Request) string {
	user, _ := r.Context().Value(userKey{}).(string)
	return user
}

// admit returns who asks, or why they are refused.
func (g *guard) admit(r *http.Request) (user string, f *fault) {
	if !g.host(r) {
		return "", faultHost
	}
	if user, f = g.caller(r); f != nil {
		return "", f
	}
	if err := g.origins.Check(r); err != nil {
		return "", faultCrossSite
	}
	if g.authorize != nil && unsafeMethod(r.Method) && !namesOrigin(r) && r.Header.Get("Cookie") != "" {
		return "", faultNoOrigin
	}
	return user, nil
}

// host reports whether the console answers to the name the browser used. On a
// loopback listener a foreign name means that somebody's DNS points here.
func (g *guard) host(r *http.Request) bool {
	name := strings.ToLower(hostName(r.Host))
	if g.authorize == nil {
		return loopbackName(name)
	}
	return len(g.hosts) == 0 && name != "" || g.hosts[name] || loopbackName(name)
}

// caller asks who it is, or, where nobody is asked, wants the peer on this
// machine.
func (g *guard) caller(r *http.Request) (user string, f *fault) {
	if g.authorize == nil {
		if !loopbackPeer(r.RemoteAddr) {
			return "", faultPeer
		}
		return "", nil
	}
	user, allowed, signIn := g.authorize(r)
	switch {
	case allowed:
		return user, nil
	case user != "":
		return "", faultForbidden
	case signIn != "" && navigation(r):
		return "", &fault{status: http.StatusSeeOther, location: signIn}
	}
	return "", faultSignIn
}

// navigation reports whether a person's browser wants a page.
func navigation(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

func unsafeMethod(m string) bool {
	return m != http.MethodGet && m != http.MethodHead && m != http.MethodOptions
}

// namesOrigin reports whether the browser said where the request comes from.
func namesOrigin(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
}

func hostName(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return strings.Trim(hostport, "[]")
}

func loopbackName(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Unmap().IsLoopback()
}

func loopbackPeer(remote string) bool {
	a, err := netip.ParseAddrPort(remote)
	return err == nil && a.Addr().Unmap().IsLoopback()
}
