package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/listen"
	"github.com/berth-project/berth/health"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/process"
	"github.com/berth-project/berth/telemetry"
)

// developmentDrain is how long requests may take to finish on a developer's
// machine, where Ctrl-C is meant.
const developmentDrain = 3 * time.Second

// Service is one running service.
type Service struct {
	opts     Options
	log      *slog.Logger
	registry *prometheus.Registry
	health   *health.Registry

	people     *people
	groups     *groupSet
	gateway    *gateway.Gateway
	server     *listen.Server
	certs      *certificates
	admin      *adminServer
	identity   identity     // what processes are told; fixed, as the signer is
	keys       *adminServer // where processes get the key set: admin, or beside it
	supervisor *process.Supervisor
	accessLog  *telemetry.AccessLog
	feed       *console.RequestFeed
	run        *runDirectory
	work       *workServer // nil without work in the manifest

	reloading sync.Mutex         // one reload at a time
	retiring  sync.WaitGroup     // old generations that close
	started   *manifest.Manifest // what was read at the start
	current   atomic.Pointer[generation]
	lastLoad  atomic.Pointer[loadResult]
}

// loadResult is how the last attempt to load the manifest went.
type loadResult struct {
	at  time.Time
	err error
}

// Run runs a service until ctx ends, then stops it in order. ready is called
// once when everything stands. The error is nil after a clean stop, a
// [process.ExitError] when a process the service cannot do without ended, and
// otherwise says why the service could not start.
func Run(ctx context.Context, opts Options, reload <-chan os.Signal, ready func(Ready)) error {
	s := &Service{
		opts: opts, log: opts.Log,
		registry: telemetry.NewRegistry(opts.Version),
		health:   health.NewRegistry(time.Now),
		feed:     console.NewRequestFeed(),
	}
	s.groups = newGroupSet(s.log, s.registry)
	first, err := s.open(ctx)
	if err != nil {
		return errors.Join(err, s.closeAll())
	}
	err = s.serve(ctx, first, reload, ready)
	return errors.Join(err, s.closeAll())
}

// open makes and binds everything, and starts nothing.
func (s *Service) open(ctx context.Context) (*generation, error) {
	m, env, err := Load(ctx, s.opts)
	if err != nil {
		return nil, err
	}
	if s.people, err = openPeople(s.opts, m, env, s.registry); err != nil {
		return nil, err
	}
	if err := s.openAdmin(m); err != nil {
		return nil, err
	}
	s.identity = identity{jwksURL: s.keys.url() + login.JWKSPath, issuer: issuer(m)}
	if err := s.openSupervisor(); err != nil {
		return nil, err
	}
	if err := s.openWork(ctx, m, env); err != nil {
		return nil, err
	}
	s.identity.workURL, s.identity.workKey = s.work.variables()
	g, err := build(ctx, s.opts, s.groups, s.identity)
	if err != nil {
		return nil, err
	}
	s.current.Store(g)
	if err := s.openGateway(); err != nil {
		return nil, err
	}
	if err := s.openServer(ctx, g); err != nil {
		return nil, err
	}
	s.admin.secure(m, s.certs)
	return g, nil
}

// openAdmin binds the admin listener. Where that is not for this machine alone
// the processes get the key set from a second one that is.
func (s *Service) openAdmin(m *manifest.Manifest) (err error) {
	if s.admin, err = listenAdmin(cmp.Or(s.opts.Admin, string(m.Console.Listen)), s.log); err != nil {
		return err
	}
	if s.admin.loopback() {
		s.keys = s.admin
		return nil
	}
	if m.Console.Enabled && m.Console.Require == nil {
		p := m.Problem("console", codeBuild, "the console would be open to everybody who reaches "+s.admin.listener.Addr().String())
		p.Help = "name who may use it under console.require, or listen on a loopback address"
		return diagnostic.List{p}
	}
	s.keys, err = listenAdmin("127.0.0.1:0", s.log)
	return err
}

// serving is the generation that answers now.
func (s *Service) serving() *generation { return s.current.Load() }

func (s *Service) openGateway() (err error) {
	s.gateway, err = gateway.New(gateway.Dependencies{
		Auth: authenticator{s.people.login}, Assert: s.people.login, Internal: s.people.login.Handler(),
		Ready: s.health.Ready, Observe: s.observe, Log: s.log, Registry: s.registry,
	})
	return err
}

func (s *Service) openSupervisor() error {
	if s.opts.Mode == GatewayOnly {
		return nil
	}
	dir, err := makeRunDirectory(s.opts.Data)
	if err != nil {
		return fmt.Errorf("make directory for sockets: %w", err)
	}
	s.run = dir
	s.supervisor = process.New(process.Config{
		RunDirectory: dir.path, OnEndpoints: s.endpointsChanged, Drain: s.drainEndpoint,
		Reap: s.opts.Reap, Log: s.log, Registry: s.registry,
	})
	return nil
}

// closeAll releases what open made; what was never made is skipped.
func (s *Service) closeAll() error {
	var errs []error
	s.retiring.Wait()
	s.groups.close()
	if g := s.current.Load(); g != nil {
		g.release(s.log)
	}
	for _, a := range []*adminServer{s.admin, s.keys} {
		if a != nil {
			_ = a.listener.Close() // closed already after a run
		}
	}
	errs = append(errs, s.work.close())
	if s.people != nil {
		errs = append(errs, s.people.store.Close())
	}
	if s.run != nil {
		errs = append(errs, s.run.remove())
	}
	return errors.Join(errs...)
}

// serve runs the parts, each under a context that ends after those that lean
// on it have stopped.
func (s *Service) serve(ctx context.Context, first *generation, reload <-chan os.Signal, ready func(Ready)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(ctx, s.noteStopping)()
	detached := context.WithoutCancel(ctx)
	background, stopBackground := context.WithCancel(detached)
	defer stopBackground()
	processes, stopProcesses := context.WithCancel(detached)
	defer stopProcesses()

	var parts errgroup.Group // what everything leans on
	if err := s.startParts(background, &parts, first); err != nil {
		return err
	}
	s.groups.start(background, first.groups)

	var front, procs errgroup.Group
	procs.Go(func() error { return s.superviseUntil(processes, stop) })
	front.Go(func() error { return s.stopOnError(s.server.Serve(ctx), stop) })
	front.Go(func() error { return s.stopOnError(s.standAndWatch(ctx, background, first, reload, ready), stop) })

	err := front.Wait() // the gateway has drained
	stopProcesses()
	err = errors.Join(err, procs.Wait())
	stopBackground()
	err = errors.Join(err, parts.Wait())
	if cause := context.Cause(ctx); errors.As(cause, new(*process.ExitError)) {
		return cause
	}
	return err
}

// noteStopping takes the service out of load balancers while it drains.
func (s *Service) noteStopping() {
	s.health.Set(health.Check{Name: "stop", State: health.Failing, Required: true, Code: "stopping", Message: "the service is stopping"})
}

// startParts starts what the gateway and the processes lean on.
func (s *Service) startParts(ctx context.Context, parts *errgroup.Group, g *generation) error {
	consoleHandler, err := s.newConsole(g)
	if err != nil {
		return err
	}
	parts.Go(func() error { return s.admin.serve(ctx, s.adminHandler(consoleHandler)) })
	if s.keys != s.admin {
		parts.Go(func() error { return s.keys.serve(ctx, s.keysHandler()) })
	}
	if s.work != nil {
		parts.Go(func() error { return s.work.serve(ctx) })
		parts.Go(func() error { s.work.history.Run(ctx); return nil })
		parts.Go(func() error { s.watchWork(ctx); return nil })
	}
	parts.Go(func() error { return s.people.resolver.Run(ctx) })
	parts.Go(func() error { return directory.NewPurger(s.people.store, s.log).Run(ctx) })
	if s.accessLog = s.newAccessLog(g); s.accessLog != nil {
		parts.Go(func() error { return s.accessLog.Run(ctx) })
	}
	return nil
}

// stopOnError ends the service when one of its parts cannot go on.
func (s *Service) stopOnError(err error, stop context.CancelCauseFunc) error {
	if err != nil {
		stop(err)
	}
	return err
}

func (s *Service) superviseUntil(ctx context.Context, stop context.CancelCauseFunc) error {
	if s.supervisor == nil {
		return nil
	}
	events, cancel := s.supervisor.Subscribe(256)
	var wg sync.WaitGroup
	wg.Go(func() { s.followProcesses(events) })
	forwarding, stopForwarding := context.WithCancel(ctx)
	wg.Go(func() { s.forwardSignals(forwarding) })
	wg.Go(func() {
		select {
		case <-s.opts.Hurry:
			s.supervisor.Kill()
		case <-forwarding.Done():
		}
	})
	err := s.supervisor.Run(ctx)
	stopForwarding()
	cancel()
	wg.Wait()
	var exit *process.ExitError
	if errors.As(err, &exit) {
		s.log.Error("process ended that the service cannot do without", "process", exit.Process, "error", exit.Exit.String())
		stop(exit)
		return nil
	}
	return s.stopOnError(err, stop)
}

// forwarded are the signals that mean nothing to Berth itself.
var forwarded = []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGQUIT, syscall.SIGWINCH}

func (s *Service) forwardSignals(ctx context.Context) {
	if err := s.supervisor.Forward(ctx, forwarded, nil); err != nil && ctx.Err() == nil {
		s.log.Warn("signals are not forwarded", "error", err)
	}
}

// standAndWatch brings the first generation up, tells that it stands, and then
// reloads whenever a file changes or a signal asks for it.
func (s *Service) standAndWatch(ctx, background context.Context, first *generation, reload <-chan os.Signal, ready func(Ready)) error {
	s.gateway.Swap(first.table)
	s.groups.adopt(first.groups)
	s.noteLoad(nil)
	s.health.Set(health.Check{Name: "start", State: health.Failing, Required: true, Code: "starting", Message: "processes are being started"})
	if err := s.applyProcesses(ctx, first.specs); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return essentialEnd(err, first.specs)
	}
	s.health.Clear("start")
	s.started = first.m
	told := Ready{URL: s.appURL(first), Admin: s.admin.url()}
	if s.opts.Mode == Development {
		users, err := seed(ctx, first.m, s.people, s.opts.Data, s.log)
		if err != nil {
			return err
		}
		told.Users = users
	}
	ready(told)
	return s.watch(ctx, background, reload)
}

func (s *Service) applyProcesses(ctx context.Context, specs []process.Spec) error {
	if s.supervisor == nil {
		return nil
	}
	return s.supervisor.Apply(ctx, specs)
}

// essentialEnd is a failed start as the end of the service, where it is that of
// a process the service cannot do without.
func essentialEnd(err error, specs []process.Spec) error {
	var start *process.StartError
	if !errors.As(err, &start) || start.Hook != "" {
		return err
	}
	for _, spec := range specs {
		if spec.Name == start.Process && spec.Restart.When == process.RestartNever {
			return &process.ExitError{Process: start.Process, Instance: start.Instance, Code: start.Exit.Code, Exit: start.Exit}
		}
	}
	return err
}

func (s *Service) newAccessLog(g *generation) *telemetry.AccessLog {
	if s.opts.AccessLog == nil {
		return nil
	}
	format := s.opts.AccessFormat
	if format == "" {
		format = telemetry.Format(g.m.Telemetry.LogFormat)
	}
	return telemetry.NewAccessLog(s.opts.AccessLog, format)
}
