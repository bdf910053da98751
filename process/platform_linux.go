package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childAttributes makes a child lead its own group, and end when Berth is
// killed. The leader is asked to end, not killed, so that it can end its own
// children.
func childAttributes(cred *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: cred, Pdeathsig: syscall.SIGTERM}
}

// awaitExit blocks until a child has ended, and leaves it to be reaped.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// confineThread keeps everything the calling thread starts from gaining
// privileges by set-user-id programs and file capabilities.
func confineThread() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	return nil
}

// becomeSubreaper makes orphans among the descendants children of Berth.
func becomeSubreaper() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// procStat is what is used of /proc/<pid>/stat.
type procStat struct {
	pid, parent, group int
	state              byte
	cpu                time.Duration
	resident           int64
}

// alive reports whether it still runs.
func (p procStat) alive() bool { return p.state != 'Z' && p.state != 'X' }

// ticksPerSecond is USER_HZ, which Linux fixed at 100 for user space.
const ticksPerSecond = 100

// processes reads the process table.
func processes() []procStat {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	stats := make([]procStat, 0, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		data, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		if p, ok := parseStat(pid, string(data)); ok {
			stats = append(stats, p)
		}
	}
	return stats
}

// parseStat parses a line of proc_pid_stat(5). The name in parentheses may
// hold anything, parentheses included.
func parseStat(pid int, text string) (procStat, bool) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 22 || len(fields[0]) != 1 {
		return procStat{}, false
	}
	number := func(field int) int64 { // counted from 1, as in the manual page
		n, _ := strconv.ParseInt(fields[field-3], 10, 64)
		return n
	}
	return procStat{
		pid:      pid,
		state:    fields[0][0],
		parent:   int(number(4)),
		group:    int(number(5)),
		cpu:      time.Duration(number(14)+number(15)) * time.Second / ticksPerSecond,
		resident: number(24) * int64(os.Getpagesize()),
	}, true
}

// groupAlive reports whether a group has a member that has not ended.
func groupAlive(group int) bool {
	for _, p := range processes() {
		if p.group == group && p.alive() {
			return true
		}
	}
	return false
}

// usage is what a process group uses.
type usage struct {
	resident int64
	cpu      time.Duration
}

// groupUsage returns what every process group uses.
func groupUsage() map[int]usage {
	groups := map[int]usage{}
	for _, p := range processes() {
		u := groups[p.group]
		u.resident += p.resident
		u.cpu += p.cpu
		groups[p.group] = u
	}
	return groups
}
