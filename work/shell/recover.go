package shell

import (
	"context"
	"errors"
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
// Processes are found by their environment, on Linux only; elsewhere the
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
		s.endProcesses()
		s.remove()
	}
	return attempts, errors.Join(errs...)
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
