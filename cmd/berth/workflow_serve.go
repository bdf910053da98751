package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/telemetry"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/container"
	"github.com/berth-project/berth/work/engine"
)

// workflowServe is what berth workflow serve is told.
type workflowServe struct {
	listen, store, addr, node string
	metrics                   string
	shards                    int
	pools                     map[string]int
	open                      bool
	pop                       popFlags
	drain, ownership          time.Duration
	executorFlags
	kube                    workflows.Kubernetes
	registry                *prometheus.Registry
	format, level, firstKey string
	queues, targets         []string
	keep                    engine.Retention
	containers              []string
	socket                  string
}

func (c *cli) workflowServeCommand() *cobra.Command {
	var f workflowServe
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the engine alone, with its API, without a manifest",
		Long: "Runs the workflow engine and its API under /api/v1. Its store is an SQLite file below --data, or PostgreSQL:\n" +
			"then several engines may share it, and one takes over when another dies.\n" +
			"A start prints an administrator's key when there is none yet; berth workflow key makes others.",
		Example: "  berth workflow serve --listen 127.0.0.1:7070 --pool default=16",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.serveWorkflows(cmd.Context(), f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.listen, "listen", "127.0.0.1:7070", "listen on this `ADDR`")
	fs.StringVar(&f.store, "store", "", "postgres://… or the path of an SQLite `FILE` (default: $BERTH_WORK_STORE, or work.db below --data)")
	fs.StringVar(&f.addr, "advertise", "", "the `URL` under which other engines reach this one")
	fs.StringVar(&f.metrics, "metrics", "", "serve metrics and health on this `ADDR` too, to whoever reaches it")
	fs.StringVar(&f.node, "node", "", "the `NAME` of this engine among those that share the store")
	fs.IntVar(&f.shards, "shards", 1, "how many shards the queues are spread over; the same for all engines")
	fs.StringToIntVar(&f.pools, "pool", nil, "slots of a pool that this process executes steps in, `POOL=N` (default: default, eight for each processor)")
	fs.BoolVar(&f.open, "no-auth", false, "take every caller for an administrator; only on a loopback address")
	f.pop.register(fs)
	fs.DurationVar(&f.drain, "drain", 20*time.Second, "how long executing steps may take to end when the engine stops")
	fs.DurationVar(&f.ownership, "ownership", 10*time.Second, "how long a shard stays with an engine that falls silent")
	fs.StringVar(&f.kube.Registry, "kube-registry", "", "execute the step types of this `FILE` as pods of a Kubernetes cluster")
	fs.StringVar(&f.kube.Namespace, "kube-namespace", "default", "the namespace of these pods")
	fs.StringVar(&f.kube.Kubeconfig, "kubeconfig", "", "a `FILE` that says which cluster (default: the one Berth runs in, or else your own)")
	fs.StringVar(&f.kube.Context, "kube-context", "", "the context of the kubeconfig (default: the current one)")
	fs.DurationVar(&f.kube.Keep, "kube-keep", 24*time.Hour, "how long pods are kept that have ended")
	fs.BoolVar(&f.kube.Foreign, "kube-foreign", false, "remove pods of the namespace that Berth did not create, too, once they have ended so long ago")
	fs.StringArrayVar(&f.containers, "container", nil, "execute steps of a type as containers, `NAME=IMAGE`; may be repeated")
	fs.StringVar(&f.socket, "container-socket", "", "the `FILE` where the engine of Docker or Podman listens (default: /var/run/docker.sock)")
	f.executorFlags.register(cmd)
	fs.StringVar(&f.firstKey, "first-key", "", "write the administrator's key to this new `FILE` instead of printing it")
	fs.StringSliceVar(&f.targets, "allow-target", nil, "ARNs of topics and buses and `URL`s of queues of AWS that events may be sent to; * stands for any part")
	fs.StringSliceVar(&f.queues, "allow-queue", nil, "`URL`s of queues of SQS that triggers may read; * stands for any part")
	fs.DurationVar(&f.keep.Succeeded, "keep-succeeded", 7*24*time.Hour, "how long runs are kept that succeeded; 0 is for ever")
	fs.DurationVar(&f.keep.Failed, "keep-failed", 30*24*time.Hour, "how long other runs are kept once they are final; 0 is for ever")
	fs.StringVar(&f.format, "log-format", "human", "human or json")
	fs.StringVar(&f.level, "log-level", "info", "debug, info, warn or error")
	c.dataFlag(cmd)
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) serveWorkflows(ctx context.Context, f workflowServe) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.level)); err != nil {
		return usageError{fmt.Errorf("--log-level %q: debug, info, warn or error", f.level)}
	}
	log := telemetry.NewLogger(c.stderr, telemetry.LogConfig{Format: telemetry.Format(f.format), Level: level}, nil)
	ln, err := net.Listen("tcp", f.listen)
	if err != nil {
		return listenError(f.listen, err)
	}
	defer ln.Close() //nolint:errcheck // the server closes it too
	f.registry = telemetry.NewRegistry(version)
	o, err := f.options(c, ln, log)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	w, err := workflows.Open(ctx, o)
	if err != nil {
		return err
	}
	if err := c.firstKey(ctx, w, f); err != nil {
		return errors.Join(err, w.Close(ctx))
	}
	return c.serveAPI(ctx, w, ln, f, log)
}

// listenError says which address it is that cannot be listened on, and what to
// do about it.
func listenError(addr string, err error) error {
	var wrong *net.AddrError
	if errors.As(err, &wrong) {
		return usageError{fmt.Errorf("--listen %q: HOST:PORT, such as 127.0.0.1:7070 (%s)", addr, wrong.Err)}
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("--listen %s: somebody listens there already; --listen with another port, or 0 for any that is free", addr)
	}
	return fmt.Errorf("--listen %s: %w", addr, err)
}

func (f workflowServe) options(c *cli, ln net.Listener, log *slog.Logger) (workflows.Options, error) {
	o := workflows.Options{
		Store: f.store, Node: f.node, Addr: f.addr, Shards: f.shards, Ownership: f.ownership, Local: maps.Clone(f.pools), Logger: log, Registry: f.registry,
	}
	if len(f.pools) == 0 {
		o.Local = map[string]int{"default": 8 * runtime.NumCPU()}
	}
	if o.Store = cmp.Or(o.Store, c.getenv("BERTH_WORK_STORE")); o.Store == "" {
		o.Store = filepath.Join(c.dataDirectory("."), "work.db")
	}
	if o.Addr == "" {
		o.Addr = "http://" + ln.Addr().String()
	}
	var err error
	if o.POP, err = f.pop.options(); err != nil {
		return o, err
	}
	if f.kube.Keep <= 0 {
		return o, usageError{fmt.Errorf("--kube-keep %v: a time such as 24h", f.kube.Keep)}
	}
	if f.kube.Registry != "" {
		if _, _, err := workflows.ReadRegistry(f.kube.Registry); err != nil {
			return o, fmt.Errorf("--kube-registry: %w", err)
		}
		o.Kubernetes = &f.kube
	}
	o.Amazon.Targets, o.Inbox.Queues = f.targets, f.queues
	o.Retention = workflows.Keep(f.keep)
	if err := f.containerOptions(&o); err != nil {
		return o, err
	}
	if err := f.executorFlags.options(c, &o); err != nil {
		return o, err
	}
	if f.open {
		if a, ok := ln.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
			return o, usageError{fmt.Errorf("--no-auth with --listen %s: only on a loopback address", f.listen)}
		}
		o.Identify = func(*http.Request) (*api.Caller, error) { return &api.Caller{Name: "anybody", Admin: true}, nil }
	}
	return o, nil
}

// containerOptions adds the types that are containers.
func (f workflowServe) containerOptions(o *workflows.Options) error {
	if len(f.containers) == 0 {
		return nil
	}
	o.Containers = &container.Options{Socket: f.socket, Images: map[string]container.Image{}}
	for _, text := range f.containers {
		name, image, ok := strings.Cut(text, "=")
		if !ok || name == "" || image == "" {
			return usageError{fmt.Errorf("--container %q: NAME=IMAGE", text)}
		}
		if _, twice := o.Containers.Images[name]; twice {
			return usageError{fmt.Errorf("--container %s is given twice", name)}
		}
		o.Containers.Images[name] = container.Image{Image: image}
	}
	if err := o.Containers.Validate(); err != nil {
		return usageError{fmt.Errorf("--container: %w", err)}
	}
	return nil
}

// firstKey makes an administrator's key where there is none yet.
func (c *cli) firstKey(ctx context.Context, w *workflows.Workflows, f workflowServe) error {
	if f.open {
		return nil
	}
	text, err := w.FirstKey(ctx, f.firstKey)
	if err != nil {
		if f.firstKey != "" {
			err = fmt.Errorf("--first-key: %w", err)
		}
		return err
	}
	if text != "" && f.firstKey == "" {
		fmt.Fprintf(c.stderr, "berth: an administrator's key, shown this once: %s\n", text)
	}
	return nil
}

func (c *cli) serveAPI(ctx context.Context, w *workflows.Workflows, ln net.Listener, f workflowServe, log *slog.Logger) error {
	mux := http.NewServeMux()
	mux.Handle(api.Base+"/", w.API)
	if w.POP != nil {
		mux.Handle("/pop/", w.POP)
	}
	mux.Handle("GET /metrics", f.guardMetrics(telemetry.MetricsHandler(f.registry), w, ln.Addr()))
	healthRoutes(mux, w.Engine)
	srv := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 2)
	go func() { failed <- srv.Serve(ln) }()
	stopMetrics, err := f.serveMetrics(w, failed)
	if err == nil {
		defer stopMetrics()
		err = c.announce(ctx, w, ln.Addr())
	}
	if err == nil {
		select {
		case err = <-failed:
		case <-ctx.Done():
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.drain+10*time.Second)
	defer cancel()
	draining, cancelDrain := context.WithTimeout(stopping, f.drain)
	defer cancelDrain()
	return errors.Join(err, w.Engine.Drain(draining), srv.Shutdown(draining), w.Close(stopping))
}

// settling is how long an engine that starts is waited for before it is
// announced: a store that nobody else uses is its own at once.
const settling = 3 * time.Second

// announce says where the API is, once runs are taken there.
func (c *cli) announce(ctx context.Context, w *workflows.Workflows, at net.Addr) error {
	owning, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	standby := w.Engine.Ready(owning)
	if c.json {
		return c.printJSON(map[string]any{"ready": "http://" + at.String(), "standby": standby != nil})
	}
	fmt.Fprintf(c.stderr, "berth: workflows at http://%s%s\n", at, api.Base)
	if standby != nil && ctx.Err() == nil {
		if owner, ok := errors.AsType[*engine.OwnerError](standby); ok {
			standby = owner
		}
		fmt.Fprintf(c.stderr, "berth: standing by: %v\n", standby)
	}
	return nil
}
