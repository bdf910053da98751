package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/telemetry"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// runFlags are what berth workflow run is told.
type runFlags struct {
	paramFlags
	executorFlags
	tenant  string
	define  []string
	slots   int
	quiet   bool
	plain   bool
	verbose bool
}

func (c *cli) workflowRunCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "execute a workflow here and now, without an engine",
		Long: "Runs the engine within this command, with its store in a temporary directory (or --data), until the run is final.\n" +
			"Progress and logs go to stderr, what the run answered to stdout as JSON; the exit status is 1 when it failed. FILE may\n" +
			"be an agenda of POP's; - is standard input. Types of steps that are your programs' are given with --type; sub-workflows\n" +
			"with --define. An interrupt cancels the run, so that its steps under finally are executed; a second one ends it at once.",
		Example: "  berth workflow run publish.json --param source=a.png --allow-shell\n" +
			"  berth workflow run agenda.json --type transcode='./transcode.sh'",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := c.readWorkflow(args[0])
			if err != nil {
				return c.checkFailed(err)
			}
			return c.runHere(cmd.Context(), file, f)
		},
	}
	fs := cmd.Flags()
	f.paramFlags.register(cmd)
	f.executorFlags.register(cmd)
	fs.StringVar(&f.tenant, "tenant", localTenant, "whose the run is")
	fs.StringArrayVar(&f.define, "define", nil, "the document of a sub-workflow, in this `FILE`; may be repeated")
	fs.IntVar(&f.slots, "concurrency", 2*runtime.NumCPU(), "steps executed at once")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	fs.BoolVar(&f.plain, "plain", false, "lines, also in a terminal")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "what the engine logs, too")
	fs.StringVar(&c.data, "data", "", "keep the store in this `DIRECTORY` (default: a temporary one)")
	c.jsonFlag(cmd)
	return cmd
}

// runHere executes a document with an engine of its own.
func (c *cli) runHere(ctx context.Context, file *workflowFile, f runFlags) error {
	if f.slots < 1 || f.slots > 1000 {
		return usageError{fmt.Errorf("--concurrency %d: 1 to 1000", f.slots)}
	}
	params, err := f.read(c, file.params)
	if err != nil {
		return err
	}
	c.noteStray(file.text, params)
	defined, err := c.readDefinitions(f.define)
	if err != nil {
		return c.checkFailed(err)
	}
	o, cleanUp, err := f.engineOptions(c, append(defined, file))
	if err != nil {
		return err
	}
	defer cleanUp()
	w, err := workflows.Open(ctx, o)
	if err != nil {
		return err
	}
	r, err := c.executeHere(ctx, w, file, client.Submission{
		Document: json.RawMessage(file.text), Tenant: f.tenant, Params: orNil(params), Labels: file.labels,
	}, defined, f)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err = errors.Join(err, w.Close(closing)); err != nil {
		return err
	}
	return c.printOutcome(&r)
}

// orNil keeps a missing value missing.
func orNil(v json.RawMessage) any {
	if v == nil {
		return nil
	}
	return v
}

func (c *cli) readDefinitions(paths []string) ([]*workflowFile, error) {
	var list []*workflowFile
	for _, path := range paths {
		d, err := c.readWorkflow(path)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// engineOptions are those of an engine for one command. cleanUp removes what
// it leaves behind.
func (f *runFlags) engineOptions(c *cli, files []*workflowFile) (o workflows.Options, cleanUp func(), err error) {
	level := slog.LevelError
	if f.verbose {
		level = slog.LevelInfo
	}
	o = workflows.Options{
		Local: map[string]int{}, Logger: telemetry.NewLogger(c.stderr, telemetry.LogConfig{Format: telemetry.Human, Level: level}, nil),
		Identify: func(*http.Request) (*api.Caller, error) { return &api.Caller{Name: actor(), Admin: true}, nil },
	}
	if err := f.options(c, &o); err != nil {
		return o, nil, err
	}
	o.Executors = map[string]work.Executor{translate.TypeGenerate: work.ExecutorFunc(generateOperations)}
	for _, pool := range append(poolsOf(files), "default") {
		o.Local[pool] = f.slots
	}
	if err := f.checkTypes(files); err != nil {
		return o, nil, err
	}
	data := c.data
	cleanUp = func() {}
	if data == "" {
		if data, err = os.MkdirTemp("", "berth-run-"); err != nil {
			return o, nil, err
		}
		cleanUp = func() { _ = os.RemoveAll(data) }
	} else if err := os.MkdirAll(data, 0o700); err != nil {
		return o, nil, fmt.Errorf("--data: %w", err)
	}
	o.Store = filepath.Join(data, "work.db")
	return o, cleanUp, nil
}

func poolsOf(files []*workflowFile) []string {
	var pools []string
	for _, f := range files {
		for i := range f.plan.Len() {
			if p := f.plan.Node(i).Step.Pool; p != "" && !slices.Contains(pools, p) {
				pools = append(pools, p)
			}
		}
	}
	return pools
}

// checkTypes refuses steps that nothing here executes: the run would wait for
// ever.
func (f *runFlags) checkTypes(files []*workflowFile) error {
	known := append([]string{"submit", "http", machine.TypeWait, machine.TypeWorkflow, translate.TypeGenerate}, builtinTypes...)
	if f.shell {
		known = append(known, "shell")
	}
	for _, t := range f.types {
		name, _, _ := strings.Cut(t, "=")
		known = append(known, name)
	}
	types := given()
	for _, t := range f.types { // the operator's own program takes what it likes
		name, _, _ := strings.Cut(t, "=")
		delete(types, name)
	}
	var problems diagnostic.List
	for _, file := range files {
		var wrong diagnostic.List
		if err := file.checkGiven(types); errors.As(err, &wrong) {
			problems = append(problems, wrong...)
		} else if err != nil {
			return err
		}
		for i := range file.plan.Len() {
			if p := unknownType(file, file.plan.Node(i), known); p != nil {
				problems = append(problems, p)
			}
		}
	}
	return problems.Err()
}

func unknownType(file *workflowFile, n *workflow.Node, known []string) *diagnostic.Problem {
	if slices.Contains(known, n.Step.Run) {
		return nil
	}
	p := &diagnostic.Problem{
		Code: "B1301", File: file.name, Path: "steps." + n.Step.Name + ".run",
		Message: fmt.Sprintf("nothing here executes steps of type %q", n.Step.Run), Help: fmt.Sprintf("--type %s=COMMAND gives it a program", n.Step.Run),
	}
	if n.Step.Run == "shell" {
		p.Help = "--allow-shell lets the document run commands as you"
	}
	return p
}

// executeHere submits a document and shows its run until it is final.
func (c *cli) executeHere(ctx context.Context, w *workflows.Workflows, file *workflowFile, s client.Submission, defined []*workflowFile, f runFlags) (client.Run, error) {
	e, stop, err := w.Serve()
	if err != nil {
		return client.Run{}, err
	}
	defer stop()
	if err := w.Engine.Ready(ctx); err != nil {
		return client.Run{}, err
	}
	for _, d := range defined {
		if err := e.Do(ctx, http.MethodPost, "/workflows", nil, json.RawMessage(d.text), nil); err != nil {
			return client.Run{}, fmt.Errorf("%s: %w", d.name, err)
		}
	}
	s.Hold = true // until it is watched from its first moment
	receipt, err := e.Submit(ctx, s)
	if err != nil {
		return client.Run{}, fmt.Errorf("%s: %w", file.name, err)
	}
	ctx, done := c.cancelOnInterrupt(ctx, e, receipt.ID)
	defer done()
	show := *c // progress is talk, and the run's output is data
	show.stdout, show.json = c.stderr, false
	if f.quiet {
		show.stdout = io.Discard
	}
	r, err := show.follow(ctx, e, receipt.ID, watching{logs: true, plain: f.plain, begun: func() error {
		_, err := e.Steer(ctx, receipt.ID, "release", nil)
		return err
	}})
	if errors.Is(err, context.Canceled) {
		return r, childStatus{code: 130, err: errors.New("interrupted: the run has not ended")}
	}
	return r, err
}

// cancelOnInterrupt cancels a run at the first signal, and the context at the
// second.
func (c *cli) cancelOnInterrupt(ctx context.Context, e *client.Client, id string) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for first := true; ; first = false {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			if !first {
				cancel()
				return
			}
			fmt.Fprintln(c.stderr, "berth: canceling; once more to end at once")
			if _, err := e.Steer(ctx, id, "cancel", map[string]string{"reason": "interrupted"}); err != nil {
				fmt.Fprintf(c.stderr, "berth: cancel: %v\n", err)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
		<-ended
	}
}

// generateOperations executes the step behind an operation of an agenda that
// generates others.
func generateOperations(_ context.Context, task work.Task, _ work.Reporter) work.Result {
	generated, err := translate.Generate(task.With)
	if err != nil {
		return work.Result{Failure: &machine.Failure{Code: machine.CodeGenerate, Message: err.Error(), Fatal: true}}
	}
	out, err := json.Marshal(generated)
	if err != nil {
		return work.Result{Failure: &machine.Failure{Code: machine.CodeGenerate, Message: err.Error(), Fatal: true}}
	}
	return work.Result{Output: out}
}
