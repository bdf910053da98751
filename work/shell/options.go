package shell

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
)

// Options is what the operator allows. The zero value allows nothing.
type Options struct {
	// Commands are the programs of step types, by type.
	Commands map[string]Command
	// Shell lets steps of type "shell" bring their own command. Nil refuses
	// them.
	Shell *Shell
	// Environment is what every program is given besides Berth's variables.
	Environment map[string]string
	// Path is the PATH of every program, and where programs are looked up.
	// Default /usr/local/bin:/usr/bin:/bin.
	Path string
	// Secrets returns a secret that an operator's command or a document names.
	// It decides whether the task may have it. Nil has none.
	Secrets func(task work.Task, name string) (secret.String, error)
	// Scratch is where every attempt has a directory of its own while it runs.
	// It is made when it is not there, and has to be Berth's own. Default
	// berth-steps-UID in the system's directory for temporary files.
	Scratch string
	// User and Group run the programs as somebody else, which needs root.
	// Default: as Berth itself.
	User, Group string
	// Limits are those of programs that name none, and the most that a
	// document may ask for.
	Limits Limits
	// Grace is how long a program has after SIGTERM when it has not named
	// another time, and the most that a document may ask for. Default 10s.
	Grace time.Duration
	// Keeper is told of every child; nil tells nobody.
	Keeper Keeper
}

// Keeper is told which children are the executor's to wait for. It is needed
// where something else in the program waits for children it did not start.
type Keeper interface {
	// Keep runs start on the calling goroutine and leaves its process alone
	// from before it can end.
	Keep(start func() (*os.Process, error)) (*os.Process, error)
	// Release says that the process has been waited for.
	Release(process *os.Process)
}

// Command is the program of a step type.
type Command struct {
	// Argv is the program and its arguments. References have no effect here:
	// what a step says reaches the program as its payload only.
	Argv []string
	// Script runs Argv[0] with /bin/sh -c; further arguments are $0, $1, ….
	Script bool
	// Directory is where it works. Default: the attempt's own directory.
	Directory string
	// Environment is added to that of the options.
	Environment map[string]string
	// Secrets are variables whose values are secrets, by the secrets' names.
	// Their values are hidden in logs and failures.
	Secrets map[string]string
	// Input is how the payload is given besides its file. Default InputStdin.
	Input Input
	// Result is where its result comes from. Default ResultStdout.
	Result Result
	// Limits replace those of the options where they are set.
	Limits Limits
	// Grace replaces that of the options when it is set.
	Grace time.Duration
}

// Shell says which commands documents may bring.
type Shell struct {
	// Programs are absolute paths of programs that may be run. Empty allows
	// all, and scripts; with a list, scripts need "/bin/sh" in it.
	Programs []string
	// Directories are where commands may work, and below. Without any they
	// work in the attempt's own directory only.
	Directories []string
	// Variables are the names that documents may set in the environment. "*"
	// allows every name but Berth's. Variables can change what a program does
	// (LD_PRELOAD, PATH): with a list of programs, name only harmless ones.
	Variables []string
}

// Input is how a program is given its payload, besides by file.
type Input string

// The ways to give a payload.
const (
	InputStdin Input = "stdin"
	InputEnv   Input = "env" // BERTH_PAYLOAD; up to 120 KiB
	InputFile  Input = "file"
)

// Result is where the result of a program comes from.
type Result string

// The ways to take a result.
const (
	ResultStdout Result = "stdout" // JSON
	ResultText   Result = "text"   // stdout as a text, without the last line's end
	ResultFile   Result = "file"   // JSON in BERTH_RESULT_FILE; stdout is log
	ResultNone   Result = "none"   // null; stdout is log
)

const (
	defaultPath  = "/usr/local/bin:/usr/bin:/bin"
	defaultGrace = 10 * time.Second
	typeShell    = "shell"
)

// Validate reports everything that is wrong with the options.
func (o Options) Validate() error {
	var errs []error
	for name, c := range o.Commands {
		if err := c.validate(); err != nil {
			errs = append(errs, fmt.Errorf("command %q: %w", name, err))
		}
	}
	if o.Shell != nil && o.Commands[typeShell].Argv != nil {
		errs = append(errs, errors.New(`a command cannot have the name "shell" while documents may bring their own`))
	}
	if o.Shell != nil {
		for _, path := range append(append([]string{}, o.Shell.Programs...), o.Shell.Directories...) {
			if !filepath.IsAbs(path) {
				errs = append(errs, fmt.Errorf("shell: %q: write an absolute path", path))
			}
		}
	}
	for name := range o.Environment {
		errs = append(errs, validVariable(name))
	}
	if o.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace %s is negative", o.Grace))
	}
	return errors.Join(errs...)
}

func (c Command) validate() error {
	var errs []error
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		errs = append(errs, errors.New("no program: argv is empty"))
	}
	for name := range c.Environment {
		errs = append(errs, validVariable(name))
	}
	for name := range c.Secrets {
		errs = append(errs, validVariable(name))
	}
	if c.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace %s is negative", c.Grace))
	}
	return errors.Join(append(errs, c.Input.validate(), c.Result.validate())...)
}

func (i Input) validate() error {
	switch i {
	case "", InputStdin, InputEnv, InputFile:
		return nil
	}
	return fmt.Errorf("input %q: want stdin, env or file", string(i))
}

func (r Result) validate() error {
	switch r {
	case "", ResultStdout, ResultText, ResultFile, ResultNone:
		return nil
	}
	return fmt.Errorf("result %q: want stdout, text, file or none", string(r))
}

// validVariable checks a name that somebody gives a variable.
func validVariable(name string) error {
	switch {
	case name == "" || strings.ContainsAny(name, "=\x00"):
		return fmt.Errorf("variable %q: not a name", name)
	case strings.HasPrefix(strings.ToUpper(name), "BERTH_"):
		return fmt.Errorf("variable %q: names that begin with BERTH_ are Berth's", name)
	}
	return nil
}
