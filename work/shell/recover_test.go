package shell_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/berth-project/berth/work/shell"
)

// engine is a Berth that is about to be killed: it executes a program that
// starts another one.
func engine() {
	e, err := shell.New(shell.Options{Shell: anything, Scratch: os.Getenv("SHELL_TEST_SCRATCH")})
	if err != nil {
		panic(err)
	}
	e.Execute(context.Background(), task(with{
		"env":     with{"SHELL_TEST_ADDR": os.Getenv("SHELL_TEST_ADDR"), "SHELL_TEST_PROGRAM": "hold", "SELF": os.Args[0]},
		"command": `"$SELF" & wait`,
	}), newRecorder())
}

func TestRecoverEndsWhatAKilledEngineLeft(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("processes are found by their environment on Linux only")
	}
	addr, arrived := holders(t)
	base := filepath.Join(t.TempDir(), "steps")
	cmd := exec.Command(self(t))
	cmd.Env = append(os.Environ(), "SHELL_TEST_PROGRAM=engine", "SHELL_TEST_ADDR="+addr, "SHELL_TEST_SCRATCH="+base)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := <-arrived
	e := newExecutor(t, shell.Options{Shell: anything, Scratch: base})
	if n, err := e.Recover(t.Context()); n != 0 || err != nil {
		t.Errorf("Recover() beside a living engine = %d, %v; want 0", n, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	select {
	case <-h.gone:
		t.Error("the program's own child ended before Recover: the test shows nothing")
	default:
	}
	if n, err := e.Recover(t.Context()); n != 1 || err != nil {
		t.Errorf("Recover() = %d, %v; want 1", n, err)
	}
	<-h.gone
}

func TestRecoverRemovesDirectoriesThatWereNeverLocked(t *testing.T) {
	t.Parallel()
	base := filepath.Join(t.TempDir(), "steps")
	old, young := filepath.Join(base, "old"), filepath.Join(base, "young")
	for _, dir := range []string{old, young} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Chmod(base, 0o711)
	before := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	e, err := shell.New(shell.Options{Scratch: base})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := e.Recover(t.Context()); n != 0 || err != nil {
		t.Errorf("Recover() = %d, %v", n, err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("an old directory without a lock is still there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a young directory was removed: %v", err)
	}
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"command":["a","b"],"env":{"A":"1","B":{"secret":"s"}},"limits":{"memory":"64MiB","cpu-time":"1s"}}`,
		`{"command":"true","stdin":"x","input":"env","result":"file","grace":"1s"}`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r shell.Request
		if json.Unmarshal(data, &r) != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("Marshal(%+v) of %q: %v", r, data, err)
		}
		var back shell.Request
		if err := json.Unmarshal(again, &back); err != nil {
			t.Errorf("Unmarshal(%s) of %q: %v", again, data, err)
		}
	})
}
