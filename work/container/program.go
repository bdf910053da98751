package container

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/with"
	"github.com/berth-project/berth/workflow"
)

// Request is the "with" of a step of type "container". Unknown keys are
// refused.
type Request struct {
	// Image is the name of an image that the operator allows.
	Image string `json:"image"`
	// Entrypoint and Command replace the image's own.
	Entrypoint []string `json:"entrypoint,omitempty"`
	Command    []string `json:"command,omitempty"`
	// Env are variables: a text, or {"secret": "name"} for a secret that the
	// operator knows by that name and hides from logs and failures.
	Env map[string]Value `json:"env,omitempty"`
	// Payload is any JSON.
	Payload json.RawMessage `json:"payload,omitempty"`
	// Input is how the payload is given: "file" (default) or "env".
	Input Input `json:"input,omitempty"`
	// Result is where the result comes from: "file" (default), "stdout", "text"
	// or "none".
	Result Result `json:"result,omitempty"`
	// Limits are at most the operator's.
	Limits Limits `json:"limits,omitzero"`
	// Grace is how long it has after SIGTERM; at most the operator's, which is
	// the default.
	Grace workflow.Duration `json:"grace,omitempty"`
}

// Value is the value of a variable: a text, or the name of a secret that is.
type Value = with.Value

// program is what an attempt runs, with everything resolved and allowed.
type program struct {
	Image
	variables map[string]string
	secrets   []secret.String // among the variables
	payload   []byte
}

var (
	// errRefused marks what the operator does not allow.
	errRefused = errors.New("not allowed here")
	// errSecret marks a secret that is not to be had at present.
	errSecret = errors.New("secret not available")
)

// maxVariables bounds what a document may add to an environment, and
// maxPayloadVariable keeps BERTH_PAYLOAD below what Linux takes as one string.
const (
	maxVariables       = 256
	maxPayloadVariable = 120 << 10
)

// program returns what a task runs.
func (e *Executor) program(task work.Task) (*program, error) {
	p, err := e.resolve(task)
	if err != nil {
		return nil, err
	}
	p.Input, p.Result = cmp.Or(p.Input, InputFile), cmp.Or(p.Result, ResultFile)
	p.Pull, p.Grace = cmp.Or(p.Pull, PullMissing), cmp.Or(p.Grace, e.opts.Grace)
	p.Limits = p.Limits.or(e.opts.Limits).or(Limits{
		Processes: defaultProcesses, Files: defaultFiles, Output: defaultOutput, Log: 16 << 20,
	})
	if p.Input == InputEnv && len(p.payload) > maxPayloadVariable {
		return nil, fmt.Errorf("the payload has %d bytes, and a variable takes %d: use input file", len(p.payload), maxPayloadVariable)
	}
	return p, nil
}

func (e *Executor) resolve(task work.Task) (*program, error) {
	if image, ok := e.opts.Images[task.Type]; ok {
		p := &program{Image: image, variables: map[string]string{}, payload: task.With}
		for name, value := range image.Environment {
			p.variables[name] = value
		}
		for name, secretName := range image.Secrets {
			if err := e.reveal(task, p, name, Value{Secret: secretName}); err != nil {
				return nil, err
			}
		}
		return p, nil
	}
	switch {
	case task.Type != typeContainer:
		return nil, fmt.Errorf("step type %q: %w: the operator has no image of that name", task.Type, errRefused)
	case e.opts.Free == nil:
		return nil, fmt.Errorf("step type %q: %w: documents cannot name images; use a step type the operator has an image for", task.Type, errRefused)
	}
	return e.request(task)
}

// request returns the program of a step of type "container".
func (e *Executor) request(task work.Task) (*program, error) {
	var r Request
	if err := with.Decode(task.With, &r); err != nil {
		return nil, err
	}
	ref, err := parseReference(r.Image)
	if err != nil {
		return nil, err
	}
	if !e.opts.Free.allows(ref) {
		return nil, fmt.Errorf("image %s: %w: it is not among those that steps may run", ref, errRefused)
	}
	if err := errors.Join(r.Input.validate(), r.Result.validate(), r.Limits.within(e.opts.Limits)); err != nil {
		return nil, err
	}
	if r.Grace.Std() > e.opts.Grace {
		return nil, fmt.Errorf("grace: %s is more than the %s allowed", r.Grace, e.opts.Grace)
	}
	if len(r.Env) > maxVariables {
		return nil, fmt.Errorf("env: %d variables are more than the %d allowed", len(r.Env), maxVariables)
	}
	p := &program{payload: r.Payload, variables: map[string]string{}, Image: Image{
		Image: ref.String(), Entrypoint: r.Entrypoint, Command: r.Command, Pull: e.opts.Free.Pull, Sandbox: e.opts.Free.Sandbox,
		Input: r.Input, Result: r.Result, Limits: r.Limits, Grace: r.Grace.Std(),
	}}
	for name, value := range r.Env {
		if err := validVariable(name); err != nil {
			return nil, fmt.Errorf("env: %w", err)
		}
		if p.variables[name] = value.Text; value.Secret == "" {
			continue
		}
		if err := e.reveal(task, p, name, value); err != nil {
			return nil, err
		}
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

// or returns l with what it leaves open taken from base.
func (l Limits) or(base Limits) Limits {
	return Limits{
		Memory:    cmp.Or(l.Memory, base.Memory),
		CPUs:      cmp.Or(l.CPUs, base.CPUs),
		Processes: cmp.Or(l.Processes, base.Processes),
		Files:     cmp.Or(l.Files, base.Files),
		Output:    cmp.Or(l.Output, base.Output),
		Log:       cmp.Or(l.Log, base.Log),
	}
}

// within reports which limit is higher than what is allowed.
func (l Limits) within(most Limits) error {
	return errors.Join(
		atMost("memory", l.Memory, most.Memory),
		atMost("cpus", l.CPUs, most.CPUs),
		atMost("processes", l.Processes, max(most.Processes, defaultProcesses)),
		atMost("files", l.Files, max(most.Files, defaultFiles)),
		atMost("output", l.Output, max(most.Output, defaultOutput)),
		atMost("log", l.Log, most.Log),
	)
}

func atMost[T ~int | ~int64 | ~float64](name string, value, most T) error {
	switch {
	case value < 0 || float64(value) > math.MaxInt32 && name == "cpus":
		return fmt.Errorf("limits.%s: %v is not possible", name, value)
	case most > 0 && value > most:
		return fmt.Errorf("limits.%s: %v is more than the %v allowed", name, value, most)
	}
	return nil
}
