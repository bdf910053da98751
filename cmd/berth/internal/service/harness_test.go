package service

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/telemetry"
)

// patience is a watchdog for what takes as long as it takes.
const patience = 3 * time.Minute

// running is a service under test.
type running struct {
	Ready
	t      *testing.T
	file   string
	data   string
	recent *telemetry.Recent
	reload chan os.Signal
	stop   context.CancelFunc
	done   chan error
	listen string // replaces the manifest's addresses, where it is given
	admin  string // replaces the loopback address of the console
}

// start runs a service with this manifest in the test's own process and waits
// until it stands. The app is the test binary: $BERTH_TEST_BINARY in commands.
func start(t *testing.T, mode Mode, manifest string) *running {
	t.Helper()
	r := prepare(t, manifest)
	r.begin(mode)
	return r
}

// begin runs a prepared service and waits until it stands.
func (r *running) begin(mode Mode) {
	t := r.t
	t.Helper()
	ready := make(chan Ready, 1)
	r.run(mode, ready)
	select {
	case r.Ready = <-ready:
	case err := <-r.done:
		t.Fatalf("service ended before it stood: %v\n%s", err, r.logText())
	}
	t.Cleanup(r.Stop)
}

func prepare(t *testing.T, manifest string) *running {
	t.Helper()
	dir := t.TempDir()
	r := &running{
		t: t, file: filepath.Join(dir, "berth.yaml"), data: filepath.Join(dir, ".berth"),
		recent: telemetry.NewRecent(500), reload: make(chan os.Signal, 1), done: make(chan error, 1),
		listen: "127.0.0.1:0",
	}
	r.write(manifest)
	return r
}

func (r *running) run(mode Mode, ready chan<- Ready) {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	binary, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	opts := Options{
		Manifest: r.file, Data: r.data, Listen: r.listen, Admin: cmp.Or(r.admin, "127.0.0.1:0"), Mode: mode, Version: "test",
		Environ: []string{"PATH=" + os.Getenv("PATH"), "BERTH_TEST_APP=1", "BERTH_TEST_BINARY=" + binary},
		Recent:  r.recent,
		Log:     telemetry.NewLogger(io.Discard, telemetry.LogConfig{Level: slog.LevelDebug}, r.recent),
	}
	go func() { r.done <- Run(ctx, opts, r.reload, func(told Ready) { ready <- told }) }()
}

// Stop ends the service and fails the test when it did not end well.
func (r *running) Stop() {
	r.stop()
	err, ok := <-r.done
	if !ok {
		return // stopped before
	}
	if err != nil {
		r.t.Errorf("Run() = %v, want nil\n%s", err, r.logText())
	}
	close(r.done)
}

func (r *running) write(manifest string) {
	r.t.Helper()
	if err := os.WriteFile(r.file, []byte(manifest), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// Reload writes the manifest, asks for a reload and waits until the service
// said how it went; the text is the log line's.
func (r *running) Reload(manifest string) string {
	r.t.Helper()
	seq := r.lastLine()
	r.write(manifest)
	r.reload <- syscall.SIGHUP
	return r.await(seq, "reload")
}

// lastLine is the number of the last log line.
func (r *running) lastLine() uint64 {
	lines, _ := r.recent.Since(0)
	if len(lines) == 0 {
		return 0
	}
	return lines[len(lines)-1].Seq
}

// await returns the first line after seq whose message begins with prefix.
func (r *running) await(seq uint64, prefix string) string {
	r.t.Helper()
	watchdog := time.After(patience)
	for {
		lines, changed := r.recent.Since(seq)
		for _, l := range lines {
			seq = l.Seq
			if strings.HasPrefix(l.Message, prefix) {
				return fmt.Sprint(l.Message, " ", l.Fields)
			}
		}
		select {
		case <-changed:
		case <-watchdog:
			r.t.Fatalf("no log line %q\n%s", prefix, r.logText())
		}
	}
}

func (r *running) logText() string {
	var b strings.Builder
	lines, _ := r.recent.Since(0)
	for _, l := range lines {
		fmt.Fprintln(&b, l.Level, l.Message, l.Fields)
	}
	return b.String()
}

// browser is a client with cookies that does not follow redirects.
func (r *running) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Jar: jar, Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// signIn returns a browser in which the development user is signed in.
func (r *running) signIn(email string) *http.Client {
	r.t.Helper()
	c := r.browser()
	for _, u := range r.Users {
		if u.Email != email {
			continue
		}
		resp, err := c.PostForm(r.URL+"/.berth/sign-in", url.Values{"email": {u.Email}, "password": {u.Password}, "next": {"/"}})
		if err != nil {
			r.t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusSeeOther {
			r.t.Fatalf("sign in as %s: status %d", email, resp.StatusCode)
		}
		return c
	}
	r.t.Fatalf("there is no development user %s", email)
	return nil
}

// get returns the status and the app's echo, where the app answered.
func (r *running) get(c *http.Client, path string) (int, echo) {
	r.t.Helper()
	resp, err := c.Get(r.URL + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var e echo
	if resp.Header.Get("App") == "yes" {
		if err := json.NewDecoder(resp.Body).Decode(&e); err != nil {
			r.t.Fatal(err)
		}
	}
	return resp.StatusCode, e
}

// eventually polls until a condition holds.
func (r *running) eventually(what string, holds func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			r.t.Fatalf("never: %s\n%s", what, r.logText())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// addresses are where the gateway listens, "plain" and "tls", as the log says.
func (r *running) addresses() map[string]string {
	out := map[string]string{}
	lines, _ := r.recent.Since(0)
	for _, l := range lines {
		if l.Message != "listening" {
			continue
		}
		var address, scheme string
		for _, f := range l.Fields {
			switch f.Key {
			case "address":
				address = f.Value
			case "tls":
				scheme = map[string]string{"true": "tls", "false": "plain"}[f.Value]
			}
		}
		out[scheme] = address
	}
	return out
}
