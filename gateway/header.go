package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// drops reports whether a client's header is kept from the app: what proxies
// say to apps (the gateway says it anew), what other gateways say of callers,
// what changes the method or the target after rules have looked at it, and
// every name with an underscore, which CGI-style apps cannot tell from the
// one with a hyphen. name is in canonical form.
func drops(name string) bool {
	if strings.IndexByte(name, '_') >= 0 {
		return true
	}
	switch name[0] {
	case 'B':
		return strings.HasPrefix(name, "Berth-")
	case 'C':
		return name == "Cf-Connecting-Ip" || name == "Client-Ip" || strings.HasPrefix(name, "Cf-Access-") ||
			strings.HasPrefix(name, "Client-Cert") // RFC 9440
	case 'F':
		return name == "Forwarded" || name == "Fastly-Client-Ip" || name == "Front-End-Https"
	case 'H':
		return name == "Host"
	case 'P':
		return name == "Proxy" || strings.HasPrefix(name, "Proxy-")
	case 'R':
		return strings.HasPrefix(name, "Remote-")
	case 'S':
		return strings.HasPrefix(name, "Ssl-Client-")
	case 'T':
		return name == "Traceparent" || name == "Tracestate" || name == "True-Client-Ip"
	case 'X':
		return dropsExtension(name)
	}
	return false
}

func dropsExtension(name string) bool {
	if len(name) < 3 {
		return false
	}
	switch name[2] {
	case 'A':
		return begins(name, "X-Auth-", "X-Authenticated-", "X-Amzn-Oidc-", "X-Accel-")
	case 'C':
		return name == "X-Client-Ip" || name == "X-Cluster-Client-Ip" || name == "X-Client-Verify" || begins(name, "X-Client-Cert")
	case 'E':
		return begins(name, "X-Envoy-")
	case 'F':
		return begins(name, "X-Forwarded")
	case 'G':
		return begins(name, "X-Goog-Authenticated-", "X-Goog-Iap-")
	case 'H':
		return name == "X-Http-Method-Override" || name == "X-Http-Method" || name == "X-Host"
	case 'M':
		return name == "X-Method-Override" || begins(name, "X-Ms-Client-Principal", "X-Ms-Token-")
	case 'O':
		return name == "X-Originating-Ip" || begins(name, "X-Original-")
	case 'R':
		return name == "X-Real-Ip" || name == "X-Request-Id" || name == "X-Rewrite-Url" || begins(name, "X-Remote-")
	case 'S':
		return name == "X-Scheme" || begins(name, "X-Ssl")
	case 'U':
		return name == "X-Url-Scheme"
	case 'W':
		return begins(name, "X-Webauth-")
	}
	return false
}

// begins reports whether a name has one of the prefixes.
func begins(name string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// headerNames is a list of names the configuration adds.
type headerNames struct{ exact, prefixes []string }

// parseHeaderNames reads names that may end in "*".
func parseHeaderNames(list []string) (names headerNames, err error) {
	var errs []error
	for _, item := range list {
		name, prefix := strings.CutSuffix(item, "*")
		if !grammar.IsToken(name) {
			errs = append(errs, fmt.Errorf(`header %q: want a name such as "X-Sso-User", or its beginning, "X-Sso-*"`, item))
			continue
		}
		if name = http.CanonicalHeaderKey(name); name == "Cookie" {
			errs = append(errs, fmt.Errorf("header %q: cookies are kept from apps one by one, by name", item))
		} else if prefix {
			names.prefixes = append(names.prefixes, name)
		} else {
			names.exact = append(names.exact, name)
		}
	}
	return names, errors.Join(errs...)
}

func (n *headerNames) has(name string) bool {
	return slices.Contains(n.exact, name) || len(n.prefixes) > 0 && begins(name, n.prefixes...)
}

// drop is what upstreams ask about every header of the request.
func (x *exchange) drop(name string) bool {
	switch name {
	case "Cookie":
		return x.dropCookie
	case "Authorization":
		return x.dropAuthorization || x.table.dropped.has(name)
	}
	return name == "" || name == x.dropHeader || drops(name) || x.table.dropped.has(name)
}

// appendHeaders appends the lines the gateway adds to the request.
func (x *exchange) appendHeaders(b []byte, rt *route) []byte {
	b = append(b, "X-Forwarded-For: "...)
	b = x.src.appendChain(b)
	b = append(b, "\r\nX-Real-IP: "...)
	b = appendAddr(b, x.src.client)
	b = append(b, "\r\nX-Forwarded-Proto: "...)
	b = append(b, x.scheme()...)
	b = append(b, "\r\nX-Forwarded-Host: "...)
	b = append(b, x.src.host...)
	b = append(b, "\r\nX-Forwarded-Port: "...)
	b = append(b, x.port()...)
	b = append(b, "\r\nForwarded: for="...)
	b = appendNode(b, x.src.client)
	b = append(b, ";host=\""...)
	b = append(b, x.src.host...)
	b = append(b, "\";proto="...)
	b = append(b, x.scheme()...)
	if rt.config.StripPrefix && rt.pattern.literal != "" {
		b = append(b, "\r\nX-Forwarded-Prefix: "...)
		b = append(b, rt.prefix...)
	}
	b = append(b, "\r\nX-Request-Id: "...)
	b = append(b, x.ident.id...)
	b = append(b, "\r\ntraceparent: "...)
	b = x.ident.appendTraceparent(b)
	if x.ident.state != "" {
		b = append(b, "\r\ntracestate: "...)
		b = append(b, x.ident.state...)
	}
	b = append(b, "\r\n"...)
	if x.dropCookie {
		b = x.table.cookies.appendForeign(b, x.r.Header["Cookie"])
	}
	return b
}

// scheme is the scheme of the client's own connection.
func (x *exchange) scheme() string {
	if x.src.secure {
		return "https"
	}
	return "http"
}

// port is the port of the client's own request.
func (x *exchange) port() string {
	switch {
	case x.src.port != "":
		return x.src.port
	case x.hostPort != "":
		return x.hostPort
	case x.src.secure:
		return "443"
	}
	return "80"
}

// appendChain appends the addresses a request came through, the client first,
// the peer last.
func (s *source) appendChain(b []byte) []byte {
	b = appendAddr(b, s.client)
	for i := s.nhops - 1; i >= 0; i-- {
		b = append(b, ", "...)
		b = appendAddr(b, s.hops[i])
	}
	if s.peer.IsValid() && s.peer != s.client {
		b = append(b, ", "...)
		b = appendAddr(b, s.peer)
	}
	return b
}

// appendAddr writes the address of a unix socket's peer as "unknown", the word
// RFC 7239 section 6.2 has for it.
func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(b, "unknown"...)
	}
	return a.AppendTo(b)
}

// appendNode appends an address as RFC 7239 section 6 writes it.
func appendNode(b []byte, a netip.Addr) []byte {
	if a.Is6() {
		b = append(b, "\"["...)
		b = a.AppendTo(b)
		return append(b, "]\""...)
	}
	return appendAddr(b, a)
}

// scrubResponse takes off an app's answer what is not the app's to say: the
// gateway's own headers, its cookies, and the control headers of internal
// redirects.
func (t *Table) scrubResponse(h http.Header) {
	for name := range h {
		if name == "" {
			continue
		}
		switch name[0] {
		case 'B':
			if strings.HasPrefix(name, "Berth-") {
				delete(h, name)
			}
		case 'X':
			if strings.HasPrefix(name, "X-Accel-") || name == "X-Request-Id" {
				delete(h, name)
			}
		case 'S':
			if name == "Set-Cookie" {
				t.cookies.scrubSetCookie(h)
			}
		case 'b', 'x', 's':
			scrubRaw(h, name)
		}
	}
}

// scrubRaw deals with names that are not in canonical form, which an upstream
// client may have let through.
func scrubRaw(h http.Header, name string) {
	canonical := http.CanonicalHeaderKey(name)
	if canonical == name {
		return
	}
	values := h[name]
	delete(h, name)
	if canonical != "Set-Cookie" && !strings.HasPrefix(canonical, "Berth-") && !strings.HasPrefix(canonical, "X-Accel-") {
		h[canonical] = append(h[canonical], values...)
	}
}
