package service

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/container"
	"github.com/berth-project/berth/work/engine"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/workflow"
)

// workOptions is what the manifest says of the engine. data is the directory
// of what the service remembers.
func (b *builder) workOptions(data string) workflows.Options {
	w := b.m.Work
	o := workflows.Options{
		Store: b.secretValue("work.store", w.Store), Addr: string(w.Advertise), Node: string(w.Node), Shards: w.Shards, Ownership: w.Ownership.Std(),
		Local: map[string]int{}, Logger: b.log, JQ: w.JQ.Std(),
		Retention: workflows.Keep(engine.Retention{Succeeded: w.Retention.Succeeded.Std(), Failed: w.Retention.Failed.Std()}),
	}
	switch {
	case o.Store == "":
		o.Store = filepath.Join(data, "work.db")
	case !workflows.IsURL(o.Store):
		o.Store = b.path(o.Store)
	}
	for name, p := range w.Pools {
		o.Local[name] = p.Slots
	}
	if len(w.Pools) == 0 {
		o.Local["default"] = 8 * runtime.NumCPU()
	}
	b.egress(&o)
	o.Shell = b.programs()
	o.Containers = b.containers()
	if k := w.Kubernetes; k != nil {
		o.Kubernetes = b.kubernetes(k)
	}
	if p := w.POP; p != nil && p.Enabled {
		o.POP = &workflows.POP{
			Envelope: p.Envelope, Quirks: p.Quirks, RequireLease: p.RequireLease, Execute: p.Execute,
			Lease: p.Lease.Std(), Keep: p.Keep.Std(), Attempts: p.Attempts,
		}
		if o.POP.Keep == 0 {
			o.POP.Keep = -1
		}
	}
	return o
}

// egress is what steps, webhooks and triggers may reach.
func (b *builder) egress(o *workflows.Options) {
	w := b.m.Work
	for i, host := range w.AllowHosts {
		if _, err := workhttp.New(workhttp.Options{Hosts: []string{host}}); err != nil {
			b.fail(fmt.Sprintf("work.allow-hosts[%d]", i), err)
		}
	}
	o.HTTP.Hosts, o.HTTP.Networks = w.AllowHosts, b.prefixes("work.allow-networks", w.AllowNetworks)
	o.HTTP.Timeout, o.HTTP.MaxResponse = w.CallTimeout.Std(), w.MaxResponse.Bytes()
	if w.CA != "" {
		trust, err := workflows.ReadCA(b.path(string(w.CA)))
		if err != nil {
			b.fail("work.ca", err)
		}
		o.HTTP.TLS = trust
	}
	o.Webhook.Hosts, o.Webhook.Networks, o.Webhook.TLS = o.HTTP.Hosts, o.HTTP.Networks, o.HTTP.TLS
	o.Amazon.Targets, o.Inbox.Queues = w.AllowTargets, w.AllowQueues
}

// workSecrets are those of the manifest and of its file of secrets.
func (b *builder) workSecrets() map[string]workflows.Secret {
	w := b.m.Work
	all := map[string]workflows.Secret{}
	if w.SecretsFile != "" {
		file, err := workflows.ReadSecrets(b.path(string(w.SecretsFile)))
		if err != nil {
			b.fail("work.secrets-file", err)
		}
		maps.Copy(all, file)
	}
	for name, s := range w.Secrets {
		at := manifest.KeyPath("work.secrets", name)
		if _, twice := all[name]; twice {
			b.fail(at, errors.New("work.secrets-file has a secret of this name, too: keep one of them"))
			continue
		}
		one := workflows.Secret{Tenants: s.Tenants, Operator: s.Operator, Hosts: s.Hosts, Steps: s.Steps}
		for i, template := range s.Values {
			value := secret.New(b.secretValue(fmt.Sprintf("%s.values[%d]", at, i), template))
			if !value.IsZero() {
				one.Values = append(one.Values, value)
			}
		}
		if len(one.Values) == 0 {
			b.hide(at+".values", errors.New("every variable that this secret refers to is empty"))
			continue
		}
		all[name] = one
	}
	return all
}

// hide is fail for a field whose line may hold a secret.
func (b *builder) hide(field string, err error) {
	b.fail(field, err)
	b.problems[len(b.problems)-1].Source = ""
}

// programs are the step types that are programs of the operator's.
func (b *builder) programs() shell.Options {
	w := b.m.Work
	o := shell.Options{Commands: map[string]shell.Command{}, User: w.User, Group: w.Group}
	for name, st := range w.Steps {
		at := manifest.KeyPath("work.steps", name)
		c := shell.Command{
			Argv: st.Command.Args, Directory: b.path(string(st.Directory)), Input: shell.Input(st.Input), Result: shell.Result(st.Result),
			Grace: max(st.Grace.Std(), 1), Environment: b.variables(at, st.Environment), Secrets: st.Secrets,
			Limits: shell.Limits{
				Memory: shell.Size(st.Memory.Bytes()), CPUTime: workflow.Duration(st.ProcessorTime.Std()), Processes: st.Processes, Files: st.Files,
			},
		}
		if st.Command.Shell != "" {
			c.Argv, c.Script = []string{st.Command.Shell}, true
		}
		o.Commands[name] = c
		if err := (shell.Options{Commands: map[string]shell.Command{name: c}}).Validate(); err != nil {
			b.fail(at, err)
		}
	}
	if s := w.Shell; s != nil && s.Enabled {
		o.Shell = &shell.Shell{Programs: s.Programs, Variables: s.Variables}
		for _, dir := range s.Directories {
			o.Shell.Directories = append(o.Shell.Directories, b.path(string(dir)))
		}
		if err := (shell.Options{Shell: o.Shell}).Validate(); err != nil {
			b.fail("work.shell", err)
		}
	}
	return o
}

// variables are those of a program, resolved.
func (b *builder) variables(at string, templates map[string]manifest.Template) map[string]string {
	all := make(map[string]string, len(templates))
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		all[name] = b.secretValue(at+".environment."+name, templates[name])
	}
	return all
}

// containers are the step types that run in containers; nil without any.
func (b *builder) containers() *container.Options {
	w := b.m.Work.Containers
	if w == nil {
		return nil
	}
	o := &container.Options{
		Socket: w.Socket, Scope: b.m.Service, PullTimeout: w.PullTimeout.Std(),
		Images: map[string]container.Image{}, Registries: map[string]container.Registry{},
	}
	for host, r := range w.Registries {
		at := manifest.KeyPath("work.containers.registries", host)
		o.Registries[host] = container.Registry{Username: string(r.Username), Password: secret.New(b.secretValue(at+".password", r.Password))}
	}
	for name, im := range w.Images {
		at := manifest.KeyPath("work.containers.images", name)
		o.Images[name] = b.image(at, im)
		if err := (container.Options{Images: map[string]container.Image{name: o.Images[name]}}).Validate(); err != nil {
			b.fail(at, err)
		}
	}
	return o
}

func (b *builder) image(at string, im *manifest.WorkImage) container.Image {
	one := container.Image{
		Image: string(im.Image), Entrypoint: im.Entrypoint, Command: im.Command, Pull: container.Pull(im.Pull),
		Input: container.Input(im.Input), Result: container.Result(im.Result),
		Limits: container.Limits{
			Memory: container.Size(im.Memory.Bytes()), CPUs: im.Processors, Processes: im.Processes, Files: im.Files,
		},
		Grace: max(im.Grace.Std(), 1), Environment: b.variables(at, im.Environment), Secrets: im.Secrets,
		Sandbox: container.Sandbox{
			Network: im.Network, User: im.User, Writable: im.Writable, Capabilities: im.Capabilities, Runtime: im.Runtime,
			Ulimits: ulimits(im.Ulimits),
		},
	}
	for _, m := range im.Mounts {
		one.Mounts = append(one.Mounts, container.Mount{Source: string(m.Source), Target: m.Target, Writable: m.Writable})
	}
	return one
}

// kubernetes are the step types that run as pods.
func (b *builder) kubernetes(k *manifest.WorkKubernetes) *workflows.Kubernetes {
	o := &workflows.Kubernetes{
		Registry: b.path(k.Registry), Namespace: k.Namespace, Kubeconfig: b.path(string(k.Kubeconfig)), Context: k.Context, Instance: b.m.Service,
		Keep: k.Keep.Std(), Foreign: k.Foreign,
	}
	if _, _, err := workflows.ReadRegistry(o.Registry); err != nil {
		b.fail("work.kubernetes.registry", err)
	}
	return o
}

// workAddress is where the API listens.
func workAddress(w *manifest.Work) string { return cmp.Or(string(w.Listen), "127.0.0.1:0") }

// ulimits are limits of a container's processes as its executor takes them.
func ulimits(all map[string]int) map[string]int64 {
	if len(all) == 0 {
		return nil
	}
	list := make(map[string]int64, len(all))
	for name, n := range all {
		list[name] = int64(n)
	}
	return list
}
