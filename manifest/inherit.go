package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// inherit fills in the defaults that depend on other fields, as the comment of
// each such field says.
func (m *Manifest) inherit() {
	set(&m.Session.Assertion.Issuer, cmp.Or(m.Gateway.PublicOrigin, Template(m.Service)))
	set(&m.Login.Title, m.Service)
	m.capped("session.idle", &m.Session.Idle, m.Session.Absolute)
	m.inheritGateway()
	if m.Work != nil && !m.src.written("work.drain") {
		m.Work.Drain = m.Gateway.Timeouts.Drain
	}
	for name, p := range m.Processes {
		if p != nil {
			m.inheritProcess(name, p)
		}
	}
	for name, u := range m.Gateway.Upstreams {
		if u != nil {
			set(&u.Audience, name)
			m.inheritServe(below("gateway.upstreams", name), &u.Serve)
		}
	}
	for i := range m.Access {
		set(&m.Access[i].ID, fmt.Sprintf("rule-%d", i+1))
	}
	for i := range m.Development.Tenants {
		set(&m.Development.Tenants[i].Name, m.Development.Tenants[i].ID)
	}
}

// set gives a field its default unless it has a value.
func set[T comparable](field *T, value T) { *field = cmp.Or(*field, value) }

// capped lowers a default to the bound another field sets. A value that is
// written is left for validation to judge.
func (m *Manifest) capped(path string, d *Duration, bound Duration) {
	if !m.src.written(path) {
		*d = min(*d, bound)
	}
}

func (m *Manifest) inheritServe(path string, s *Serve) {
	set(&s.Health.Host, m.healthHost())
	m.capped(path+".health.timeout", &s.Health.Timeout, s.Health.Interval)
}

// inheritListen decides which addresses speak TLS, which may take knowing the
// variables in them.
func (m *Manifest) inheritListen() {
	g := &m.Gateway
	for i := range g.Listen {
		if !m.src.written(below(item("gateway.listen", i), "tls")) {
			g.Listen[i].TLS = g.TLS.Mode != "off" && strings.HasSuffix(string(g.Listen[i].Address), ":443")
		}
	}
}

func (m *Manifest) inheritGateway() {
	m.inheritListen()
	g := &m.Gateway
	taken := map[string]bool{}
	for _, r := range g.Routes {
		taken[r.Name] = true
	}
	for i := range g.Routes {
		r := &g.Routes[i]
		if r.Name == "" {
			r.Name = freeName(r.kind(), taken)
		}
		if !m.src.written(below(item("gateway.routes", i), "max-body")) {
			r.MaxBody = g.MaxBody
		}
	}
}

// kind names a route after where it leads.
func (r *Route) kind() string {
	switch {
	case r.Static != nil:
		return "static"
	case r.Objects != nil:
		return "objects"
	case r.Redirect != nil:
		return "redirect"
	}
	return cmp.Or(r.Process, r.Upstream, "route")
}

func freeName(base string, taken map[string]bool) string {
	name := base
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	taken[name] = true
	return name
}

func (m *Manifest) inheritProcess(name string, p *Process) {
	set(&p.Audience, m.Service)
	path := below("processes", name)
	m.inheritServe(path+".serve", &p.Serve)
	m.capped(path+".restart.min", &p.Restart.Min, p.Restart.Max)
	m.capped(path+".ready.interval", &p.Ready.Interval, p.Ready.Timeout)
	if p.Listen == "" {
		p.Listen = "none"
		if m.routed(name) {
			p.Listen = "port"
		}
	}
	set(&p.Ready.Host, p.Serve.Health.Host)
	if p.Ready.Check != "" {
		return
	}
	switch {
	case p.Ready.Path != "":
		p.Ready.Check = "http"
	case p.Listen == "port":
		p.Ready.Check = "tcp"
	default:
		p.Ready.Check = p.Listen
	}
}

// healthHost is the Host of health requests.
func (m *Manifest) healthHost() string {
	for _, d := range m.Domains {
		if isHost(string(d)) {
			return string(d)
		}
	}
	return "localhost"
}

func (m *Manifest) routed(process string) bool {
	return slices.ContainsFunc(m.Gateway.Routes, func(r Route) bool { return r.Process == process })
}

// ProcessNames returns the names of the processes, sorted.
func (m *Manifest) ProcessNames() []string { return slices.Sorted(maps.Keys(m.Processes)) }

// UpstreamNames returns the names of the upstreams, sorted.
func (m *Manifest) UpstreamNames() []string { return slices.Sorted(maps.Keys(m.Gateway.Upstreams)) }
