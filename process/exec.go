package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/term"
)

// ExecConfig is one command to run in Berth's place.
type ExecConfig struct {
	// Command is the program and its arguments; with Shell a script.
	Command []string
	// Shell runs Command[0] with /bin/sh -c.
	Shell bool
	// Directory is the working directory; empty is Berth's own.
	Directory string
	// Environment is the whole environment, "NAME=value".
	Environment []string
	// Stdin, Stdout and Stderr are handed to the program as they are; nil is
	// /dev/null.
	Stdin, Stdout, Stderr *os.File
	// Rewrite maps signals to those to pass on in their place, 0 to none.
	Rewrite map[syscall.Signal]syscall.Signal
	// Grace is how long the program has when ctx ends, after SIGTERM and before
	// SIGKILL. Default 10s.
	Grace time.Duration
	// Reap collects orphans, as PID 1 has to. It takes over every child the
	// program has but the command.
	Reap bool
}

// forwarded are the signals Exec passes on.
var forwarded = []syscall.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT,
}

// fromTerminal are the signals a terminal sends to the whole foreground group
// itself. The command is in it, so passing them on would double them.
var fromTerminal = map[syscall.Signal]syscall.Signal{
	syscall.SIGINT: 0, syscall.SIGQUIT: 0, syscall.SIGWINCH: 0, syscall.SIGCONT: 0,
}

// Exec runs a command, passes signals on to it and returns its status, 128
// plus the number when a signal ended it. When the command cannot be started
// the status is 127 (not found) or 126, and the error says why.
//
// Signals that arrive are for the command: ctx should not end with one. When
// stdin is a terminal the command stays in Berth's process group, and the
// terminal's own signals reach it directly; otherwise it leads its own group
// and that gets them.
func Exec(ctx context.Context, cfg ExecConfig) (int, error) {
	if err := validCommand(cfg.Command, cfg.Shell); err != nil {
		return codeNotExecutable, err
	}
	// From here on, so that no signal ends Berth without the command.
	arrived := make(chan os.Signal, len(forwarded))
	signal.Notify(arrived, osSignals(forwarded)...)
	defer signal.Stop(arrived)
	// The parent-death signal follows the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	foreground := cfg.Stdin != nil && term.IsTerminal(int(cfg.Stdin.Fd()))
	spawner := newSpawner()
	process, err := execStart(spawner, &cfg, foreground)
	if err != nil {
		return startFailure(err).Code, err
	}
	exited := make(chan struct{})
	var background sync.WaitGroup
	background.Go(func() {
		defer close(exited)
		awaitExit(process.Pid)
	})
	serving, endServing := context.WithCancel(context.WithoutCancel(ctx))
	defer endServing()
	if cfg.Reap {
		background.Go(func() { newExecReaper(spawner).run(serving) })
	}
	e := execution{cfg: &cfg, arrived: arrived, exited: exited, target: -process.Pid, rewrite: cfg.Rewrite}
	if foreground {
		e.target, e.rewrite = process.Pid, withTerminal(cfg.Rewrite)
	}
	e.attend(ctx)
	state, err := spawner.reap(process)
	endServing()
	background.Wait()
	if err != nil {
		return 255, fmt.Errorf("wait for %s: %w", cfg.Command[0], err)
	}
	return exitOf(state.Sys().(syscall.WaitStatus)).Code, nil
}

func newExecReaper(s *spawner) *reaper {
	unregistered := prometheus.NewCounter(prometheus.CounterOpts{Name: "berth_process_orphans_reaped_total"})
	return &reaper{spawner: s, everything: true, reaped: unregistered, log: slog.New(slog.DiscardHandler)}
}

func execStart(s *spawner, cfg *ExecConfig, foreground bool) (*os.Process, error) {
	cmd := command{argv: cfg.Command, shell: cfg.Shell, directory: cfg.Directory, environment: cfg.Environment}
	path, argv, err := cmd.resolve()
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	files := []*os.File{cfg.Stdin, cfg.Stdout, cfg.Stderr}
	for i, f := range files {
		if f == nil {
			files[i] = null
		}
	}
	attr := childAttributes(nil)
	attr.Setpgid = !foreground
	return s.fork(spawnRequest{path: path, argv: argv, attr: &os.ProcAttr{
		Dir: cfg.Directory, Env: cfg.Environment, Files: files, Sys: attr,
	}})
}

// withTerminal adds what the terminal does itself to the rewriting of signals.
func withTerminal(rewrite map[syscall.Signal]syscall.Signal) map[syscall.Signal]syscall.Signal {
	merged := make(map[syscall.Signal]syscall.Signal, len(rewrite)+len(fromTerminal))
	for from, to := range fromTerminal {
		merged[from] = to
	}
	for from, to := range rewrite {
		merged[from] = to
	}
	return merged
}

// execution is a running command of Exec.
type execution struct {
	cfg     *ExecConfig
	arrived <-chan os.Signal
	exited  <-chan struct{}
	target  int // of kill(2)
	rewrite map[syscall.Signal]syscall.Signal
}

// attend passes signals on until the command has ended.
func (e *execution) attend(ctx context.Context) {
	ending, asked := ctx.Done(), false
	var kill <-chan time.Time
	for {
		select {
		case <-e.exited:
			return
		case arrived := <-e.arrived:
			if sig, ok := rewritten(arrived, e.rewrite); ok {
				asked = asked || sig == syscall.SIGTERM || sig == syscall.SIGINT
				_ = syscall.Kill(e.target, sig)
			}
		case <-ending:
			ending = nil
			if !asked {
				_ = syscall.Kill(e.target, syscall.SIGTERM)
			}
			grace := e.cfg.Grace
			if grace == 0 {
				grace = 10 * time.Second
			}
			kill = time.After(grace)
		case <-kill:
			_ = syscall.Kill(e.target, syscall.SIGKILL)
		}
	}
}
