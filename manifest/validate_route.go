package manifest

import (
	"strings"

	"github.com/berth-project/berth/access"
)

// reservedPrefixes are the paths the gateway answers itself.
var reservedPrefixes = []string{"/.berth", "/.well-known/berth"}

func (m *Manifest) checkRoutes() {
	names := map[string]int{}
	for i := range m.Gateway.Routes {
		r := &m.Gateway.Routes[i]
		path := item("gateway.routes", i)
		m.unique(names, r.Name, path+".name", i, "route")
		m.checkRouteTarget(path, r)
		m.checkReserved(path, r.Path)
		m.checkRouteOptions(path, r)
	}
	m.checkPatterns()
}

func (m *Manifest) checkRouteTarget(path string, r *Route) {
	if r.Process != "" {
		p, ok := m.Processes[r.Process]
		switch {
		case !ok:
			problem := m.src.at(path+".process", codeNoProcess, "there is no process %q", r.Process)
			suggest(problem, r.Process, m.ProcessNames())
		case p != nil && p.Listen == "none":
			m.src.at(path+".process", codeNotListening, "process %q does not listen", r.Process).
				Help = "set listen: port or listen: socket in processes." + r.Process
		}
	}
	if _, ok := m.Gateway.Upstreams[r.Upstream]; r.Upstream != "" && !ok {
		problem := m.src.at(path+".upstream", codeNoUpstream, "there is no upstream %q", r.Upstream)
		suggest(problem, r.Upstream, m.UpstreamNames())
	}
}

func (m *Manifest) checkReserved(path, pattern string) {
	for _, prefix := range reservedPrefixes {
		if rest, ok := strings.CutPrefix(pattern, prefix); ok && (rest == "" || rest[0] == '/') {
			m.src.at(path+".path", codeReserved, "%s and all below it is answered by the gateway itself", prefix).
				Help = "choose another path"
		}
	}
}

func (m *Manifest) checkRouteOptions(path string, r *Route) {
	forwards := r.Process != "" || r.Upstream != ""
	for _, key := range []string{"host-header", "pass-authorization", "websocket-recheck", "max-body"} {
		if !forwards && m.src.written(path+"."+key) {
			m.src.warn(path+"."+key, codeConflict, "%s has an effect only on routes to a process or an upstream", key).Help = "remove it"
		}
	}
	if r.Redirect != nil && r.Internal {
		m.src.at(path+".internal", codeConflict, "a redirect is for clients").Help = "remove it"
	}
	if r.Redirect != nil && r.StripPrefix {
		m.src.at(path+".strip-prefix", codeConflict, "a redirect forwards no path").Help = "remove it"
	}
	if r.StripPrefix && !strings.HasSuffix(r.Path, "/**") {
		m.src.at(path+".strip-prefix", codeConflict, `strip-prefix needs a path that ends in "/**"`)
	}
	if r.Objects != nil && !strings.HasSuffix(r.Path, "/**") {
		m.src.at(path+".path", codeConflict, `a route to objects needs a path that ends in "/**"`)
	}
	if r.Objects != nil && r.Objects.Directory != "" {
		for _, key := range []string{"schemes", "allow-private"} {
			if at := path + ".objects." + key; m.src.written(at) {
				m.src.warn(at, codeConflict, "%s has an effect only on objects of hosts", key).Help = "remove it"
			}
		}
	}
}

// checkPatterns has package access judge the patterns, methods and hosts of
// the routes: they have the grammar of rules, and a route that an earlier one
// hides is found as a hidden rule is.
func (m *Manifest) checkPatterns() {
	rules := make([]access.Rule, len(m.Gateway.Routes))
	for i, r := range m.Gateway.Routes {
		rules[i] = access.Rule{
			ID: item("route", i), Path: r.Path, Methods: r.Methods, Hosts: r.Hosts,
			Allow: access.Requirement{Kind: access.Anyone},
		}
	}
	policy, err := access.Compile(rules)
	if err != nil {
		m.addAccess(err, codeRoute, "gateway.routes")
		return
	}
	for _, f := range policy.Lint() {
		if f.Code == access.FindingUnreachable {
			m.src.warn(below(item("gateway.routes", f.Rule), "path"), codeUnreachable, "no request reaches this route: an earlier one takes them all").
				Help = "move it up, before the more general route"
		}
	}
}

func (m *Manifest) checkUpstreams() {
	for _, name := range m.UpstreamNames() {
		u := m.Gateway.Upstreams[name]
		if u == nil {
			continue
		}
		path := below("gateway.upstreams", name)
		m.checkTargets(path, u)
		m.atMost(path+".health.timeout", u.Health.Timeout, path+".health.interval", u.Health.Interval)
		used := false
		for _, r := range m.Gateway.Routes {
			used = used || r.Upstream == name
		}
		if !used {
			m.src.warn(path, codeUnused, "no route leads to upstream %q", name).Help = "add a route with upstream: " + name + ", or remove it"
		}
	}
	for _, name := range m.ProcessNames() {
		if p := m.Processes[name]; p != nil {
			path := below("processes", name) + ".serve.health"
			m.atMost(path+".timeout", p.Serve.Health.Timeout, path+".interval", p.Serve.Health.Interval)
		}
	}
}

func (m *Manifest) checkTargets(path string, u *Upstream) {
	secure, seen := 0, map[Template]bool{}
	for i, t := range u.Targets {
		if strings.HasPrefix(string(t), "https:") {
			secure++
		}
		if seen[t] && t != "" {
			m.src.at(item(path+".targets", i), codeDuplicate, "the target is in the list twice").Help = "remove one"
		}
		seen[t] = true
	}
	if secure > 0 && secure < len(u.Targets) {
		m.src.at(path+".targets", codeConflict, "the targets are partly https and partly not").Help = "make two upstreams of them"
	}
	if secure > 0 && u.Protocol == "h2c" {
		m.src.at(path+".protocol", codeConflict, "h2c is HTTP/2 without TLS, and the targets are https")
	}
	for _, key := range []string{"server-name", "ca"} {
		if at := path + "." + key; secure == 0 && m.src.written(at) && len(templatesOf(u.Targets)) == 0 {
			m.src.at(at, codeConflict, "%s is for https targets", key).Help = "remove it"
		}
	}
}

// templatesOf returns the variables of a list of templates.
func templatesOf(list []Template) []string {
	var names []string
	for _, t := range list {
		names = append(names, t.Names()...)
	}
	return names
}
