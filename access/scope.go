package access

import "strings"

// methodNames are the methods a rule may name, in the order of their bits:
// those of HTTP (RFC 9110 section 9, RFC 5789) and of WebDAV (RFC 4918, 3253,
// 5323). CONNECT is not here: the gateway is no forward proxy.
var methodNames = [...]string{
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
	"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH",
}

// methods is a set of methods; the empty set stands for every method.
type methods uint32

const (
	methodGet  methods = 1 << 0
	methodHead methods = 1 << 1
)

// methodBit returns the set of one method, empty for one no rule can name.
func methodBit(name string) methods {
	for i, m := range methodNames {
		if m == name {
			return 1 << i
		}
	}
	return 0
}

// has reports whether the set admits a method, given as its bit.
func (m methods) has(bit methods) bool { return m == 0 || m&bit != 0 }

// covers reports whether m admits every method n does.
func (m methods) covers(n methods) bool { return m == 0 || n != 0 && n&^m == 0 }

// overlaps reports whether a method is admitted by both.
func (m methods) overlaps(n methods) bool { return m == 0 || n == 0 || m&n != 0 }

// parseMethods compiles the methods of a rule.
func parseMethods(names []string, c collector) methods {
	var set methods
	for i, name := range names {
		bit := methodBit(name)
		if bit == 0 {
			help := "a method is one of " + strings.Join(methodNames[:], ", ")
			if upper := strings.ToUpper(name); methodBit(upper) != 0 {
				help = "write " + upper + ": methods are upper case"
			}
			c.add(index("methods", i), help, "unknown method %q", name)
			continue
		}
		set |= bit
	}
	if set&methodGet != 0 {
		set |= methodHead
	}
	return set
}

const maxHostBytes = 255

// host is one host a rule is for, lower case; below is whether names below it
// are meant too.
type host struct {
	name  string
	below bool
}

// parseHosts compiles the hosts of a rule.
func parseHosts(names []string, c collector) []host {
	var hosts []host
	for i, name := range names {
		h := host{name: strings.ToLower(strings.TrimSuffix(name, "."))}
		h.name, h.below = strings.CutPrefix(h.name, ".")
		if !validHost(h.name) {
			c.add(index("hosts", i), `a host is "example.com", or ".example.com" for it and everything below, without a port`, "%q is not a host", name)
			continue
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// validHost accepts host names and addresses; IPv6 ones in brackets.
func validHost(s string) bool {
	if s == "" || len(s) > maxHostBytes {
		return false
	}
	if s[0] == '[' {
		return len(s) > 2 && s[len(s)-1] == ']' && strings.Trim(s[1:len(s)-1], "0123456789abcdef:.") == ""
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// matches compares with a bare host name without regard to case. What Unicode
// folds to ASCII, such as the Kelvin sign to k, is longer in UTF-8 and does not
// pass: equal lengths are compared.
func (h host) matches(name string) bool {
	if len(name) == len(h.name) {
		return strings.EqualFold(name, h.name)
	}
	cut := len(name) - len(h.name)
	return h.below && cut > 1 && name[cut-1] == '.' && strings.EqualFold(name[cut:], h.name)
}

// covers reports whether h matches every name g does.
func (h host) covers(g host) bool {
	if h.name == g.name {
		return h.below || !g.below
	}
	return h.below && strings.HasSuffix(g.name, "."+h.name)
}

// bareHost takes a port and the trailing dot off a host.
func bareHost(s string) string {
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i:], ']') < 0 {
		s = s[:i]
	}
	return strings.TrimSuffix(s, ".")
}

// hostsMatch reports whether any of hosts matches; none means every host.
func hostsMatch(hosts []host, name string) bool {
	for _, h := range hosts {
		if h.matches(name) {
			return true
		}
	}
	return len(hosts) == 0
}

// hostsCover reports whether hs admits every host gs does.
func hostsCover(hs, gs []host) bool {
	if len(hs) == 0 {
		return true
	}
	for _, g := range gs {
		if !hostCovered(hs, g) {
			return false
		}
	}
	return len(gs) > 0
}

func hostCovered(hs []host, g host) bool {
	for _, h := range hs {
		if h.covers(g) {
			return true
		}
	}
	return false
}

// hostsOverlap reports whether a host is admitted by both.
func hostsOverlap(hs, gs []host) bool {
	if len(hs) == 0 || len(gs) == 0 {
		return true
	}
	for _, h := range hs {
		for _, g := range gs {
			if h.covers(g) || g.covers(h) {
				return true
			}
		}
	}
	return false
}
