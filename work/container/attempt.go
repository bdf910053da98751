package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/cause"
	"github.com/berth-project/berth/work/internal/transcript"
	"github.com/berth-project/berth/work/internal/with"
	"github.com/berth-project/berth/workflow/machine"
)

const (
	// linger is how long the log of a container that has ended is read.
	linger = 5 * time.Second
	// away is how long the engine may not answer while a container runs.
	away = time.Minute
	// pause is how long it is left alone before it is asked again.
	pause = time.Second
)

// attempt is a container from its creation to its removal.
type attempt struct {
	*Executor
	task    work.Task
	program *program
	report  work.Reporter

	transcript *transcript.Transcript
	id         string
	output     bytes.Buffer  // stdout, where it is the result
	cut        error         // why output is not all of it
	overflow   chan struct{} // closed when that is too large
}

func newAttempt(e *Executor, task work.Task, p *program, report work.Reporter) *attempt {
	return &attempt{
		Executor: e, task: task, program: p, report: report, overflow: make(chan struct{}),
		transcript: transcript.New(transcript.Config{
			Report: report, Redactor: transcript.NewRedactor(p.secrets...), MaxLog: int64(p.Limits.Log),
		}),
	}
}

// run runs the container to its end.
func (a *attempt) run(ctx context.Context) work.Result {
	defer a.remove(context.WithoutCancel(ctx))
	if err := a.start(ctx); err != nil {
		return failed(a.unstarted(ctx, err))
	}
	following, endFollow := context.WithCancel(context.WithoutCancel(ctx))
	defer endFollow()
	var follow sync.WaitGroup
	logged := make(chan struct{})
	follow.Go(func() {
		defer close(logged)
		a.follow(following)
	})
	err := a.attend(ctx)
	select {
	case <-logged:
	case <-time.After(linger):
	}
	endFollow()
	follow.Wait()
	return a.outcome(ctx, err)
}

// start creates the container, gives it its files and starts it.
func (a *attempt) start(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := a.ensure(ctx, a.program.Image.Image, a.program.Pull, a.report); err != nil {
		return err
	}
	var created struct {
		ID string `json:"Id"`
	}
	name := fmt.Sprintf("%s-%s-%d", a.opts.Scope, a.task.Run, a.task.Fence)
	// Not ended with ctx: a container whose id did not arrive would be left.
	creating := context.WithoutCancel(ctx)
	if err := a.engine.short(creating, http.MethodPost, "/containers/create", url.Values{"name": {name}}, a.spec(a.task, a.program), &created); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	a.id = created.ID
	filling, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	archive := files(a.task, a.program.payload, a.program.User)
	answer, err := a.engine.open(filling, http.MethodPut, a.path("/archive"), url.Values{"path": {directory}},
		http.Header{"Content-Type": {"application/x-tar"}}, bytes.NewReader(archive))
	if err != nil {
		return fmt.Errorf("give it its files: %w", err)
	}
	_ = answer.Close()
	if err := a.engine.short(ctx, http.MethodPost, a.path("/start"), nil, nil, nil); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return nil
}

func (a *attempt) path(action string) string { return "/containers/" + a.id + action }

// unstarted is the failure of a container that did not get to run.
func (a *attempt) unstarted(ctx context.Context, err error) *machine.Failure {
	f := &machine.Failure{Code: "engine", Message: err.Error()}
	_, answered := errors.AsType[*apiError](err)
	switch {
	case ctx.Err() != nil:
		f.Code, f.Message = cause.Code(ctx), "it was ended before it began: "+context.Cause(ctx).Error()
	case errors.Is(err, errImage):
		f.Code = "image"
	case answered:
		f.Code = "start"
	}
	return f
}

// follow reads the log of the container as it grows.
func (a *attempt) follow(ctx context.Context) {
	stream, err := a.engine.open(ctx, http.MethodGet, a.path("/logs"), url.Values{"follow": {"1"}, "stdout": {"1"}, "stderr": {"1"}}, nil, nil)
	if err != nil {
		a.cut = err
		a.report.Log(fmt.Appendf(nil, "[the log cannot be read: %v]\n", err))
		return
	}
	defer stream.Close()
	outRead, outWrite := io.Pipe()
	errRead, errWrite := io.Pipe()
	var readers sync.WaitGroup
	readers.Go(func() { a.readStdout(outRead) })
	readers.Go(func() { _ = a.transcript.Read(errRead) })
	err = demultiplex(stream, outWrite, errWrite)
	_ = outWrite.Close()
	_ = errWrite.Close()
	readers.Wait()
	if a.cut = err; err != nil && ctx.Err() == nil {
		a.report.Log(fmt.Appendf(nil, "[the log ends here: %v]\n", err))
	}
}

// readStdout keeps what is the result, and hands on what is log.
func (a *attempt) readStdout(r io.Reader) {
	if a.program.Result == ResultFile || a.program.Result == ResultNone {
		_ = a.transcript.Read(r)
		return
	}
	most := int64(a.program.Limits.Output)
	_, _ = io.Copy(&a.output, io.LimitReader(r, most+1))
	if int64(a.output.Len()) > most {
		close(a.overflow)
		_, _ = io.Copy(io.Discard, r)
	}
}

// attend waits until the container has ended, or ends it.
func (a *attempt) attend(ctx context.Context) error {
	waiting, endWait := context.WithCancel(context.WithoutCancel(ctx))
	defer endWait()
	ended := make(chan error, 1)
	go func() { ended <- a.wait(waiting) }() // ends with waiting at the latest
	select {
	case err := <-ended:
		return err
	case <-a.overflow:
		a.stop(waiting, 0)
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), work.ErrLeaseLost) {
			a.stop(waiting, 0)
		} else {
			a.stop(waiting, a.program.Grace)
		}
	}
	endWait()
	<-ended
	return nil
}

// wait waits for the end of the container, also over a restart of the engine.
func (a *attempt) wait(ctx context.Context) error {
	for gone := time.Now().Add(away); ; {
		err := a.engine.call(ctx, http.MethodPost, a.path("/wait"), nil, nil, nil)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if isStatus(err, http.StatusNotFound) {
			return fmt.Errorf("somebody removed the container: %w", err)
		}
		if time.Now().After(gone) {
			return fmt.Errorf("the engine has not answered for %s: %w", away, err)
		}
		if state, err := a.inspect(ctx); err == nil {
			if !state.Running {
				return nil
			}
			gone = time.Now().Add(away)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stop asks the program to end and kills it after a grace period; none kills
// it at once.
func (a *attempt) stop(ctx context.Context, grace time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, grace+callTimeout)
	defer cancel()
	if grace == 0 {
		_ = a.engine.call(ctx, http.MethodPost, a.path("/kill"), nil, nil, nil) // remove does it again
		return
	}
	seconds := int64((grace + time.Second - 1) / time.Second)
	_ = a.engine.call(ctx, http.MethodPost, a.path("/stop"), url.Values{"t": {strconv.FormatInt(seconds, 10)}}, nil, nil)
}

// state is what "Inspect a container" tells.
type state struct {
	Running   bool
	OOMKilled bool
	ExitCode  int
	Error     string
}

func (a *attempt) inspect(ctx context.Context) (state, error) {
	var answer struct{ State state }
	err := a.engine.short(ctx, http.MethodGet, a.path("/json"), nil, nil, &answer)
	return answer.State, err
}

// remove removes the container and its volume.
func (a *attempt) remove(ctx context.Context) {
	if a.id == "" {
		return
	}
	if err := a.Executor.remove(ctx, a.id); err != nil {
		a.report.Log(fmt.Appendf(nil, "[the container is not removed yet: %v]\n", err))
	}
}

// outcome is the result of an attempt whose container has ended.
func (a *attempt) outcome(ctx context.Context, err error) work.Result {
	late := context.WithoutCancel(ctx)
	overflown := false
	select {
	case <-a.overflow:
		overflown = true
	default:
	}
	switch {
	case overflown:
		return failed(a.transcript.Failure("limit.output", fmt.Sprintf("the result is larger than %s", a.program.Limits.Output)))
	case ctx.Err() != nil:
		return failed(a.transcript.Failure(cause.Code(ctx), "the container was ended: "+context.Cause(ctx).Error()))
	case err != nil:
		return failed(a.transcript.Failure("engine", err.Error()))
	}
	end, err := a.inspect(late)
	switch {
	case err != nil:
		return failed(a.transcript.Failure("engine", fmt.Sprintf("how the container ended is not known: %v", err)))
	case end.OOMKilled:
		return failed(a.transcript.Failure("limit.memory", fmt.Sprintf("the program was over its limit of memory, %s", a.program.Limits.Memory)))
	case end.ExitCode != 0:
		return failed(a.transcript.Failure(fmt.Sprintf("exit.%d", end.ExitCode), a.exited(end)))
	}
	if fromLog := a.program.Result == ResultStdout || a.program.Result == ResultText; fromLog && a.cut != nil {
		// What arrived may be the beginning of a number, or of a text.
		return failed(a.transcript.Failure("engine", fmt.Sprintf("the program succeeded, but its output could not be read to the end: %v", a.cut)))
	}
	output, err := a.result(late)
	switch {
	case errors.Is(err, errTooLarge):
		return failed(a.transcript.Failure("limit.output", fmt.Sprintf("the result is larger than %s", a.program.Limits.Output)))
	case err != nil:
		return failed(a.transcript.Failure("result", fmt.Sprintf("the program succeeded, but its result (%s) is unusable: %v", a.program.Result, err)))
	}
	return work.Result{Output: output}
}

// killed is the status of a program that was ended by SIGKILL.
const killed = 128 + 9

// exited tells how a container ended that did not succeed.
func (a *attempt) exited(end state) string {
	message := fmt.Sprintf("exited with status %d", end.ExitCode)
	if end.Error != "" {
		message += " (" + end.Error + ")"
	}
	if end.ExitCode == killed && a.program.Limits.Memory > 0 {
		// Not every engine can tell.
		message += fmt.Sprintf(": it was killed, perhaps because it was over its limit of memory, %s", a.program.Limits.Memory)
	}
	return message
}

// result is what a program that succeeded gave.
func (a *attempt) result(ctx context.Context) (json.RawMessage, error) {
	switch a.program.Result {
	case ResultNone:
		return json.RawMessage("null"), nil
	case ResultText:
		return json.Marshal(strings.TrimSuffix(strings.TrimSuffix(a.output.String(), "\n"), "\r"))
	case ResultStdout:
		return with.Result(a.output.Bytes())
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	archive, err := a.engine.open(ctx, http.MethodGet, a.path("/archive"), url.Values{"path": {resultFile}}, nil, nil)
	if isStatus(err, http.StatusNotFound) {
		return json.RawMessage("null"), nil // the program removed it
	}
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	data, err := readFile(archive, int64(a.program.Limits.Output))
	if err != nil {
		return nil, err
	}
	return with.Result(data)
}
