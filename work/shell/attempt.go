package shell

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/cause"
	"github.com/berth-project/berth/work/internal/transcript"
	"github.com/berth-project/berth/work/internal/with"
	"github.com/berth-project/berth/workflow/machine"
)

// linger is how long pipes are read after the processes are gone, in case one
// that was not found holds them open.
const linger = 2 * time.Second

var errTooLarge = errors.New("too large")

// attempt is a program from its start to its result.
type attempt struct {
	executor *Executor
	program  *program
	scratch  *scratch
	task     work.Task
	cred     *syscall.Credential

	transcript *transcript.Transcript
	child      *child
	io         sync.WaitGroup // of the goroutines that read and write pipes
	pipes      []*os.File     // Berth's ends
	output     []byte         // stdout, where it is the result
	limited    chan string    // the limit it is over; has room for one
}

func newAttempt(e *Executor, task work.Task, p *program, s *scratch, cred *syscall.Credential) *attempt {
	return &attempt{executor: e, program: p, scratch: s, task: task, cred: cred, limited: make(chan string, 1)}
}

// run runs the program to its end.
func (a *attempt) run(ctx context.Context, report work.Reporter) work.Result {
	if ctx.Err() != nil {
		return failed(&machine.Failure{Code: cause.Code(ctx), Message: "it was over before it began: " + context.Cause(ctx).Error()})
	}
	a.transcript = transcript.New(transcript.Config{
		Report: report, Redactor: transcript.NewRedactor(a.program.secrets...), MaxLog: int64(a.program.limits.Log),
	})
	if err := a.start(); err != nil {
		return failed(&machine.Failure{Code: "start", Message: fmt.Sprintf("start %s: %v", a.program.path, err)})
	}
	watching, endWatch := context.WithCancel(context.WithoutCancel(ctx))
	var watch sync.WaitGroup
	watch.Go(func() { a.watch(watching) })
	limit, interrupted := a.attend(ctx)
	endWatch()
	watch.Wait()
	status, known := a.child.finish()
	a.finishPipes()
	if limit == "" { // it may have been the reason for the end
		limit = a.exceeded()
	}
	if interrupted && limit == "" {
		return failed(a.transcript.Failure(cause.Code(ctx), "the program was ended: "+context.Cause(ctx).Error()))
	}
	return a.outcome(limit, status, known)
}

// start starts the program with its pipes.
func (a *attempt) start() error {
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close()
		}
	}()
	stdin, err := a.stdin()
	if err != nil {
		return err
	}
	theirs = append(theirs, stdin)
	for _, read := range []func(*os.File){a.readStdout, a.readStderr} {
		r, w, err := os.Pipe()
		if err != nil {
			a.finishPipes()
			return err
		}
		theirs, a.pipes = append(theirs, w), append(a.pipes, r)
		a.io.Go(func() { read(r) })
	}
	directory := a.program.directory
	if directory == "" {
		directory = a.scratch.path
	}
	a.child, err = a.executor.startChild(a.program.path, a.program.argv, &os.ProcAttr{
		Dir: directory, Env: environment(a.task, a.scratch, a.program, a.executor.opts),
		Files: theirs, Sys: childAttributes(a.cred),
	}, a.scratch)
	if err != nil {
		for _, f := range theirs {
			_ = f.Close() // the readers' ends
		}
		a.finishPipes()
		return err
	}
	restrict(a.child.process.Pid, a.program.limits, a.cred != nil)
	a.io.Go(func() { _ = a.transcript.Read(a.scratch.reader) })
	return nil
}

// stdin returns the program's standard input, with the payload on its way.
func (a *attempt) stdin() (*os.File, error) {
	if a.program.input != InputStdin || len(a.program.payload) == 0 {
		return os.Open(os.DevNull)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	a.pipes = append(a.pipes, w)
	a.io.Go(func() {
		_, _ = w.Write(a.program.payload) // a program need not read it
		_ = w.Close()
	})
	return r, nil
}

func (a *attempt) readStderr(r *os.File) { _ = a.transcript.Read(r) }

// readStdout keeps what is the result, and hands on what is log.
func (a *attempt) readStdout(r *os.File) {
	if a.program.result == ResultFile || a.program.result == ResultNone {
		_ = a.transcript.Read(r)
		return
	}
	var out bytes.Buffer
	most := a.mostOutput()
	_, _ = io.Copy(&out, io.LimitReader(r, most+1))
	if int64(out.Len()) > most {
		a.limit("output")
		_, _ = io.Copy(io.Discard, r)
	}
	a.output = out.Bytes()
}

func (a *attempt) mostOutput() int64 {
	if a.program.limits.Output > 0 {
		return int64(a.program.limits.Output)
	}
	return defaultOutput
}

// limit says that the attempt is over a limit; the first counts.
func (a *attempt) limit(name string) {
	select {
	case a.limited <- name:
	default:
	}
}

func (a *attempt) exceeded() string {
	select {
	case name := <-a.limited:
		return name
	default:
		return ""
	}
}

// watch compares what the attempt uses with its limits.
func (a *attempt) watch(ctx context.Context) {
	l := a.program.limits
	if l.Memory == 0 && l.CPUTime == 0 && l.Processes == 0 {
		return
	}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if name := a.child.tree.exceeds(l); name != "" {
			a.limit(name)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// attend waits until the program has ended, or ends it. It returns which limit
// it was over, or whether ctx was why.
func (a *attempt) attend(ctx context.Context) (limit string, interrupted bool) {
	select {
	case <-a.child.exited:
		return "", false
	case limit = <-a.limited:
		a.child.stop(min(a.program.grace, limitGrace))
		return limit, false
	case <-ctx.Done():
	}
	if !errors.Is(context.Cause(ctx), work.ErrLeaseLost) {
		a.child.stop(a.program.grace)
	}
	return "", true
}

// limitGrace is how long a program that is over a limit has to end by itself.
const limitGrace = time.Second

// finishPipes reads what is left once everything is gone.
func (a *attempt) finishPipes() {
	for _, f := range a.pipes {
		_ = f.SetDeadline(time.Now().Add(linger))
	}
	if a.scratch.writer != nil {
		_ = a.scratch.writer.Close()
		_ = a.scratch.reader.SetReadDeadline(time.Now().Add(linger))
	}
	a.io.Wait()
	for _, f := range a.pipes {
		_ = f.Close()
	}
}

// outcome is the result of an attempt whose program has ended.
func (a *attempt) outcome(limit string, status syscall.WaitStatus, known bool) work.Result {
	if limit == "" && known && status.Signaled() && status.Signal() == syscall.SIGXCPU {
		limit = "cpu-time"
	}
	switch code, message := ended(status); {
	case limit != "":
		return failed(a.transcript.Failure("limit."+limit, fmt.Sprintf(
			"the program was over its limit of %s%s", limit, a.limitText(limit))))
	case !known:
		return failed(a.transcript.Failure("crash", "how the program ended is not known: something else in Berth waited for it"))
	case code != "":
		return failed(a.transcript.Failure(code, message))
	}
	output, err := a.result()
	switch {
	case errors.Is(err, errTooLarge):
		return failed(a.transcript.Failure("limit.output", fmt.Sprintf("the result is larger than %d bytes", a.mostOutput())))
	case err != nil:
		return failed(a.transcript.Failure("result", fmt.Sprintf("the program succeeded, but its result (%s) is unusable: %v",
			a.program.result, err)))
	}
	return work.Result{Output: output}
}

func (a *attempt) limitText(limit string) string {
	switch l := a.program.limits; limit {
	case "memory":
		return fmt.Sprintf(", %s", l.Memory)
	case "cpu-time":
		return fmt.Sprintf(", %s", l.CPUTime)
	case "processes":
		return fmt.Sprintf(", %d", l.Processes)
	case "output":
		return fmt.Sprintf(", %s", Size(a.mostOutput()))
	}
	return ""
}

// result is what a program that succeeded gave.
func (a *attempt) result() (json.RawMessage, error) {
	switch a.program.result {
	case ResultNone:
		return json.RawMessage("null"), nil
	case ResultText:
		text := strings.TrimSuffix(strings.TrimSuffix(string(a.output), "\n"), "\r")
		return json.Marshal(text)
	case ResultFile:
		data, err := a.scratch.result(a.mostOutput())
		if err != nil {
			return nil, err
		}
		return with.Result(data)
	}
	return with.Result(a.output)
}

// signalName returns the name of a signal without SIG: "KILL".
func signalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return fmt.Sprint(int(sig))
}
