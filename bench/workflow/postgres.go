package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// postgres is a server of this run's own, with the durability of production:
// fsync, synchronous_commit and full_page_writes are on.
type postgres struct {
	bin, dir string
	port     string
	as       *syscall.Credential
	cmd      *exec.Cmd
}

// database starts it when it is first needed.
func (b *bench) database(ctx context.Context) error {
	if b.pg != nil {
		return nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return errors.New("there is no PostgreSQL server on this machine")
	}
	slices.Sort(found)
	p := &postgres{bin: filepath.Dir(found[len(found)-1]), dir: filepath.Join(b.dir, "pg"), port: "57432"}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		return err
	}
	if err := p.unprivileged(); err != nil {
		return err
	}
	if out, err := p.command(ctx, "initdb", "-D", p.dir, "-U", "bench", "-A", "trust", "--no-sync").CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	p.cmd = p.command(context.WithoutCancel(ctx), "postgres", "-D", p.dir, "-p", p.port, "-k", p.dir, "-h", "127.0.0.1",
		"-c", "max_connections=120", "-c", "shared_buffers=512MB", "-c", "max_wal_size=2GB", "-c", "jit=off")
	if err := p.cmd.Start(); err != nil {
		return err
	}
	b.pg = p
	for range 300 {
		if p.command(ctx, "psql", "-q", "-h", "127.0.0.1", "-p", p.port, "-U", "bench", "-c", "SELECT 1", "postgres").Run() == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("the PostgreSQL server did not start")
}

// unprivileged finds a user to run the server as: it refuses root.
func (p *postgres) unprivileged() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	p.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // of the user database
	return os.Chown(p.dir, uid, gid)
}

func (p *postgres) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...) //nolint:gosec // the server's own programs
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as, Setpgid: true}
	cmd.Dir = p.dir
	return cmd
}

// create makes a database.
func (p *postgres) create(ctx context.Context, name string) (string, error) {
	out, err := p.command(ctx, "createdb", "-h", "127.0.0.1", "-p", p.port, "-U", "bench", name).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("createdb: %w: %s", err, lastLine(out))
	}
	return name, nil
}

func (p *postgres) env(name string) []string {
	return []string{
		"WF_PG=host=127.0.0.1 port=" + p.port + " user=bench dbname=" + name + " sslmode=disable",
		"WF_PGHOST=127.0.0.1", "WF_PGPORT=" + p.port, "WF_PGUSER=bench", "WF_PGDATABASE=" + name,
		"WF_SERVER_PIDS=" + strconv.Itoa(p.cmd.Process.Pid),
		"WF_STORE=" + p.url(name),
	}
}

func (p *postgres) url(name string) string {
	return "postgres://bench@127.0.0.1:" + p.port + "/" + name + "?sslmode=disable"
}

func (p *postgres) stop() {
	if p != nil {
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
		_ = p.cmd.Wait()
	}
}
