// Package egress keeps requests that tenants ask for to the hosts and addresses
// that the operator allows.
//
// A URL is looked at before anything is sent, for the host it names; the
// address is looked at when it is dialed, after the name was resolved, so that
// a name which points into the operator's own network, or does so the second
// time it is asked for, leads nowhere. Proxies of the environment are not used:
// they would dial in our place.
package egress

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrRefused is what requests fail with that are not allowed.
var ErrRefused = errors.New("not allowed here")

// Policy says where requests may go. The zero value allows nothing.
type Policy struct {
	// Hosts are the names that URLs may have: "api.example.org",
	// "*.example.org" for all below it, "*" for every name. They allow the
	// port of the scheme, 443 or 80; "api.example.org:8443" allows another,
	// "api.example.org:*" all.
	Hosts []string
	// Networks are addresses that may be dialed although they are not public:
	// loopback, private, link-local and other special ones. A URL may name an
	// address in them as its host.
	Networks []netip.Prefix
	// TLS is for servers with certificates that the system does not trust; nil
	// is the default. It is cloned.
	TLS *tls.Config
}

// Validate reports the first entry that cannot be understood.
func (p Policy) Validate() error {
	for _, entry := range p.Hosts {
		name, port := splitEntry(entry)
		rest := strings.TrimPrefix(name, "*")
		if name == "" || strings.ContainsAny(rest, "*/:@ ") || !validPort(port) || rest != name && rest != "" && rest[0] != '.' {
			return fmt.Errorf("host %q: write a name, *.name or *, with :port where it is not the scheme's", entry)
		}
	}
	for _, n := range p.Networks {
		if !n.IsValid() {
			return errors.New("networks: an entry is not a network")
		}
	}
	return nil
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || port == "*" || err == nil && n > 0
}

// splitEntry splits an entry of Hosts; port is "" when it has none.
func splitEntry(entry string) (name, port string) {
	name, port, found := strings.Cut(entry, ":")
	if found && port == "" {
		return name, ":"
	}
	return name, port
}

// Check reports whether requests to u may be made; the error is ErrRefused, or
// says what is wrong with u.
func (p Policy) Check(u *url.URL) error {
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	defaultPort := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	switch {
	case defaultPort == "":
		return fmt.Errorf("url: scheme %q: want http or https", u.Scheme)
	case host == "":
		return errors.New("url: it has no host")
	case u.User != nil:
		return errors.New("url: no user or password in it: use a header with a secret")
	}
	if port == "" {
		port = defaultPort
	}
	if addr, err := netip.ParseAddr(host); err == nil && p.listed(addr) {
		return nil
	}
	for _, entry := range p.Hosts {
		name, allowed := splitEntry(strings.ToLower(entry))
		if matches(name, host) && (allowed == "*" || allowed == port || allowed == "" && port == defaultPort) {
			return nil
		}
	}
	return fmt.Errorf("url: %s: %w: the operator lists the hosts that may be called", u.Host, ErrRefused)
}

func matches(pattern, host string) bool {
	if rest, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, rest) && len(host) > len(rest)
	}
	return pattern == host
}

func (p Policy) listed(addr netip.Addr) bool {
	addr = addr.Unmap()
	return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// Client returns a client that dials only what p allows and follows no
// redirect. Its requests have no time limit of their own.
func (p Policy) Client() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: p.control}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        p.TLS.Clone(),
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    10 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConns:           256,
			MaxIdleConnsPerHost:    16,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// control refuses addresses after the name was resolved and before anything is
// sent to them.
func (p Policy) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, ErrRefused)
	}
	if addr := ap.Addr(); !Public(addr) && !p.listed(addr.WithZone("")) {
		return fmt.Errorf("%s: %w: it is not a public address; the operator lists the others that may be dialed", addr, ErrRefused)
	}
	return nil
}

// global is what of IPv6 is given to hosts of the internet at all (the IANA
// registry of its address space).
var global = netip.MustParsePrefix("2000::/3")

// special are the networks of the IANA special-purpose registries (RFC 6890)
// that are not globally reachable, or lead to others that may not be; and the
// address at which every machine of Azure reaches its host.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// Public reports whether an address is one of the public internet.
func Public(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return addr.IsValid() && (addr.Is4() || global.Contains(addr)) && !slices.ContainsFunc(special, func(n netip.Prefix) bool { return n.Contains(addr) })
}
