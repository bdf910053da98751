// Package postgrestest runs a PostgreSQL server for tests, in a directory of
// its own, reachable through a socket in it and by nobody else.
//
// A package's tests share one: a [Server] starts when it is first asked for a
// database, and TestMain stops it.
//
//	var server postgrestest.Server
//
//	func TestMain(m *testing.M) {
//		code := m.Run()
//		server.Stop()
//		os.Exit(code)
//	}
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	role         = "berth"
	startTimeout = 3 * time.Minute
	poll         = 50 * time.Millisecond
)

var errAbsent = errors.New("PostgreSQL is not installed: install its server package, where initdb is below /usr/lib/postgresql")

// Server is a server that is not started before it is needed. Its zero value
// is ready.
type Server struct {
	// Sync makes every commit wait for the disk, as a server outside of tests
	// does; for benchmarks.
	Sync bool

	mu      sync.Mutex // guards what follows
	err     error
	tried   bool
	dir     string
	bin     string
	process *exec.Cmd
	account *syscall.Credential
}

// Database makes an empty database and returns its URL. Where PostgreSQL is
// not installed the test is skipped, or fails if BERTH_TEST_REQUIRE_TOOLS is 1.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	err := s.ready(t.Context())
	switch {
	case errors.Is(err, errAbsent) && os.Getenv("BERTH_TEST_REQUIRE_TOOLS") != "1":
		t.Skipf("SKIPPED, NOTHING WAS TESTED ON POSTGRESQL: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	name := "t" + strings.ToLower(rand.Text())
	if out, err := s.command(t.Context(), "createdb", "-h", s.dir, "-U", role, name).CombinedOutput(); err != nil {
		t.Fatalf("createdb: %v: %s", err, out)
	}
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + name, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

func (s *Server) ready(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tried {
		s.tried = true
		s.err = s.begin(ctx)
	}
	return s.err
}

func (s *Server) begin(ctx context.Context) error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	if len(found) == 0 {
		return errAbsent
	}
	slices.Sort(found)
	s.bin = filepath.Dir(found[len(found)-1])
	var err error
	if s.dir, err = os.MkdirTemp("", "berth-pg"); err != nil {
		return err
	}
	if err := s.unprivileged(); err != nil {
		return err
	}
	initdb := s.command(ctx, "initdb", "-D", filepath.Join(s.dir, "data"), "-U", role, "-E", "UTF8", "--locale=C", "--no-sync", "--auth=trust")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s.start(ctx)
}

// unprivileged makes the server run as somebody else where this is root, which
// PostgreSQL does not run as.
func (s *Server) unprivileged() error {
	if os.Getuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return err
		}
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid))
}

func (s *Server) start(ctx context.Context) error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=300"}
	if !s.Sync {
		args = append(args, "-c", "fsync=off")
	}
	s.process = s.command(context.WithoutCancel(ctx), "postgres", args...)
	s.process.Stderr = log
	if err := s.process.Start(); err != nil {
		return err
	}
	return s.await(ctx)
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := s.command(ctx, "psql", "-h", s.dir, "-U", role, "-d", "postgres", "-c", "SELECT 1").Run()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(s.logFile()) // what there is
			return fmt.Errorf("postgres does not answer: %w: %s", err, log)
		case <-tick.C:
		}
	}
}

// Psql executes a statement by the server's own client and returns the rows as
// text, with | between columns.
func (s *Server) Psql(t testing.TB, url, statement string) string {
	t.Helper()
	out, err := s.command(t.Context(), "psql", url, "-v", "ON_ERROR_STOP=1", "-qtAc", statement).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// Crash ends the server as a loss of power would, as far as the operating
// system's memory survives, and starts it again: connections break, and what
// was committed is recovered.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.process.Process.Signal(syscall.SIGQUIT) // an immediate shutdown; it may have ended
	_ = s.process.Wait()
	if err := s.start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server, if it was started, and removes its directory.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Signal(syscall.SIGINT) // it may have ended
		_ = s.process.Wait()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // what remains is in the system's temporary directory
	}
}
