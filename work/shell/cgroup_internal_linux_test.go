package shell

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

func TestTheDirectoryOfACgroupIsFound(t *testing.T) {
	t.Parallel()
	const (
		unified   = "24 23 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
		hybrid    = "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n42 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
		container = "99 90 0:22 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
	)
	for _, c := range []struct{ name, own, mounts, want string }{
		{"a service", "0::/system.slice/berth.service\n", unified, "/sys/fs/cgroup/system.slice/berth.service"},
		{"the root", "0::/\n", unified, "/sys/fs/cgroup"},
		{"beside version 1", "4:memory:/x\n0::/user\n", hybrid, "/sys/fs/cgroup/unified/user"},
		{"version 1 only", "4:memory:/x\n", hybrid, ""},
		{"a part is mounted", "0::/docker/abc/d\n", container, "/sys/fs/cgroup/d"},
		{"that part itself", "0::/docker/abc\n", container, "/sys/fs/cgroup"},
		{"another part is mounted", "0::/docker/abcd\n", container, ""},
		{"outside of its namespace", "0::/../other\n", unified, ""},
		{"it is gone", "0::/x (deleted)\n", unified, ""},
		{"nothing is mounted", "0::/x\n", "", ""},
		{"lines that are none", "0:\n\n", " - cgroup2 \n1 2 - cgroup2 c\n", ""},
	} {
		if got := cgroupDirectory(c.own, c.mounts); got != c.want {
			t.Errorf("%s: cgroupDirectory() = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTheCgroupOfABerthThatWasKilledIsEnded(t *testing.T) {
	t.Parallel()
	name := (&scratch{path: "left-" + strconv.Itoa(os.Getpid())}).cgroup()
	g := newCgroup(name)
	if g == nil {
		t.Skip("no cgroup v2 can be made here: that one is ended was NOT tested")
	}
	cmd := exec.Command("sleep", "300")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	g.join(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		g.remove()
		t.Skipf("no program begins in a cgroup here (%v): that one is ended was NOT tested", err)
	}
	if pids := g.members(); len(pids) != 1 || pids[0] != cmd.Process.Pid {
		t.Errorf("members() = %v, want %d", pids, cmd.Process.Pid)
	}
	endCgroup(name)
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the program in it ended with %v, want it killed", err)
	}
	if _, err := os.Stat(g.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the group is still there: %v", err)
	}
}
