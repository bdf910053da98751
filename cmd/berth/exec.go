package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/process"
)

func (c *cli) execCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec [-f FILE] -- COMMAND [ARG...]",
		Short: "run one command with the resolved environment",
		Long: "Runs COMMAND in the manifest's directory with the environment the processes share, the terminal and\n" +
			"the signals it gets.\n" +
			"The exit status is the command's: 128 plus the signal's number when one ended it.",
		Example: "  berth exec -- python manage.py shell",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("no command: berth exec -- COMMAND [ARG...]")}
			}
			m, env, err := service.Load(cmd.Context(), c.options(c.file, service.Production))
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(m.Directory())
			if err != nil {
				return err
			}
			status, err := process.Exec(cmd.Context(), process.ExecConfig{
				Command: args, Environment: environ.NewSet(service.ChildVariables(m, env)...).Environ(), Directory: dir,
				Stdin: file(c.stdin), Stdout: file(c.stdout), Stderr: file(c.stderr),
				Reap: os.Getpid() == 1,
			})
			if status != 0 {
				return childStatus{code: status, err: err}
			}
			return err
		},
	}
	cmd.Flags().SetInterspersed(false)
	c.fileFlag(cmd)
	return cmd
}

// childStatus is the end of a command that was run in Berth's place.
type childStatus struct {
	code int
	err  error // why it could not be started; nil when it ran
}

func (s childStatus) Error() string {
	if s.err == nil {
		return "command failed"
	}
	return s.err.Error()
}

// file is a stream as the command gets it: nothing, where it is no file.
func file(stream any) *os.File {
	f, _ := stream.(*os.File)
	return f
}
