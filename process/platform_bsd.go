//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childAttributes makes a child lead its own group.
func childAttributes(cred *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: cred}
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

// becomeSubreaper is for Linux only.
func becomeSubreaper() error { return errors.New("only Linux lets a program adopt orphans") }

// groupAlive reports whether a group has a member that has not ended; a group
// of zombies takes no signals.
func groupAlive(group int) bool { return syscall.Kill(-group, 0) == nil }

type procStat struct{ pid, parent, group int }

func (procStat) alive() bool { return true }

// processes is for Linux only.
func processes() []procStat { return nil }

// usage is what a process group uses; not known here.
type usage struct {
	resident int64
	cpu      time.Duration
}

func groupUsage() map[int]usage { return nil }
