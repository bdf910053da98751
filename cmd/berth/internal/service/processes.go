package service

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/process"
)

// identity is what an app needs to verify who is calling; see package session.
type identity struct {
	jwksURL string
	issuer  string
	// workURL and workKey are where the work API is; "" without work.
	workURL string
	workKey string
}

// specs are the processes of the manifest, sorted by name.
func (b *builder) specs(id identity) []process.Spec {
	var specs []process.Spec
	for _, name := range b.m.ProcessNames() {
		if p := b.m.Processes[name]; p.Scale > 0 {
			specs = append(specs, b.spec(name, p, id))
		}
	}
	return specs
}

func (b *builder) spec(name string, p *manifest.Process, id identity) process.Spec {
	command, shell := commandLine(p.Command)
	spec := process.Spec{
		Name: name, Command: command, Shell: shell,
		Directory: b.path(string(p.Directory)),
		User:      p.User, Group: p.Group,
		Environment: b.processEnvironment(name, p, id),
		Port:        p.Port,
		Scale:       p.Scale,
		Ready:       readiness(p.Ready),
		Restart: process.RestartPolicy{
			Min: p.Restart.Min.Std(), Max: p.Restart.Max.Std(), Window: p.Restart.Window.Std(), Limit: p.Restart.Limit, GiveUp: p.Restart.GiveUp,
		},
		// No grace at all is the shortest there is: 0 would be the default.
		Stop: process.Stop{Signal: signalNumber(p.Stop.Signal), Grace: max(p.Stop.Grace.Std(), 1)},
	}
	if spec.Ready.Host = p.Ready.Host; spec.Ready.Host == "" {
		spec.Ready.Host = b.probeHost(p.Serve.Health)
	}
	switch p.Listen {
	case "port":
		spec.Listen = process.ListenPort
	case "socket":
		spec.Listen = process.ListenSocket
	}
	switch p.Restart.When {
	case "on-failure":
		spec.Restart.When = process.RestartOnFailure
	case "never":
		spec.Restart.When = process.RestartNever
	}
	for _, h := range p.Before {
		command, shell := commandLine(h.Command)
		spec.Before = append(spec.Before, process.Hook{Command: command, Shell: shell, Timeout: h.Timeout.Std()})
	}
	if err := spec.Validate(); err != nil {
		b.fail("processes."+name, err)
	}
	return spec
}

func commandLine(c manifest.Command) (command []string, shell bool) {
	if c.Shell != "" {
		return []string{c.Shell}, true
	}
	return c.Args, false
}

func readiness(r manifest.Ready) process.Readiness {
	kinds := map[string]process.ReadyKind{
		"tcp": process.ReadyTCP, "socket": process.ReadySocket, "http": process.ReadyHTTP, "none": process.ReadyNone,
	}
	return process.Readiness{Kind: kinds[r.Check], Path: r.Path, Timeout: r.Timeout.Std(), Interval: r.Interval.Std()}
}

// signalNumber takes a name with or without SIG; the manifest has checked it.
func signalNumber(name string) syscall.Signal {
	name = strings.ToUpper(name)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	return unix.SignalNum(name)
}

// private are variables meant for Berth itself.
var private = []string{"BERTH_DATA", "BERTH_SESSION_KEYS"}

// ChildVariables are the variables of the environment that programs of the
// service are given: all but those meant for Berth itself, such as the ones
// its keys come from. A program that knew those could be anybody.
func ChildVariables(m *manifest.Manifest, env *environ.Set) []environ.Variable {
	withheld := append(m.Session.Keys.Names(), private...)
	return slices.DeleteFunc(env.Variables(), func(v environ.Variable) bool {
		return slices.Contains(withheld, v.Name)
	})
}

// processEnvironment is the resolved environment, the process's own variables
// over it, and what it needs to verify assertions.
func (b *builder) processEnvironment(name string, p *manifest.Process, id identity) []string {
	vars := ChildVariables(b.m, b.env)
	for key, template := range p.Environment {
		value := b.secretValue(fmt.Sprintf("processes.%s.environment.%s", name, key), template)
		vars = append(vars, inlineVariable(key, value))
	}
	vars = append(vars,
		inlineVariable("BERTH_SERVICE", b.m.Service),
		inlineVariable("BERTH_JWKS_URL", id.jwksURL),
		inlineVariable("BERTH_ISSUER", id.issuer),
		inlineVariable("BERTH_AUDIENCE", audience(b.m, p.Audience)),
	)
	if id.workURL != "" {
		vars = append(vars, inlineVariable("BERTH_WORK_URL", id.workURL), inlineVariable("BERTH_WORK_KEY", id.workKey))
	}
	env := environ.NewSet(vars...).Environ()
	sort.Strings(env) // a reload compares specs: the order must not change by itself
	return env
}

func audience(m *manifest.Manifest, own string) string {
	if own != "" {
		return own
	}
	return m.Service
}
