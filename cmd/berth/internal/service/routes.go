package service

import (
	"fmt"
	"net/netip"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/compress"
	"github.com/berth-project/berth/gateway/object"
	"github.com/berth-project/berth/gateway/static"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/manifest"
)

// gatewayConfig is what the manifest says about requests. The handlers it
// makes are noted in g to be closed with it.
func (b *builder) gatewayConfig(g *generation) gateway.Config {
	m := b.m.Gateway
	policy, err := access.Compile(b.m.Rules())
	if err != nil {
		b.fail("access", err) // Parse has compiled the same rules
	}
	g.policy = policy
	cfg := gateway.Config{
		Service:         b.m.Service,
		Hosts:           b.hosts,
		Access:          policy,
		MergeSlashes:    m.MergeSlashes,
		Compress:        compress.Config{Off: m.Compress.Off, Types: m.Compress.Types, MinSize: int(m.Compress.MinSize.Bytes())},
		PublicOrigin:    string(m.PublicOrigin),
		RedirectToHTTPS: m.TLS.Redirect,
		HSTS:            m.TLS.HSTS.Std(),
		Limits:          gateway.Limits{MaxURL: int(m.Limits.MaxURL.Bytes()), MaxBody: orUnlimited(m.MaxBody), MaxHeaders: m.Limits.MaxHeaders},
		Timeouts:        gateway.Timeouts{ReadBody: m.Timeouts.ReadBody.Std(), Write: m.Timeouts.Write.Std()},
	}
	if b.m.Login.Password.Enabled {
		cfg.SignInPath = login.DefaultSignInPath
	}
	cfg.TrustForwardedHost, cfg.DropHeaders = m.TrustForwardedHost, m.DropHeaders
	cfg.TrustSocketPeers, cfg.HealthPaths = m.TrustSocketPeers, m.HealthPaths
	for _, o := range m.TrustedOrigins {
		cfg.TrustedOrigins = append(cfg.TrustedOrigins, string(o))
	}
	cfg.TrustedProxies = b.prefixes("gateway.trusted-proxies", m.TrustedProxies)
	for i := range m.Routes {
		cfg.Routes = append(cfg.Routes, b.route(i, &m.Routes[i], g))
	}
	return cfg
}

// orUnlimited turns the manifest's 0, no limit, into the gateway's -1.
func orUnlimited(s manifest.Size) int64 {
	if s == 0 {
		return -1
	}
	return s.Bytes()
}

func (b *builder) prefixes(field string, list []manifest.Template) []netip.Prefix {
	var out []netip.Prefix
	for i, t := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		p, err := parsePrefix(string(t))
		if err != nil {
			b.fail(at, err)
			continue
		}
		out = append(out, p)
	}
	return out
}

// parsePrefix reads a network, or an address as the network of itself.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is no network such as 10.0.0.0/8", s)
	}
	return p.Masked(), nil
}

func (b *builder) route(i int, r *manifest.Route, g *generation) gateway.Route {
	out := gateway.Route{
		Name: r.Name, Pattern: r.Path, Methods: r.Methods, Hosts: r.Hosts,
		StripPrefix: r.StripPrefix, Host: r.HostHeader,
		MaxBody:           orUnlimited(r.MaxBody),
		Timeout:           r.Timeout.Std(),
		Internal:          r.Internal,
		PassAuthorization: r.PassAuthorization,
		WebSocketRecheck:  r.WebSocketRecheck.Std(),
		Silent:            !r.Log,
	}
	field := fmt.Sprintf("gateway.routes[%d]", i)
	switch {
	case r.Process != "":
		out.Upstream = g.groups[processGroup(r.Process)].group
		out.Audience = audience(b.m, b.m.Processes[r.Process].Audience)
		out.InternalRedirects = true
	case r.Upstream != "":
		out.Upstream = g.groups[upstreamGroup(r.Upstream)].group
		out.Audience = audience(b.m, b.m.Gateway.Upstreams[r.Upstream].Audience)
		out.InternalRedirects = b.m.Gateway.Upstreams[r.Upstream].InternalRedirects
	case r.Static != nil:
		out.Static = b.static(field+".static", r.Static, g)
	case r.Objects != nil:
		out.Object = b.objects(field+".objects", r.Objects, g)
	case r.Redirect != nil:
		out.Redirect = gateway.Redirect{To: r.Redirect.To, Status: r.Redirect.Status}
	}
	return out
}

func (b *builder) static(field string, s *manifest.Static, g *generation) *static.Handler {
	cfg := static.Config{
		Root: b.path(string(s.Root)), Index: s.Index, Listing: s.Listing,
		Fallback: s.Fallback, Precompressed: s.Precompressed, Immutable: s.Immutable, Dotfiles: s.Dotfiles,
	}
	for _, c := range s.CacheControl {
		cfg.CacheControl = append(cfg.CacheControl, static.CacheRule{Match: c.Match, Value: c.Value})
	}
	h, err := static.New(cfg)
	if err != nil {
		b.fail(field, err)
		return nil
	}
	g.close = append(g.close, h.Close)
	return h
}

func (b *builder) objects(field string, o *manifest.Objects, g *generation) *object.Handler {
	cfg := object.Config{
		Directory: b.path(string(o.Directory)),
		Hosts:     o.Hosts, Schemes: o.Schemes,
		Timeouts: object.Timeouts{Dial: o.Connect.Std(), ResponseHead: o.Response.Std(), BodyIdle: o.Read.Std()},
	}
	for i, network := range o.AllowPrivate {
		p, err := parsePrefix(network)
		if err != nil {
			b.fail(fmt.Sprintf("%s.allow-private[%d]", field, i), err)
			continue
		}
		cfg.AllowPrivate = append(cfg.AllowPrivate, p)
	}
	h, err := object.New(cfg, b.log)
	if err != nil {
		b.fail(field, err)
		return nil
	}
	g.close = append(g.close, h.Close)
	return h
}
