package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
)

// workerFlags are what berth worker is told.
type workerFlags struct {
	executorFlags
	pool, name string
	slots      int
	builtin    bool
	drain      time.Duration
}

func (c *cli) workerCommand() *cobra.Command {
	var f workerFlags
	cmd := &cobra.Command{
		Use:   "worker --pool POOL",
		Short: "execute the steps of a pool for an engine elsewhere",
		Long: "Asks an engine for the steps of a pool and executes them here: those of the types that --type gives a command, with\n" +
			"--allow-shell those of type shell, with --allow-host those of type http, with --builtin log, transform and the like. A command gets\n" +
			"the step's input on stdin and answers JSON on stdout; \"::progress 40 text\" on stderr tells how far it is.\n" +
			"SIGTERM lets what is executed end, for --drain at most. One that dies is noticed by the engine, and its steps go to another.",
		Example: "  berth worker --pool encode --concurrency 4 --type transcode='./transcode.sh' --key-file worker.key",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := c.engine()
			if err != nil {
				return err
			}
			return c.engineError(c.pull(cmd.Context(), e, f))
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.pool, "pool", "", "the `POOL` whose steps are executed")
	fs.StringVar(&f.name, "name", "", "what the worker is called (default: host name and process id)")
	fs.IntVar(&f.slots, "concurrency", 1, "steps executed at once")
	fs.BoolVar(&f.builtin, "builtin", false, "execute the built-in types too: "+strings.Join(builtinTypes, ", "))
	fs.DurationVar(&f.drain, "drain", 30*time.Second, "how long what is executed may take to end when the worker stops; then it goes to another")
	f.register(cmd)
	c.engineFlags(cmd)
	_ = cmd.MarkFlagRequired("pool") // it is there
	_ = cmd.RegisterFlagCompletionFunc("pool", c.completeAny(names("/pools", "pools")))
	return cmd
}

// builtinTypes are those that need nothing of the operator's.
var builtinTypes = []string{"choice", "fail", "log", "noop", "sample", "transform"}

// executors are what the worker executes, by type. closeAll closes the
// connections they keep.
func (f *workerFlags) executors(ctx context.Context, c *cli) (all map[string]work.Executor, closeAll func(), err error) {
	var o workflows.Options
	if err := f.options(c, &o); err != nil {
		return nil, nil, err
	}
	all, closeAll, err = workflows.Executors(ctx, o, nil)
	if err != nil {
		return nil, nil, err
	}
	if !f.builtin {
		for _, typ := range builtinTypes {
			if o.Shell.Commands[typ].Argv == nil {
				delete(all, typ)
			}
		}
	}
	if len(f.hosts) == 0 {
		delete(all, "http")
	}
	if len(all) == 0 {
		return nil, nil, usageError{errors.New("the worker would execute nothing: --type, --allow-shell, --allow-host or --builtin")}
	}
	return all, closeAll, nil
}

func (c *cli) pull(ctx context.Context, e *client.Client, f workerFlags) error {
	executors, closeAll, err := f.executors(ctx, c)
	if err != nil {
		return err
	}
	defer closeAll()
	if f.slots < 1 || f.slots > 1000 {
		return usageError{fmt.Errorf("--concurrency %d: 1 to 1000", f.slots)}
	}
	if f.name == "" {
		host, _ := os.Hostname() // a name without it is one, too
		f.name = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, func() { fmt.Fprintln(c.stderr, "berth: finishing what is executed") })()
	w := client.Worker{
		Client: e, Pool: f.pool, Name: f.name, Concurrency: f.slots, Grace: f.drain, Handlers: workflows.Handlers(executors),
		Logf: func(format string, args ...any) { fmt.Fprintf(c.stderr, "berth: "+format+"\n", args...) },
	}
	return c.work(ctx, &w)
}

// work says what the worker does, and does it until it is told to stop.
func (c *cli) work(ctx context.Context, w *client.Worker) error {
	var types []string
	for typ := range w.Handlers {
		types = append(types, typ)
	}
	slices.Sort(types)
	if c.json {
		if err := c.printJSON(map[string]any{"worker": w.Name, "pool": w.Pool, "types": types, "server": c.engineURL()}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.stderr, "berth: worker %s of pool %s at %s: %s\n", w.Name, w.Pool, c.engineURL(), strings.Join(types, ", "))
	}
	return w.Run(ctx)
}
