package main

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"
)

//go:embed nginx.conf.tmpl
var nginxConf string

// Processors: the load side has one, the gateway under test the other.
const (
	loadCPU    = "0"
	gatewayCPU = "1"
)

// world is everything that runs while gateways are compared.
type world struct {
	dir    string // of files, configurations and logs
	source string // of this program
	self   string // this program
	base   int    // first port
	procs  []*exec.Cmd
}

// Ports, from the first on.
const (
	portApp = iota
	portObjects
	portAuth
	portBare
	portChecked
	portBerth
	portLogging
	portAdmin
)

func (w *world) port(n int) string { return strconv.Itoa(w.base + n) }

// newWorld writes the files that are served.
func newWorld(source string, base int) (*world, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "berth-bench-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, source: source, self: self, base: base}
	if err := os.MkdirAll(filepath.Join(dir, "files", "static"), 0o755); err != nil {
		return w, err
	}
	blob := make([]byte, 100<<20)
	if _, err := rand.Read(blob); err != nil {
		return w, err
	}
	return w, errors.Join(
		os.WriteFile(filepath.Join(dir, "files", "blob"), blob, 0o600),
		os.WriteFile(filepath.Join(dir, "files", "static", "10k.bin"), blob[:10<<10], 0o600),
	)
}

// start runs a program on a processor until the world ends, and waits until it
// listens on a port.
func (w *world) start(ctx context.Context, cpu string, port int, env []string, args ...string) (int, error) {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", cpu}, args...)...)
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1"), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	log, err := os.Create(filepath.Join(w.dir, fmt.Sprintf("%d.log", w.base+port)))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	w.procs = append(w.procs, cmd)
	if err := listens(ctx, w.port(port)); err != nil {
		text, _ := os.ReadFile(log.Name()) // what it said is the better explanation
		return 0, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, text)
	}
	return cmd.Process.Pid, nil
}

// listens waits until something accepts on a port.
func listens(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing listens on port %s: %w", port, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// startNginx runs nginx as the app with its objects, or as the gateway.
func (w *world) startNginx(ctx context.Context, name, cpu string, port int) (int, error) {
	t, err := template.New(name).Parse(nginxConf)
	if err != nil {
		return 0, err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, map[string]any{
		"Name": name, "Dir": w.dir, "Root": os.Getuid() == 0, "Answer": answer,
		"App": w.base + portApp, "Objects": w.base + portObjects, "Auth": w.base + portAuth,
		"Bare": w.base + portBare, "Checked": w.base + portChecked,
	}); err != nil {
		return 0, err
	}
	conf := filepath.Join(w.dir, name+".conf")
	if err := os.WriteFile(conf, text.Bytes(), 0o600); err != nil {
		return 0, err
	}
	return w.start(ctx, cpu, port, nil, "nginx", "-c", conf, "-e", filepath.Join(w.dir, name+".log"))
}

// berthDir is where ours.sh keeps a binary, for each port its own: memory that
// two of them shared would count half.
func (w *world) berthDir(port int) string { return filepath.Join(w.dir, "berth-"+w.port(port)) }

// berthEnv is what ours.sh reads. port counts from the world's first.
func (w *world) berthEnv(port int) []string {
	return []string{
		"BERTH_BENCH_DIR=" + w.berthDir(port),
		"BERTH_BENCH_ACCESS_LOG=" + strconv.FormatBool(port == portLogging),
		"BERTH_BENCH_ADMIN_PORT=" + w.port(portAdmin+port),
		"PORT=" + w.port(port), "UPSTREAM_PORT=" + w.port(portApp), "OBJECT_PORT=" + w.port(portObjects),
		"STATIC_DIR=" + filepath.Join(w.dir, "files", "static"),
	}
}

// cookieOf runs a program that prints a cookie for a port.
func (w *world) cookieOf(ctx context.Context, port int, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), w.berthEnv(port)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// close ends what runs and removes what was written.
func (w *world) close() error {
	for i := len(w.procs) - 1; i >= 0; i-- {
		_ = w.procs[i].Process.Signal(syscall.SIGTERM) // it may have ended
		_ = w.procs[i].Wait()                          // how it ended says nothing
	}
	return os.RemoveAll(w.dir)
}
