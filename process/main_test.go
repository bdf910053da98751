package process_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/process"
	"go.uber.org/goleak"
)

// roleVariable makes the test binary act as one of roles instead of testing.
const roleVariable = "BERTH_TEST_ROLE"

// watchdog ends a test that waits for something that does not come.
const watchdog = 3 * time.Minute

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	goleak.VerifyTestMain(m)
}

func play(role string) int {
	switch role {
	case "serve":
		return serve()
	case "exec":
		return execRole()
	case "supervise":
		return superviseRole()
	case "steal":
		return stealRole()
	case "untouchable":
		return untouchableRole()
	}
	fmt.Fprintln(os.Stderr, "unknown role", role)
	return 99
}

// serve is a web server that listens as Berth tells it and ends well at
// SIGTERM, after the request it is answering.
func serve() int {
	network, address := "tcp", "127.0.0.1:"+os.Getenv("PORT")
	if socket := os.Getenv("BERTH_SOCKET"); socket != "" {
		network, address = "unix", socket
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go func() { _ = server.Serve(listener) }()
	<-ctx.Done()
	if server.Shutdown(context.Background()) != nil {
		return 1
	}
	return 0
}

// role returns the command and the environment that make the test binary play
// a role.
func role(t *testing.T, name string, extra ...string) ([]string, []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{self}, append(append([]string{roleVariable + "=" + name}, extra...), "PATH="+os.Getenv("PATH"))
}

// server is the spec of the web server of the serve role.
func server(t *testing.T, name string) process.Spec {
	t.Helper()
	command, environment := role(t, "serve")
	return process.Spec{
		Name: name, Command: command, Environment: environment, Listen: process.ListenSocket,
		Stop: process.Stop{Grace: watchdog},
	}
}

// script is the spec of a shell script.
func script(name, text string) process.Spec {
	return process.Spec{
		Name: name, Command: []string{text}, Shell: true, Environment: []string{"PATH=" + os.Getenv("PATH")},
		Stop: process.Stop{Grace: watchdog},
	}
}

// buffer is a bytes.Buffer for many goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// rig is a running supervisor.
type rig struct {
	*process.Supervisor
	t      *testing.T
	events <-chan process.Event
	logs   *buffer
	cancel func()
	ended  chan struct{}
	err    error // of Run, after ended

	mu        sync.Mutex
	endpoints []map[string][]process.Endpoint // one more for every call
}

func start(t *testing.T, adjust ...func(*process.Config)) *rig {
	t.Helper()
	r := &rig{t: t, logs: &buffer{}, ended: make(chan struct{})}
	cfg := process.Config{
		RunDirectory: shortDirectory(t),
		Log:          slog.New(slog.NewJSONHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnEndpoints: func(name string, ready []process.Endpoint) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.endpoints = append(r.endpoints, map[string][]process.Endpoint{name: ready})
		},
	}
	for _, f := range adjust {
		f(&cfg)
	}
	r.Supervisor = process.New(cfg)
	r.events, _ = r.Subscribe(10_000)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		defer close(r.ended)
		r.err = r.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		r.Kill()
		r.wait()
		if t.Failed() {
			t.Logf("log:\n%s", r.logs)
		}
	})
	return r
}

// shortDirectory is a t.TempDir that leaves room for socket names.
func shortDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "berth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { // other users have to get through
		t.Fatal(err)
	}
	return filepath.Join(dir, "run")
}

// wait returns what Run returned.
func (r *rig) wait() error {
	r.t.Helper()
	select {
	case <-r.ended:
		return r.err
	case <-time.After(watchdog):
		r.t.Fatalf("Run does not return; log:\n%s", r.logs)
		return nil
	}
}

func (r *rig) apply(specs ...process.Spec) {
	r.t.Helper()
	if err := r.Apply(r.t.Context(), specs); err != nil {
		r.t.Fatalf("Apply() = %v", err)
	}
}

// until returns the first event that is wanted.
func (r *rig) until(what string, wanted func(process.Event) bool) process.Event {
	r.t.Helper()
	timeout := time.After(watchdog)
	for {
		select {
		case e, ok := <-r.events:
			if !ok {
				r.t.Fatalf("the supervisor ended before: %s", what)
			}
			if wanted(e) {
				return e
			}
		case <-timeout:
			r.t.Fatalf("nothing of: %s; log:\n%s", what, r.logs)
		}
	}
}

func (r *rig) untilState(state process.State) process.Event {
	r.t.Helper()
	return r.until("state "+state.String(), func(e process.Event) bool {
		return e.Kind == process.EventState && e.State == state
	})
}

func (r *rig) untilExit() process.Exit {
	r.t.Helper()
	return *r.until("an exit", func(e process.Event) bool { return e.Kind == process.EventExit }).Exit
}

// calls are the lists OnEndpoints was given for a process.
func (r *rig) calls(name string) [][]process.Endpoint {
	r.mu.Lock()
	defer r.mu.Unlock()
	var calls [][]process.Endpoint
	for _, call := range r.endpoints {
		if ready, ok := call[name]; ok {
			calls = append(calls, ready)
		}
	}
	return calls
}

// only returns the status of the one instance there is.
func (r *rig) only() process.Status {
	r.t.Helper()
	all := r.Status()
	if len(all) != 1 {
		r.t.Fatalf("Status() has %d instances, want 1: %+v", len(all), all)
	}
	return all[0]
}

// eventually polls until ok, with a watchdog.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(watchdog)
	for !ok() {
		select {
		case <-ticker.C:
		case <-timeout:
			t.Fatalf("does not happen: %s", what)
		}
	}
}

// get asks an endpoint for a path and returns status and body.
func get(t *testing.T, e process.Endpoint, path string) (int, string) {
	t.Helper()
	client := &http.Client{Timeout: watchdog, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, e.Network, e.Address)
		},
	}}
	resp, err := client.Get("http://app" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body.String()
}

// gone reports whether a process has ended; a zombie has.
func gone(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	after := string(data[bytes.LastIndexByte(data, ')')+1:])
	return strings.HasPrefix(after, " Z") || strings.HasPrefix(after, " X")
}

// pidIn waits for a file with a process id in it.
func pidIn(t *testing.T, path string) int {
	t.Helper()
	var pid int
	eventually(t, "a process id in "+filepath.Base(path), func() bool {
		data, err := os.ReadFile(path)
		if err != nil || !bytes.HasSuffix(data, []byte("\n")) {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(data)))
		return err == nil
	})
	return pid
}

// command returns the test binary in a role as a command of the test.
func command(t *testing.T, name string, extra ...string) *exec.Cmd {
	t.Helper()
	argv, environment := role(t, name, extra...)
	cmd := exec.Command(argv[0])
	cmd.Env = environment
	return cmd
}
