package story

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Service is one running "berth up".
type Service struct {
	URL   string `json:"url"`
	Admin string `json:"admin"`
	Users []struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"users"`
	Data string `json:"-"` // the directory of what the example keeps

	cmd    *exec.Cmd
	dir    string // of Berth's data and the example's
	said   *tail
	exited chan error
}

// tail keeps what a program said, to show it where a test fails.
type tail struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

func (e *Example) start(manifest string) (*Service, error) {
	bin, err := e.berth()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "story")
	if err != nil {
		return nil, err
	}
	s := &Service{Data: filepath.Join(dir, "example"), dir: dir, said: &tail{}, exited: make(chan error, 1)}
	environment, err := e.environment(s.Data)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.cmd = exec.Command(filepath.Join(bin, "berth"), "up", filepath.Join(e.directory, manifest),
		"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--json")
	s.cmd.Dir, s.cmd.Stderr, s.cmd.Env = Root, s.said, append(os.Environ(), environment...)
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.awaitReady(stdout); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// awaitReady reads the line that says where everything is.
func (s *Service) awaitReady(stdout io.Reader) error {
	lines := make(chan string)
	go func() {
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			default: // only the first line is waited for
			}
		}
		s.exited <- s.cmd.Wait() // all of stdout is read
		close(lines)
	}()
	select {
	case line, ok := <-lines:
		if !ok {
			return fmt.Errorf("berth up ended: %s", s.said)
		}
		return json.Unmarshal([]byte(line), s)
	case <-time.After(Patience):
		return fmt.Errorf("berth up is not ready: %s", s.said)
	}
}

// stop asks Berth to end and waits until it has.
func (s *Service) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	var err error
	select {
	case err = <-s.exited:
	case <-time.After(Patience):
		err = errors.Join(errors.New("still running"), s.cmd.Process.Kill())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func (s *Service) tellIfFailed(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("berth up said:\n%s", s.said)
		}
	})
}

// Password is that of a user of the manifest.
func (s *Service) Password(t *testing.T, email string) string {
	t.Helper()
	for _, u := range s.Users {
		if u.Email == email {
			return u.Password
		}
	}
	t.Fatalf("berth up made no user %s", email)
	return ""
}
