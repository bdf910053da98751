package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/telemetry"
)

// serveFlags are what the commands that run a service share.
type serveFlags struct {
	listen, admin  string
	format, level  string
	quietAccessLog bool
}

func (f *serveFlags) register(c *cli, cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.listen, "listen", "", "listen on this `ADDR` instead of the manifest's")
	fs.StringVar(&f.admin, "admin", "", "console, health and metrics on this `ADDR` instead of the manifest's")
	fs.StringVar(&f.format, "log-format", "", "human or json (default: human for up, the manifest's otherwise)")
	fs.StringVar(&f.level, "log-level", "", "debug, info, warn or error (default: the manifest's)")
	fs.BoolVar(&f.quietAccessLog, "no-access-log", false, "write no line per request")
	c.dataFlag(cmd)
}

// checkAddresses tells a mistyped address from one that is taken.
func (f *serveFlags) checkAddresses() error {
	if _, _, err := net.SplitHostPort(f.listen); f.listen != "" && err != nil && !strings.HasPrefix(f.listen, "unix:") {
		return fmt.Errorf("--listen %q is neither host:port nor unix:/path", f.listen)
	}
	if _, _, err := net.SplitHostPort(f.admin); f.admin != "" && err != nil {
		return fmt.Errorf("--admin %q is not host:port", f.admin)
	}
	return nil
}

func (c *cli) upCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "up [DIR]",
		Short: "run everything on this machine, with development users and a console",
		Long: "Runs the service of DIR (default: here): gateway, processes, embedded directory, console.\n" +
			"It makes the tenants and users of the manifest's development section and prints how to sign in.\n" +
			"With --json one line on stdout says when everything is ready.",
		Example: "  berth up examples/ledger --listen 127.0.0.1:8080",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.format == "" {
				f.format = string(telemetry.Human)
			}
			return c.serve(cmd.Context(), argument(args), service.Development, f, c.tellDeveloper)
		},
	}
	f.register(c, cmd)
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) runCommand() *cobra.Command {
	return c.operatorCommand(service.Production, &cobra.Command{
		Use:   "run [DIR]",
		Short: "run the service in production: the entrypoint of its container",
		Long: "Runs the service of DIR (default: here) as its container's entrypoint, as PID 1 or not: resolves the\n" +
			"environment, runs hooks, starts and watches the processes, fronts them with the gateway.\n" +
			"SIGTERM and SIGINT stop it in order, SIGHUP reloads; USR1, USR2, QUIT and WINCH reach the processes.",
		Example: "  berth run /app --data /data",
	})
}

func (c *cli) gatewayCommand() *cobra.Command {
	return c.operatorCommand(service.GatewayOnly, &cobra.Command{
		Use:     "gateway [DIR]",
		Short:   "run the gateway alone, in front of upstreams that others run",
		Example: "  berth gateway /etc/berth",
	})
}

// operatorCommand makes cmd run a service as operators do, in a mode.
func (c *cli) operatorCommand(mode service.Mode, cmd *cobra.Command) *cobra.Command {
	var f serveFlags
	cmd.Args = cobra.MaximumNArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.serve(cmd.Context(), argument(args), mode, f, c.tellOperator)
	}
	f.register(c, cmd)
	c.jsonFlag(cmd)
	return cmd
}

// options are what a command tells package service; problems with the path
// show when it is read.
func (c *cli) options(dir string, mode service.Mode) service.Options {
	file, err := manifestPath(dir)
	if err != nil {
		file = dir
	}
	return service.Options{
		Manifest: file, Data: c.dataDirectory(file), Mode: mode,
		Environ: c.environ, Version: buildVersion(), Log: slog.New(slog.DiscardHandler),
	}
}

func (c *cli) serve(ctx context.Context, dir string, mode service.Mode, f serveFlags, tell func(service.Ready)) error {
	opts := c.options(dir, mode)
	m, err := c.load(opts.Manifest)
	if err != nil {
		return err
	}
	c.printWarnings(m.Warnings())
	format, level := f.format, f.level
	if format == "" {
		format = m.Telemetry.LogFormat
	}
	if level == "" {
		level = m.Telemetry.LogLevel
	}
	lowest, err := telemetry.ParseLevel(level)
	if err != nil {
		return usageError{err}
	}
	if format != string(telemetry.Human) && format != string(telemetry.JSON) {
		return usageError{fmt.Errorf("--log-format %q is neither human nor json", format)}
	}
	if err := f.checkAddresses(); err != nil {
		return usageError{err}
	}
	if mode != service.Development {
		if err := hideOwnMemory(); err != nil {
			return fmt.Errorf("hide own memory from other programs: %w", err)
		}
	}
	opts.Listen, opts.Admin = f.listen, f.admin
	opts.Reap = true
	opts.Recent = telemetry.NewRecent(2000)
	opts.Log = telemetry.NewLogger(c.stderr, telemetry.LogConfig{Format: telemetry.Format(format), Level: lowest, Color: c.colored(c.stderr)}, opts.Recent)
	opts.AccessFormat = telemetry.Format(format)
	if !f.quietAccessLog {
		opts.AccessLog = c.stderr
	}
	ctx, hurry, stop := stopSignals(ctx)
	defer stop()
	defer outliveReaders()()
	opts.Hurry = hurry
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	return service.Run(ctx, opts, reload, func(r service.Ready) {
		tell(r)
		settle()
	})
}

// stopSignals ends ctx at the first SIGINT or SIGTERM and closes hurry at the
// second. The third ends Berth as if it had never listened.
func stopSignals(ctx context.Context) (_ context.Context, hurry <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals, now, quit := make(chan os.Signal, 2), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, act := range []func(){func() { cancel(errStopped) }, func() { close(now) }} {
			select {
			case <-signals:
				act()
			case <-quit:
				return
			}
		}
		signal.Stop(signals)
	})
	return ctx, now, func() {
		signal.Stop(signals)
		close(quit)
		wg.Wait()
		cancel(nil)
	}
}

// outliveReaders keeps a broken pipe from ending Berth: whoever read its output
// may leave, and the service goes on. Ignoring the signal instead would be
// handed down to the processes.
func outliveReaders() (stop func()) {
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return func() { signal.Stop(broken) }
}

// errStopped is the cause of a stop somebody asked for.
var errStopped = errors.New("asked to stop")

// readyEvent is the line berth up --json prints once everything is ready.
type readyEvent struct {
	Event string                    `json:"event"`
	URL   string                    `json:"url"`
	Admin string                    `json:"admin"`
	Users []service.DevelopmentUser `json:"users"`
}

func (c *cli) tellDeveloper(r service.Ready) {
	if c.json {
		_ = c.printJSON(readyEvent{"ready", r.URL, r.Admin, append([]service.DevelopmentUser{}, r.Users...)})
		return
	}
	fmt.Fprintf(c.stdout, "\n  app      %s\n  console  %s\n", r.URL, r.Admin)
	if len(r.Users) > 0 {
		rows := [][]string{{"sign in as", "password", "roles"}}
		for _, u := range r.Users {
			rows = append(rows, []string{u.Email, u.Password, roleText(u.Roles)})
		}
		fmt.Fprintln(c.stdout)
		_ = writeTable(indented{c.stdout}, rows)
	}
	fmt.Fprintln(c.stdout, "\n  Ctrl-C stops everything; a change of berth.yaml is loaded at once.")
}

func (c *cli) tellOperator(r service.Ready) {
	if c.json {
		_ = c.printJSON(readyEvent{"ready", r.URL, r.Admin, []service.DevelopmentUser{}})
	}
}

func roleText(roles map[string][]string) string {
	var parts []string
	for _, tenant := range slices.Sorted(maps.Keys(roles)) {
		parts = append(parts, strings.Join(roles[tenant], ", ")+" of "+tenant)
	}
	return orDash(strings.Join(parts, "; "))
}
