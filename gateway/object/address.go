package object

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// never are addresses that no configuration makes dialable: link-local ones,
// where clouds serve the credentials of an instance, and the other addresses
// they use for that.
var never = prefixes(
	"169.254.0.0/16", "fe80::/10", // link-local: AWS, Azure, Google and others; ECS and EKS credentials
	"fd00:ec2::/32",      // AWS over IPv6
	"fd20:ce::/64",       // Google over IPv6
	"100.100.100.200/32", // Alibaba
	"168.63.129.16/32",   // Azure platform
	"192.0.0.192/32",     // Oracle
	"0.0.0.0/32", "::/128", "255.255.255.255/32",
	"224.0.0.0/4", "ff00::/8", // multicast
)

// special are address ranges that are not public (RFC 6890 and its registries);
// they are dialled only when the configuration allows it.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	"5f00::/16", "fc00::/7", "fec0::/10",
)

// nat64 holds an IPv4 address in its last four bytes (RFC 6052 §2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// addressError says that an address may not be dialled.
type addressError struct{ addr netip.Addr }

// Error implements error.
func (e *addressError) Error() string { return fmt.Sprintf("address %s is not allowed", e.addr) }

// addressPolicy decides which addresses are dialled.
type addressPolicy struct{ allow []netip.Prefix }

// control is a net.Dialer's Control: it sees the address that is about to be
// connected to, after every resolution.
func (p addressPolicy) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return p.check(to.Addr())
}

// check refuses an address that is not to be dialled.
func (p addressPolicy) check(addr netip.Addr) error {
	plain := addr.Unmap().WithZone("")
	if nat64.Contains(plain) {
		bytes := plain.As16()
		plain = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	in := func(prefix netip.Prefix) bool { return prefix.Contains(plain) }
	if !plain.IsValid() || addr.Zone() != "" || slices.ContainsFunc(never, in) {
		return &addressError{addr}
	}
	if slices.ContainsFunc(special, in) && !slices.ContainsFunc(p.allow, in) {
		return &addressError{addr}
	}
	return nil
}
