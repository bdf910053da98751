package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// Executor executes steps as pods. It implements [work.Executor] and is safe
// for concurrent use.
type Executor struct {
	opts      Options
	contracts map[string]Contract
	hub       *hub
	reaper    reaper
}

// New returns an executor, or everything that is wrong with the options. It
// does not ask the cluster anything.
func New(opts Options) (*Executor, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	e := &Executor{
		opts: opts, contracts: map[string]Contract{},
		hub: newHub(opts.Client, opts.Instance, opts.Log),
	}
	e.reaper = reaper{executor: e, stale: map[string]map[string]sighting{}}
	maps.Copy(e.contracts, opts.Contracts)
	e.contracts[ContractBerth] = berth{}
	return e, nil
}

// Types returns the step types it executes, sorted.
func (e *Executor) Types() []string { return e.opts.Registry.Names() }

// Execute runs the pod of a task to its end. It returns when the handler has
// ended or, where the attempt is over before, when the cluster has confirmed
// that, or had time to. When the engine stops, or loses the shard of the run to
// another, the pod goes on: the attempt that follows takes it over.
func (e *Executor) Execute(ctx context.Context, task work.Task, report work.Reporter) work.Result {
	settings, ok := e.opts.Registry.Settings(task.Type)
	if !ok {
		return failed(&machine.Failure{Code: "kube.type", Fatal: true, Message: fmt.Sprintf("there are no settings for pods of type %q", task.Type)})
	}
	if ctx.Err() != nil {
		return failed(interrupted(context.Cause(ctx)))
	}
	memory := remember(report, task.State)
	contract := e.contracts[settings.Contract]
	o, err := e.order(task, settings, contract, memory.saved)
	if err != nil {
		f := &machine.Failure{Code: "kube.payload", Fatal: true, Message: err.Error()}
		if !errors.Is(err, errTooLarge) {
			f.Code = "with"
		}
		return failed(f)
	}
	a := newAttempt(e, task, settings, contract, memory)
	found, failure := a.find(ctx, o)
	if failure == nil && found == "" {
		found, failure = o.name, a.create(ctx, o)
	}
	if failure != nil {
		return a.refused(ctx, o, failure)
	}
	memory.holds(o.namespace, found)
	return a.attend(ctx, o.namespace, found)
}

// order makes what is to be created for a task.
func (e *Executor) order(task work.Task, s Settings, c Contract, saved json.RawMessage) (*order, error) {
	given, err := c.Give(task, s, saved)
	if err != nil {
		return nil, err
	}
	if set(s.Report) {
		endpoint, err := e.opts.Report(task)
		if err != nil {
			return nil, fmt.Errorf("the address for reports: %w", err)
		}
		given.Env = append(given.Env,
			Variable{Name: "BERTH_REPORT_URL", Value: endpoint.URL},
			Variable{Name: "BERTH_REPORT_TOKEN", Value: endpoint.Token.Reveal()})
	}
	return e.build(task, s, given)
}

func failed(f *machine.Failure) work.Result { return work.Result{Failure: f} }

// interrupted is the failure of an attempt that was ended for a cause of
// package work.
func interrupted(cause error) *machine.Failure {
	f := &machine.Failure{Message: "the pod was ended: " + cause.Error()}
	switch {
	case errors.Is(cause, work.ErrTimeout), errors.Is(cause, context.DeadlineExceeded):
		f.Code = "timeout"
	case errors.Is(cause, work.ErrShardLost):
		f.Code, f.Message = "lease-lost", "another engine has the shard of the run; the pod goes on"
	case errors.Is(cause, work.ErrLeaseLost):
		f.Code = "lease-lost"
	case errors.Is(cause, work.ErrStopping):
		f.Code, f.Message = "stopping", "the engine is stopping; the pod goes on"
	default:
		f.Code = "canceled"
	}
	return f
}
