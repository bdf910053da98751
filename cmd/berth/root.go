package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/process"
)

// Exit codes of every command (berth exec and berth run pass the child's).
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError is a mistake in the command line itself.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// errReported is a failure whose explanation has been printed already.
var errReported = errors.New("reported")

// cli is one invocation: its streams and the flags every command shares.
type cli struct {
	streams
	file string // --file
	data string // --data
	json bool   // --json
	// server and keyFile say which engine a command speaks to, and as whom.
	server  string // --server
	keyFile string // --key-file
}

func run(ctx context.Context, args []string, s streams) int {
	c := &cli{streams: s}
	root := c.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return c.exitCode(cmd, err)
}

func (c *cli) exitCode(cmd *cobra.Command, err error) int {
	var usage usageError
	var child childStatus
	var status *process.ExitError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailure
	case errors.As(err, &child):
		if child.err != nil {
			fmt.Fprintf(c.stderr, "berth: %v\n", child.err)
		}
		return child.code
	case errors.As(err, &status):
		fmt.Fprintf(c.stderr, "berth: %v\n", err)
		return status.Code
	case errors.As(err, &usage), isCobraUsage(err):
		fmt.Fprintf(c.stderr, "berth: %s\nhelp: %s --help\n", usageText(err), cmd.CommandPath())
		return exitUsage
	}
	c.report(err)
	return exitFailure
}

// report prints an error; problems of a file get their excerpts.
func (c *cli) report(err error) {
	var list diagnostic.List
	if errors.As(err, &list) {
		_ = diagnostic.Write(c.stderr, list, c.style())
		return
	}
	fmt.Fprintf(c.stderr, "berth: %v\n", err)
}

// together are flags that exclude each other, as the parser says it.
var together = regexp.MustCompile(`^if any flags in the group \[.*\] are set none of the others can be; \[(.*)\] were all set$`)

// usageText says a mistake in the command line in our words where the parser's
// own are those of its source.
func usageText(err error) string {
	text := err.Error()
	if m := together.FindStringSubmatch(text); m != nil {
		return "--" + strings.ReplaceAll(m[1], " ", " and --") + " exclude each other"
	}
	before, number, _ := strings.Cut(text, ": strconv.Parse")
	if strings.HasPrefix(number, "Int") || strings.HasPrefix(number, "Float") || strings.HasPrefix(number, "Uint") {
		return before + ": not a number"
	}
	return text
}

// isCobraUsage tells the parser's own errors, which have no type, by their
// texts; a test fixes them.
func isCobraUsage(err error) bool {
	for _, prefix := range []string{"unknown command", "unknown flag", "unknown shorthand", "accepts ", "requires ", "invalid argument", "required flag", "flag needs", "if any flags in the group", "bad flag"} {
		if strings.HasPrefix(err.Error(), prefix) {
			return true
		}
	}
	return false
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "berth",
		Short: "run a server-side app as a cloud service",
		Long: "Berth fronts an app (TLS, sign-in, sessions, access rules, static files, private downloads),\n" +
			"runs its processes, and says why it decided what it decided. One file, berth.yaml, describes it all.",
		Example:       "  berth up examples/ledger",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		c.upCommand(), c.runCommand(), c.gatewayCommand(), c.execCommand(),
		c.checkCommand(), c.explainCommand(),
		c.manifestCommand(), c.environCommand(),
		c.userCommand(), c.tenantCommand(), c.roleCommand(), c.changeCommand(), c.sessionCommand(),
		c.iamCommand(),
		c.workflowCommand(), c.queueCommand(), c.poolCommand(), c.scheduleCommand(), c.workerCommand(),
		c.versionCommand(),
	)
	return root
}

// noun is a command that only groups others.
func noun(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return usageError{fmt.Errorf("%s needs a verb: %s", cmd.CommandPath(), verbNames(cmd))}
		},
	}
	cmd.AddCommand(verbs...)
	return cmd
}

func verbNames(cmd *cobra.Command) string {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return strings.Join(names, ", ")
}

// exactly is cobra.ExactArgs with an error that names the arguments.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return noneEmpty(cmd, args)
		}
		return usageError{fmt.Errorf("%s takes %s; got %d arguments", cmd.CommandPath(), cmp.Or(strings.Join(names, " "), "no arguments"), len(args))}
	}
}

// atLeastOne is cobra.MinimumNArgs(1) with an error that names the argument.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return noneEmpty(cmd, args)
		}
		return usageError{fmt.Errorf("%s takes one or more %s", cmd.CommandPath(), name)}
	}
}

// noneEmpty refuses arguments that are empty, as a shell's variable is that was
// never set.
func noneEmpty(cmd *cobra.Command, args []string) error {
	for i, a := range args {
		if a == "" {
			return usageError{fmt.Errorf("%s: argument %d is empty", cmd.CommandPath(), i+1)}
		}
	}
	return nil
}
