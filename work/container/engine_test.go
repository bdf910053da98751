package container_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	patience = 60 * time.Second
	image    = "localhost/berth-test:latest"
)

// lab is a container engine with the image of the tests.
type lab struct {
	socket string
	err    error
}

var errAbsent = errors.New("there is no podman")

func TestMain(m *testing.M) {
	code := m.Run()
	if stopLab != nil {
		stopLab()
	}
	os.Exit(code)
}

var stopLab func() // of the lab, once it is open

// openLab starts Podman once, in directories of its own.
var openLab = sync.OnceValue(func() lab {
	path, err := exec.LookPath("podman")
	if err != nil || os.Geteuid() != 0 {
		return lab{err: errAbsent}
	}
	dir, err := os.MkdirTemp("", "berth-podman-")
	if err != nil {
		return lab{err: err}
	}
	l := lab{socket: filepath.Join(dir, "engine.sock")}
	if stopLab, l.err = startPodman(path, dir, l.socket); l.err == nil {
		l.err = l.loadImage(dir)
	}
	return l
})

// startPodman runs the engine with a storage and a runtime that work in most
// places.
func startPodman(path, dir, socket string) (stop func(), err error) {
	runtime := ""
	if _, err := exec.LookPath("runc"); err == nil { // crun refuses hybrid cgroups
		runtime = "runtime=\"runc\"\n"
	}
	configs := map[string]string{
		"storage.conf":    fmt.Sprintf("[storage]\ndriver=\"vfs\"\ngraphroot=%q\nrunroot=%q\n", filepath.Join(dir, "root"), filepath.Join(dir, "run")),
		"containers.conf": "[containers]\ndefault_ulimits=[\"nofile=1024:1024\",\"nproc=1000:1000\"]\n[engine]\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\n" + runtime,
	}
	for name, text := range configs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "--log-level=warn", "system", "service", "--time=0", "unix://"+socket)
	cmd.Env = append(os.Environ(), "CONTAINERS_STORAGE_CONF="+filepath.Join(dir, "storage.conf"), "CONTAINERS_CONF="+filepath.Join(dir, "containers.conf"))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	for deadline := time.Now().Add(patience); ; {
		if conn, err := net.Dial("unix", socket); err == nil {
			return stop, conn.Close()
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			return stop, fmt.Errorf("podman does not answer: %s", text)
		}
		<-time.After(20 * time.Millisecond) // polled: it has no other way to say that it is ready
	}
}

// loadImage makes an image of one static program.
func (l lab) loadImage(dir string) error {
	program := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", program, "./testdata/program")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w: %s", err, out)
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: "program", Mode: 0o755, Size: int64(len(binary))}); err != nil {
		return err
	}
	if _, err := w.Write(binary); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err = l.ask(context.Background(), http.MethodPost, "/v1.41/images/create", url.Values{"fromSrc": {"-"}, "repo": {"localhost/berth-test"}, "tag": {"latest"}}, &layer)
	return err
}

// ask asks the engine as the tests' own client does.
func (l lab) ask(ctx context.Context, method, path string, query url.Values, body io.Reader) ([]byte, error) {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", l.socket)
		},
	}}
	req, err := http.NewRequestWithContext(ctx, method, "http://engine"+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, data)
	}
	return data, err
}

// containers returns how many containers of a scope there are.
func (l lab) containers(t *testing.T, scope string) int {
	t.Helper()
	data, err := l.ask(context.Background(), http.MethodGet, "/v1.41/containers/json",
		url.Values{"all": {"1"}, "filters": {`{"label":["berth.scope=` + scope + `"]}`}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// engine returns a real engine, or skips where there is none.
func engine(t *testing.T) lab {
	t.Helper()
	l := openLab()
	if l.err == nil {
		return l
	}
	if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" || !errors.Is(l.err, errAbsent) {
		t.Fatalf("containers were NOT tested on a real engine: %v", l.err)
	}
	t.Skipf("SKIPPED: containers were not tested on a real engine: %v (it needs root and podman)", l.err)
	return l
}
