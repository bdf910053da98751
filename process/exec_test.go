package process_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/process"
	"github.com/prometheus/client_golang/prometheus"
)

// execRole runs the script in SCRIPT with Exec and exits with its status.
func execRole() int {
	code, err := process.Exec(context.Background(), process.ExecConfig{
		Command: []string{os.Getenv("SCRIPT")}, Shell: true,
		Environment: []string{"PATH=" + os.Getenv("PATH")},
		Stdin:       os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Reap: os.Getenv("REAP") != "",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// superviseRole runs the spec in SPEC until SIGTERM, adopting orphans.
func superviseRole() int {
	var spec process.Spec
	if err := json.Unmarshal([]byte(os.Getenv("SPEC")), &spec); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	sup := process.New(process.Config{Reap: true, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	// Until Forward listens a signal must not end this program.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		_ = sup.Forward(ctx, []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2}, map[syscall.Signal]syscall.Signal{syscall.SIGUSR2: syscall.SIGHUP})
	}()
	go func() {
		if err := sup.Apply(ctx, []process.Spec{spec}); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	err := sup.Run(ctx)
	if exit, ok := errors.AsType[*process.ExitError](err); ok {
		return exit.Code
	}
	return 0
}

// stealRole runs commands with os/exec beside a supervisor that adopts
// orphans, and fails when it loses the status of one.
func stealRole() int {
	reg := prometheus.NewRegistry()
	sup := process.New(process.Config{Reap: true, Registry: reg})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- sup.Run(ctx) }()
	// An orphan every moment, so that the reaper has something to do.
	orphans := script("orphans", `while :; do (setsid true &); (true &); sleep 0.005; done`)
	if err := sup.Apply(ctx, []process.Spec{orphans}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for range 100 {
		err := exec.Command("sh", "-c", "exit 7").Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 7 {
			fmt.Fprintln(os.Stderr, "lost a status:", err)
			return 1
		}
	}
	for deadline := time.Now().Add(watchdog); reaped(reg) < 20; {
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "only", reaped(reg), "orphans reaped")
			return 1
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ran; err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func reaped(reg *prometheus.Registry) float64 {
	families, _ := reg.Gather()
	for _, f := range families {
		if f.GetName() == "berth_process_orphans_reaped_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}

func supervise(t *testing.T, spec process.Spec) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "supervise", "SPEC="+string(text))
	cmd.Stderr = os.Stderr
	return cmd
}

// end waits for a started command and returns its status.
func end(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	dog := time.AfterFunc(watchdog, func() { _ = cmd.Process.Kill() })
	defer dog.Stop()
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

func TestExecReturnsTheStatus(t *testing.T) {
	t.Parallel()
	cases := []struct {
		command []string
		code    int
	}{
		{[]string{"true"}, 0},
		{[]string{"sh", "-c", "exit 42"}, 42},
		{[]string{"sh", "-c", "kill -TERM $$"}, 143},
		{[]string{"no-such-program"}, 127},
		{[]string{"/tmp"}, 126},
	}
	for _, c := range cases {
		code, err := process.Exec(t.Context(), process.ExecConfig{Command: c.command})
		if code != c.code || (err != nil) != (c.code == 126 || c.code == 127) {
			t.Errorf("Exec(%q) = %d, %v; want %d", c.command, code, err, c.code)
		}
	}
}

func TestExecEndsWithItsContext(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "up")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan int, 1)
	go func() {
		code, _ := process.Exec(ctx, process.ExecConfig{
			Command: []string{`trap "" TERM; echo $$ >` + file + `; while :; do sleep 100; done`}, Shell: true,
			Environment: []string{"PATH=/usr/bin:/bin"}, Grace: 50 * time.Millisecond,
		})
		result <- code
	}()
	pidIn(t, file)
	cancel()
	if code := <-result; code != 137 {
		t.Errorf("Exec() = %d, want 137", code)
	}
}

func TestExecPassesSignalsAndStreamsOn(t *testing.T) {
	t.Parallel()
	for _, reap := range []string{"", "1"} {
		cmd := command(t, "exec", "REAP="+reap, `SCRIPT=trap 'echo stopping; exit 42' TERM; read line; echo "got $line"; while :; do sleep 0.01; done`)
		cmd.Stdin = strings.NewReader("input\n")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() || lines.Text() != "got input" {
			t.Errorf("first line = %q", lines.Text())
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if !lines.Scan() || lines.Text() != "stopping" {
			t.Errorf("second line = %q", lines.Text())
		}
		if code := end(t, cmd); code != 42 {
			t.Errorf("status = %d, want 42", code)
		}
	}
}

func TestForwardPassesSignalsOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	up, usr1, hup := filepath.Join(dir, "up"), filepath.Join(dir, "usr1"), filepath.Join(dir, "hup")
	cmd := supervise(t, script("web", `trap "echo 1 >`+usr1+`" USR1; trap "echo 1 >`+hup+`" HUP; echo $$ >`+up+`; while :; do sleep 0.01; done`))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pidIn(t, up)
	for sig, file := range map[syscall.Signal]string{syscall.SIGUSR1: usr1, syscall.SIGUSR2: hup} {
		looks := 0
		eventually(t, "the arrival of "+sig.String(), func() bool {
			if looks%40 == 0 { // it may not be forwarded yet; a shell that is flooded while it forks can lose its traps
				_ = cmd.Process.Signal(sig)
			}
			looks++
			_, err := os.Stat(file)
			return err == nil
		})
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if code := end(t, cmd); code != 0 {
		t.Errorf("status = %d, want 0", code)
	}
}

func TestStatusesOfOtherChildrenAreNotTaken(t *testing.T) {
	t.Parallel()
	cmd := command(t, "steal")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// daemon is a script that leaves a process in a session of its own behind,
// with its number in file, and goes on.
func daemon(file string) string {
	return `setsid sh -c 'echo $$ >` + file + `; trap "" HUP; while :; do sleep 100; done' >/dev/null 2>&1 & while [ ! -s ` + file + ` ]; do sleep 0.01; done; `
}

func TestAdoptedProcessesEndWithTheSupervisor(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("SKIPPED: a session of its own needs the program setsid")
	}
	dir := t.TempDir()
	file, up := filepath.Join(dir, "daemon"), filepath.Join(dir, "up")
	cmd := supervise(t, script("web", daemon(file)+`echo $$ >`+up+`; exec sleep 1000`))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := pidIn(t, file)
	pidIn(t, up)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if code := end(t, cmd); code != 0 {
		t.Errorf("status = %d, want 0", code)
	}
	if !gone(pid) {
		t.Errorf("daemon %d outlives the supervisor", pid)
	}
}

// untouchableRole becomes root, as a set-user-id program, so that the
// supervisor cannot signal it, and leaves its number in FILE.
func untouchableRole() int {
	if err := syscall.Setreuid(0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	signal.Ignore(syscall.SIGHUP, syscall.SIGTERM)
	if err := os.WriteFile(os.Getenv("FILE"), fmt.Appendln(nil, os.Getpid()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}

func TestAdoptedProcessThatCannotBeKilledIsLeft(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can make a program that others cannot signal")
	}
	dir := filepath.Dir(shortDirectory(t)) // open to the user
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	install := func(name string, data []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		return path
	}
	program, root, up := install("program", self, 0o755), install("root", self, 0o755|os.ModeSetuid), install("up", nil, 0o666)
	file := filepath.Join(dir, "daemon")
	inner := supervise(t, script("web", roleVariable+`=untouchable FILE=`+file+` setsid `+root+` >/dev/null 2>&1 & while [ ! -s `+file+` ]; do sleep 0.01; done; echo $$ >`+up+`; exec sleep 1000`))
	cmd := exec.Command(program)
	var log buffer
	cmd.Env, cmd.Dir, cmd.Stderr = inner.Env, "/", &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := pidIn(t, file)
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	pidIn(t, up)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if code := end(t, cmd); code != 0 {
		t.Errorf("status = %d, want 0", code)
	}
	if n := strings.Count(log.String(), "adopted processes"); n > 2 {
		t.Errorf("%d lines about adopted processes, want one for each thing done:\n%.1000s", n, log.String())
	}
}

func TestChildrenEndWhenBerthIsKilled(t *testing.T) {
	t.Parallel()
	up := filepath.Join(t.TempDir(), "up")
	cmd := supervise(t, script("web", `echo $$ >`+up+`; exec sleep 1000`))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := pidIn(t, up)
	_ = cmd.Process.Kill()
	end(t, cmd)
	eventually(t, "the end of the child", func() bool { return gone(pid) })
}

func TestAsPID1(t *testing.T) {
	t.Parallel()
	if exec.Command("unshare", "--pid", "--fork", "--mount-proc", "true").Run() != nil {
		t.Skip("SKIPPED: a PID namespace of its own needs unshare and root")
	}
	spec := script("web", `(setsid sleep 0.01 &); (true &); sleep 0.2; cat /proc/[0-9]*/stat | sed 's/.*) \([A-Z]\) .*/state \1/' >&2; echo parent $PPID >&2; exit 42`)
	spec.Restart.When = process.RestartNever
	inner := supervise(t, spec)
	cmd := exec.Command("unshare", append([]string{"--pid", "--fork", "--mount-proc", "--kill-child"}, inner.Args...)...)
	cmd.Env = inner.Env
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 42 {
		t.Errorf("status = %d (%v), want 42\n%s", code, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "state Z") {
			t.Errorf("there is a zombie:\n%s", out)
		}
	}
	if text := string(out); !strings.Contains(text, "parent 1\"") || !strings.Contains(text, "state S") {
		t.Errorf("the program was not a child of PID 1, or wrote nothing:\n%s", out)
	}
}

func TestExecInATerminalStaysInTheForeground(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("script")
	if err != nil {
		t.Skip("SKIPPED: a terminal needs the program script")
	}
	inner := command(t, "exec", `SCRIPT=cut -d' ' -f5 /proc/$$/stat; cut -d' ' -f5 /proc/$PPID/stat; read line; echo "got $line"; exit 42`)
	cmd := exec.Command(tool, "-qec", inner.Path, "/dev/null")
	cmd.Env = append(inner.Env, "SHELL=/bin/sh")
	cmd.Stdin = strings.NewReader("typed\n")
	out, _ := cmd.Output()
	fields := strings.Fields(strings.ReplaceAll(string(out), "typed\r\n", ""))
	if code := cmd.ProcessState.ExitCode(); code != 42 || !strings.Contains(string(out), "got typed") {
		t.Fatalf("status = %d, want 42; output %q", code, out)
	}
	if len(fields) < 2 || fields[0] != fields[1] {
		t.Errorf("the command's group is not Berth's: %q", out)
	}
}
