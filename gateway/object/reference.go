package object

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// maxReference bounds the length of a reference in bytes.
const maxReference = 8 << 10

// reference is an object of an HTTP origin.
type reference struct {
	scheme    string // "http" or "https"
	authority string // host and port as written: the Host field
	host      string // lower case, without port and brackets
	port      string // always present
	standard  bool   // port is the scheme's own
	path      string // as written, with its leading slash
	query     string // as written, with its question mark, or empty
}

// parseReference reads {scheme}/{host}[:{port}]/{path}. The error says what is
// wrong without repeating the reference, whose query may be a credential.
func parseReference(ref Ref) (reference, error) {
	rest := strings.TrimPrefix(ref.Path, "/")
	if len(rest)+len(ref.RawQuery) > maxReference {
		return reference{}, errors.New("longer than 8 KiB")
	}
	scheme, rest, ok := strings.Cut(rest, "/")
	if !ok || scheme != "http" && scheme != "https" {
		return reference{}, errors.New("does not start with http/ or https/")
	}
	authority, path, ok := strings.Cut(rest, "/")
	if !ok {
		return reference{}, errors.New("has no path after the host")
	}
	out := reference{scheme: scheme, authority: authority, path: "/" + path}
	var err error
	if out.host, out.port, err = splitAuthority(authority); err != nil {
		return reference{}, err
	}
	own := "443"
	if scheme == "http" {
		own = "80"
	}
	if out.port == "" {
		out.port = own
	}
	out.standard = out.port == own
	if err := checkPath(out.path); err != nil {
		return reference{}, err
	}
	if ref.RawQuery != "" {
		if !onlyURLBytes(ref.RawQuery) {
			return reference{}, errors.New("query has a byte that must be percent-encoded")
		}
		out.query = "?" + ref.RawQuery
	}
	return out, nil
}

// splitAuthority reads host[:port]. User names are not possible: "@" is in no
// host.
func splitAuthority(authority string) (host, port string, err error) {
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
		if !validPort(port) {
			return "", "", errors.New("port is not a number from 1 to 65535")
		}
	}
	host = strings.ToLower(host)
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if err != nil || !closed || !addr.Is6() || addr.Zone() != "" {
			return "", "", errors.New("host is not an IPv6 address")
		}
		return inner, port, nil
	}
	if !validHost(host) {
		return "", "", errors.New("host is not a host name or address")
	}
	return host, port, nil
}

func validPort(port string) bool {
	if port == "" || len(port) > 5 || port[0] == '0' {
		return false
	}
	n := 0
	for _, c := range []byte(port) {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

// validHost accepts host names and dotted IPv4 addresses in lower case. A name
// whose last label is a number is an address in one of the odd spellings that
// some resolvers read (127.1, 0x7f.1, 2130706433): those are refused.
func validHost(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notHostByte) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		last = label
	}
	if last[0] < '0' || last[0] > '9' {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is4()
}

func notHostByte(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
}

// checkPath refuses what is not a proper percent-encoded path, and segments
// that climb, however they are spelled: origins differ in what they decode
// before they normalise.
func checkPath(path string) error {
	if !onlyURLBytes(path) || strings.Contains(path, "?") {
		return errors.New("path has a byte that must be percent-encoded")
	}
	decoded := path
	for range 2 { // "%252e" is a name to one decoder and a dot to two
		next, err := url.PathUnescape(decoded)
		if err != nil {
			break
		}
		decoded = next
	}
	if _, err := url.PathUnescape(path); err != nil {
		return errors.New("path has a broken percent-encoding")
	}
	for segment := range strings.FieldsFuncSeq(decoded, func(c rune) bool { return c == '/' || c == '\\' }) {
		segment, _, _ = strings.Cut(segment, ";") // some servers read "..;x" as ".."
		if segment == "." || segment == ".." {
			return errors.New("path has a dot segment")
		}
	}
	if strings.ContainsFunc(decoded, func(c rune) bool { return c < 0x20 || c == 0x7f }) {
		return errors.New("path has a control byte")
	}
	return nil
}

// onlyURLBytes reports whether s consists of bytes that may stand in a path or
// query (RFC 3986 §3.3 and §3.4), and "[" and "]", which query strings have.
func onlyURLBytes(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}
