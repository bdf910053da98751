package shell

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

const (
	// treePoll is how often the processes of a program that has ended, or was
	// asked to, are looked at.
	treePoll = 10 * time.Millisecond
	// killWait bounds the wait for killed processes: one in an uninterruptible
	// system call does not die before that returns.
	killWait = 5 * time.Second
)

// child is a running program and whatever it has started.
type child struct {
	process *os.Process
	keeper  Keeper
	tree    *tree
	// exited is closed when the program has ended. It is not reaped then: its
	// number stays taken until finish.
	exited chan struct{}
}

// startChild starts the program of an attempt in a session and group of its own,
// and in a control group where there may be one.
func (e *Executor) startChild(path string, argv []string, attr *os.ProcAttr, s *scratch) (*child, error) {
	c := &child{keeper: e.opts.Keeper, exited: make(chan struct{})}
	group := newCgroup(s.cgroup())
	started := make(chan error, 1)
	go func() { // ends with the program; finish waits for it
		// The signal for a parent's death follows the thread, so this one stays
		// with the program. It is never unlocked: a thread that cannot gain
		// privileges is of no use to others, and ends with this goroutine.
		runtime.LockOSThread()
		var err error
		c.process, err = c.keeper.Keep(func() (*os.Process, error) {
			if err := confineThread(); err != nil {
				return nil, err
			}
			return startIn(group, path, argv, attr)
		})
		started <- err
		if err != nil {
			return
		}
		awaitExit(c.process.Pid)
		close(c.exited)
	}()
	if err := <-started; err != nil {
		group.remove()
		return nil, err
	}
	c.tree = newTree(&e.table, c.process.Pid, s.mark(), group)
	return c, nil
}

// startIn starts a program in a control group, or outside of it where the system
// does not let it begin there, as some sandboxes do not.
func startIn(group *cgroup, path string, argv []string, attr *os.ProcAttr) (*os.Process, error) {
	if group != nil {
		inside, sys := *attr, *attr.Sys
		group.join(&sys)
		inside.Sys = &sys
		if p, err := os.StartProcess(path, argv, &inside); err == nil {
			return p, nil
		}
	}
	return os.StartProcess(path, argv, attr)
}

// signal sends sig to the program and everything it has started, and returns
// how many processes there were to hear it.
func (c *child) signal(sig syscall.Signal) int {
	_ = syscall.Kill(-c.process.Pid, sig) // not reaped: the number is its own
	living := c.tree.living()
	for _, p := range living {
		if p.group != c.process.Pid {
			p.signal(sig)
		}
	}
	return len(living)
}

// stop asks everything to end, and returns when it has, or when the grace
// period is over.
func (c *child) stop(grace time.Duration) {
	c.signal(syscall.SIGTERM)
	c.signal(syscall.SIGCONT) // a suspended process would not hear the other
	over := time.NewTimer(grace)
	defer over.Stop()
	select {
	case <-c.exited:
	case <-over.C:
		return
	}
	for pause := treePoll; len(c.tree.living()) > 0; pause = min(2*pause, watchEvery) {
		select {
		case <-time.After(pause):
		case <-over.C:
			return
		}
	}
}

// finish kills whatever is alive, reaps the program and returns how it ended.
// The last is false when it cannot be known.
func (c *child) finish() (syscall.WaitStatus, bool) {
	for deadline := time.Now().Add(killWait); ; time.Sleep(treePoll) {
		c.tree.group.kill()
		if c.signal(syscall.SIGKILL) == 0 || time.Now().After(deadline) {
			break
		}
	}
	<-c.exited
	state, err := c.process.Wait()
	c.keeper.Release(c.process)
	c.tree.group.remove()
	if err != nil {
		return 0, false
	}
	return state.Sys().(syscall.WaitStatus), true
}
