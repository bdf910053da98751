package shell

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
)

// program is what an attempt runs, with everything resolved and allowed.
type program struct {
	path      string
	argv      []string
	directory string // "" is the attempt's own
	variables map[string]string
	secrets   []secret.String // among the variables
	payload   []byte
	input     Input
	result    Result
	limits    Limits
	grace     time.Duration
}

var (
	// errRefused marks what the operator does not allow.
	errRefused = errors.New("not allowed here")
	// errSecret marks a secret that is not to be had at present.
	errSecret = errors.New("secret not available")
)

// program returns what a task runs. An error is errRefused or says what is
// wrong with the step.
func (e *Executor) program(task work.Task) (*program, error) {
	if c, ok := e.opts.Commands[task.Type]; ok {
		return e.command(task, c)
	}
	switch {
	case task.Type != typeShell:
		return nil, fmt.Errorf("step type %q: %w: the operator has no command of that name", task.Type, errRefused)
	case e.opts.Shell == nil:
		return nil, fmt.Errorf("step type %q: %w: documents cannot bring commands of their own; use a step type the operator has a command for",
			task.Type, errRefused)
	}
	r, err := parseRequest(task.With)
	if err != nil {
		return nil, err
	}
	return e.request(task, r)
}

// command returns the program of a step type.
func (e *Executor) command(task work.Task, c Command) (*program, error) {
	p := &program{
		argv: slices.Clone(c.Argv), directory: c.Directory, variables: map[string]string{},
		payload: task.With, input: cmp.Or(c.Input, InputStdin), result: cmp.Or(c.Result, ResultStdout),
		limits: c.Limits.or(e.opts.Limits), grace: cmp.Or(c.Grace, e.opts.Grace),
	}
	for name, value := range c.Environment {
		p.variables[name] = value
	}
	for name, secretName := range c.Secrets {
		if err := e.reveal(task, p, name, Value{Secret: secretName}); err != nil {
			return nil, err
		}
	}
	if c.Script {
		p.argv = append([]string{"/bin/sh", "-c"}, p.argv...)
	}
	var err error
	p.path, err = lookPath(p.argv[0], c.Directory, e.opts.Path)
	return p, err
}

// request returns the program of a step of type "shell".
func (e *Executor) request(task work.Task, r Request) (*program, error) {
	p := &program{
		argv: r.Command.Program, variables: map[string]string{},
		payload: r.payload(), input: cmp.Or(r.Input, InputStdin), result: cmp.Or(r.Result, ResultStdout),
		limits: r.Limits.or(e.opts.Limits), grace: cmp.Or(r.Grace.Std(), e.opts.Grace),
	}
	if err := r.Limits.within(e.opts.Limits); err != nil {
		return nil, err
	}
	if p.grace > e.opts.Grace {
		return nil, fmt.Errorf("grace: %s is more than the %s allowed", p.grace, e.opts.Grace)
	}
	for name, value := range r.Env {
		if !e.opts.Shell.allowsVariable(name) {
			return nil, fmt.Errorf("env: variable %q: %w", name, errRefused)
		}
		if p.variables[name] = value.Text; value.Secret == "" {
			continue
		}
		if err := e.reveal(task, p, name, value); err != nil {
			return nil, err
		}
	}
	if r.Command.Script != "" {
		p.argv = []string{"/bin/sh", "-c", r.Command.Script}
	}
	var err error
	if p.directory, err = e.opts.Shell.directory(r.Dir); err != nil {
		return nil, err
	}
	if p.path, err = lookPath(p.argv[0], p.directory, e.opts.Path); err != nil {
		return nil, err
	}
	if !e.opts.Shell.allowsProgram(p.path) {
		return nil, fmt.Errorf("command: %s: %w: it is not among the programs that steps may run", p.path, errRefused)
	}
	return p, nil
}

// reveal puts a secret into a variable of p.
func (e *Executor) reveal(task work.Task, p *program, variable string, value Value) error {
	if e.opts.Secrets == nil {
		return fmt.Errorf("variable %q: secret %q: %w: there are no secrets for steps", variable, value.Secret, errRefused)
	}
	found, err := e.opts.Secrets(task, value.Secret)
	if err != nil {
		return fmt.Errorf("variable %q: %w: %q: %w", variable, errSecret, value.Secret, err)
	}
	p.variables[variable] = value.Prefix + found.Reveal()
	p.secrets = append(p.secrets, found)
	return nil
}

func (s *Shell) allowsVariable(name string) bool {
	return slices.Contains(s.Variables, "*") || slices.Contains(s.Variables, name)
}

func (s *Shell) allowsProgram(path string) bool {
	return len(s.Programs) == 0 || slices.Contains(s.Programs, path)
}

// directory returns where a document's command works, with symbolic links
// followed: what counts is where they lead.
func (s *Shell) directory(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("dir: %q: want an absolute path", path)
	}
	found, err := filepath.EvalSymlinks(path)
	if err != nil {
		found = filepath.Clean(path) // whether it is there is not for everybody to know
	}
	for _, allowed := range s.Directories {
		if real, err := filepath.EvalSymlinks(allowed); err == nil {
			allowed = real
		}
		if rel, relErr := filepath.Rel(allowed, found); relErr == nil && filepath.IsLocal(rel) {
			return found, err
		}
	}
	return "", fmt.Errorf("dir: %q: %w: it is not below a directory that steps may work in", path, errRefused)
}

// lookPath finds a program as a shell in directory with that PATH would, in
// absolute directories only.
func lookPath(name, directory, path string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) && directory == "" {
			return "", fmt.Errorf("command: %q: without a directory to work in, want an absolute path or a name", name)
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(directory, name)
		}
		return filepath.Clean(name), executable(name)
	}
	for _, dir := range filepath.SplitList(path) {
		if candidate := filepath.Join(dir, name); filepath.IsAbs(dir) && executable(candidate) == nil {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("command: %s: %w in PATH (%s)", name, fs.ErrNotExist, path)
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a program", path)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("%s: %w: no execute permission", path, fs.ErrPermission)
	}
	return nil
}
