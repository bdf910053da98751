package shell

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"syscall"

	"github.com/berth-project/berth/internal/credential"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// Executor executes steps as processes. It implements [work.Executor].
type Executor struct {
	opts  Options
	table processTable
}

// New returns an executor. It starts nothing and touches no file.
func New(opts Options) (*Executor, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("shell: %w", err)
	}
	if opts.Path == "" {
		opts.Path = defaultPath
	}
	if opts.Grace == 0 {
		opts.Grace = defaultGrace
	}
	if opts.Keeper == nil {
		opts.Keeper = noKeeper{}
	}
	return &Executor{opts: opts}, nil
}

// noKeeper is for programs in which nothing else waits for children.
type noKeeper struct{}

func (noKeeper) Keep(start func() (*os.Process, error)) (*os.Process, error) { return start() }

func (noKeeper) Release(*os.Process) {}

// Types returns the step types it executes, sorted.
func (e *Executor) Types() []string {
	types := slices.Collect(maps.Keys(e.opts.Commands))
	if e.opts.Shell != nil {
		types = append(types, typeShell)
	}
	slices.Sort(types)
	return types
}

// Execute runs the program of a task. When it returns, nothing that the program
// started is alive.
func (e *Executor) Execute(ctx context.Context, task work.Task, report work.Reporter) work.Result {
	p, err := e.program(task)
	if err != nil {
		return failed(unrunnable(err))
	}
	if p.input == InputEnv && len(p.payload) > maxPayloadVariable {
		return failed(&machine.Failure{Code: "with", Fatal: true, Message: fmt.Sprintf(
			"the payload has %d bytes, and a variable takes %d: use input stdin or file", len(p.payload), maxPayloadVariable)})
	}
	cred, err := credential.Of(e.opts.User, e.opts.Group)
	if err != nil {
		return failed(&machine.Failure{Code: "start", Message: err.Error()})
	}
	base, err := scratchBase(e.opts.Scratch)
	if err != nil {
		return failed(&machine.Failure{Code: "start", Message: err.Error()})
	}
	s, err := newScratch(base, task, p.payload, cred)
	if err != nil {
		return failed(&machine.Failure{Code: "start", Message: err.Error()})
	}
	defer s.remove()
	a := newAttempt(e, task, p, s, cred)
	return a.run(ctx, report)
}

// maxPayloadVariable keeps BERTH_PAYLOAD below what Linux takes as one string.
const maxPayloadVariable = 120 << 10

// unrunnable is the failure of a step whose program was not even started.
func unrunnable(err error) *machine.Failure {
	var path *os.PathError
	switch {
	case errors.Is(err, errRefused):
		return &machine.Failure{Code: "refused", Message: err.Error(), Fatal: true}
	case errors.Is(err, errSecret), errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission), errors.As(err, &path):
		return &machine.Failure{Code: "start", Message: err.Error()}
	}
	return &machine.Failure{Code: "with", Message: err.Error(), Fatal: true}
}

func failed(f *machine.Failure) work.Result { return work.Result{Failure: f} }

// ended returns how a program ended: "" when it succeeded.
func ended(status syscall.WaitStatus) (code, message string) {
	switch {
	case status.Signaled():
		name := signalName(status.Signal())
		return "signal." + name, "ended by signal " + name
	case status.ExitStatus() != 0:
		return fmt.Sprintf("exit.%d", status.ExitStatus()), fmt.Sprintf("exited with status %d", status.ExitStatus())
	}
	return "", ""
}
