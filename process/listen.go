package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/berth-project/berth/internal/credential"
)

// maxSocketPath is what fits into a socket address on every system, with its
// closing NUL.
const maxSocketPath = 103

// portTries bounds the search for a port that no other instance was given.
const portTries = 64

// place is where an instance listens.
type place struct {
	network, address string
	variable         string // "PORT=…" or "BERTH_SOCKET=…"
	release          func()
}

// ports are the ports given to instances that may not have bound them yet.
type ports struct {
	mu    sync.Mutex // guards taken
	taken map[int]bool
}

// take returns a free port on the loopback address. Another program can snatch
// it before the instance binds it; then the instance fails and its next start
// gets another.
func (p *ports) take(ctx context.Context) (int, error) {
	for range portTries {
		port, err := freePort(ctx)
		if err != nil {
			return 0, err
		}
		if p.claim(port) {
			return port, nil
		}
	}
	return 0, errors.New("no free port on the loopback address")
}

func (p *ports) claim(port int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[port] {
		return false
	}
	p.taken[port] = true
	return true
}

func (p *ports) release(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, port)
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// portPlace returns a place on a TCP port.
func (p *ports) place(ctx context.Context, fixed int) (place, error) {
	port, release := fixed, func() {}
	if port == 0 {
		free, err := p.take(ctx)
		if err != nil {
			return place{}, err
		}
		port, release = free, func() { p.release(free) }
	}
	text := strconv.Itoa(port)
	return place{"tcp", net.JoinHostPort("127.0.0.1", text), "PORT=" + text, release}, nil
}

// socketPlace returns a place on the unix socket name.sock in the run
// directory; with a user of its own, in a directory below it that the user
// owns.
func socketPlace(directory, name string, spec *Spec) (place, error) {
	if directory == "" {
		return place{}, errors.New("there is no run directory for unix sockets")
	}
	directory, err := socketDirectory(directory, spec)
	if err != nil {
		return place{}, fmt.Errorf("run directory: %w", err)
	}
	path := filepath.Join(directory, name+".sock")
	if len(path) > maxSocketPath {
		return place{}, fmt.Errorf("socket path %s has %d bytes, systems take %d: use a shorter run directory", path, len(path), maxSocketPath)
	}
	if err := removeStale(path); err != nil {
		return place{}, err
	}
	return place{"unix", path, "BERTH_SOCKET=" + path, func() { _ = os.Remove(path) }}, nil
}

func socketDirectory(directory string, spec *Spec) (string, error) {
	directory, err := filepath.Abs(directory)
	if err != nil {
		return "", err
	}
	cred, err := credential.Of(spec.User, spec.Group)
	if err != nil {
		return "", err
	}
	extra := fs.FileMode(0)
	if cred != nil {
		extra = 0o011 // the user has to get through to its own, and no further
	}
	if err := privateDirectory(directory, extra); err != nil {
		return "", err
	}
	if err := ownDirectory(directory); err != nil || cred == nil {
		return directory, err
	}
	own := filepath.Join(directory, spec.Name)
	if err := privateDirectory(own, 0); err != nil {
		return "", err
	}
	return own, os.Lchown(own, int(cred.Uid), int(cred.Gid))
}

// privateDirectory makes a directory that only its owner can use, others at
// most with the bits of extra. A directory that was made so that users get
// through stays so: another process may be on its way.
func privateDirectory(path string, extra fs.FileMode) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "use", Path: path, Err: errors.New("not a directory")}
	}
	want := 0o700 | extra
	if mode := info.Mode().Perm(); mode == want || mode == 0o711 {
		return nil
	}
	return os.Chmod(path, want)
}

// ownDirectory refuses a directory of another user, who could put sockets of
// its own in the place of ours.
func ownDirectory(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user id %d: use a directory of berth's own", path, stat.Uid)
	}
	return nil
}

// removeStale removes a socket that nobody listens on any more.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is in the way and not a socket", path)
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = conn.Close()
		return fmt.Errorf("another program listens on %s: is a second berth running with this directory?", path)
	}
	return os.Remove(path)
}
