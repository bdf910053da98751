package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
)

// The tests of this file run this program again, as a process that can be
// killed or that has little room.
const (
	role = "BERTH_TEST_SQLITE_ROLE"
	file = "BERTH_TEST_SQLITE_FILE"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "writer":
		err = write(os.Getenv(file))
	case "full":
		err = fill(os.Getenv(file))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, name, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), role+"="+name, file+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

func write(path string) error {
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	return storetest.Write(context.Background(), s, os.Stdout)
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	storetest.Kill(t, 6, func() *exec.Cmd { return child(t, "writer", path) }, func() store.Store {
		return backend{path}.Open(t, nil)
	})
}

func TestAFullDiskIsAnErrorAndNothingIsLost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	out, err := child(t, "full", path).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if string(out) != "ok\n" {
		t.Errorf("the process with little room said %q, want ok", out)
	}
}

// fill writes until its files may not grow any more, and goes on when they
// may again.
func fill(path string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	var unlimited unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &unlimited); err != nil {
		return err
	}
	limit := unlimited
	limit.Cur = 600_000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	full := storetest.Write(ctx, s, discard{})
	if full == nil || errors.Is(full, store.ErrNotOwner) {
		return fmt.Errorf("writing ended with %v", full)
	}
	if s.Check(ctx) == nil {
		return errors.New("the store is healthy though its disk is full")
	}
	if _, err := s.Count(ctx, store.Filter{}, 10); err != nil {
		return fmt.Errorf("reading while the disk is full: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unlimited); err != nil {
		return err
	}
	if err := storetest.Write(ctx, s, &some{left: 50}); !errors.Is(err, errEnough) {
		return fmt.Errorf("writing when there is room again: %w", err)
	}
	if err := s.Check(ctx); err != nil {
		return err
	}
	if err := storetest.Written(ctx, s); err != nil {
		return err
	}
	fmt.Println("ok")
	return s.Close()
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

var errEnough = errors.New("enough was written")

// some takes a number of lines.
type some struct{ left int }

func (s *some) Write(p []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, errEnough
	}
	return len(p), nil
}
