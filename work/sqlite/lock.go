package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// lock is the right to the file: the system takes it back when the process
// ends, however it ends.
type lock struct{ f *os.File }

const maxHolder = 200 // bytes

// takeLock fails when another process holds the lock, and says which. The file
// stays when the lock is released: removing it would let two hold locks on
// files of the same name.
func takeLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		holder := make([]byte, maxHolder)
		n, _ := f.ReadAt(holder, 0) // what can be read
		_ = f.Close()
		return nil, fmt.Errorf("it is in use by %s: one process at a time may use it; several engines need PostgreSQL", orSomebody(holder[:n]))
	}
	if err == nil {
		err = sign(f)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, f.Close()))
	}
	return &lock{f}, nil
}

func orSomebody(text []byte) string {
	if s := strings.TrimSpace(string(text)); s != "" {
		return s
	}
	return "another process"
}

// sign writes who holds the lock. That it could not be written on a full disk
// is no reason to refuse the store.
func sign(f *os.File) error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(f, "process %d on %s\n", os.Getpid(), host)
	return nil
}

func (l *lock) release() error { return l.f.Close() }
