package shell

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cgroup is a control group (cgroup v2) in which an attempt's program is
// started, with whatever comes from it: nobody leaves it by losing a parent, a
// session or variables. A nil one is none.
type cgroup struct {
	path string
	dir  *os.File
}

// newCgroup makes one below Berth's own; nil where Berth may not, where there is
// no cgroup v2, or where the kernel cannot kill one (before 5.14).
func newCgroup(name string) *cgroup {
	path := cgroupPath(name)
	if path == "" || os.Mkdir(path, 0o755) != nil { //nolint:gosec // others may look at groups, as at any
		return nil
	}
	g := &cgroup{path: path}
	var err error
	if g.dir, err = os.Open(path); err != nil || unix.Access(g.file("cgroup.kill"), unix.W_OK) != nil {
		g.remove()
		return nil
	}
	return g
}

// cgroupPath is where an attempt's group is; "" without cgroup v2.
func cgroupPath(name string) string {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	if dir := cgroupDirectory(string(own), string(mounts)); dir != "" {
		return filepath.Join(dir, name)
	}
	return ""
}

// cgroupDirectory finds the directory of the cgroup v2 a process is in: own is
// its cgroup file, mounts its mountinfo, as proc_pid_mountinfo(5) has them.
func cgroupDirectory(own, mounts string) string {
	var path string
	for line := range strings.Lines(own) {
		if after, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			path = after
		}
	}
	if path == "" || strings.HasPrefix(path, "/..") || strings.HasSuffix(path, " (deleted)") {
		return ""
	}
	for line := range strings.Lines(mounts) {
		head, tail, found := strings.Cut(line, " - ")
		fields := strings.Fields(head)
		if !found || len(fields) < 5 || !strings.HasPrefix(tail, "cgroup2 ") {
			continue
		}
		root, at := fields[3], fields[4]
		if rest, ok := strings.CutPrefix(path, strings.TrimSuffix(root, "/")); ok && (rest == "" || rest[0] == '/') {
			return filepath.Join(at, rest)
		}
	}
	return ""
}

func (g *cgroup) file(name string) string { return filepath.Join(g.path, name) }

// join makes a program that is started with attr begin in the group.
func (g *cgroup) join(attr *syscall.SysProcAttr) {
	attr.UseCgroupFD, attr.CgroupFD = true, int(g.dir.Fd()) //nolint:gosec // a file's number
}

// members returns the numbers of its processes.
func (g *cgroup) members() []int {
	if g == nil {
		return nil
	}
	text, err := os.ReadFile(g.file("cgroup.procs"))
	if err != nil {
		return nil
	}
	var pids []int
	for line := range bytes.Lines(text) {
		if pid, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill kills all of them at once: none can start another meanwhile.
func (g *cgroup) kill() {
	if g != nil {
		_ = os.WriteFile(g.file("cgroup.kill"), []byte("1"), 0)
	}
}

// remove removes the group, which is in use until those that were killed are
// gone. One in which a process does not die stays.
func (g *cgroup) remove() {
	if g == nil {
		return
	}
	if g.dir != nil {
		_ = g.dir.Close()
	}
	for deadline := time.Now().Add(killWait); errors.Is(unix.Rmdir(g.path), unix.EBUSY) && time.Now().Before(deadline); {
		time.Sleep(treePoll)
	}
}

// endCgroup kills and removes the group of an attempt that a Berth which was
// killed has left, if it is where this one's are.
func endCgroup(name string) {
	if path := cgroupPath(name); path != "" {
		g := &cgroup{path: path}
		for deadline := time.Now().Add(killWait); ; time.Sleep(treePoll) {
			g.kill()
			if len(g.members()) == 0 || time.Now().After(deadline) {
				break
			}
		}
		g.remove()
	}
}
