package service

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// runDirectory holds the sockets of one run. It is locked while the run lasts,
// so that a later one knows what was left behind.
type runDirectory struct {
	path string
	lock *os.File // nil where there is none
}

// maxRunPath leaves room for the name of a process in the path of a socket,
// which may have 104 bytes.
const maxRunPath = 55

// makeRunDirectory makes the directory of this run: within the data directory,
// which is writable whatever the image looks like, or where its path is too
// long for a socket, among the temporary files.
func makeRunDirectory(data string) (r *runDirectory, err error) {
	abs, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	err = locked(data, func() error {
		if len(abs) > maxRunPath {
			abs = "" // the system's directory of temporary files
		} else {
			removeLeftRuns(abs)
		}
		path, err := os.MkdirTemp(abs, "berth-")
		if err != nil {
			return err
		}
		r = &runDirectory{path: path}
		// Where the file system has no locks, no run removes another's.
		r.lock, _ = lockRun(path)
		return nil
	})
	return r, err
}

// lockRun locks the directory of a run. The error is [unix.EWOULDBLOCK] where
// the run goes on.
func lockRun(path string) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// removeLeftRuns removes what runs left behind that were killed.
func removeLeftRuns(data string) {
	left, _ := filepath.Glob(filepath.Join(data, "berth-*")) // the pattern is well formed
	for _, path := range left {
		if dir, err := lockRun(path); err == nil {
			_ = os.RemoveAll(path) // it only takes room
			_ = dir.Close()
		}
	}
}

func (r *runDirectory) remove() error {
	err := os.RemoveAll(r.path)
	if r.lock != nil {
		err = errors.Join(err, r.lock.Close())
	}
	return err
}
