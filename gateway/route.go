package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/gateway/object"
	"github.com/berth-project/berth/gateway/urlpath"
)

const defaultRecheck = time.Minute

// route is a compiled Route.
type route struct {
	config   Route
	index    int
	name     string
	pattern  pattern
	prefix   string // pattern.literal as it is written in a header
	hosts    hostSet
	internal bool
	maxBody  int64
	recheck  time.Duration
}

func newRoute(c Route, limits Limits) (*route, error) {
	p, err := parsePattern(c.Pattern)
	hosts, hostErr := parseHosts(c.Hosts)
	rt := &route{
		config:   c,
		name:     cmp.Or(c.Name, c.Pattern),
		pattern:  p,
		prefix:   urlpath.Encode(p.literal),
		hosts:    hosts,
		internal: c.Internal || c.Object != nil,
		maxBody:  cmp.Or(c.MaxBody, limits.MaxBody),
		recheck:  cmp.Or(c.WebSocketRecheck, defaultRecheck),
	}
	if c.Redirect.To != "" && rt.config.Redirect.Status == 0 {
		rt.config.Redirect.Status = http.StatusPermanentRedirect
	}
	return rt, errors.Join(err, hostErr, rt.validate())
}

func (rt *route) validate() error {
	c := &rt.config
	kinds := 0
	for _, set := range []bool{c.Upstream != nil, c.Static != nil, c.Object != nil, c.Redirect.To != ""} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return errors.New("exactly one of upstream, static, object and redirect is needed")
	}
	if c.Object != nil && (!rt.pattern.rest || len(rt.pattern.segments) > 0 || rt.pattern.literal == "") {
		return fmt.Errorf(`path %q: the path of objects is a prefix, such as "/objects/**"`, c.Pattern)
	}
	for _, m := range c.Methods {
		if m == "" || m != strings.ToUpper(m) || m == http.MethodTrace || m == http.MethodConnect {
			return fmt.Errorf("method %q is not one a route can have", m)
		}
	}
	if err := rt.validateHost(); err != nil {
		return err
	}
	return rt.validateRedirect()
}

func (rt *route) validateHost() error {
	h := rt.config.Host
	switch h {
	case "", "preserve":
		return nil
	case "upstream":
		if rt.config.Upstream != nil {
			h = rt.config.Upstream.Name()
		}
	}
	if _, _, ok := splitHost(h); !ok {
		return fmt.Errorf(`host %q: want "preserve", "upstream" or a host`, h)
	}
	return nil
}

func (rt *route) validateRedirect() error {
	to, status := rt.config.Redirect.To, rt.config.Redirect.Status
	if to == "" {
		return nil
	}
	if !slices.Contains([]int{301, 302, 303, 307, 308}, status) {
		return fmt.Errorf("redirect status %d is none", status)
	}
	if !printable(to) || strings.ContainsAny(to, ` \`) {
		return fmt.Errorf("redirect to %q: not a URL", to)
	}
	relative := strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//")
	if relative && strings.HasPrefix(to, "/{path}") || strings.HasPrefix(to, "{path}") && to != "{path}" {
		return fmt.Errorf("redirect to %q: {path} begins with a slash, which would make it another host", to)
	}
	if !relative && !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "http://") {
		return fmt.Errorf("redirect to %q: neither a path nor an http URL", to)
	}
	return nil
}

// takes reports whether the route is for a method; GET covers HEAD.
func (rt *route) takes(method string) bool {
	ms := rt.config.Methods
	return len(ms) == 0 || slices.Contains(ms, method) || method == http.MethodHead && slices.Contains(ms, http.MethodGet)
}

// find returns the first public route for a request. Without one the fault
// says whether the path exists with other methods.
func (t *Table) find(method, host, path string) (*route, *fault) {
	var allow []string
	for _, rt := range t.routes {
		if rt.internal || !rt.pattern.match(path) || !rt.hosts.has(host) {
			continue
		}
		if rt.takes(method) {
			return rt, nil
		}
		allow = append(allow, rt.config.Methods...)
	}
	if allow == nil {
		return nil, faultNoRoute
	}
	slices.Sort(allow)
	return nil, &fault{status: 405, code: "method_not_allowed", allow: strings.Join(slices.Compact(allow), ", ")}
}

// target is what answers a request, after any internal redirect.
type target struct {
	route *route
	path  urlpath.Path
	ref   object.Ref
}

// resolve finds what an app's X-Accel-Redirect names on the host of the
// request: below an object route the reference is taken byte for byte, because
// it may be signed; anything else is a canonical path of an internal route or
// a route with files.
func (t *Table) resolve(host, location string) (target, error) {
	path, query, _ := strings.Cut(location, "?")
	for _, rt := range t.routes {
		if rt.config.Object == nil || !rt.hosts.has(host) {
			continue
		}
		if below, ok := strings.CutPrefix(path, rt.prefix+"/"); ok {
			return target{route: rt, ref: object.Ref{Path: below, RawQuery: query}}, nil
		}
	}
	p, err := t.paths.Canonical(location)
	if err != nil {
		return target{}, err
	}
	for _, rt := range t.routes {
		local := rt.config.Static != nil || rt.internal && rt.config.Upstream != nil
		if local && rt.pattern.match(p.Decoded) && rt.hosts.has(host) && rt.takes(http.MethodGet) {
			return target{route: rt, path: p}, nil
		}
	}
	return target{}, errors.New("no internal route has this path")
}
