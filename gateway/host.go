package gateway

import (
	"fmt"
	"net/netip"
	"strings"
)

const maxHostBytes = 255

// hostSet is the hosts a service or a route is for.
type hostSet struct {
	exact map[string]struct{}
	below []string // ".example.com": the name itself and everything below it
	any   bool
}

// parseHosts compiles host patterns; none is every host.
func parseHosts(patterns []string) (hostSet, error) {
	s := hostSet{exact: map[string]struct{}{}, any: len(patterns) == 0}
	for _, p := range patterns {
		if p == "*" {
			s.any = true
			continue
		}
		name, below := strings.CutPrefix(p, ".")
		name, port, ok := splitHost(name)
		if !ok || port != "" {
			return hostSet{}, fmt.Errorf(`host %q: want "example.com", ".example.com" or "*"`, p)
		}
		if below {
			s.below = append(s.below, "."+name)
		} else {
			s.exact[name] = struct{}{}
		}
	}
	return s, nil
}

// has reports whether a name as splitHost returns it is in the set.
func (s *hostSet) has(name string) bool {
	if name == "" {
		return false
	}
	if s.any {
		return true
	}
	if _, ok := s.exact[name]; ok {
		return true
	}
	for _, b := range s.below {
		if strings.HasSuffix(name, b) || name == b[1:] {
			return true
		}
	}
	return false
}

// Serves reports whether the service answers for a host, given as a Host header
// has it.
func (g *Gateway) Serves(host string) bool {
	name, _, ok := splitHost(host)
	return ok && g.table.Load().hosts.has(name)
}

// splitHost reads a Host header or an authority: a name or an address, and a
// port if there is one. The name comes back in lower case without a trailing
// dot. Anything RFC 9110 section 7.2 does not allow, and percent-encoding,
// which it does, is not ok.
func splitHost(s string) (name, port string, ok bool) {
	if len(s) > maxHostBytes+6 {
		return "", "", false
	}
	if s != "" && s[0] == '[' {
		return splitLiteral(s)
	}
	name = s
	if i := strings.IndexByte(s, ':'); i >= 0 {
		name, port = s[:i], s[i+1:]
		if port == "" || !validPort(port) {
			return "", "", false
		}
	}
	name = strings.TrimSuffix(name, ".")
	lower, ok := validName(name)
	if !ok {
		return "", "", false
	}
	if !lower {
		name = strings.ToLower(name)
	}
	return name, port, true
}

// splitLiteral reads "[::1]" and "[::1]:80".
func splitLiteral(s string) (name, port string, ok bool) {
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return "", "", false
	}
	addr, err := netip.ParseAddr(s[1:end])
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", "", false
	}
	if rest := s[end+1:]; rest != "" {
		port = rest[1:]
		if rest[0] != ':' || !validPort(port) {
			return "", "", false
		}
	}
	return "[" + addr.String() + "]", port, true
}

// validName accepts labels of letters, digits, hyphens and underscores; lower
// says that nothing in it is upper case.
func validName(s string) (lower, ok bool) {
	if s == "" || len(s) > maxHostBytes {
		return false, false
	}
	lower = true
	label := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if label == 0 {
				return false, false
			}
			label = 0
			continue
		case 'A' <= c && c <= 'Z':
			lower = false
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false, false
		}
		if label++; label > 63 {
			return false, false
		}
	}
	return lower, label > 0
}

func validPort(s string) bool {
	if s == "" || len(s) > 5 {
		return false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n > 0 && n <= 65535
}
