package service

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/manifest"
)

// Group names keep processes and upstreams of the same name apart.
func processGroup(name string) string  { return "process " + name }
func upstreamGroup(name string) string { return "upstream " + name }

// groupSpecs are the groups the routes need.
func (b *builder) groupSpecs() map[string]groupSpec {
	specs := map[string]groupSpec{}
	for _, r := range b.m.Gateway.Routes {
		switch {
		case r.Process != "":
			p := b.m.Processes[r.Process]
			cfg := serveConfig(r.Process, p.Serve, b.probeHost(p.Serve.Health))
			specs[processGroup(r.Process)] = groupSpec{cfg: cfg, process: r.Process}
		case r.Upstream != "":
			specs[upstreamGroup(r.Upstream)] = groupSpec{cfg: b.upstreamConfig(r.Upstream)}
		}
	}
	return specs
}

func (b *builder) upstreamConfig(name string) upstream.Config {
	u := b.m.Gateway.Upstreams[name]
	cfg := serveConfig(name, u.Serve, b.probeHost(u.Serve.Health))
	field := "gateway.upstreams." + name
	for i, t := range u.Targets {
		at := fmt.Sprintf("%s.targets[%d]", field, i)
		scheme, endpoint, err := parseTarget(string(t))
		if err != nil {
			b.fail(at, err)
			continue
		}
		if endpoint.Network == "unix" {
			endpoint.Address = b.path(endpoint.Address)
		}
		cfg.Scheme = scheme
		cfg.Endpoints = append(cfg.Endpoints, endpoint)
	}
	cfg.TLS.ServerName = string(u.ServerName)
	if ca := string(u.CA); ca != "" {
		pem, err := os.ReadFile(b.path(ca))
		roots := x509.NewCertPool()
		if err != nil {
			b.fail(field+".ca", err)
		} else if !roots.AppendCertsFromPEM(pem) {
			b.fail(field+".ca", fmt.Errorf("%s holds no PEM certificate", ca))
		}
		cfg.TLS.Roots = roots
	}
	return cfg
}

// parseTarget reads "http://host:port", "https://host:port" or "unix:/path".
func parseTarget(s string) (scheme string, e upstream.Endpoint, err error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return "http", upstream.Endpoint{Network: "unix", Address: path}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || (u.Path != "" && u.Path != "/") {
		return "", e, fmt.Errorf("target %q is not http://host:port, https://host:port or unix:/path", s)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	return u.Scheme, upstream.Endpoint{Network: "tcp", Address: host}, nil
}

func serveConfig(name string, s manifest.Serve, probeHost string) upstream.Config {
	cfg := upstream.Config{
		Name:    name,
		Retries: orNever(s.Retries),
		Hold:    s.Hold.Std(),
		Passive: upstream.Passive{MaxFails: orNever(s.Passive.MaxFails), FailTimeout: s.Passive.For.Std()},
		Timeouts: upstream.Timeouts{
			Dial: s.Timeouts.Connect.Std(), ResponseHeader: s.Timeouts.Response.Std(),
			BodyIdle: s.Timeouts.Read.Std(), WriteIdle: s.Timeouts.Write.Std(), Idle: s.Timeouts.Idle.Std(),
		},
		Affinity: upstream.Affinity{TTL: s.Affinity.TTL.Std()},
	}
	if s.Balance == "least-connections" {
		cfg.Balance = upstream.LeastConnections
	}
	if s.Protocol == "h2c" {
		cfg.Protocol = upstream.H2C
	}
	switch s.Affinity.By {
	case "address":
		cfg.Affinity.By = upstream.ByAddress
	case "cookie":
		cfg.Affinity.By = upstream.ByCookie
	}
	if s.Health.Path != "" {
		low, high := statusRange(s.Health.Status)
		cfg.Health = upstream.HealthConfig{
			Path: s.Health.Path, Host: probeHost, Interval: s.Health.Interval.Std(), Timeout: s.Health.Timeout.Std(),
			Healthy: s.Health.Healthy, Unhealthy: s.Health.Unhealthy, StatusMin: low, StatusMax: high,
		}
	}
	return cfg
}

// orNever turns the manifest's 0, which means never, into the group's -1,
// whose own 0 means the default.
func orNever(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// statusRange reads "200" or "200-399", whose syntax the manifest has checked.
func statusRange(s string) (low, high int) {
	first, last, found := strings.Cut(s, "-")
	low, _ = strconv.Atoi(strings.TrimSpace(first))
	if !found {
		return low, low
	}
	high, _ = strconv.Atoi(strings.TrimSpace(last))
	return low, high
}

// probeHost is the Host of health probes: what the manifest says, else the
// first exact name of the service, which an app that checks hosts knows.
func (b *builder) probeHost(h manifest.Health) string {
	if h.Host != "" {
		return h.Host
	}
	for _, d := range b.hosts {
		if d != "*" && !strings.HasPrefix(d, ".") {
			return d
		}
	}
	return "localhost"
}
