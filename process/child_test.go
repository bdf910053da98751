package process_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/process"
	"github.com/google/go-cmp/cmp"
)

func TestEnvironmentIsExactlyAsGiven(t *testing.T) {
	t.Parallel()
	r := start(t)
	file := filepath.Join(t.TempDir(), "env")
	spec := process.Spec{
		Name: "web", Command: []string{"/bin/sh", "-c", `tr '\0' '\n' </proc/$$/environ >` + file + `.new; mv ` + file + `.new ` + file + `; exec sleep 1000`},
		Environment: []string{"PATH=/usr/bin:/bin", "VALUE=a'b\"c $X  \n*", "PORT=80", "BERTH_INSTANCE=9"},
		Listen:      process.ListenPort,
		Ready:       process.Readiness{Kind: process.ReadyNone},
	}
	r.apply(spec)
	_, port, _ := strings.Cut(r.only().Endpoint.Address, ":")
	want := "PATH=/usr/bin:/bin\nVALUE=a'b\"c $X  \n*\nBERTH_PROCESS=web\nBERTH_INSTANCE=1\nPORT=" + port + "\n"
	eventually(t, "the environment", func() bool { _, err := os.Stat(file); return err == nil })
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestProgramLeadsItsGroupInItsDirectoryWithoutInput(t *testing.T) {
	t.Parallel()
	r := start(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	spec := script("job", `pwd; cat; cut -d' ' -f5 /proc/$$/stat; echo $$; exit 0`)
	spec.Directory = dir
	spec.Restart.When = process.RestartOnFailure
	r.apply(spec)
	r.untilExit()
	lines := r.only().LastLines
	if len(lines) != 3 || lines[0] != dir || lines[1] != lines[2] {
		t.Errorf("lines = %q, want the directory %s, then its own pid twice", lines, dir)
	}
}

func TestProgramsThatCannotStart(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		adjust func(*process.Spec)
		code   int
		want   string
	}{
		"not in PATH":    {func(s *process.Spec) { s.Command = []string{"no-such-program"} }, 127, "no-such-program"},
		"not there":      {func(s *process.Spec) { s.Command = []string{"/no/such"} }, 127, "/no/such"},
		"not executable": {func(s *process.Spec) { s.Command = []string{plain} }, 126, "permission"},
		"a directory":    {func(s *process.Spec) { s.Command = []string{"/tmp"} }, 126, "directory"},
		"no directory":   {func(s *process.Spec) { s.Directory = "/no/such" }, 127, "working directory"},
		"no user":        {func(s *process.Spec) { s.User = "no-such-user" }, 126, "no-such-user"},
		"no group":       {func(s *process.Spec) { s.Group = "no-such-group" }, 126, "no-such-group"},
		"id alone":       {func(s *process.Spec) { s.User = "54321" }, 126, "a group is needed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			spec := process.Spec{Name: "web", Command: []string{"true"}, Restart: process.RestartPolicy{Limit: 1}}
			c.adjust(&spec)
			err := r.Apply(t.Context(), []process.Spec{spec})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("Apply() = %v, want %q", err, c.want)
			}
			if exit := r.only().LastExit; exit == nil || exit.Code != c.code {
				t.Errorf("last exit = %v, want %d", exit, c.code)
			}
		})
	}
}

func TestProgramRunsAsItsUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can run programs as other users")
	}
	r := start(t)
	// The socket directory has to be reachable for the user, and only for it.
	spec := script("web", `echo $(id -u):$(id -g):$(id -G); stat -c %u:%a $(dirname $BERTH_SOCKET); touch $BERTH_SOCKET.probe && echo can; grep NoNewPrivs /proc/self/status | tr -d '\t'; exit 0`)
	spec.User, spec.Listen = "nobody", process.ListenSocket
	spec.Ready.Kind = process.ReadyNone
	spec.Restart.When = process.RestartOnFailure
	other := script("job", `echo $(id -u):$(id -g):$(id -G); exit 0`)
	other.User, other.Group = "54321", "12345"
	other.Restart.When = process.RestartOnFailure
	dir := "/" // the test's own directory is closed to the users
	spec.Directory, other.Directory = dir, dir
	mine := script("mine", `grep NoNewPrivs /proc/self/status; exit 0`)
	mine.Restart.When = process.RestartOnFailure
	r.apply(spec, other)
	r.untilExit()
	r.untilExit()
	r.apply(spec, other, mine) // after the others: it must not inherit from them
	r.untilExit()
	status := r.Status()
	self, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	if got := status[2].LastLines; len(got) != 1 || !strings.Contains(string(self), got[0]+"\n") {
		t.Errorf("as Berth's own user: %q, want what Berth has", got)
	}
	if got, want := status[0].LastLines, []string{"65534:65534:65534", "65534:700", "can", "NoNewPrivs:1"}; !slices.Equal(got, want) {
		t.Errorf("as nobody: %q, want %q", got, want)
	}
	if got, want := status[1].LastLines, []string{"54321:12345:12345"}; !slices.Equal(got, want) {
		t.Errorf("as numbers: %q, want %q: no group of root's", got, want)
	}
}

// record is a line of the supervisor's JSON log.
type record map[string]any

// output runs a script and returns the log records of what it wrote.
func output(t *testing.T, text string) []record {
	t.Helper()
	r := start(t)
	spec := script("job", text)
	spec.Restart.When = process.RestartOnFailure
	r.apply(spec)
	r.untilExit()
	r.cancel()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	var records []record
	for line := range strings.Lines(r.logs.String()) {
		var rec record
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if rec["stream"] != nil {
			delete(rec, "time")
			records = append(records, rec)
		}
	}
	return records
}

func TestOutputIsLoggedLineByLine(t *testing.T) {
	t.Parallel()
	got := output(t, `printf 'one\r\n\ntwo \377 bytes\n'; printf 'no newline'`)
	base := func(msg string) record {
		return record{"level": "INFO", "msg": msg, "process": "job", "instance": 1.0, "stream": "stdout"}
	}
	want := []record{base("one"), base(""), base("two \uFFFD bytes"), base("no newline")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestJSONOutputKeepsItsFields(t *testing.T) {
	t.Parallel()
	got := output(t, `echo '{"level":"warning","msg":"slow","ms":12.5,"tenant":"acme","ok":true,"deep":{"a":[1]},"n":7,"process":"liar","time":"x"}' >&2`)
	want := []record{{
		"level": "WARN", "msg": "slow", "process": "job", "instance": 1.0, "stream": "stderr",
		"ms": 12.5, "tenant": "acme", "ok": true, "deep": map[string]any{"a": []any{1.0}}, "n": 7.0,
		"app_process": "liar", "app_time": "x",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestLongLinesAreCut(t *testing.T) {
	t.Parallel()
	got := output(t, `head -c 200000 /dev/zero | tr '\0' x; echo; echo after`)
	if len(got) != 2 {
		t.Fatalf("%d records, want 2", len(got))
	}
	if text := got[0]["msg"].(string); len(text) != 64<<10 || got[0]["truncated"] != true {
		t.Errorf("first line has %d bytes, truncated %v; want 65536, true", len(text), got[0]["truncated"])
	}
	if got[1]["msg"] != "after" || got[1]["truncated"] != nil {
		t.Errorf("second line = %v", got[1])
	}
}

// stuckWriter takes nothing until it is released.
type stuckWriter struct {
	release chan struct{}
	once    sync.Once
	b       buffer
}

func (w *stuckWriter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"stream"`)) {
		<-w.release
	}
	return w.b.Write(p)
}

func TestSlowLogDoesNotHoldAProgramUp(t *testing.T) {
	t.Parallel()
	w := &stuckWriter{release: make(chan struct{})}
	open := func() { w.once.Do(func() { close(w.release) }) }
	// A handler of one's own for every logger: a stuck line must not hold the
	// lock of those the test needs.
	r := start(t, func(c *process.Config) { c.Log = slog.New(newUnlocked(w)) })
	t.Cleanup(open)
	file := filepath.Join(t.TempDir(), "done")
	spec := script("chatty", `i=0; while [ $i -lt 20000 ]; do echo line $i of many; i=$((i+1)); done; echo $$ >`+file+`; exec sleep 1000`)
	r.apply(spec)
	pidIn(t, file)
	open()
	r.cancel()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	if text := w.b.String(); !strings.Contains(text, "line 0 of many") || !strings.Contains(text, "output lines dropped") {
		t.Errorf("log has neither the first line nor a report of the loss:\n%.500s", text)
	}
}

func TestUnknownSignalTargetIsRefused(t *testing.T) {
	t.Parallel()
	r := start(t)
	if err := r.Signal("nobody", syscall.SIGHUP); !errors.Is(err, process.ErrUnknownProcess) {
		t.Errorf("Signal(nobody) = %v, want ErrUnknownProcess", err)
	}
}

func TestSignalReachesTheWholeGroup(t *testing.T) {
	t.Parallel()
	r := start(t)
	dir := t.TempDir()
	up, got := filepath.Join(dir, "up"), filepath.Join(dir, "got")
	r.apply(script("web", `trap ":" USR1; sh -c 'trap "echo 1 >`+got+`" USR1; echo $$ >`+up+`; while :; do sleep 0.01; done'; while :; do sleep 0.01; done`))
	pidIn(t, up)
	if err := r.Signal("web", syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the signal in the grandchild", func() bool { _, err := os.Stat(got); return err == nil })
}

func TestSubscriberThatCancelsIsForgotten(t *testing.T) {
	t.Parallel()
	r := start(t)
	events, cancel := r.Subscribe(1)
	cancel()
	cancel()
	if _, open := <-events; open {
		t.Error("the channel is open after cancel")
	}
	slow, cancel := r.Subscribe(1)
	defer cancel()
	r.apply(script("worker", "exec sleep 1000")) // several events
	if e := <-slow; e.Process != "worker" {
		t.Errorf("event = %+v", e)
	}
}

func TestStatusIsBoundedByTime(t *testing.T) {
	t.Parallel()
	r := start(t)
	before := time.Now()
	r.apply(script("worker", "exec sleep 1000"))
	if at := r.only().StartedAt; at.Before(before) || at.After(time.Now()) {
		t.Errorf("StartedAt = %v, want between %v and now", at, before)
	}
}
