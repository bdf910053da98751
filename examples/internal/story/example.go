package story

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Patience is a watchdog for what takes as long as it takes: the first start
// compiles Berth and the example.
const Patience = 5 * time.Minute

// Root is that of the repository, from the directory that tests are executed in.
const Root = "../../.."

// Example is one of this repository's, which one package of tests runs.
type Example struct {
	directory   string
	environment func(data string) ([]string, error)

	berth   func() (directory string, err error) // of the program, built once
	running func() (*Service, error)             // the manifest as it is, started once
	started atomic.Bool                          // whether there is anything to be stopped
}

// New is the example of a directory below [Root]. The environment is what
// "berth up" is given besides that of the tests, so that nothing depends on a
// developer's .env and what the example keeps is in a directory of its own.
func New(directory string, environment func(data string) ([]string, error)) *Example {
	e := &Example{directory: directory, environment: environment, berth: sync.OnceValues(build)}
	e.running = sync.OnceValues(func() (*Service, error) { return e.start("berth.yaml") })
	return e
}

func build() (string, error) {
	dir, err := os.MkdirTemp("", "story-berth")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "berth"), "./cmd/berth")
	build.Dir = Root
	if out, err := build.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("build berth: %w: %s", err, out)
	}
	return dir, nil
}

// Main executes the tests, stops what they started, and returns the exit
// status: a service that does not end well fails them.
func (e *Example) Main(m *testing.M) (status int) {
	status = m.Run()
	if !e.started.Load() {
		return status
	}
	if s, err := e.running(); err == nil {
		if err := s.stop(); err != nil {
			fmt.Fprintf(os.Stderr, "berth up did not end well: %v\n%s", err, s.said)
			status = 1
		}
	}
	if dir, _ := e.berth(); dir != "" { // what went wrong was told by the tests
		_ = os.RemoveAll(dir)
	}
	return status
}

// Service is the example with its manifest, which all tests share.
func (e *Example) Service(t *testing.T) *Service {
	t.Helper()
	e.started.Store(true)
	s, err := e.running()
	if err != nil {
		t.Fatal(err)
	}
	s.tellIfFailed(t)
	return s
}

// ServiceWith is the example with another manifest of its directory, until the
// test ends.
func (e *Example) ServiceWith(t *testing.T, manifest string) *Service {
	t.Helper()
	e.started.Store(true)
	s, err := e.start(manifest)
	if err != nil {
		t.Fatal(err)
	}
	s.tellIfFailed(t)
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("berth up did not end well: %v", err)
		}
	})
	return s
}
