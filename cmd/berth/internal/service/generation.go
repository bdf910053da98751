package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/process"
)

// generation is everything one version of the manifest says, built and ready
// to be swapped in.
type generation struct {
	m      *manifest.Manifest
	env    *environ.Set
	hosts  []string
	policy *access.Policy
	table  *gateway.Table
	specs  []process.Spec
	groups groupPlan
	work   workPlan
	close  []func() error // what the table's routes hold open
}

// builder turns a manifest into a generation and gathers everything that is
// wrong on the way, each problem at its place in the file.
type builder struct {
	m        *manifest.Manifest
	env      *environ.Set
	hosts    []string
	log      *slog.Logger
	problems diagnostic.List
}

// Codes of problems that only show when a service is built.
const (
	codeExpand  = "B0301"
	codeBuild   = "B0302"
	codeHosts   = "B0303"
	codeRestart = "B0304"
	codeSuspect = "B0305"
)

// build makes a generation of the manifest as it is in the file now. It
// changes nothing that runs.
func build(ctx context.Context, opts Options, groups *groupSet, id identity) (*generation, error) {
	m, env, err := Load(ctx, opts)
	if err != nil {
		return nil, err
	}
	b := &builder{m: m, env: env, log: opts.Log}
	g := &generation{m: m, env: env, hosts: b.serviceHosts(opts.Mode)}
	b.hosts = g.hosts
	if opts.Mode != GatewayOnly {
		g.specs = b.specs(id)
	} else {
		b.requireNoProcesses()
	}
	if opts.Mode != GatewayOnly {
		g.work = b.workPlan(opts.Data)
	}
	specs := b.groupSpecs()
	if err := b.problems.Err(); err != nil {
		return nil, err
	}
	if g.groups, err = groups.plan(specs); err != nil {
		return nil, err
	}
	cfg := b.gatewayConfig(g)
	if err := b.problems.Err(); err == nil {
		g.table, err = gateway.NewTable(cfg)
		if err == nil {
			return g, nil
		}
		b.fail("gateway", err)
	}
	groups.discard(g.groups)
	g.release(opts.Log)
	return nil, b.problems.Err()
}

// Load reads a manifest and its environment, and puts the one into the other.
func Load(ctx context.Context, opts Options) (*manifest.Manifest, *environ.Set, error) {
	m, problems := manifest.Load(opts.Manifest)
	if err := problems.Err(); err != nil {
		return nil, nil, err
	}
	env, err := environment(ctx, m, opts.Environ)
	if err != nil {
		return nil, nil, environmentError(m, err)
	}
	m, problems = m.Expand(env)
	return m, env, problems.Err()
}

// release closes what the generation's routes hold open.
func (g *generation) release(log *slog.Logger) {
	for _, c := range g.close {
		if err := c(); err != nil {
			log.Warn("close route", "error", err)
		}
	}
}

// serviceHosts are the names the service answers to. On a developer's machine
// it answers to loopback names whatever the manifest says; anywhere else a
// service without names is closed.
func (b *builder) serviceHosts(mode Mode) []string {
	var hosts []string
	for _, d := range b.m.Domains {
		if name := string(d); name != "" {
			hosts = append(hosts, name)
		}
	}
	if mode == Development {
		for _, name := range []string{"localhost", ".localhost", "127.0.0.1", "[::1]"} {
			if !slices.Contains(hosts, name) {
				hosts = append(hosts, name)
			}
		}
	}
	if len(hosts) == 0 {
		p := b.m.Problem("domains", codeHosts, "no host name is listed, so every request would be refused")
		p.Help = `list the names people use under "domains:", or "*" to answer to any`
		b.problems = append(b.problems, p)
	}
	return hosts
}

func (b *builder) requireNoProcesses() {
	for i, r := range b.m.Gateway.Routes {
		if r.Process == "" {
			continue
		}
		p := b.m.Problem(fmt.Sprintf("gateway.routes[%d].process", i), codeBuild, "a gateway alone runs no processes")
		p.Help = "name an upstream instead, or start everything with berth run"
		b.problems = append(b.problems, p)
	}
}

// secretValue resolves the references of a field that may hold secrets, which
// the manifest leaves alone when it expands all others.
func (b *builder) secretValue(field string, t manifest.Template) string {
	value, err := environ.Expand(string(t), b.env)
	if err != nil {
		p := b.m.Problem(field, codeExpand, err.Error())
		p.Source = "" // the line may hold a secret beside the reference
		b.problems = append(b.problems, p)
	}
	return value
}

func (b *builder) fail(field string, err error) {
	b.problems = append(b.problems, b.m.Problem(field, codeBuild, err.Error()))
}

// path is a path of the manifest: relative to its directory.
func (b *builder) path(p string) string {
	if p == "" {
		return p
	}
	dir, err := filepath.Abs(b.m.Directory())
	if err != nil {
		return p
	}
	return within(dir, p)
}

// within is a path relative to dir, or as it is where it is absolute.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// environmentError points at the field that asked for what is not there.
func environmentError(m *manifest.Manifest, err error) error {
	var missing *environ.MissingError
	if !errors.As(err, &missing) {
		return fmt.Errorf("environment: %w", err)
	}
	p := m.Problem("environment.require", codeExpand, missing.Error())
	p.Help = "set them in one of the sources under environment.from, or in the environment Berth is started with"
	return diagnostic.List{p}
}
