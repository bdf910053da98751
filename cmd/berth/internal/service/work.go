package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/session"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/container"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/workflow"
)

// workServer is the engine of a service with its API; nil when the manifest
// has no work.
type workServer struct {
	*workflows.Workflows
	listener net.Listener
	history  *console.QueueHistory
	key      string // of the processes; known to them alone
	keyID    string
	log      *slog.Logger
}

// openWork starts the engine that the manifest asks for.
func (s *Service) openWork(ctx context.Context, m *manifest.Manifest, env *environ.Set) error {
	if m.Work == nil || s.opts.Mode == GatewayOnly {
		return nil
	}
	b := &builder{m: m, env: env, log: s.log}
	opts := b.workOptions(s)
	if err := b.problems.Err(); err != nil {
		return err
	}
	address := string(m.Work.Listen)
	if address == "" {
		address = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return diagnostic.List{m.Problem("work.listen", codeBuild, err.Error())}
	}
	if opts.Addr == "" {
		opts.Addr = "http://" + localAddress(ln.Addr())
	}
	identify, err := s.workCallers(m)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	var keys *api.Keys
	opts.Identify = func(r *http.Request) (*api.Caller, error) {
		if r.Header.Get(session.AssertionHeader) != "" {
			return identify(r)
		}
		return keys.Identify(r)
	}
	w, err := workflows.Open(ctx, opts)
	if err != nil {
		return errors.Join(diagnostic.List{m.Problem("work", codeBuild, err.Error())}, ln.Close())
	}
	keys = w.Keys
	s.work = &workServer{Workflows: w, listener: ln, log: s.log, history: console.NewQueueHistory(w.Engine.Queues)}
	if err := s.work.giveKey(ctx, m.Service); err != nil {
		return err
	}
	return s.work.apply(ctx, b)
}

// workOptions is what the manifest says of the engine.
func (b *builder) workOptions(s *Service) workflows.Options {
	w := b.m.Work
	o := workflows.Options{
		Store: b.secretValue("work.store", w.Store), Addr: string(w.Advertise), Local: map[string]int{}, Logger: b.log,
		Registry:  s.registry,
		Retention: engine.Retention{Succeeded: w.Retention.Succeeded.Std(), Failed: w.Retention.Failed.Std()},
	}
	switch {
	case o.Store == "":
		o.Store = filepath.Join(s.opts.Data, "work.db")
	case !workflows.IsURL(o.Store):
		o.Store = b.path(o.Store)
	}
	for name, p := range w.Pools {
		o.Local[name] = p.Slots
	}
	if len(w.Pools) == 0 {
		o.Local["default"] = 8 * runtime.NumCPU()
	}
	var networks []netip.Prefix
	networks = append(networks, b.prefixes("work.allow-networks", w.AllowNetworks)...)
	o.HTTP.Hosts, o.HTTP.Networks = w.AllowHosts, networks
	o.Webhook.Hosts, o.Webhook.Networks = w.AllowHosts, networks
	o.Containers = b.containers()
	if k := w.Kubernetes; k != nil {
		o.Kubernetes = &workflows.Kubernetes{
			Registry: b.path(k.Registry), Namespace: k.Namespace, Kubeconfig: b.path(string(k.Kubeconfig)), Context: k.Context, Instance: b.m.Service,
		}
	}
	o.Shell = b.programs()
	o.Shell.Keeper = s.supervisor
	return o
}

// programs are the step types that are programs of the operator's.
func (b *builder) programs() shell.Options {
	o := shell.Options{Commands: map[string]shell.Command{}}
	for name, st := range b.m.Work.Steps {
		c := shell.Command{
			Argv: st.Command.Args, Directory: b.path(string(st.Directory)), Input: shell.Input(st.Input), Result: shell.Result(st.Result),
			Grace: max(st.Grace.Std(), 1), Environment: map[string]string{},
		}
		if st.Command.Shell != "" {
			c.Argv, c.Script = []string{st.Command.Shell}, true
		}
		for key, template := range st.Environment {
			c.Environment[key] = b.secretValue("work.steps."+name+".environment."+key, template)
		}
		o.Commands[name] = c
	}
	if b.m.Work.Shell {
		o.Shell = &shell.Shell{Variables: []string{"*"}}
	}
	if err := o.Validate(); err != nil {
		b.fail("work.steps", err)
	}
	return o
}

// containers are the step types that run in containers; nil without any.
func (b *builder) containers() *container.Options {
	w := b.m.Work.Containers
	if w == nil {
		return nil
	}
	o := &container.Options{Socket: w.Socket, Scope: b.m.Service, Images: map[string]container.Image{}}
	for name, im := range w.Images {
		one := container.Image{
			Image: string(im.Image), Command: im.Command, Pull: container.Pull(im.Pull), Result: container.Result(im.Result),
			Limits: container.Limits{Memory: container.Size(im.Memory.Bytes()), CPUs: float64(im.Processors)},
			Grace:  max(im.Grace.Std(), 1), Environment: map[string]string{},
			Sandbox: container.Sandbox{Network: im.Network, User: im.User},
		}
		for key, template := range im.Environment {
			one.Environment[key] = b.secretValue("work.containers.images."+name+".environment."+key, template)
		}
		o.Images[name] = one
	}
	if err := o.Validate(); err != nil {
		b.fail("work.containers", err)
	}
	return o
}

// workCallers tells who a request with an assertion is: what the user may do
// for a tenant follows from their role there.
func (s *Service) workCallers(m *manifest.Manifest) (func(*http.Request) (*api.Caller, error), error) {
	v, err := session.NewVerifier(session.VerifierConfig{JWKSURL: s.identity.jwksURL, Issuer: s.identity.issuer, Audience: m.Service, Log: s.log})
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (*api.Caller, error) {
		who, err := v.Verify(r.Context(), r.Header.Get(session.AssertionHeader))
		if err != nil || who.Anonymous() {
			return nil, api.ErrUnknownCaller
		}
		c := &api.Caller{Name: who.User.ID, Tenants: map[string][]api.Action{}}
		for _, in := range who.Memberships {
			c.Tenants[in.Tenant] = actionsOf(in.Roles)
		}
		return c, nil
	}, nil
}

// actionsOf is what the roles of a tenant's people may do with its work:
// managers everything, everybody else submits and reads.
func actionsOf(roles []string) []api.Action {
	if slices.Contains(roles, "manager") {
		return []api.Action{api.Submit, api.Read, api.Rerun, api.Cancel, api.Signal, api.Define}
	}
	return []api.Action{api.Submit, api.Read, api.Signal}
}

// giveKey makes the key of this start's processes, and ends those of earlier
// starts.
func (w *workServer) giveKey(ctx context.Context, service string) error {
	host, _ := os.Hostname()
	name := "processes of " + service + " on " + host
	old, err := w.Keys.List(ctx)
	if err != nil {
		return fmt.Errorf("keys of the work API: %w", err)
	}
	for _, k := range old {
		if k.Name == name {
			if err := w.Keys.Revoke(ctx, k.ID); err != nil && !errors.Is(err, work.ErrNotFound) {
				return fmt.Errorf("keys of the work API: %w", err)
			}
		}
	}
	text, key, err := w.Keys.Create(ctx, api.Caller{Name: name, Admin: true}, time.Time{})
	if err != nil {
		return fmt.Errorf("keys of the work API: %w", err)
	}
	w.key, w.keyID = text, key.ID
	return nil
}

// variables tell a process where the API is.
func (w *workServer) variables() (url, key string) {
	if w == nil {
		return "", ""
	}
	return "http://" + localAddress(w.listener.Addr()), w.key
}

// apply puts what the manifest says of queues, pools, workflows and schedules
// in force. What it does not name stays as it is.
func (w *workServer) apply(ctx context.Context, b *builder) error {
	if w == nil || b.m.Work == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(b.m.Work.Pools)) {
		p := b.m.Work.Pools[name]
		_, err := w.Engine.PutPool(ctx, work.Pool{
			Name: name, Slots: p.Limit, PerType: p.PerType, PerKey: p.PerKey, Lease: workflow.Duration(p.Lease.Std()),
		}, engine.AnyVersion)
		if err != nil {
			b.fail("work.pools."+name, err)
		}
	}
	for i := range b.m.Queues {
		if _, err := w.Engine.PutQueue(ctx, queueOf(&b.m.Queues[i]), engine.AnyVersion); err != nil {
			b.fail(fmt.Sprintf("queues[%d]", i), err)
		}
	}
	b.eachFile("work.workflows", b.m.Work.Workflows, func(_ string, data []byte) error {
		_, err := w.Engine.PutDefinition(ctx, work.Definition{Document: data, By: "the manifest"})
		return err
	})
	b.eachFile("work.schedules", b.m.Work.Schedules, func(_ string, data []byte) error {
		var s work.Schedule
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		_, err := w.Engine.PutSchedule(ctx, s, engine.AnyVersion)
		return err
	})
	return b.problems.Err()
}

func queueOf(q *manifest.Queue) work.Queue {
	return work.Queue{
		Name: q.Name, Match: q.Match, Fallback: q.Fallback, Policy: queue.Policy(q.Policy), Pool: q.Pool,
		Concurrency: work.Concurrency{Runs: q.Concurrency.Runs, PerTenant: q.Concurrency.PerTenant, PerKey: q.Concurrency.PerKey},
		Ageing:      workflow.Duration(q.Ageing.Std()), Tenants: q.Tenants,
	}
}

// maxWorkFile bounds a document or schedule, in bytes.
const maxWorkFile = 1 << 20

// eachFile reads the files that patterns name; a pattern that names none is a
// problem.
func (b *builder) eachFile(field string, patterns []string, take func(file string, data []byte) error) {
	for i, pattern := range patterns {
		at := fmt.Sprintf("%s[%d]", field, i)
		files, err := filepath.Glob(b.path(pattern))
		if err == nil && len(files) == 0 {
			err = errors.New("there is no such file")
		}
		if err != nil {
			b.fail(at, err)
		}
		for _, file := range files {
			data, err := readBounded(file, maxWorkFile)
			if err == nil {
				err = take(file, data)
			}
			if err != nil {
				b.fail(at, fmt.Errorf("%s: %w", file, err))
			}
		}
	}
}

func readBounded(file string, most int64) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("it has %d bytes, of %d allowed", info.Size(), most)
	}
	return os.ReadFile(file)
}

// serve answers API calls until ctx ends, then lets executing steps finish.
func (w *workServer) serve(ctx context.Context, drain time.Duration) error {
	mux := http.NewServeMux()
	mux.Handle(api.Base+"/", w.API)
	srv := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(w.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("work API: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if w.Engine.Drain(bound) != nil {
		w.log.Warn("steps did not end in time and are executed again later")
	}
	if srv.Shutdown(bound) != nil {
		_ = srv.Close() // event streams never end by themselves
	}
	return nil
}

// close gives the shards back and closes the store.
func (w *workServer) close() error {
	if w == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = w.listener.Close() // closed already after a run
	return errors.Join(w.Keys.Revoke(ctx, w.keyID), w.Close(ctx))
}
