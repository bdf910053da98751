package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how much of X-Forwarded-For is believed: 32 proxies in a row
// are a loop or an attack.
const maxHops = 32

// arrival is what the connection itself says of a request.
type arrival struct {
	peer   netip.Addr // invalid for a unix socket
	secure bool       // TLS ends here
	host   string     // the Host header, or the authority of the target
}

// source is where a request really comes from: what the connection says,
// corrected by what trusted proxies in front of it say.
type source struct {
	peer, client netip.Addr
	trusted      bool
	secure       bool
	host         string // unparsed
	port         string // as a trusted proxy says, else empty
	// hops are the trusted proxies between client and peer, nearest to the
	// gateway first, without the peer.
	hops  [maxHops]netip.Addr
	nhops int
}

// trusts reports whether what a peer says about others counts.
func (t *Table) trusts(peer netip.Addr) bool {
	if !peer.IsValid() {
		return t.trustSockets
	}
	for i := range t.trusted {
		if t.trusted[i].Contains(peer) {
			return true
		}
	}
	return false
}

// Trusts reports whether an address is that of a trusted proxy.
func (g *Gateway) Trusts(peer netip.Addr) bool { return g.table.Load().trusts(peer) }

// locate fills in s. Only X-Forwarded-* are read: they are what load balancers
// write, and a second, differing source (Forwarded, X-Real-IP) would be one
// more thing to disagree with.
func (t *Table) locate(s *source, a arrival, h http.Header) {
	s.peer, s.client, s.secure, s.host = a.peer, a.peer, a.secure, a.host
	s.nhops, s.port = 0, ""
	s.trusted = t.trusts(a.peer)
	if !s.trusted {
		return
	}
	t.walk(s, h["X-Forwarded-For"])
	if v := single(h["X-Forwarded-Proto"]); v != "" {
		switch {
		case strings.EqualFold(v, "https"):
			s.secure = true
		case strings.EqualFold(v, "http"):
			s.secure = false
		}
	}
	if v := single(h["X-Forwarded-Host"]); v != "" && t.trustHost {
		s.host = v
	}
	if v := single(h["X-Forwarded-Port"]); validPort(v) {
		s.port = v
	}
}

// walk reads the lines of X-Forwarded-For from right to left: as long as an
// address is a trusted proxy, the one left of it is believed. A malformed
// entry ends the walk at the last address that could be read.
func (t *Table) walk(s *source, lines []string) {
	walked := false
	for i := len(lines) - 1; i >= 0; i-- {
		rest, more := lines[i], true
		for more {
			var entry string
			rest, entry, more = cutLast(rest)
			addr, ok := forwardedAddr(entry)
			if !ok || s.nhops == maxHops {
				return
			}
			if walked {
				s.hops[s.nhops] = s.client
				s.nhops++
			}
			walked = true
			s.client = addr
			if !t.trusts(addr) {
				return
			}
		}
	}
}

// cutLast splits a list at its last comma.
func cutLast(list string) (rest, entry string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], list[i+1:], true
	}
	return "", list, false
}

// forwardedAddr reads an address as proxies write it, with a port or without.
func forwardedAddr(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	addr, err := netip.ParseAddr(s)
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	if addr.Zone() != "" || addr.IsUnspecified() {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// single returns the value of a header that is there once and is no list.
func single(values []string) string {
	if len(values) != 1 || strings.IndexByte(values[0], ',') >= 0 {
		return ""
	}
	return strings.Trim(values[0], " \t")
}

// peerAddr reads http.Request.RemoteAddr; the address of a unix socket's peer
// is invalid.
func peerAddr(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
