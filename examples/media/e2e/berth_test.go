// Package e2e_test runs the whole of it: Berth as it is built from this
// repository, the pipeline as its manifest says, and people who use it.
package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// service is one running `berth up examples/media`.
type service struct {
	cmd    *exec.Cmd
	dir    string // of its data, and the files below "media"
	stderr *tail
	exited chan error

	URL   string `json:"url"`
	Admin string `json:"admin"`
	Users []struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"users"`
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

// patience is a watchdog for what takes as long as it takes: the first start
// compiles Berth and the example.
const patience = 5 * time.Minute

// started says whether running was called, so that nothing is started to be
// stopped.
var started atomic.Bool

var running = sync.OnceValues(start)

func TestMain(m *testing.M) {
	code := m.Run()
	if started.Load() {
		if s, err := running(); err == nil {
			if err := s.stop(); err != nil {
				fmt.Fprintf(os.Stderr, "berth up did not end well: %v\n%s", err, s.stderr)
				code = 1
			}
		}
	}
	if bin, _ := built(); bin != "" { // what went wrong was told by the tests
		_ = os.RemoveAll(bin)
	}
	os.Exit(code)
}

// berth returns the service, which the first test starts.
func berth(t *testing.T) *service {
	t.Helper()
	s, err := running()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("berth up said:\n%s", s.stderr)
		}
	})
	return s
}

// start runs the manifest as it is.
func start() (*service, error) {
	started.Store(true)
	return startWith("berth.yaml")
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "media-e2e-berth")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "berth"), "./cmd/berth")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("build berth: %w: %s", err, out)
	}
	return dir, nil
})

// root is that of the repository.
const root = "../../.."

// startWith runs a manifest of the example's directory.
func startWith(manifest string) (*service, error) {
	bin, err := built()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "media-e2e")
	if err != nil {
		return nil, err
	}
	s := &service{dir: dir, stderr: &tail{}, exited: make(chan error, 1)}
	s.cmd = exec.Command(filepath.Join(bin, "berth"), "up", filepath.Join("examples/media", manifest),
		"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--json")
	s.cmd.Dir, s.cmd.Stderr = root, s.stderr
	work, err := freeAddress()
	if err != nil {
		return nil, err
	}
	// The files go beside Berth's, whatever a developer's .env says.
	s.cmd.Env = append(os.Environ(), "MEDIA_DATA="+s.mediaDirectory(), "MEDIA_WORK="+work)
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.awaitReady(stdout); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// freeAddress is one that nothing listens on at present: the manifest names it
// twice, so that it cannot be left to the system.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *service) mediaDirectory() string { return filepath.Join(s.dir, "media") }

// awaitReady reads the line that says where everything is.
func (s *service) awaitReady(stdout io.Reader) error {
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
			return fmt.Errorf("berth up ended: %s", s.stderr)
		}
		return json.Unmarshal([]byte(line), s)
	case <-time.After(patience):
		return fmt.Errorf("berth up is not ready: %s", s.stderr)
	}
}

// stop asks Berth to end and waits until it has.
func (s *service) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	var err error
	select {
	case err = <-s.exited:
	case <-time.After(patience):
		err = errors.Join(errors.New("still running"), s.cmd.Process.Kill())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func (s *service) password(t *testing.T, email string) string {
	t.Helper()
	for _, u := range s.Users {
		if u.Email == email {
			return u.Password
		}
	}
	t.Fatalf("berth up made no user %s", email)
	return ""
}

// person is somebody with a program that keeps cookies.
type person struct {
	t      *testing.T
	s      *service
	name   string
	client *http.Client
}

func (s *service) visitor(t *testing.T) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t, s, "a visitor", &http.Client{
		Jar: jar, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (s *service) signIn(t *testing.T, email string) *person {
	t.Helper()
	p := s.visitor(t)
	p.name = email
	form := url.Values{"email": {email}, "password": {s.password(t, email)}, "next": {"/"}}
	a := p.send(request{method: "POST", path: "/.berth/sign-in", kind: "application/x-www-form-urlencoded", body: form.Encode()})
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Fatalf("sign in as %s = %d to %q: %.500s", email, a.StatusCode, a.Header.Get("Location"), a.body)
	}
	return p
}

type request struct {
	method, path, kind, body string
	header                   map[string]string
}

func get(path string) request { return request{method: "GET", path: path} }

// post sends a form, with a token of its own.
func post(path string, form url.Values) request {
	if form == nil {
		form = url.Values{}
	}
	form.Set("key", rand.Text())
	return request{method: "POST", path: path, kind: "application/x-www-form-urlencoded", body: form.Encode()}
}

type answer struct {
	*http.Response
	body string
}

func (p *person) send(rq request) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), rq.method, p.s.URL+rq.path, strings.NewReader(rq.body))
	if err != nil {
		p.t.Fatal(err)
	}
	if rq.kind != "" {
		r.Header.Set("Content-Type", rq.kind)
	}
	for name, value := range rq.header {
		r.Header.Set(name, value)
	}
	res, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (p *person) want(rq request, status int) answer {
	p.t.Helper()
	a := p.send(rq)
	if a.StatusCode != status {
		p.t.Errorf("%s %s as %s = %d, want %d: %.300s", rq.method, rq.path, p.name, a.StatusCode, status, a.body)
	}
	return a
}
