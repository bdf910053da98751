package process

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/berth-project/berth/internal/credential"
)

// groupPoll is how often a process group whose leader is gone is looked at.
const groupPoll = 10 * time.Millisecond

// killWait bounds the wait for a killed group: a process in an uninterruptible
// system call does not die before that returns.
const killWait = 5 * time.Second

// child is a running program and its process group.
type child struct {
	pid     int
	process *os.Process
	spawner *spawner
	out     *output
	// exited is closed when the leader has ended. It is not reaped then: its
	// number stays taken until finish.
	exited chan struct{}

	mu     sync.Mutex // guards reaped
	reaped bool
}

// startChild starts a program in a group of its own, with its output going to
// log.
func startChild(s *spawner, cmd command, log *slog.Logger, dropped interface{ Add(float64) }) (*child, error) {
	path, argv, err := cmd.resolve()
	if err != nil {
		return nil, err
	}
	cred, err := credential.Of(cmd.user, cmd.group)
	if err != nil {
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	out, ends, err := openOutput(log, dropped)
	if err != nil {
		return nil, err
	}
	process, err := s.start(path, argv, &os.ProcAttr{
		Dir:   cmd.directory,
		Env:   cmd.environment,
		Files: []*os.File{null, ends[0], ends[1]},
		Sys:   childAttributes(cred),
	})
	if err != nil {
		out.abandon(ends)
		return nil, fmt.Errorf("exec: %w", err)
	}
	for _, end := range ends {
		_ = end.Close()
	}
	c := &child{pid: process.Pid, process: process, spawner: s, out: out, exited: make(chan struct{})}
	out.start(&s.writers)
	go func() { // ends with the leader; finish waits for it
		defer close(c.exited)
		awaitExit(c.pid)
	}()
	return c, nil
}

// signal sends sig to the group, unless it is gone.
func (c *child) signal(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		_ = syscall.Kill(-c.pid, sig) // ESRCH: everybody has left
	}
}

// stop asks the group to end and kills it when it has not within the grace
// period, or when now is closed.
func (c *child) stop(how Stop, now <-chan struct{}) {
	c.signal(how.Signal)
	c.signal(syscall.SIGCONT) // a suspended process would not hear the other
	grace := time.NewTimer(how.Grace)
	defer grace.Stop()
	select {
	case <-c.exited:
	case <-grace.C:
		return
	case <-now:
		return
	}
	// A shell ends at once where the server it started still answers requests.
	poll := time.NewTicker(groupPoll)
	defer poll.Stop()
	for groupAlive(c.pid) {
		select {
		case <-poll.C:
		case <-grace.C:
			return
		case <-now:
			return
		}
	}
}

// finish kills whoever is left of the group, reaps the leader and returns how
// it ended, with the output read to its end. cause is what is known beyond the
// exit status, empty for nothing.
func (c *child) finish(cause string) Exit {
	c.signal(syscall.SIGKILL)
	<-c.exited
	for deadline := time.Now().Add(killWait); groupAlive(c.pid) && time.Now().Before(deadline); {
		time.Sleep(groupPoll)
	}
	c.mu.Lock()
	c.reaped = true
	c.mu.Unlock()
	state, err := c.spawner.reap(c.process)
	c.out.finish()
	exit := Exit{Code: 255}
	if err == nil {
		exit = exitOf(state.Sys().(syscall.WaitStatus))
	} else if cause == "" {
		cause = fmt.Sprintf("exit status lost: %v", err)
	}
	exit.Cause, exit.At = cause, time.Now()
	return exit
}
