package object

import (
	"errors"
	"slices"
	"strings"
)

// allowList is which origins may be named. The empty list allows none.
type allowList struct {
	schemes  []string
	patterns []pattern
}

// pattern is one entry of Config.Hosts.
type pattern struct {
	host     string // lower case; of a wildcard what follows the first label, with its dot
	wildcard bool
	port     string // empty: the scheme's own
	path     string // empty, or a prefix that ends in a slash
}

func newAllowList(cfg Config) allowList {
	list := allowList{schemes: cfg.Schemes}
	if list.schemes == nil {
		list.schemes = []string{"https"}
	}
	for _, host := range cfg.Hosts {
		if p, err := parsePattern(host); err == nil { // validated before
			list.patterns = append(list.patterns, p)
		}
	}
	return list
}

// parsePattern reads "[*.]host[:port][/path/]".
func parsePattern(text string) (pattern, error) {
	authority, path, limited := strings.Cut(text, "/")
	var p pattern
	if limited {
		p.path = "/" + path
		if !strings.HasSuffix(p.path, "/") {
			p.path += "/"
		}
		if p.path == "/" {
			p.path = ""
		}
		if err := checkPath("/" + path); err != nil {
			return pattern{}, err
		}
	}
	authority, p.wildcard = strings.CutPrefix(authority, "*.")
	if strings.Contains(authority, "*") {
		return pattern{}, errors.New(`"*" stands for the whole first label only`)
	}
	var err error
	if p.host, p.port, err = splitAuthority(authority); err != nil {
		return pattern{}, err
	}
	if p.wildcard {
		if !strings.Contains(p.host, ".") {
			return pattern{}, errors.New("a wildcard needs a domain of two labels at least")
		}
		p.host = "." + p.host
	}
	return p, nil
}

// allows reports whether a reference may be fetched.
func (l allowList) allows(ref reference) bool {
	return slices.Contains(l.schemes, ref.scheme) &&
		slices.ContainsFunc(l.patterns, func(p pattern) bool { return p.matches(ref) })
}

func (p pattern) matches(ref reference) bool {
	if p.port == "" && !ref.standard || p.port != "" && p.port != ref.port {
		return false
	}
	if !strings.HasPrefix(ref.path, p.path) {
		return false
	}
	if !p.wildcard {
		return ref.host == p.host
	}
	label, ok := strings.CutSuffix(ref.host, p.host)
	return ok && label != "" && !strings.Contains(label, ".")
}
