package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/session"
	"github.com/berth-project/berth/work/api"
)

// workServer is the engine of a service with its API; nil when the manifest
// has no work.
type workServer struct {
	*workflows.Workflows
	listener net.Listener
	history  *console.QueueHistory
	secrets  *workflows.Secrets // those of the manifest in force
	drain    time.Duration
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
	plan := b.workPlan(s.opts.Data)
	opts := plan.options
	opts.Registry, opts.Shell.Keeper, opts.Secrets = s.registry, s.supervisor, workflows.NewSecrets(plan.secrets)
	if err := b.problems.Err(); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", workAddress(m.Work))
	if err != nil {
		return diagnostic.List{m.Problem("work.listen", codeBuild, err.Error())}
	}
	if opts.Addr == "" {
		opts.Addr = "http://" + localAddress(ln.Addr())
	}
	var keys *api.Keys
	opts.Identify, err = s.workCallers(m, func(r *http.Request) (*api.Caller, error) { return keys.Identify(r) })
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	w, err := workflows.Open(ctx, opts)
	if err != nil {
		return errors.Join(diagnostic.List{m.Problem("work", codeBuild, err.Error())}, ln.Close())
	}
	keys = w.Keys
	s.work = &workServer{
		Workflows: w, listener: ln, log: s.log, history: console.NewQueueHistory(w.Engine.Queues), secrets: opts.Secrets, drain: m.Work.Drain.Std(),
	}
	if s.opts.Mode == Development && !m.Written("work.drain") {
		s.work.drain = min(s.work.drain, developmentDrain)
	}
	if err := s.work.giveKey(ctx, m.Service); err != nil {
		return err
	}
	if err := s.work.firstKey(ctx, m, b.path(string(m.Work.FirstKey))); err != nil {
		return err
	}
	return b.applyWork(ctx, w.Engine, plan.settings)
}

// workCallers tells who a request is. What a user may do for a tenant follows
// from their role there. A key counts where the gateway is not asked, or lets
// through whom it does not know.
func (s *Service) workCallers(m *manifest.Manifest, byKey func(*http.Request) (*api.Caller, error)) (func(*http.Request) (*api.Caller, error), error) {
	v, err := session.NewVerifier(session.VerifierConfig{JWKSURL: s.identity.jwksURL, Issuer: s.identity.issuer, Audience: m.Service, Log: s.log})
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (*api.Caller, error) {
		assertion := r.Header.Get(session.AssertionHeader)
		if assertion == "" {
			return byKey(r)
		}
		who, err := v.Verify(r.Context(), assertion)
		if err != nil {
			return nil, api.ErrUnknownCaller
		}
		if who.Anonymous() {
			return byKey(r)
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

// giveKey makes the key of this start's processes.
func (w *workServer) giveKey(ctx context.Context, service string) error {
	text, id, err := w.ProcessKey(ctx, service)
	if err != nil {
		return fmt.Errorf("keys of the work API: %w", err)
	}
	w.key, w.keyID = text, id
	return nil
}

// firstKey writes an administrator's key for operators to a file, where the
// manifest names one and there is no such key yet.
func (w *workServer) firstKey(ctx context.Context, m *manifest.Manifest, path string) error {
	if path == "" {
		return nil
	}
	text, err := w.FirstKey(ctx, path)
	if err != nil {
		return diagnostic.List{m.Problem("work.first-key", codeBuild, err.Error())}
	}
	if text != "" {
		w.log.Info("an administrator's key of the work API was written", "file", path)
	}
	return nil
}

// variables tell a process where the API is.
func (w *workServer) variables() (url, key string) {
	if w == nil {
		return "", ""
	}
	return "http://" + localAddress(w.listener.Addr()), w.key
}

// serve answers API calls until ctx ends, then lets executing steps finish.
func (w *workServer) serve(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle(api.Base+"/", w.API)
	if w.POP != nil {
		mux.Handle("/pop/", w.POP)
	}
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
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.drain)
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
