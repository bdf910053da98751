//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package shell

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childAttributes makes a program lead its own session and group.
func childAttributes(cred *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: cred}
}

// awaitExit blocks until a child has ended, and leaves it to be reaped.
func awaitExit(pid int) {
	queue, err := unix.Kqueue()
	if err != nil {
		return // the reaping that follows blocks as well
	}
	defer unix.Close(queue)
	var change [1]unix.Kevent_t
	unix.SetKevent(&change[0], pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	change[0].Fflags = unix.NOTE_EXIT
	var got [1]unix.Kevent_t
	for {
		// ESRCH is a child that has ended already.
		if _, err := unix.Kevent(queue, change[:], got[:], nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// confineThread is for Linux only.
func confineThread() error { return nil }

// restrict is for Linux only: here a process can bound only itself.
func restrict(int, Limits, bool) {}

// procStat stands for a process group: other processes are not looked for.
type procStat struct {
	pid, parent, group, session int
	cpu                         time.Duration
	resident                    int64
	started                     uint64
}

func (p procStat) alive() bool { return syscall.Kill(-p.group, 0) == nil }

func (p procStat) signal(syscall.Signal) {}

func processes() []procStat { return nil }

func readStat(int) (procStat, bool) { return procStat{}, false }

func hasVariable(int, string) bool { return false }

// cgroup is for Linux only.
type cgroup struct{}

func newCgroup(string) *cgroup { return nil }

func (*cgroup) join(*syscall.SysProcAttr) {}

func (*cgroup) members() []int { return nil }

func (*cgroup) kill() {}

func (*cgroup) remove() {}

func endCgroup(string) {}
