package container

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// Executor executes steps in containers. It implements [work.Executor].
type Executor struct {
	opts   Options
	engine *engine
}

// New returns an executor. It opens no connection.
func New(opts Options) (*Executor, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("container: %w", err)
	}
	if opts.Socket == "" {
		opts.Socket = defaultSocket
	}
	if opts.Scope == "" {
		opts.Scope = defaultScope
	}
	if opts.Grace == 0 {
		opts.Grace = defaultGrace
	}
	if opts.PullTimeout == 0 {
		opts.PullTimeout = defaultPullTimeout
	}
	return &Executor{opts, newEngine(opts.Socket)}, nil
}

// Types returns the step types it executes, sorted.
func (e *Executor) Types() []string {
	types := slices.Collect(maps.Keys(e.opts.Images))
	if e.opts.Free != nil {
		types = append(types, typeContainer)
	}
	slices.Sort(types)
	return types
}

// Check reports whether the engine answers.
func (e *Executor) Check(ctx context.Context) error {
	if err := e.engine.short(ctx, "GET", "/_ping", nil, nil, nil); err != nil {
		return fmt.Errorf("container engine at %s: %w", e.opts.Socket, err)
	}
	return nil
}

// Close closes the connections that are kept for the next call.
func (e *Executor) Close() { e.engine.client.CloseIdleConnections() }

// Execute runs the program of a task in a container. When it returns the
// container is gone, unless the engine did not answer; then Reap removes it.
func (e *Executor) Execute(ctx context.Context, task work.Task, report work.Reporter) work.Result {
	p, err := e.program(task)
	if err != nil {
		return failed(unrunnable(err))
	}
	a := newAttempt(e, task, p, report)
	return a.run(ctx)
}

// unrunnable is the failure of a step that was not even brought to the engine.
func unrunnable(err error) *machine.Failure {
	switch {
	case errors.Is(err, errRefused):
		return &machine.Failure{Code: "refused", Message: err.Error(), Fatal: true}
	case errors.Is(err, errSecret):
		return &machine.Failure{Code: "start", Message: err.Error()}
	}
	return &machine.Failure{Code: "with", Message: err.Error(), Fatal: true}
}

func failed(f *machine.Failure) work.Result { return work.Result{Failure: f} }
