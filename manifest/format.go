package manifest

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// format is a grammar of a text field.
type format struct {
	// name is what the text is, with its article.
	name string
	// help shows one.
	help string
	// pattern is the grammar where it is regular; the JSON Schema has it too.
	pattern *regexp.Regexp
	// accept checks what a pattern cannot.
	accept func(string) bool
}

// environmentName is how people write the names of variables.
var environmentName = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// formats are the grammars by the name the tags use. Those without a check are
// checked with the route they belong to.
var formats = map[string]format{
	"slug": {
		name: "a name of lower-case letters, digits and hyphens", help: `such as "web" or "back-office", at most 63 characters`,
		pattern: regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`),
	},
	"process": {
		name: "a name of lower-case letters, digits and hyphens", help: `such as "web" or "back-office", at most 32 characters`,
		pattern: regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`),
	},
	"name": {
		name: "a name of letters, digits and . _ -", help: "at most 64 characters, the first a letter or digit",
		pattern: regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`),
	},
	"setting": {
		name: "a name of letters, digits and . _ : @ / -", help: "at most 200 characters, the first a letter, a digit or _",
		pattern: regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:@/-]{0,199}$`),
	},
	"variable": {
		name: "a name of an environment variable", help: "letters, digits and underscores, not starting with a digit",
		pattern: variableName,
	},
	"account": {
		name: "the name or number of an account", help: `such as "www-data" or 1000`,
		pattern: regexp.MustCompile(`^([0-9]{1,10}|[a-z_][a-z0-9_-]{0,31}\$?)$`),
	},
	"email": {
		name: "an email address", help: `such as "ann@example.com"`,
		pattern: regexp.MustCompile(`^[^\s@<>"]{1,64}@[A-Za-z0-9.-]{1,190}$`),
	},
	"media": {
		name: "a media type", help: `such as "text/html", or "text/*" for all of a kind`,
		pattern: regexp.MustCompile(`^([a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)|\*\+[a-z0-9.-]+)$`),
	},
	"status":   {name: "a status or a range of them", help: `such as "200" or "200-399"`, accept: isStatusRange, pattern: regexp.MustCompile(`^[1-5][0-9]{2}(-[1-5][0-9]{2})?$`)},
	"file":     {name: "the name of a file", help: "it is relative to the manifest", accept: isPrintable},
	"filename": {name: "the name of a file without a directory", help: `such as "index.html"`, pattern: regexp.MustCompile(`^[^/\\\x00-\x1f]+$`), accept: func(s string) bool { return s != "." && s != ".." }},
	"header":   {name: "the value of a header", help: `such as "public, max-age=3600"`, accept: isPrintable},
	"header-name": {
		name: "the name of a header", help: `such as "X-Auth-User", or "X-Auth-*" for all that begin so`,
		pattern: regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*\*?$`),
	},
	"path":     {name: "a path", help: `it starts with "/"`, accept: isPath},
	"signal":   {name: "a signal", help: "one of " + strings.Join(signals, ", "), accept: isSignal},
	"address":  {name: "an address to listen on", help: `write ":8080", "127.0.0.1:8080" or "unix:/path"`, accept: isAddress},
	"network":  {name: "a network", help: `such as "10.0.0.0/8", "fd00::/8" or one address`, accept: isNetwork},
	"origin":   {name: "an origin", help: `write scheme and host: "https://app.example.com"`, accept: isOrigin},
	"target":   {name: "a target", help: `write "http://host:port", "https://host:port" or "unix:/path"`, accept: isTarget},
	"location": {name: "an address to redirect to", help: `write a path, or a URL with scheme and host`, accept: isLocation},
	"host":     {name: "a host", help: `such as "app.example.com"`, accept: isHost},
	"domain":   {name: "a domain", help: `write "app.example.com", ".example.com" or "*"`, accept: isDomain},
	"object-host": {
		name: "a host of objects", help: `write "bucket.s3.eu-central-1.amazonaws.com", "*.example.com" or "host:port"`, accept: isObjectHost,
	},
	"pattern": {name: "a path pattern"},
	"method":  {name: "a method"},
}

// checkFormat checks a text against the grammar of its field.
func checkFormat(name, text string) *valueError {
	f, ok := formats[name]
	if !ok || (f.pattern == nil || f.pattern.MatchString(text)) && (f.accept == nil || f.accept(text)) {
		return nil
	}
	return &valueError{codeFormat, f.name, f.help}
}

// signals are those a process can be stopped with, without "SIG".
var signals = []string{"TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "KILL"}

func isSignal(s string) bool {
	for _, name := range signals {
		if s == name || s == "SIG"+name {
			return true
		}
	}
	return false
}

func isPrintable(s string) bool {
	return s != "" && len(s) <= 4096 && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func isPath(s string) bool {
	return isPrintable(s) && s[0] == '/' && !strings.ContainsAny(s, " #\\")
}

func isStatusRange(s string) bool {
	low, high, ranged := strings.Cut(s, "-")
	return !ranged || low <= high
}

func isAddress(s string) bool {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return isSocket(path)
	}
	host, port, ok := cutPort(s)
	if !ok || !isPort(port) {
		return false
	}
	return host == "" || isHost(host)
}

// isSocket accepts the path of a unix socket; the kernel takes 107 bytes.
func isSocket(path string) bool { return isPrintable(path) && len(path) <= 104 }

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n <= 65535 && len(s) <= 5
}

// cutPort splits "host:port", the host of IPv6 in brackets.
func cutPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s[:i], ":") {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$`)

// isHost accepts a host name, an IPv4 address or an IPv6 address in brackets.
func isHost(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && strings.HasSuffix(inner, "]") && addr.Is6()
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}

func isDomain(s string) bool { return s == "*" || isHost(strings.TrimPrefix(s, ".")) }

func isObjectHost(s string) bool {
	s, path, below := strings.Cut(s, "/")
	if below && !isPath("/"+path) {
		return false
	}
	host, port, ported := cutPort(s)
	if !ported || strings.HasSuffix(s, "]") {
		host = s
	} else if !isPort(port) || port == "0" {
		return false
	}
	return isHost(strings.TrimPrefix(host, "*."))
}

func isNetwork(s string) bool {
	_, err := parseNetwork(s)
	return err == nil
}

// parseNetwork reads a network, or an address as the network of itself.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr.WithZone(""), addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && isHTTP(u) && (u.Path == "" || u.Path == "/") && bare(u)
}

func isTarget(s string) bool {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return isSocket(path)
	}
	u, err := url.Parse(s)
	return err == nil && isHTTP(u) && (u.Path == "" || u.Path == "/") && bare(u) && u.Port() != "0"
}

func isHTTP(u *url.URL) bool {
	host, port, ported := cutPort(u.Host)
	if !ported || strings.HasSuffix(u.Host, "]") {
		host, port = u.Host, "80"
	}
	return (u.Scheme == "http" || u.Scheme == "https") && isHost(host) && isPort(port)
}

// bare reports that a URL has nothing but scheme, host and path.
func bare(u *url.URL) bool {
	return u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && u.Opaque == ""
}

// isLocation accepts a path of this host or a URL of another; "//host" and
// "/\host" are URLs that look like paths.
func isLocation(s string) bool {
	if strings.HasPrefix(s, "/") {
		return isPath(s) && !strings.HasPrefix(s, "//")
	}
	u, err := url.Parse(s)
	return err == nil && isPrintable(s) && isHTTP(u) && u.User == nil
}
