package shell_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/workflow"
)

// recorder is a reporter that remembers.
type recorder struct {
	mu      sync.Mutex
	percent []float64
	saved   []string
	log     bytes.Buffer
	first   chan struct{} // closed with the first line of log
	once    sync.Once
	onLog   func(lines string) // where it is set
}

func newRecorder() *recorder { return &recorder{first: make(chan struct{})} }

func (r *recorder) Progress(percent float64, _ string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.percent = append(r.percent, percent)
}

func (r *recorder) Save(state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saved = append(r.saved, string(state))
}

func (r *recorder) Log(lines []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Write(lines)
	r.once.Do(func() { close(r.first) })
	if r.onLog != nil {
		r.onLog(string(lines))
	}
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

var anything = &shell.Shell{Variables: []string{"*"}}

func newExecutor(t *testing.T, opts shell.Options) *shell.Executor {
	t.Helper()
	if opts.Scratch == "" {
		opts.Scratch = filepath.Join(t.TempDir(), "steps")
	}
	e, err := shell.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, _ := os.ReadDir(opts.Scratch); len(left) != 0 {
			t.Errorf("left in the scratch directory: %v", left)
		}
	})
	return e
}

func task(with any) work.Task {
	data, err := json.Marshal(with)
	if err != nil {
		panic(err)
	}
	return work.Task{
		Run: workflow.MakeRunID(1_764_000_000_000, 1, 7), Step: "encode", Item: -1, Attempt: 2, Fence: 99,
		Type: "shell", Tenant: "acme", Key: "k-1", With: data,
	}
}

type with map[string]any

func TestResultsComeFromWhereTheyAreSaidTo(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, shell.Options{Shell: anything})
	for name, c := range map[string]struct {
		with with
		want string
	}{
		"json on stdout":     {with{"command": `echo '{"a": 1}'`}, `{"a": 1}`},
		"nothing":            {with{"command": `true`}, `null`},
		"text":               {with{"command": `printf 'two\nlines\n'`, "result": "text"}, `"two\nlines"`},
		"file":               {with{"command": `echo hello; echo '[2]' > $BERTH_RESULT_FILE`, "result": "file"}, `[2]`},
		"no file":            {with{"command": `true`, "result": "file"}, `null`},
		"none":               {with{"command": `echo not json`, "result": "none"}, `null`},
		"argv":               {with{"command": []string{"echo", "$HOME * ;"}, "result": "text"}, `"$HOME * ;"`},
		"payload on stdin":   {with{"command": `cat`, "stdin": with{"x": []int{1}}}, `{"x":[1]}`},
		"text on stdin":      {with{"command": `tr a-z A-Z`, "stdin": "abc", "result": "text"}, `"ABC"`},
		"payload by file":    {with{"command": `cat "$BERTH_PAYLOAD_FILE"; cat`, "stdin": with{"x": 2}, "input": "file"}, `{"x":2}`},
		"payload by env":     {with{"command": `printf %s "$BERTH_PAYLOAD"`, "stdin": with{"x": 3}, "input": "env"}, `{"x":3}`},
		"payload not read":   {with{"command": `echo 1`, "stdin": strings.Repeat("x", 1<<20)}, `1`},
		"variables":          {with{"command": `echo "\"$A-$B\""`, "env": with{"A": "1", "B": "2 3"}}, `"1-2 3"`},
		"its own directory":  {with{"command": `test "$PWD" = "$HOME" && test "$HOME" = "$TMPDIR" && pwd >x && echo true`}, `true`},
		"a directory locked": {with{"command": `mkdir a && touch a/b && chmod 0 a`}, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := e.Execute(t.Context(), task(c.with), newRecorder())
			if diff := cmp.Diff(work.Result{Output: json.RawMessage(c.want)}, got); diff != "" {
				t.Errorf("Execute(%v) (-want +got):\n%s", c.with, diff)
			}
		})
	}
}

func TestTheEnvironmentIsClosed(t *testing.T) {
	t.Setenv("SHELL_TEST_LEAK", "from the operator's own environment")
	e := newExecutor(t, shell.Options{Shell: anything, Environment: map[string]string{"REGION": "eu"}})
	tk := task(with{"command": "/usr/bin/env", "result": "text"})
	tk.With, _ = json.Marshal(with{"command": []string{"env"}, "result": "text", "env": with{"MINE": "1"}})
	tk.State = json.RawMessage(`{}`)
	tk.Item = 3
	got := e.Execute(t.Context(), tk, newRecorder())
	var text string
	if err := json.Unmarshal(got.Output, &text); err != nil {
		t.Fatalf("Execute() = %+v: %v", got, err)
	}
	var names []string
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		names, values[name] = append(names, name), value
	}
	slices.Sort(names)
	want := []string{
		"BERTH_ATTEMPT", "BERTH_FENCE", "BERTH_ITEM", "BERTH_KEY", "BERTH_PAYLOAD_FILE", "BERTH_PROGRESS_FILE",
		"BERTH_RESULT_FILE", "BERTH_RUN", "BERTH_STATE_FILE", "BERTH_STEP", "BERTH_TENANT", "HOME", "MINE", "PATH", "REGION", "TMPDIR",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for name, value := range map[string]string{
		"BERTH_ATTEMPT": "2", "BERTH_FENCE": "99", "BERTH_ITEM": "3", "BERTH_STEP": "encode", "BERTH_TENANT": "acme",
		"BERTH_KEY": "k-1", "BERTH_RUN": tk.Run.String(), "MINE": "1", "REGION": "eu",
	} {
		if values[name] != value {
			t.Errorf("%s = %q, want %q", name, values[name], value)
		}
	}
}

func TestFailuresSayHowTheProgramEnded(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, shell.Options{Shell: anything, Limits: shell.Limits{Output: 1000}})
	for name, c := range map[string]struct {
		with          with
		code, message string // message: a part of it
		fatal         bool
	}{
		"status":               {with{"command": "echo no codec >&2; exit 3"}, "exit.3", "exited with status 3: no codec", false},
		"signal":               {with{"command": "kill -KILL $$"}, "signal.KILL", "ended by signal KILL", false},
		"named":                {with{"command": `echo '::fail {"code":"bad-input","message":"no track","fatal":true}' >&2; exit 1`}, "bad-input", "no track", true},
		"not json":             {with{"command": "echo oops"}, "result", `it begins "oops", which is not JSON`, false},
		"two values":           {with{"command": "echo 1 2"}, "result", "not JSON", false},
		"file is a pipe":       {with{"command": `mkfifo $BERTH_RESULT_FILE`, "result": "file"}, "result", "not a regular file", false},
		"file leads elsewhere": {with{"command": `ln -s /etc/hostname $BERTH_RESULT_FILE`, "result": "file"}, "result", "escapes", false},
		"too much":             {with{"command": `head -c 2000 /dev/zero`, "result": "text"}, "limit.output", "1000B", false},
		"endless":              {with{"command": `yes`, "result": "text"}, "limit.output", "1000B", false},
		"too large a file":     {with{"command": `head -c 2000 /dev/zero > $BERTH_RESULT_FILE`, "result": "file"}, "limit.output", "1000", false},
		"no program":           {with{"command": []string{"no-such-program"}}, "start", "no-such-program: file does not exist in PATH", false},
		"not a program":        {with{"command": []string{"/etc/passwd"}}, "start", "no execute permission", false},
		"no command":           {with{}, "with", "command: missing", true},
		"unknown key":          {with{"command": "true", "comand": 1}, "with", `"comand" is not known`, true},
		"unknown input":        {with{"command": "true", "input": "pipe"}, "with", "want stdin, env or file", true},
		"wrong variable":       {with{"command": "true", "env": with{"A": 1}}, "with", "value 1: want a text, or", true},
		"Berth's variable":     {with{"command": "true", "env": with{"BERTH_FENCE": "1"}}, "with", "are Berth's", true},
		"higher limit":         {with{"command": "true", "limits": with{"output": "2MiB"}}, "with", "limits.output: 2MiB is more than the 1MiB allowed", true},
		"longer grace":         {with{"command": "true", "grace": "1h"}, "with", "more than the 10s allowed", true},
		"large variable":       {with{"command": "true", "input": "env", "stdin": strings.Repeat("x", 1<<17)}, "with", "use input stdin or file", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := e.Execute(t.Context(), task(c.with), newRecorder()).Failure
			if f == nil {
				t.Fatalf("Execute(%v) succeeded, want failure %s", c.with, c.code)
			}
			if f.Code != c.code || !strings.Contains(f.Message, c.message) || f.Fatal != c.fatal {
				t.Errorf("Execute(%v) = %s %q fatal %v, want %s %q fatal %v", c.with, f.Code, f.Message, f.Fatal, c.code, c.message, c.fatal)
			}
		})
	}
}

func TestWhatIsNotAllowedIsRefused(t *testing.T) {
	t.Parallel()
	allowed, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(allowed, "out")); err != nil {
		t.Fatal(err)
	}
	secrets := func(tk work.Task, name string) (secret.String, error) {
		if tk.Tenant == "acme" && name == "token" {
			return secret.New("s3cret-token"), nil
		}
		return secret.String{}, errors.New("no such secret")
	}
	closed := shell.Options{Commands: map[string]shell.Command{"encode": {Argv: []string{"true"}}}}
	some := shell.Options{Secrets: secrets, Shell: &shell.Shell{
		Programs: []string{"/bin/echo"}, Directories: []string{allowed}, Variables: []string{"TOKEN"},
	}}
	for name, c := range map[string]struct {
		opts shell.Options
		with with
		code string // "" is allowed
	}{
		"commands when there are none":  {closed, with{"command": []string{"echo"}}, "refused"},
		"a program of the list":         {some, with{"command": []string{"/bin/echo", "1"}}, ""},
		"a program that is not":         {some, with{"command": []string{"/bin/cat"}}, "refused"},
		"a way around":                  {some, with{"command": []string{"/bin/../bin/cat"}}, "refused"},
		"a script":                      {some, with{"command": "echo 1"}, "refused"},
		"a directory below":             {some, with{"command": []string{"/bin/echo", "1"}, "dir": allowed}, ""},
		"a directory elsewhere":         {some, with{"command": []string{"/bin/echo"}, "dir": "/etc"}, "refused"},
		"a directory above":             {some, with{"command": []string{"/bin/echo"}, "dir": allowed + "/.."}, "refused"},
		"a link to elsewhere":           {some, with{"command": []string{"/bin/echo"}, "dir": allowed + "/out"}, "refused"},
		"a variable":                    {some, with{"command": []string{"/bin/echo"}, "env": with{"LD_PRELOAD": "/x"}}, "refused"},
		"one of Berth's variables":      {shell.Options{Shell: anything}, with{"command": "true", "env": with{"Berth_Run": "x"}}, "with"},
		"a limit below nothing":         {shell.Options{Shell: anything}, with{"command": "true", "limits": with{"processes": -1}}, "with"},
		"a secret":                      {some, with{"command": []string{"/bin/echo"}, "env": with{"TOKEN": with{"secret": "token"}}}, ""},
		"a secret that is not there":    {some, with{"command": []string{"/bin/echo"}, "env": with{"TOKEN": with{"secret": "other"}}}, "start"},
		"a secret when there are none":  {shell.Options{Shell: anything}, with{"command": "true", "env": with{"TOKEN": with{"secret": "token"}}}, "refused"},
		"a directory when none allowed": {shell.Options{Shell: anything}, with{"command": "true", "dir": "/"}, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newExecutor(t, c.opts).Execute(t.Context(), task(c.with), newRecorder())
			code := ""
			if got.Failure != nil {
				code = got.Failure.Code
			}
			if code != c.code {
				t.Errorf("Execute(%v) = %q (%+v), want %q", c.with, code, got.Failure, c.code)
			}
		})
	}
	tk := task(with{})
	tk.Type = "other"
	if f := newExecutor(t, closed).Execute(t.Context(), tk, newRecorder()).Failure; f == nil || f.Code != "refused" || !f.Fatal {
		t.Errorf("Execute of an unknown type = %+v, want it refused", f)
	}
}

func TestACommandGetsTheWholeWithAsItsPayload(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, shell.Options{
		Environment: map[string]string{"A": "options", "B": "options"},
		Commands: map[string]shell.Command{
			"echo":   {Argv: []string{"cat"}},
			"script": {Argv: []string{`echo "\"$A$B$1$TOKEN\""`, "script", "arg"}, Script: true, Environment: map[string]string{"B": "own"}, Secrets: map[string]string{"TOKEN": "token"}},
		},
		Secrets: func(work.Task, string) (secret.String, error) { return secret.New("s3cret"), nil },
	})
	if diff := cmp.Diff([]string{"echo", "script"}, e.Types()); diff != "" {
		t.Errorf("Types() (-want +got):\n%s", diff)
	}
	for typ, want := range map[string]string{"echo": `{"command":"rm"}`, "script": `"optionsownargs3cret"`} {
		tk := task(with{"command": "rm"})
		tk.Type = typ
		if got := e.Execute(t.Context(), tk, newRecorder()); string(got.Output) != want {
			t.Errorf("Execute(%s) = %s %+v, want %s", typ, got.Output, got.Failure, want)
		}
	}
}

func TestProgressStateAndLogAreReported(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, shell.Options{Shell: anything, Secrets: func(work.Task, string) (secret.String, error) {
		return secret.New("s3cret-token"), nil
	}})
	tk := task(with{
		"env": with{"TOKEN": with{"secret": "token"}},
		"command": `
echo "::progress 25 one" >&2
echo "::progress 50 two" > $BERTH_PROGRESS_FILE
echo "using $TOKEN" >&2
echo "::save {\"job\":$(cat $BERTH_STATE_FILE)}" >&2
echo '"done"'`,
	})
	tk.State = json.RawMessage(`7`)
	r := newRecorder()
	got := e.Execute(t.Context(), tk, r)
	if string(got.Output) != `"done"` {
		t.Fatalf("Execute() = %+v", got)
	}
	slices.Sort(r.percent)
	if diff := cmp.Diff([]float64{25, 50}, r.percent); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"job":7}`}, r.saved); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if got, want := r.text(), "using [redacted]\n"; got != want {
		t.Errorf("log = %q, want %q", got, want)
	}
}

func TestAnInterruptedProgramIsEndedWithAllItStarted(t *testing.T) {
	t.Parallel()
	for cause, code := range map[error]string{
		work.ErrTimeout: "timeout", work.ErrCanceled: "canceled", work.ErrLeaseLost: "lease-lost", work.ErrStopping: "stopping",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			addr, arrived := holders(t)
			e := newExecutor(t, shell.Options{Shell: anything, Grace: 100 * time.Millisecond})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			done := make(chan work.Result, 1)
			go func() {
				done <- e.Execute(ctx, task(with{
					"env": with{"SHELL_TEST_PROGRAM": "stubborn", "SHELL_TEST_ADDR": addr, "SELF": self(t)},
					// One in the group, one in a group and session of its own.
					"command": `"$SELF" & setsid "$SELF" & wait`,
				}), newRecorder())
			}()
			a, b := <-arrived, <-arrived
			cancel(cause)
			got := <-done
			if got.Failure == nil || got.Failure.Code != code {
				t.Errorf("Execute() = %+v, want %s", got.Failure, code)
			}
			<-a.gone
			<-b.gone
		})
	}
}

func TestAProgramMayEndByItselfWhenAsked(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, shell.Options{Shell: anything, Grace: time.Minute})
	ctx, cancel := context.WithCancelCause(t.Context())
	r := newRecorder()
	go func() {
		<-r.first
		cancel(work.ErrCanceled)
	}()
	got := e.Execute(ctx, task(with{"command": `
trap 'echo "::save {\"at\":40}" >&2; exit 0' TERM
echo ready >&2
while :; do sleep 0.01; done`}), r)
	if got.Failure == nil || got.Failure.Code != "canceled" {
		t.Errorf("Execute() = %+v, want canceled", got)
	}
	if diff := cmp.Diff([]string{`{"at":40}`}, r.saved); diff != "" {
		t.Errorf("saved while ending (-want +got):\n%s", diff)
	}
}

func TestWhatAProgramLeavesBehindIsKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("processes outside the group are found on Linux only")
	}
	addr, arrived := holders(t)
	e := newExecutor(t, shell.Options{Shell: anything})
	done := make(chan work.Result, 1)
	go func() {
		done <- e.Execute(t.Context(), task(with{
			"env": with{"SHELL_TEST_ADDR": addr, "SHELL_TEST_PROGRAM": "daemon"}, "command": []string{self(t)},
			"result": "none",
		}), newRecorder())
	}()
	select {
	case got := <-done:
		// The daemon may have been killed before it could connect.
		if got.Failure != nil {
			t.Errorf("Execute() = %+v", got.Failure)
		}
	case h := <-arrived:
		<-h.gone
		if got := <-done; got.Failure != nil {
			t.Errorf("Execute() = %+v", got.Failure)
		}
	}
}

func TestADaemonIsKilledAfterItsProgramEnded(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("processes outside the group are found on Linux only")
	}
	addr, arrived := holders(t)
	e := newExecutor(t, shell.Options{Shell: anything})
	gate := filepath.Join(t.TempDir(), "gate")
	done := make(chan work.Result, 1)
	go func() {
		done <- e.Execute(t.Context(), task(with{
			"env":     with{"SHELL_TEST_ADDR": addr, "SHELL_TEST_PROGRAM": "daemon", "SELF": self(t), "GATE": gate},
			"command": `"$SELF" >/dev/null; while ! test -e "$GATE"; do sleep 0.01; done`,
		}), newRecorder())
	}()
	h := <-arrived // it lives, and its parent is gone
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.Failure != nil {
		t.Errorf("Execute() = %+v", got.Failure)
	}
	<-h.gone
}

// One that has left the session, lost its parent and cleared its environment.
func TestADaemonThatHidesIsKilledByItsCgroup(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("control groups are of Linux only")
	}
	e := newExecutor(t, shell.Options{Shell: anything})
	place := filepath.Join(t.TempDir(), "pid")
	got := e.Execute(t.Context(), task(with{"env": with{"PLACE": place}, "result": "text", "command": `
		cat /proc/self/cgroup
		( setsid env -i /bin/sh -c "echo \$\$ >$PLACE.new; mv $PLACE.new $PLACE; exec sleep 300" >/dev/null 2>&1 & )
		while ! test -e "$PLACE"; do sleep 0.01; done`}), newRecorder())
	if got.Failure != nil {
		t.Fatalf("Execute() = %+v", got.Failure)
	}
	text, err := os.ReadFile(place)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(text)) + "/stat")
	lives := err == nil && !strings.Contains(string(stat), ") Z ")
	if lives {
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if !strings.Contains(string(got.Output), "/berth-step-") {
		t.Skip("no cgroup v2 can be made here: a daemon that hides was NOT tested")
	}
	if lives {
		t.Errorf("it lives: %s", stat)
	}
}

func TestLimitsAreThoseOfAllProcessesTogether(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("use is watched on Linux only")
	}
	for name, c := range map[string]struct {
		limits shell.Limits
		with   with
	}{
		"memory":    {shell.Limits{Memory: 100 << 20}, with{"command": `"$SELF" & "$SELF" & wait`, "env": with{"SHELL_TEST_PROGRAM": "memory", "SELF": self(t)}}},
		"cpu-time":  {shell.Limits{CPUTime: workflow.Duration(300 * time.Millisecond)}, with{"command": `while :; do :; done & while :; do :; done`}},
		"processes": {shell.Limits{Processes: 4}, with{"command": `for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; wait`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExecutor(t, shell.Options{Shell: anything, Limits: c.limits})
			f := e.Execute(t.Context(), task(c.with), newRecorder()).Failure
			if f == nil || f.Code != "limit."+name || !strings.Contains(f.Message, "over its limit of "+name+", ") {
				t.Errorf("Execute() = %+v, want limit.%s", f, name)
			}
		})
	}
}

func TestTheKernelBoundsFilesAndCores(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("limits of another process can be set on Linux only")
	}
	e := newExecutor(t, shell.Options{Shell: anything, Limits: shell.Limits{Files: 32}})
	// The limits arrive within moments of the start.
	got := e.Execute(t.Context(), task(with{"command": `
while test "$(ulimit -n)$(ulimit -c)" != 320; do sleep 0.01; done; ulimit -n`}), newRecorder())
	if string(got.Output) != "32" {
		t.Errorf("Execute() = %s %+v, want 32", got.Output, got.Failure)
	}
}

func TestATaskThatIsOverIsNotStarted(t *testing.T) {
	t.Parallel()
	marker := filepath.Join(t.TempDir(), "ran")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(work.ErrTimeout)
	f := newExecutor(t, shell.Options{Shell: anything}).Execute(ctx, task(with{"command": "touch " + marker}), newRecorder()).Failure
	if f == nil || f.Code != "timeout" {
		t.Errorf("Execute() = %+v, want timeout", f)
	}
	if _, err := os.Stat(marker); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the program ran")
	}
}

func TestScratchThatOthersCanWriteIsRefused(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	if err := os.Chmod(base, 0o777); err != nil {
		t.Fatal(err)
	}
	f := newExecutor(t, shell.Options{Shell: anything, Scratch: base}).Execute(t.Context(), task(with{"command": "true"}), newRecorder()).Failure
	if f == nil || f.Code != "start" || !strings.Contains(f.Message, "Berth's own") {
		t.Errorf("Execute() = %+v, want start", f)
	}
}

func TestAProgramCanRunAsSomebodyElse(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	base := filepath.Join("/tmp", "berth-shell-test-"+filepath.Base(t.TempDir())+t.Name())
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	e := newExecutor(t, shell.Options{Shell: anything, User: "nobody", Scratch: base})
	got := e.Execute(t.Context(), task(with{
		"command": `id -un >&2; cat $BERTH_PAYLOAD_FILE > $BERTH_RESULT_FILE; echo ::progress 5 > $BERTH_PROGRESS_FILE; ls .. >&2; id -un`, "stdin": 1, "result": "text",
	}), newRecorder())
	if string(got.Output) != `"nobody"` {
		t.Errorf("Execute() = %s %+v, want nobody", got.Output, got.Failure)
	}
	if got := e.Execute(t.Context(), task(with{"command": `cat $BERTH_PAYLOAD_FILE > $BERTH_RESULT_FILE`, "stdin": 4, "result": "file"}), newRecorder()); string(got.Output) != "4" {
		t.Errorf("Execute() = %s %+v, want 4", got.Output, got.Failure)
	}
	// A link to a file that it may not read itself, as nobody may make one where
	// the system protects links.
	hidden := filepath.Join(t.TempDir(), "hidden.json")
	if err := os.WriteFile(hidden, []byte(`"s3cret"`), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := newRecorder()
	linked.onLog = func(lines string) {
		if dir, ok := strings.CutPrefix(strings.TrimSpace(lines), "link "); ok {
			if err := os.Link(hidden, filepath.Join(dir, "result.json")); err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
				t.Error(err)
			}
		}
	}
	got = e.Execute(t.Context(), task(with{"command": `echo link $PWD >&2; while [ ! -e go ]; do sleep 0.02; done`, "result": "file"}), linked)
	if got.Failure == nil || got.Failure.Code != "result" || strings.Contains(string(got.Output), "s3cret") {
		t.Errorf("Execute() with a link to somebody else's file = %s %+v, want it refused", got.Output, got.Failure)
	}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
