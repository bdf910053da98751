package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// database is a PostgreSQL server of its own, run by an unprivileged user.
type database struct {
	bin, dir string
	port     int
	as       *syscall.Credential // nil: as whoever runs this
	mu       sync.Mutex
	cmd      *exec.Cmd
	gone     chan struct{}
}

func startDatabase(ctx context.Context, dir string) (*database, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no PostgreSQL server on this machine: install one, or use -store sqlite")
	}
	slices.Sort(found)
	d := &database{bin: filepath.Dir(found[len(found)-1]), dir: dir}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if err := d.drop(); err != nil {
		return nil, err
	}
	var err error
	if d.port, err = freePort(); err != nil {
		return nil, err
	}
	init := d.command(ctx, "initdb", "-D", dir, "-U", "berth", "-A", "trust", "-E", "UTF8", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return d, d.start(ctx)
}

// drop finds a user to run the server as: it refuses to run as root.
func (d *database) drop() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	d.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // of the user database
	return os.Chown(d.dir, uid, gid)
}

func (d *database) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, name), args...) //nolint:gosec // the server's own programs
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: d.as, Setpgid: true}
	cmd.Dir = d.dir
	return cmd
}

// start starts the server and waits until it takes connections.
func (d *database) start(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	cmd := d.command(context.WithoutCancel(ctx), "postgres", "-D", d.dir, "-p", strconv.Itoa(d.port), "-k", d.dir, "-h", "127.0.0.1", "-c", "max_connections=60")
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	gone := make(chan struct{})
	d.cmd, d.gone = cmd, gone
	go func() { _ = cmd.Wait(); close(gone) }()
	for range 600 {
		// It takes connections while it still recovers, and refuses them
		// politely: engines try again.
		if c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)), time.Second); err == nil {
			return c.Close()
		}
		select {
		case <-gone:
			return fmt.Errorf("postgres ended while starting")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("postgres did not start within 30 seconds")
}

func (d *database) url() string {
	return fmt.Sprintf("postgres://berth@127.0.0.1:%d/postgres?sslmode=disable", d.port)
}

// crash ends the server as a power cut would: no process of it gets to do
// anything more.
func (d *database) crash(context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		return
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGQUIT) // immediate shutdown: as pg_ctl stop -m immediate
	<-d.gone
}

// revive starts it again when it is down.
func (d *database) revive(ctx context.Context) {
	d.mu.Lock()
	down := false
	select {
	case <-d.gone:
		down = true
	default:
	}
	d.mu.Unlock()
	if down && ctx.Err() == nil {
		if err := d.start(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "torture:", err)
		}
	}
}

func (d *database) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd != nil {
		_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGQUIT)
		<-d.gone
	}
}
