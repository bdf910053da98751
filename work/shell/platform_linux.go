package shell

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childAttributes makes a program lead its own session and group, and be
// killed when Berth is.
func childAttributes(cred *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: cred, Pdeathsig: syscall.SIGKILL}
}

// awaitExit blocks until a child has ended, and leaves it to be reaped.
func awaitExit(pid int) {
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
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

// restrict sets what the kernel bounds for each process. It reaches a program
// that has just been started; the watch over all its processes does not depend
// on it.
func restrict(pid int, l Limits, ownUser bool) {
	set := func(resource int, value uint64) {
		_ = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: value, Max: value}, nil) // it may have ended
	}
	set(unix.RLIMIT_CORE, 0) // a core holds the secrets
	if l.CPUTime > 0 {
		set(unix.RLIMIT_CPU, uint64((l.CPUTime.Std()+time.Second-1)/time.Second))
	}
	if l.Files > 0 {
		set(unix.RLIMIT_NOFILE, uint64(l.Files))
	}
	if l.Processes > 0 && ownUser { // the kernel counts per user
		set(unix.RLIMIT_NPROC, uint64(l.Processes))
	}
}

// procStat is what is used of /proc/<pid>/stat.
type procStat struct {
	pid, parent, group, session int
	state                       byte
	cpu                         time.Duration // of its dead children too
	resident                    int64
	started                     uint64 // in ticks since the system's start
}

// alive reports whether it still runs.
func (p procStat) alive() bool { return p.state != 'Z' && p.state != 'X' }

// signal sends sig to this very process, not to another that got its number.
func (p procStat) signal(sig syscall.Signal) {
	handle, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return // it has ended, or the kernel is older than 5.3: then its group must do
	}
	defer unix.Close(handle)
	if now, ok := readStat(p.pid); ok && now.started == p.started {
		_ = unix.PidfdSendSignal(handle, sig, nil, 0)
	}
}

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
		if pid, err := strconv.Atoi(name); err == nil {
			if p, ok := readStat(pid); ok {
				stats = append(stats, p)
			}
		}
	}
	return stats
}

// readStat reads one line of the table. There are hundreds of them to read at
// the end of every attempt: [os.ReadFile] would take twice the time.
func readStat(pid int) (procStat, bool) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return procStat{}, false
	}
	defer unix.Close(fd)
	var line [1024]byte // the name has at most 64 bytes, and there are 52 numbers
	n, err := unix.Read(fd, line[:])
	if err != nil || n <= 0 {
		return procStat{}, false
	}
	return parseStat(pid, string(line[:n]))
}

// parseStat parses a line of proc_pid_stat(5). The name in parentheses may hold
// anything, parentheses included.
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
		session:  int(number(6)),
		cpu:      time.Duration(number(14)+number(15)+number(16)+number(17)) * time.Second / ticksPerSecond,
		started:  uint64(number(22)),
		resident: number(24) * int64(os.Getpagesize()),
	}, true
}

// maxEnviron is how much of an environment is searched.
const maxEnviron = 8 << 20

// hasVariable reports whether a process was started with a variable.
func hasVariable(pid int, variable string) bool {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxEnviron))
	return err == nil && bytes.Contains(append([]byte{0}, data...), []byte("\x00"+variable+"\x00"))
}
