package service

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
)

// CheckReport is what was found to be fine, and what looks like a mistake.
type CheckReport struct {
	File                     string
	Processes, Routes, Rules int
	Warnings                 diagnostic.List
}

// Check builds everything a manifest says and starts nothing. The error is a
// [diagnostic.List] where the manifest is wrong.
func Check(ctx context.Context, opts Options) (CheckReport, error) {
	g, done, err := buildAlone(ctx, opts)
	if err != nil {
		return CheckReport{}, err
	}
	defer done()
	if _, err := newCertificates(g.m, g.hosts, opts.Log); err != nil {
		return CheckReport{}, err
	}
	return CheckReport{
		File: g.m.File(), Processes: len(g.m.Processes), Routes: len(g.m.Gateway.Routes), Rules: len(g.m.Access),
		Warnings: append(g.m.Warnings(), suspicions(g.m)...),
	}, nil
}

// suspicions are what a service would start with and people would stumble
// over: files that are not there yet, and a sign-in nobody can use.
func suspicions(m *manifest.Manifest) diagnostic.List {
	b := builder{m: m}
	absent := func(field, path string) {
		if path == "" {
			return
		}
		if _, err := os.Stat(b.path(path)); errors.Is(err, fs.ErrNotExist) {
			b.suspect(field, b.path(path)+" is not there", "make it, unless a hook does")
		}
	}
	for _, name := range m.ProcessNames() {
		absent("processes."+name+".directory", string(m.Processes[name].Directory))
	}
	for i, r := range m.Gateway.Routes {
		if r.Static != nil {
			absent(manifest.RoutePath(i)+".static", string(r.Static.Root))
		}
	}
	absent("session.keys-file", string(m.Session.KeysFile))
	insecure := m.Gateway.TLS.Mode == "off" && len(m.Gateway.TrustedProxies) == 0 && !m.Gateway.TrustSocketPeers
	if insecure && m.Login.Password.Enabled && !m.Login.AllowInsecure && needsSignIn(m) {
		b.suspect("login", "outside of berth up nobody can sign in over plain HTTP", "set gateway.tls, or name the proxy that ends TLS in gateway.trusted-proxies")
	}
	return b.problems
}

func (b *builder) suspect(field, message, help string) {
	p := b.m.Problem(field, codeSuspect, message)
	p.Severity, p.Help = diagnostic.Warning, help
	b.problems = append(b.problems, p)
}

// needsSignIn reports whether any rule asks for somebody.
func needsSignIn(m *manifest.Manifest) bool {
	return slices.ContainsFunc(m.Rules(), func(r access.Rule) bool { return r.Allow.Kind != access.Anyone })
}

// buildAlone builds a generation that will never serve a request.
func buildAlone(ctx context.Context, opts Options) (*generation, func(), error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	groups := newGroupSet(opts.Log, prometheus.NewRegistry())
	g, err := build(ctx, opts, groups, identity{})
	if err != nil {
		return nil, nil, err
	}
	return g, func() {
		groups.discard(g.groups)
		g.release(opts.Log)
	}, nil
}
