package shell

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Recover ends what a Berth that was killed has left behind in the directory
// for attempts, and removes it: call it once, before the first Execute. It
// returns how many attempts it found. Attempts of a Berth that lives are not
// touched.
//
// Processes are found by their control group, where this Berth's are made in
// the same place, and by their environment, on Linux only; elsewhere the
// directories alone are removed.
func (e *Executor) Recover(ctx context.Context) (attempts int, err error) {
	base, err := scratchBase(e.opts.Scratch)
	if err != nil {
		return 0, err
	}
	locks, err := filepath.Glob(filepath.Join(base, "*"+lockSuffix))
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, path := range locks {
		if ctx.Err() != nil {
			return attempts, context.Cause(ctx)
		}
		abandoned, err := lock(path)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue // its owner lives
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		attempts++
		s := &scratch{path: strings.TrimSuffix(path, lockSuffix), lock: abandoned}
		endCgroup(s.cgroup())
		s.endProcesses()
		s.remove()
	}
	return attempts, errors.Join(append(errs, removeUnlocked(base))...)
}

// unlockedFor is how long a directory may be without a lock: one that is being
// made has none for a moment.
const unlockedFor = time.Hour

// removeUnlocked removes directories whose Berth was killed before it locked
// them; nothing has been started for these.
func removeUnlocked(base string) error {
	entries, err := os.ReadDir(base)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(base, entry.Name())
		info, err := entry.Info()
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < unlockedFor {
			continue
		}
		if _, err := os.Lstat(path + lockSuffix); errors.Is(err, fs.ErrNotExist) {
			removeAll(path)
		}
	}
	return nil
}

// endProcesses kills the processes with the mark of an attempt.
func (s *scratch) endProcesses() {
	for deadline := time.Now().Add(killWait); ; time.Sleep(treePoll) {
		found := false
		for _, p := range processes() {
			if p.pid != os.Getpid() && p.alive() && hasVariable(p.pid, s.mark()) {
				p.signal(syscall.SIGKILL)
				found = true
			}
		}
		if !found || time.Now().After(deadline) {
			return
		}
	}
}
